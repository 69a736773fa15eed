import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { format, resolveConfig } from 'prettier'
import { createLogger } from '#api/plugins/logging'
import { buildServer } from '#api/server'
import type { OrderPreviews } from '#contracts/order-previews'
import { connect } from '#db/client'

export const OPENAPI_FILE = join(import.meta.dirname, '../docs/openapi.json')

/** What the routes themselves say, as the file holds it; needs neither database nor Temporal. */
export async function openApiDocument(): Promise<{ text: string; routes: number }> {
  const db = connect('postgres://nobody@127.0.0.1:1/none')
  const connection = Connection.lazy({ address: '127.0.0.1:1' })
  const server = await buildServer({
    db,
    temporal: new Client({ connection }),
    config: {
      JWT_SECRET: 'not used: nobody calls this server',
      TEMPORAL_NAMESPACE: 'default',
    } as never,
    logger: createLogger('silent'),
    // Its routes are there only when somebody can preview; here they are only described.
    previews: {} as OrderPreviews,
  })
  const style = await resolveConfig(OPENAPI_FILE)
  const text = await format(JSON.stringify(server.swagger()), { ...style, parser: 'json' })
  const routes = server.accessTable.filter(({ method }) => method !== 'HEAD').length
  await server.close()
  await db.end()
  return { text, routes }
}
