import type { Tx } from '#db/client'
import type { CountLine, CountTask } from '#db/stores/count-tasks'
import { Refusal } from '#domain/refusal'
import { planAnew, takeUnitsBack } from '../orders/units-taken-back.ts'
import { postOrAsk } from './post.ts'

/**
 * Orders that are promised units which are not there give them up, the last in rank first; then the
 * loss is booked, and each order is planned anew: another site, backorder, or a case of its own.
 * @throws Refusal `PromisedAtWarehouse` while the warehouse still looks for them.
 */
export async function takeFromOrders(
  tx: Tx,
  task: CountTask,
  line: CountLine,
  by: { actor: string; today: string; key: string },
): Promise<void> {
  const loss = line.expected! - line.counted!
  const { losers, lacking, promised } = await takeUnitsBack(
    tx,
    { itemId: line.itemId, siteId: task.siteId },
    (position) => loss - ((position?.onHand ?? 0n) - (position?.reserved ?? 0n)),
  )
  if (lacking > 0)
    throw new Refusal(
      'PromisedAtWarehouse',
      `${lacking} units of ${line.sku} are with the warehouse or reserved for transfers: ${promised.map((order) => order.orderNumber).join(', ') || 'no order'}. Report the short pick or take the order back first, then decide again.`,
    )
  await postOrAsk(tx, task, line, by)
  const reason = `units were not there when ${task.no} counted`
  for (const order of losers) await planAnew(tx, order, { ...by, reason })
}
