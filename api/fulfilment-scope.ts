import type { Reader } from '#db/client'
import { listFulfilments, type FulfilmentRow } from '#db/queries/stock'
import { EVERYWHERE } from '#domain/scopes'
import type { Principal } from './deps.ts'
import { visible } from './scope.ts'

/** The fulfilment order, when it exists and lies within the caller's company, site and channel. */
export async function fulfilmentInScope(
  db: Reader,
  principal: Principal,
  id: string,
): Promise<FulfilmentRow> {
  const [row] = await listFulfilments(db, {
    after: 0n,
    limit: 1,
    scopes: EVERYWHERE,
    id: BigInt(id),
  })
  return visible(principal, row, 'fulfilment order', (found) => ({
    entity: found.entity,
    site: found.site,
    channel: found.channel,
  }))
}
