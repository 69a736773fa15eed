import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import type { TemporalAt } from '#temporal-connection'
import { verifyTemporal } from '#verify-config'
import { freePort, startProcess, type RunningProcess } from './processes.ts'
import { readTemporalSettings, type TemporalSettings } from './temporal-settings.ts'
import { findTemporal } from './temporal-program.ts'
import { addSearchAttributes } from './temporal-search-attributes.ts'

export interface TemporalServer {
  readonly address: string
  readonly namespace: string
  readonly uiUrl: string | undefined
  readonly pid: number | undefined
  /** Resolves when a server of ours ends, wanted or not. */
  readonly ended: Promise<unknown>
  stop(): Promise<void>
}

export interface TemporalOptions {
  /** As the TEMPORAL_… variables say; with it nothing is started. */
  given?: TemporalAt | undefined
  namespace?: string | undefined
  cacheFolder: string
  /** Keeps its data here; without it everything is in memory. */
  dataFolder?: string
  /** Serves the UI too. */
  ui?: boolean
  preferredPort?: number
  preferredUiPort?: number
  /** Where the server tells its own numbers (Prometheus), for measurements. */
  metricsPort?: number
  /** Goes before what temporal-dev.yml says, for a test that needs another limit. */
  dynamicConfig?: Record<string, string | number | boolean>
  log?: (line: string) => void
}

/** Uses the Temporal that TEMPORAL_ADDRESS names or runs a development server. */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const { log = () => {} } = options
  const settings = readTemporalSettings()
  const namespace = options.namespace ?? settings.namespace
  if (options.given) {
    await verifyTemporal(options.given, namespace, { log, signal: AbortSignal.timeout(20_000) })
    await addSearchAttributes(options.given, namespace, settings.searchAttributes, log)
    return given(options.given.address, namespace)
  }
  const program = await findTemporal({ cacheFolder: options.cacheFolder, settings, log })
  const port = await freePort(options.preferredPort)
  const uiPort = options.ui ? await freePort(options.preferredUiPort ?? 8233) : undefined
  const server = await startProcess({
    name: 'Temporal',
    command: program,
    args: await serverArguments(options, settings, namespace, port, uiPort),
    ...(options.dataFolder ? { logFile: join(options.dataFolder, 'logs', 'temporal.log') } : {}),
  })
  const address = `127.0.0.1:${port}`
  await waitUntilReady(address, namespace, server, 60_000)
  return {
    address,
    namespace,
    uiUrl: uiPort === undefined ? undefined : `http://127.0.0.1:${uiPort}`,
    pid: server.pid,
    ended: server.ended,
    stop: () => server.stop(),
  }
}

/** A server that somebody else runs: nothing to stop, and its end is not ours to see. */
function given(address: string, namespace: string): TemporalServer {
  const ended = new Promise<never>(() => {})
  return { address, namespace, uiUrl: undefined, pid: undefined, ended, stop: async () => {} }
}

async function serverArguments(
  { dataFolder, metricsPort, dynamicConfig }: TemporalOptions,
  settings: TemporalSettings,
  namespace: string,
  port: number,
  uiPort: number | undefined,
): Promise<string[]> {
  const flags = ['--ip', '127.0.0.1', '--port', String(port), '--namespace', namespace]
  flags.push('--log-level', 'warn')
  if (uiPort === undefined) flags.push('--headless')
  else flags.push('--ui-port', String(uiPort))
  if (metricsPort !== undefined) flags.push('--metrics-port', String(metricsPort))
  for (const [name, value] of Object.entries({ ...settings.dynamicConfig, ...dynamicConfig }))
    flags.push('--dynamic-config-value', `${name}=${JSON.stringify(value)}`)
  for (const [name, type] of Object.entries(settings.searchAttributes))
    flags.push('--search-attribute', `${name}=${type}`)
  if (dataFolder) {
    await mkdir(join(dataFolder, 'temporal'), { recursive: true })
    flags.push('--db-filename', join(dataFolder, 'temporal', 'temporal.sqlite'))
    for (const [name, value] of Object.entries(settings.sqlitePragma))
      flags.push('--sqlite-pragma', `${name}=${value}`)
  }
  return ['server', 'start-dev', ...flags]
}

async function waitUntilReady(
  address: string,
  namespace: string,
  server: RunningProcess,
  withinMs: number,
): Promise<void> {
  const giveUpAt = Date.now() + withinMs
  for (;;) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 2_000 })
      await connection.workflowService.describeNamespace({ namespace })
      return await connection.close()
    } catch (cause) {
      if (!server.running) throw new Error(`Temporal ended:\n${server.tail()}`, { cause })
      if (Date.now() > giveUpAt)
        throw new Error(
          `Temporal at ${address} does not answer for the namespace ${namespace}: ${String(cause)}`,
          { cause },
        )
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}
