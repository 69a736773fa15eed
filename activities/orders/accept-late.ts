import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { recordDecisions } from '#db/stores/records'
import { ANY_DAY, earliestFor, lateLines, promiseOf } from './promise-check.ts'
import type { Resolving } from './resolve.ts'
import { resumeOrder } from './resume.ts'

/** The customer takes the goods later: the day that was promised stays on record beside the new one. */
export async function acceptLate(
  tx: Tx,
  order: SalesOrder,
  { actor, today }: Resolving,
): Promise<SalesOrder> {
  const late = lateLines(order)
  const acceptedLateUntil = earliestFor(late) ?? ANY_DAY
  await tx`UPDATE sales_order SET accepted_late_until = ${acceptedLateUntil} WHERE id = ${order.id}`
  const changed = { ...order, acceptedLateUntil }
  await recordDecisions(tx, [
    {
      subjectType: 'order',
      subjectId: order.id.toString(),
      kind: 'promise-changed',
      rule: 'person',
      ruleVersion: 1,
      inputs: {
        deliverBy: order.deliverBy,
        lines: late.map((line) => ({ sku: line.sku, promiseOn: promiseOf(line) })),
      },
      choice: { acceptedLateUntil },
      actor,
    },
  ])
  await resumeOrder(tx, changed, { actor, today })
  return changed
}
