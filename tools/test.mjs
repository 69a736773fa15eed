/** `npm test`: installs if need be, runs all tests (or those named) and fails if none ran. */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureInstalled, root } from './install.mjs'
import { countTests, reportFile } from './count-tests.mjs'

ensureInstalled()
// An old report must not stand in for a run that crashed.
rmSync(reportFile, { force: true })
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const { status } = spawnSync(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
})
const { passed, failed } = countTests()
if (passed + failed === 0) console.error('No test ran.')
process.exit(status === 0 && failed === 0 && passed > 0 ? 0 : 1)
