import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { orderPreviews } from '#activities/orders/preview'
import { purchasePreviews } from '#activities/purchasing/preview'
import { returnPreviews } from '#activities/returns/preview'
import { billPreviews } from '#activities/vendor-bills/preview'
import { chargebackPreviews } from '#activities/chargebacks/preview'
import { settlementPreviews } from '#activities/settlements/preview'
import { exitIfWrong, loadConfig } from '#config'
import { connect } from '#db/client'
import { outliveLostConnections } from '#db/transaction'
import { temporalAt } from '#temporal-connection'
import { verifyConfig } from '#verify-config'
import { requireChannelSecrets, secretsFrom } from './channel-secrets.ts'
import { createLogger } from './plugins/logging.ts'
import { buildServer } from './server.ts'

/** How long the servers may take to say whether the configuration is right before it listens. */
const VERDICT_MS = 3_000

/**
 * Opens what the API stands on, listens, and closes everything in order on SIGTERM. While a
 * server does not answer it says "not ready"; one that refuses the configuration ends it.
 */
export async function startApi(
  env = process.env,
): Promise<{ address: string; close(): Promise<void> }> {
  const config = loadConfig(env, ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'JWT_SECRET'])
  const logger = createLogger(config.LOG_LEVEL)
  const closing = new AbortController()
  const log = (line: string) => logger.warn(line)
  const verdict = verifyConfig(config, { log, signal: closing.signal })
  verdict.catch((cause: unknown) => closing.signal.aborted || exitIfWrong(cause))
  await Promise.race([verdict, wait(VERDICT_MS, undefined, { ref: false })])

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
  const connection = Connection.lazy(temporalAt(config))
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
    purchasePreviews: purchasePreviews(db),
    billPreviews: billPreviews(db),
    settlementPreviews: settlementPreviews(db),
    returnPreviews: returnPreviews(db),
    chargebackPreviews: chargebackPreviews(db),
    channelSecrets: (refs) => secretsFrom(env, refs),
  })
  const address = await server.listen({ host: config.API_HOST, port: config.API_PORT })
  return {
    address,
    close: async () => {
      closing.abort()
      await server.close()
      await Promise.allSettled([db.end({ timeout: 5 }), connection.close()])
    },
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  outliveLostConnections()
  const api = await startApi().catch(exitIfWrong)
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void api.close().then(() => process.exit(0)))
}
