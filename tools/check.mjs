/** `npm run check`: every check runs, also after one that fails, so that one run tells it all. */
import { spawn, spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { ensureInstalled, root } from './install.mjs'

/** The longest first, so that none of them is left for the end. */
const checks = [
  ['lint', 'eslint', '--max-warnings', '0', '.'],
  ['types', 'tsc', '--noEmit'],
  ['format', 'prettier', '--check', '--log-level', 'warn', '.'],
  ['console types', 'tsc', '--noEmit', '--project', 'console'],
  ['imports', 'depcruise', '--config', '.dependency-cruiser.cjs', '--output-type', 'err', '.'],
  ['unused', 'knip'],
]

ensureInstalled()
spawnSync('npm', ['run', '--silent', 'console', '--', '--types'], { cwd: root, stdio: 'inherit' })
const failed = []
const waiting = [...checks]
await Promise.all(
  Array.from({ length: Math.min(2, availableParallelism()) }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await run(next)
  }),
)
if (failed.length > 0) console.error(`Failed: ${failed.join(', ')}`)
process.exit(failed.length === 0 ? 0 : 1)

/** What a check says is shown when it is over, so that two do not talk at once. */
async function run([name, program, ...args]) {
  const startedAt = Date.now()
  const child = spawn('npx', ['--no-install', program, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => said.push(part))
  const status = await new Promise((done) => child.on('close', done))
  process.stdout.write(Buffer.concat(said))
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`)
  if (status !== 0) failed.push(name)
}
