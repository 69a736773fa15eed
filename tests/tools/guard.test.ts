import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

test('what a start has begun ends when the start is killed', async () => {
  const starter = spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', beginSleeper],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const pid = await firstNumber(starter)
  expect(await isAlive(pid)).toBe(true)

  starter.kill('SIGKILL')

  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)
})

const beginSleeper = `
  import { startProcess } from './tools/processes.ts'
  const { pid } = await startProcess({ name: 'sleeper', command: 'sleep', args: ['600'] })
  console.log(pid)
  setInterval(() => {}, 1000)
`

async function firstNumber(child: ChildProcess): Promise<number> {
  const [chunk] = (await once(child.stdout!, 'data')) as [Buffer]
  return Number(chunk.toString())
}

/** The dead that nobody collects still have their number: state Z. */
async function isAlive(pid: number): Promise<boolean> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'state=', '-p', String(pid)]).catch(
    () => ({ stdout: '' }),
  )
  return stdout.trim() !== '' && !stdout.startsWith('Z')
}
