import { pathToFileURL } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { orderPreviews } from '#activities/orders/preview'
import { loadConfig } from '#config'
import { connect } from '#db/client'
import { outliveLostConnections } from '#db/transaction'
import { requireChannelSecrets } from './channel-secrets.ts'
import { createLogger } from './plugins/logging.ts'
import { buildServer } from './server.ts'

/** Opens what the API stands on, listens, and closes everything in order on SIGTERM. */
export async function startApi(
  env = process.env,
): Promise<{ address: string; close(): Promise<void> }> {
  const config = loadConfig(env, ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'JWT_SECRET'])
  const logger = createLogger(config.LOG_LEVEL)
  const db = connect(config.DATABASE_URL, {
    role: config.THROUGHLINE_APP_ROLE,
    max: config.DATABASE_POOL,
    applicationName: 'throughline-api',
    statementTimeoutMs: 15_000,
  })
  try {
    await requireChannelSecrets(db, env)
  } catch (error) {
    await db.end({ timeout: 1 })
    throw error
  }
  // Lazy: the API starts and says "not ready" while the process engine is still away.
  const connection = Connection.lazy({ address: config.TEMPORAL_ADDRESS })
  const temporal = new Client({ connection, namespace: config.TEMPORAL_NAMESPACE })
  const metrics = new Registry()
  collectDefaultMetrics({ register: metrics })

  const server = await buildServer({
    db,
    temporal,
    config,
    logger,
    metrics,
    previews: orderPreviews(db),
    channelSecrets: (refs) => refs.flatMap((name) => env[name] ?? []),
  })
  const address = await server.listen({ host: config.API_HOST, port: config.API_PORT })
  return {
    address,
    close: async () => {
      await server.close()
      await Promise.allSettled([db.end({ timeout: 5 }), connection.close()])
    },
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  outliveLostConnections()
  const api = await startApi()
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void api.close().then(() => process.exit(0)))
}
