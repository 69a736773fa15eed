/** `npm run check`: every check runs, also after one that fails, so that one run tells it all. */
import { spawnSync } from 'node:child_process'
import { ensureInstalled, root } from './install.mjs'

const checks = [
  ['format', 'prettier', '--check', '--log-level', 'warn', '.'],
  ['types', 'tsc', '--noEmit'],
  ['console types', 'tsc', '--noEmit', '--project', 'console'],
  ['lint', 'eslint', '--max-warnings', '0', '.'],
  ['imports', 'depcruise', '--config', '.dependency-cruiser.cjs', '--output-type', 'err', '.'],
  ['unused', 'knip'],
]

ensureInstalled()
spawnSync('npm', ['run', '--silent', 'console', '--', '--types'], { cwd: root, stdio: 'inherit' })
const failed = []
for (const [name, program, ...args] of checks) {
  const startedAt = Date.now()
  const { status } = spawnSync('npx', ['--no-install', program, ...args], {
    cwd: root,
    stdio: 'inherit',
  })
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`)
  if (status !== 0) failed.push(name)
}
if (failed.length > 0) console.error(`Failed: ${failed.join(', ')}`)
process.exit(failed.length === 0 ? 0 : 1)
