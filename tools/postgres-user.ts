import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SystemUser {
  readonly uid: number
  readonly gid: number
}

/**
 * PostgreSQL refuses to run as root. As root we run it as the user `postgres`, who is made if
 * need be; anybody else runs it as himself (undefined).
 */
export function databaseUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const user = lookUp('postgres') ?? create('postgres') ?? lookUp('nobody')
  if (!user)
    throw new Error(
      'PostgreSQL does not run as root and no user for it could be made: run this as an ordinary user, add a user `postgres`, or set DATABASE_URL.',
    )
  return user
}

/** Whether that user may go into a folder (or run a program). */
export function isReachable(path: string, user: SystemUser): boolean {
  try {
    execFileSync('/bin/sh', ['-c', 'test -x "$1"', 'sh', path], {
      ...user,
      cwd: '/',
      stdio: 'ignore',
    })
    return true
  } catch {
    return false
  }
}

/** A folder that this user can reach, the same one for the same purpose at every start. */
export function findReachableFolder(purpose: string, user: SystemUser): string {
  const name = createHash('sha256').update(purpose).digest('hex').slice(0, 12)
  for (const parent of [
    '/var/lib/throughline',
    '/var/tmp/throughline',
    join(tmpdir(), 'throughline'),
  ])
    if (canMake(parent) && isReachable(parent, user)) return join(parent, name)
  throw new Error(
    'No folder was found that the database user can reach: set THROUGHLINE_DATA to one, or set DATABASE_URL.',
  )
}

function canMake(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    return true
  } catch {
    return false
  }
}

function lookUp(name: string): SystemUser | undefined {
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, name], { stdio: 'pipe' }))
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    return undefined
  }
}

/** useradd on most systems, adduser on Alpine and BusyBox. */
function create(name: string): SystemUser | undefined {
  const attempts: [string, string[]][] = [
    ['useradd', ['--system', '--user-group', '--no-create-home', name]],
    ['adduser', ['-S', '-D', '-H', name]],
  ]
  for (const [command, args] of attempts)
    try {
      execFileSync(command, args, { stdio: 'ignore' })
      return lookUp(name)
    } catch {
      // The next one may be what this system has.
    }
  return undefined
}
