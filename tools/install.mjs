/**
 * Plain JavaScript without dependencies: this runs before there is a node_modules.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Installs what package-lock.json says if node_modules says something else, or nothing. */
export function ensureInstalled() {
  mustBeNode20()
  const reason = staleBecause()
  if (!reason) return
  console.log(`Installing packages (${reason}); about a minute.`)
  if (npm('ci')) return
  // A registry mirror that lacks the packages of other systems makes `npm ci` doubt the lock;
  // `npm install` takes the same versions from it.
  console.log('npm ci did not go through; trying npm install with the same lock.')
  if (npm('install', '--no-save')) return
  console.error('The packages could not be installed: put right what npm says above.')
  process.exit(1)
}

/** Development packages too, whatever NODE_ENV says: the start runs TypeScript by tsx. */
function npm(...args) {
  const flags = ['--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
  const options = { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' }
  return spawnSync('npm', [...args, ...flags], options).status === 0
}

/** Compares what is installed with the lock by content: a checkout makes every file look new. */
function staleBecause() {
  const wanted = readPackages(join(root, 'package-lock.json'))
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'))
  if (!installed) return 'there is no node_modules yet'
  for (const [path, { version, optional, peer }] of Object.entries(wanted ?? {})) {
    // Packages for other systems are in the lock and never here.
    if (path === '' || optional || peer) continue
    if (installed[path]?.version !== version)
      return `${path.replace(/^node_modules\//, '')} changed`
  }
  return undefined
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

function mustBeNode20() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 11)) return
  console.error(`Node ${process.versions.node} is too old: Throughline needs 20.11 or newer.`)
  process.exit(1)
}
