import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '#config'
import { connect, type Db } from '#db/client'
import { migrate } from '#db/migrate'
import { freePort } from '#tools/processes'
import { startPostgres, type PostgresServer } from '#tools/postgres-server'
import { startTemporal, type TemporalServer } from '#tools/temporal-server'

export interface OwnServersOptions {
  /** Both keep what they acknowledged when they are killed; without it they are quicker. */
  durable?: boolean
  /** Temporal in a file, so that it survives being killed. */
  durableTemporal?: boolean
  /** False for what needs PostgreSQL only. */
  engine?: boolean
  dynamicConfig?: Record<string, string | number | boolean>
}

/** Servers that belong to one script or test alone, so that it may measure or kill them. */
export interface OwnServers {
  readonly folder: string
  postgres: PostgresServer
  temporal: TemporalServer
  /** Address of the Temporal server's own numbers. */
  readonly metricsUrl: string
  /** A migrated database of its own: the application's client and the superuser's. */
  newDatabase(max?: number): Promise<OwnDatabase>
  /** What somebody pulls the plug of; it starts again on the same port and data. */
  killPostgres(): Promise<void>
  killTemporal(): Promise<void>
  stop(): Promise<void>
}

export interface OwnDatabase {
  url: string
  db: Db
  admin: Db
  end(): Promise<void>
}

export async function startOwnServers(options: OwnServersOptions = {}): Promise<OwnServers> {
  const folder = await mkdtemp(join(tmpdir(), 'throughline-own-'))
  // As root PostgreSQL runs as another user, who must get in.
  await chmod(folder, 0o711)
  await mkdir(join(folder, 'logs'))
  const { THROUGHLINE_CACHE: cacheFolder } = loadConfig()
  const throwaway = !options.durable
  const metricsPort = await freePort()
  const startDatabase = (preferredPort = 0) =>
    startPostgres({ dataFolder: folder, cacheFolder, throwaway, preferredPort })
  const startEngine = (preferredPort = 0) =>
    startTemporal({
      cacheFolder,
      preferredPort,
      metricsPort,
      ...(options.durableTemporal ? { dataFolder: folder } : {}),
      ...(options.dynamicConfig ? { dynamicConfig: options.dynamicConfig } : {}),
    })
  const [postgres, temporal] = await Promise.all([
    startDatabase(),
    options.engine === false ? noEngine() : startEngine(),
  ])
  const servers: OwnServers = {
    folder,
    postgres,
    temporal,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    newDatabase: (max) => newDatabase(servers.postgres.url, max),
    killPostgres: async () => {
      await killed(servers.postgres)
      servers.postgres = await startDatabase(Number(new URL(servers.postgres.url).port))
    },
    killTemporal: async () => {
      await killed(servers.temporal)
      servers.temporal = await startEngine(Number(servers.temporal.address.split(':')[1]))
    },
    stop: async () => {
      await Promise.allSettled([servers.temporal.stop(), servers.postgres.stop()])
      await rm(folder, { recursive: true, force: true })
    },
  }
  return servers
}

async function noEngine(): Promise<TemporalServer> {
  const ended = new Promise<never>(() => {})
  return {
    address: '',
    namespace: '',
    uiUrl: undefined,
    pid: undefined,
    ended,
    stop: async () => {},
  }
}

async function killed({ pid, ended }: { pid: number | undefined; ended: Promise<unknown> }) {
  process.kill(pid!, 'SIGKILL')
  await ended
}

async function newDatabase(serverUrl: string, max = 20): Promise<OwnDatabase> {
  const name = `own_${randomBytes(4).toString('hex')}`
  const server = connect(serverUrl, { max: 1 })
  await server`CREATE DATABASE ${server(name)}`
  await server.end({ timeout: 5 })
  const address = new URL(serverUrl)
  address.pathname = `/${name}`
  await migrate(address.href)
  const db = connect(address.href, { role: 'throughline_app', max, applicationName: name })
  const admin = connect(address.href, { max: 4, applicationName: `${name}-admin` })
  return {
    url: address.href,
    db,
    admin,
    end: async () => {
      await Promise.allSettled([db.end({ timeout: 5 }), admin.end({ timeout: 5 })])
    },
  }
}
