import type { Db } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { policiesFor } from '#db/queries/policies'
import { recordDecisions } from '#db/stores/records'
import { rankDemand, type Ranked, type WaitingDemand } from '#domain/orders/demand-rank'

type Waiting = WaitingDemand & { workflowId: string }

/** So many orders stand in the record of a ranking; the others come after them. */
const RECORDED = 200

/**
 * Orders that lack units of these items, the one that is to be served first coming first. Who
 * comes before whom, and by which rule, is kept as a decision about each item.
 */
export async function waitingForItems(
  db: Db,
  cause: { key: string; cause: string },
  itemIds: readonly number[],
): Promise<Waiting[]> {
  const rows = await db<Waiting[]>`
    SELECT DISTINCT o.id::text AS "orderId", o.workflow_id AS "workflowId", c.code AS channel, c.priority AS "channelPriority", o.customer_class AS "customerClass", o.ship_by AS "shipBy", o.placed_at AS "placedAt"
    FROM sales_order o JOIN channel c ON c.id = o.channel_id JOIN sales_order_line l ON l.order_id = o.id
    WHERE o.closed_at IS NULL AND l.item_id = ANY(${[...itemIds]}::int[])
      AND l.qty_ordered - l.qty_cancelled - l.qty_shipped - l.qty_allocated - l.qty_drop_ship > 0`
  if (rows.length === 0) return []
  const channels = [...new Set(rows.map((row) => row.channel))]
  const [everywhere, ...own] = await Promise.all(
    ['*', ...channels].map(async (scope) => (await policiesFor(db, scope)).demand),
  )
  const ranked = rankDemand(rows, {
    everywhere: everywhere!.body,
    channels: new Map(channels.map((channel, n) => [channel, own[n]!.body])),
  })
  if (ranked.length > 1) await keepRanking(db, cause, itemIds, ranked, everywhere!.version)
  return ranked.map(({ demand }) => demand)
}

async function keepRanking(
  db: Db,
  { key, cause }: { key: string; cause: string },
  itemIds: readonly number[],
  ranked: readonly Ranked<Waiting>[],
  version: number,
): Promise<void> {
  const command = { key: `demand-ranking/${key}`, request: { key, cause }, actor: 'system' }
  await commitOnce(db, command, async (tx) => {
    const items = await tx<{ sku: string }[]>`
      SELECT sku FROM item WHERE id = ANY(${[...itemIds]}::int[]) ORDER BY id`
    await recordDecisions(
      tx,
      items.map(({ sku }) => ({
        subjectType: 'item',
        subjectId: sku,
        kind: 'demand-ranking',
        rule: 'demand',
        ruleVersion: version,
        inputs: { cause, message: key, waiting: ranked.length },
        choice: ranked.slice(0, RECORDED).map(({ demand, decidedBy }) => ({
          orderId: demand.orderId,
          channel: demand.channel,
          beforeTheNextBy: decidedBy,
        })),
        actor: 'system',
      })),
    )
  })
}
