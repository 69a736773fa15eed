import type { Tx } from '#db/client'
import { adjustStock, type Adjustment } from './goods.ts'
import { lockPositions } from './stock.ts'
import { addToOutbox } from './records.ts'
import { settleMissing } from './routing.ts'

export interface Count extends Omit<Adjustment, 'qty' | 'adjustmentId'> {
  /** Business key of the count; its adjustment has the same. */
  countId: string
  /** Sellable units that lie at the site, those for orders included. */
  counted: bigint
}

/**
 * Somebody has looked: a difference is adjusted with its value, and units that were missing are
 * there again or off the books. Answers what the books had said.
 */
export async function countStock(tx: Tx, count: Count): Promise<{ expected: bigint }> {
  const { itemId, siteId, counted, countId, ...by } = count
  const [position] = await lockPositions(tx, [itemId], [siteId])
  const expected = position?.onHand ?? 0n
  await tx`INSERT INTO stock_count (item_id, site_id, counted, expected, actor) VALUES (${itemId}, ${siteId}, ${counted}, ${expected}, ${by.actor})`
  if (counted !== expected)
    await adjustStock(tx, { ...by, itemId, siteId, qty: counted - expected, adjustmentId: countId })
  await settleMissing(tx, { itemId, siteId, actor: by.actor })
  await addToOutbox(tx, [
    { topic: 'stock-arrived', key: `count/${countId}`, body: { itemIds: [itemId] } },
  ])
  return { expected }
}
