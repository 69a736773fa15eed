import type { Tx } from '#db/client'
import { insertHolds, type SalesOrder } from '#db/stores/orders'
import { intendEffect } from '#db/stores/records'

const BEING_SCREENED = 'the parties and goods are being screened'

/**
 * FUL-26: the order waits with its stock until the screening service has said that nobody and
 * nothing in it is denied. What our own rules have found holds it anyway.
 */
export async function screenParties(tx: Tx, order: SalesOrder): Promise<void> {
  await intendEffect(tx, {
    // Each address and each set of lines is screened once; the version tells one from the next.
    key: `screen/${order.id}/${order.version}`,
    gateway: 'compliance',
    operation: 'screen',
    subjectType: 'order',
    subjectId: order.id.toString(),
    request: { orderId: order.id },
  })
  if (order.holds.some((hold) => hold.type === 'compliance')) return
  const hold = { type: 'compliance', caseType: 'compliance-match' } as const
  await insertHolds(tx, order, [{ ...hold, reason: BEING_SCREENED, keepsStock: true }], 'system')
}

/** An order that was screened is screened again when it changes. */
export async function screenAgain(tx: Tx, order: SalesOrder): Promise<void> {
  const [before] = await tx`
    SELECT 1 FROM external_effect WHERE subject_type = 'order' AND subject_id = ${order.id.toString()} AND operation = 'screen' LIMIT 1`
  if (before) await screenParties(tx, order)
}
