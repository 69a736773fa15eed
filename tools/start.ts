import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig, type Config } from '#config'
import { connect } from '#db/client'
import { migrate } from '#db/migrate'
import { givenTemporal } from '#temporal-connection'
import { whenStarterDies } from './ancestors.ts'
import { applicationUrl } from './application-login.ts'
import { buildConsole } from './console.ts'
import { holdDataFolder, openDataFolder } from './data-folder.ts'
import type { DemoContext, DemoSummary } from './demo-hooks.ts'
import { startPostgres, type PostgresServer } from './postgres-server.ts'
import { keepRunning, waitForPort, type Program } from './programs.ts'
import { forgetServers, tellServers } from './running-servers.ts'
import { pointSimulatorsHere, startEnvironment, type Servers } from './start-environment.ts'
import { startTemporal, type TemporalServer } from './temporal-server.ts'

const root = join(import.meta.dirname, '..')
const beganAt = performance.now()
/** Nothing loses what it stands on while it still runs. */
const stopOrder = [
  'order stream',
  'api',
  'worker',
  'simulators',
  'Temporal',
  'PostgreSQL',
  'data folder',
] as const
type Part = (typeof stopOrder)[number]
const running = new Map<Part, () => Promise<void>>()
let stopping = false

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => void stopAll(0))
whenStarterDies(() => void stopAll(1))
start().catch((cause: unknown) => {
  // What was being started falls over when we stop it: that is no news.
  if (stopping) return
  const detailed = /^(debug|trace)$/.test(process.env['LOG_LEVEL'] ?? '')
  console.error(cause instanceof Error && !detailed ? cause.message : cause)
  void stopAll(1)
})

async function start(): Promise<void> {
  const config = loadConfig()
  const data = config.THROUGHLINE_DATA
  const { logs } = await openDataFolder(data)
  const release = await holdDataFolder(data)
  running.set('data folder', async () => {
    await forgetServers(data)
    await release()
  })

  if (buildConsole()) say('the console is built')
  const servers = await startServers(config)
  const applied = await migrate(servers.databaseUrl, { log: (line) => say(`migration ${line}`) })
  say(applied.length === 0 ? 'the database is up to date' : 'the database is migrated')

  // On a server of somebody else's, DATABASE_URL says who logs in.
  const databaseUrl = servers.databaseFolder
    ? await applicationUrl(servers.databaseUrl, servers.databaseFolder, config.THROUGHLINE_APP_ROLE)
    : servers.databaseUrl
  const env = await startEnvironment(config, { ...servers, databaseUrl }, say)
  await tellServers(data, {
    DATABASE_URL: servers.databaseUrl,
    TEMPORAL_ADDRESS: servers.temporalAddress,
    TEMPORAL_NAMESPACE: servers.namespace,
    ...(env['PUBLIC_URL'] ? { PUBLIC_URL: env['PUBLIC_URL'] } : {}),
  })
  const begin = (name: Part, file: string, ready?: () => Promise<void>) =>
    startProgram(name, { file, env, ready }, logs)
  await begin('simulators', 'simulators/main.ts', () => pointSimulatorsHere(env))
  const summary = await loadDemonstration(servers.databaseUrl, env)
  await Promise.all([begin('worker', 'worker.ts'), begin('api', 'api/main.ts')])
  if (running.has('api')) await waitForPort(Number(env['API_PORT']), 60_000)
  await begin('order stream', 'tools/demo/stream.ts')
  await printWelcome(env, summary, logs)
}

async function startServers(
  config: Config,
): Promise<Servers & { databaseFolder: string | undefined }> {
  const { THROUGHLINE_DATA: dataFolder, THROUGHLINE_CACHE: cacheFolder } = config
  const [postgres, temporal] = await Promise.all([
    keepServer('PostgreSQL', (before?: PostgresServer) =>
      startPostgres({
        databaseUrl: config.DATABASE_URL,
        dataFolder,
        cacheFolder,
        ...(before ? { preferredPort: portOf(before.url) } : {}),
        log: say,
      }),
    ),
    keepServer('Temporal', (before?: TemporalServer) =>
      startTemporal({
        given: givenTemporal(config),
        namespace: config.TEMPORAL_NAMESPACE,
        cacheFolder,
        dataFolder,
        ui: true,
        preferredPort: before ? portOf(`http://${before.address}`) : 7233,
        preferredUiPort: before?.uiUrl ? portOf(before.uiUrl) : 8233,
        log: say,
      }),
    ),
  ])
  return {
    databaseUrl: postgres.url,
    databaseFolder: postgres.dataFolder,
    temporalAddress: temporal.address,
    namespace: temporal.namespace,
    uiUrl: config.TEMPORAL_UI_URL ?? temporal.uiUrl,
  }
}

