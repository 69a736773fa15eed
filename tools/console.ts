import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = join(import.meta.dirname, '..')
const built = join(root, '.data', 'console', 'index.html')
const types = join(root, 'console', 'src', 'generated', 'api.d.ts')
const openapi = join(root, 'docs', 'openapi.json')
const sources = ['console', 'domain', 'package-lock.json', 'docs/openapi.json']

/**
 * Builds the page that the API serves, unless what is built is newer than all that it is made of.
 * @returns whether it was built.
 */
export function buildConsole(): boolean {
  const newest = Math.max(...sources.map((path) => changedAt(join(root, path))))
  if (changedAt(built) >= newest) return false
  generateTypes()
  run('vite', 'build', '--config', join('console', 'vite.config.ts'), '--logLevel', 'warn')
  return true
}

/** The types of the API, which the page is checked against; docs/openapi.json says what they are. */
function generateTypes(): void {
  if (changedAt(types) >= changedAt(openapi)) return
  mkdirSync(dirname(types), { recursive: true })
  run('openapi-typescript', openapi, '--output', types)
}

function run(program: string, ...args: string[]): void {
  const { status } = spawnSync('npx', ['--no-install', program, ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) throw new Error(`${program} failed: the console could not be built.`)
}

/** Milliseconds since 1970; of a folder its newest file, apart from what is generated into it. */
function changedAt(path: string): number {
  if (!existsSync(path)) return 0
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  const inside = readdirSync(path).filter((name) => name !== 'generated')
  return Math.max(0, ...inside.map((name) => changedAt(join(path, name))))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (process.argv.includes('--types')) generateTypes()
  else console.log(buildConsole() ? 'The console is built.' : 'The console is up to date.')
}
