import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { format, resolveConfig } from 'prettier'
import { createLogger } from '#api/plugins/logging'
import { buildServer } from '#api/server'
import type { OrderPreviews } from '#contracts/order-previews'
import { connect } from '#db/client'

/** Writes docs/openapi.json from the routes themselves; needs neither database nor Temporal. */
const target = join(import.meta.dirname, '../docs/openapi.json')
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
await writeFile(
  target,
  await format(JSON.stringify(server.swagger()), {
    ...(await resolveConfig(target)),
    parser: 'json',
  }),
)
console.log(`${server.accessTable.filter(({ method }) => method !== 'HEAD').length} routes`)
await server.close()
await db.end()