interface Server {
  pid: number | undefined
  ended: Promise<unknown>
  stop(): Promise<void>
}

/** Starts a server, and again on the same port should it be killed: its clients reconnect. */
async function keepServer<Kind extends Server>(
  name: Part,
  begin: (before?: Kind) => Promise<Kind>,
  before?: Kind,
): Promise<Kind> {
  const server = await begin(before)
  running.set(name, () => server.stop())
  say(server.pid ? `started: ${name}` : `${name} is the one that the environment names`)
  void server.ended.then(async () => {
    if (stopping) return
    say(`${name} was killed; starting it again`)
    await keepServer(name, begin, server).catch((cause: unknown) => {
      say(`${name} does not start again: ${String(cause)}`)
      void stopAll(1)
    })
  })
  return server
}

function portOf(url: string): number {
  return Number(new URL(url).port)
}

async function startProgram(
  name: Part,
  program: Pick<Program, 'file' | 'env' | 'ready'>,
  logs: string,
): Promise<void> {
  if (!existsSync(join(root, program.file)))
    return say(`there is no ${program.file} yet; going on without`)
  const logFile = join(logs, `${name.replace(' ', '-')}.log`)
  const { stop } = await keepRunning({ name, logFile, ...program }, say)
  running.set(name, stop)
  say(`started: ${name}`)
}

async function loadDemonstration(
  databaseUrl: string,
  env: NodeJS.ProcessEnv,
): Promise<DemoSummary | undefined> {
  const file = join(import.meta.dirname, 'demo', 'load.ts')
  if (!existsSync(file)) return undefined
  const { loadDemo } = (await import(file)) as {
    loadDemo: (context: DemoContext) => Promise<DemoSummary | undefined>
  }
  const admin = connect(databaseUrl, { max: 4, applicationName: 'throughline-demo' })
  const db = connect(databaseUrl, {
    max: 4,
    role: env['THROUGHLINE_APP_ROLE'] ?? 'throughline_app',
  })
  try {
    return await loadDemo({ db, admin, env, log: say })
  } finally {
    await Promise.all([db.end({ timeout: 5 }), admin.end({ timeout: 5 })])
  }
}

async function printWelcome(
  env: NodeJS.ProcessEnv,
  summary: DemoSummary | undefined,
  logs: string,
): Promise<void> {
  say('Throughline is ready')
  const api = env['PUBLIC_URL']
  // Only what answers is worth a click.
  const hasConsole = await fetch(`${api}/`).then(
    ({ ok }) => ok,
    () => false,
  )
  const lines = [
    '',
    ...(hasConsole ? [`  Console       ${api}/`] : []),
    `  API           ${api}/docs`,
    ...(env['SIM_MAIL_PORT']
      ? [`  Mails         http://127.0.0.1:${env['SIM_MAIL_PORT']}/messages`]
      : []),
    `  Temporal UI   ${env['TEMPORAL_UI_URL'] ?? '(of your own server; TEMPORAL_UI_URL is not set)'}`,
    '',
    ...(summary?.logins ?? []).map(
      ({ email, password, what }) => `  ${email} / ${password}  ${what}`,
    ),
    '',
    '  What to try',
    ...(summary?.tryThis ?? []).map((line) => `  · ${line}`),
    '  · kill -9 the worker and watch the orders go on when it is back',
    `  · read the logs in ${logs}`,
    '',
    '  Ctrl-C stops everything; the data stays until `npm run reset`.',
    '',
  ]
  console.log(lines.join('\n'))
}

async function stopAll(code: number): Promise<void> {
  if (stopping) return
  stopping = true
  console.log('')
  for (const name of stopOrder) {
    const stop = running.get(name)
    if (stop && name !== 'data folder') say(`stopping ${name}`)
    await stop?.().catch((cause: unknown) => say(`${name}: ${String(cause)}`))
  }
  // Children that were not ready yet are ended by the guard as soon as we are gone.
  process.exit(code)
}

function say(line: string): void {
  console.log(`[${((performance.now() - beganAt) / 1000).toFixed(1).padStart(6)} s] ${line}`)
}
