import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { startProcess } from './processes.ts'
import type { TemporalSettings } from './temporal-settings.ts'

const run = promisify(execFile)

interface Search {
  cacheFolder: string
  settings: TemporalSettings
  log: (line: string) => void
}

/**
 * Finds the Temporal CLI, whose development server we run, in the order from quickest to
 * surest. Each way that fails says why, so that the last error names them all.
 */
export async function findTemporal(search: Search): Promise<string> {
  const ways: [string, (search: Search) => Promise<string>][] = [
    ['`temporal` on PATH', onPath],
    ['the cached build', cached],
    ['the download of the Temporal SDK', downloaded],
    ['the Go build of tools/temporal', built],
  ]
  const failures: string[] = ['  TEMPORAL_ADDRESS: not set']
  for (const [name, way] of ways)
    try {
      return await way(search)
    } catch (cause) {
      failures.push(`  ${name}: ${cause instanceof Error ? cause.message : String(cause)}`)
    }
  throw new Error(
    `No Temporal server was found. Any one of these gives one:\n${failures.join('\n')}\nInstall the Temporal CLI or Go 1.26, or set TEMPORAL_ADDRESS.`,
  )
}

async function onPath({ settings }: Search): Promise<string> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)
  const program = folders.map((folder) => join(folder, 'temporal')).find((path) => existsSync(path))
  if (!program) throw new Error('not there')
  await mustBeNewEnough(program, settings)
  return program
}

async function cached({ cacheFolder, settings }: Search): Promise<string> {
  const program = builtProgram(cacheFolder, settings)
  if (!existsSync(program)) throw new Error(`${program} is not there`)
  await run(program, ['--version'])
  return program
}

/**
 * The SDK downloads and starts in one native call that cannot be interrupted: so it runs in a
 * process of its own, which may take its time only while bytes arrive.
 */
async function downloaded({ cacheFolder, settings, log }: Search): Promise<string> {
  const folder = join(cacheFolder, 'temporal-download')
  const earlier = await programIn(folder)
  if (!earlier) await download(folder, log)
  const program = earlier ?? (await programIn(folder))
  if (!program) throw new Error('nothing arrived')
  await mustBeNewEnough(program, settings)
  return program
}

async function download(folder: string, log: (line: string) => void): Promise<void> {
  await mkdir(folder, { recursive: true })
  log('trying to download Temporal')
  const child = await startProcess({
    name: 'download of Temporal',
    command: process.execPath,
    args: ['--import', 'tsx', join(import.meta.dirname, 'temporal-download.ts'), folder],
    cwd: join(import.meta.dirname, '..'),
  })
  let bytes = 0
  let quietSince = Date.now()
  while (child.running && Date.now() - quietSince < 10_000) {
    await Promise.race([child.ended, sleep(500)])
    const arrived = await sizeOf(folder)
    if (arrived > bytes) [bytes, quietSince] = [arrived, Date.now()]
  }
  if (child.running) {
    await child.stop()
    throw new Error('nothing arrived for 10 s')
  }
  const { code } = await child.ended
  if (code !== 0) throw new Error(child.tail().split('\n').at(-1) ?? 'failed')
}

async function built(search: Search): Promise<string> {
  const { cacheFolder, settings, log } = search
  const source = join(import.meta.dirname, 'temporal')
  const program = builtProgram(cacheFolder, settings)
  await run('go', ['version']).catch(() => {
    throw new Error('there is no Go on PATH')
  })
  await mkdir(join(program, '..'), { recursive: true })
  log(`building Temporal ${settings.version} with Go; once for this machine, 3 to 5 minutes`)
  const half = `${program}.${process.pid}`
  const child = await startProcess({
    name: 'build of Temporal',
    command: 'go',
    // -v prints each package when it is done: what the progress lines count.
    args: [
      'build',
      '-v',
      '-trimpath',
      '-ldflags=-s -w',
      '-o',
      half,
      'github.com/temporalio/cli/cmd/temporal',
    ],
    cwd: source,
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
  })
  while (child.running) {
    await Promise.race([child.ended, sleep(10_000)])
    if (child.running) log(`building Temporal: ${child.tail().split('\n').at(-1) ?? 'modules'}`)
  }
  if ((await child.ended).code !== 0) throw new Error(child.tail())
  await rename(half, program)
  return program
}

function builtProgram(cacheFolder: string, { version }: TemporalSettings): string {
  return join(cacheFolder, `temporal-${version}`, 'temporal')
}

async function mustBeNewEnough(program: string, settings: TemporalSettings): Promise<void> {
  const { stdout } = await run(program, ['--version'])
  const version = /(\d+)\.(\d+)\.(\d+)/.exec(stdout)?.slice(1).map(Number) ?? []
  const minimum = settings.minimumVersion.split('.').map(Number)
  // A build from source calls itself 0.0.0: whoever made it knows what it is.
  if (version.every((part) => part === 0)) return
  const [major = 0, minor = 0] = version
  const [oldestMajor = 0, oldestMinor = 0] = minimum
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor))
    throw new Error(`${program} is ${major}.${minor}, older than ${settings.minimumVersion}`)
}

async function programIn(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => [] as string[])
  const name = names.find((entry) => /^temporal-sdk-typescript-[\d.]+(\.exe)?$/.test(entry))
  return name && join(folder, name)
}

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => [] as string[])
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
