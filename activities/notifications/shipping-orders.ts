import { shippingOrder940 } from '#connectors/edi/shipping-order-940'
import type { Db } from '#db/client'
import { shippingOrderOf } from '#db/queries/shipping-orders'
import { healWarehouseCase, openWarehouseCase } from '#db/stores/warehouse-cases'
import { transaction } from '#db/transaction'
import { GatewayHiccup, type EffectAnswer } from '../gateways/outcome.ts'
import type { WarehouseGateway } from '../gateways/supplier.ts'

interface Sending {
  key: string
  fulfilmentId: string
}

type Answer = EffectAnswer<{ reference: string }>

/**
 * Sends a fulfilment order as X12 940 under its one key. What may have left us before is asked
 * about first. A refusal asks a person; without an answer the message stays and is tried again.
 * The address is in the document alone: the effect row can be kept when a customer is erased.
 */
export async function sendShippingOrder(
  db: Db,
  gateway: WarehouseGateway,
  sending: Sending,
): Promise<void> {
  const [effect] = await db<{ state: string; sentAt: string | null }[]>`
    SELECT state, sent_at AS "sentAt" FROM external_effect WHERE key = ${sending.key}`
  if (!effect || effect.state === 'confirmed' || effect.state === 'failed') return
  const answer = await answerOf(db, gateway, sending, effect.sentAt !== null)
  await settle(db, sending, answer)
  if (answer.outcome === 'unknown')
    throw new Error(`nobody knows whether ${sending.key} arrived: ${answer.message}`)
}

async function answerOf(
  db: Db,
  gateway: WarehouseGateway,
  { key, fulfilmentId }: Sending,
  mayHaveLeft: boolean,
): Promise<Answer> {
  if (mayHaveLeft) {
    const found = await gateway.find(key)
    if (found.outcome !== 'absent') return found
  }
  const order = await shippingOrderOf(db, BigInt(fulfilmentId))
  if (!order) return refused('recalled', 'the site has nothing to ship on it any more')
  if (!order.receiver) return refused('not-connected', 'the site has no EDI address any more')
  const { receiver, sender, releasedAt: at } = order
  const controlNumber = Number(BigInt(fulfilmentId) % 1_000_000_000n)
  const document = shippingOrder940(order, { sender, receiver, at, controlNumber })
  await db`
    UPDATE external_effect SET state = 'sent', sent_at = clock_timestamp(), attempts = attempts + 1
    WHERE key = ${key} AND state IN ('intended', 'sent', 'unknown')`
  try {
    return await gateway.send({ key, receiver, document })
  } catch (error) {
    if (error instanceof GatewayHiccup)
      await db`UPDATE external_effect SET sent_at = NULL WHERE key = ${key}`
    throw error
  }
}

function refused(code: string, message: string): Answer {
  return { outcome: 'refused', code, message }
}

async function settle(db: Db, { key, fulfilmentId }: Sending, answer: Answer): Promise<void> {
  const { outcome, ...facts } = answer
  const state = { confirmed: 'confirmed', unknown: 'unknown' }[outcome as string] ?? 'failed'
  await transaction(db, async (tx) => {
    await tx`
      UPDATE external_effect SET state = ${state}, outcome = ${tx.json({ outcome, ...facts } as never)},
        settled_at = CASE WHEN ${state} = 'unknown' THEN NULL ELSE clock_timestamp() END WHERE key = ${key}`
    if (outcome === 'confirmed')
      return healWarehouseCase(tx, 'warehouse-unsent', fulfilmentId, 'the warehouse has it')
    if (outcome === 'refused' && answer.code === 'recalled') return
    const [at] = await tx<{ siteId: number; orderNumber: string; site: string }[]>`
      SELECT f.site_id AS "siteId", o.order_number AS "orderNumber", s.code AS site FROM fulfilment_order f
      JOIN sales_order o ON o.id = f.order_id JOIN site s ON s.id = f.site_id WHERE f.id = ${BigInt(fulfilmentId)}`
    await openWarehouseCase(tx, {
      ...{ type: 'warehouse-unsent', siteId: at!.siteId },
      ...{ subjectType: 'fulfilment-order', subjectId: fulfilmentId },
      summary: `${at!.orderNumber} ${outcome === 'unknown' ? 'may not have reached' : 'did not reach'} ${at!.site}`,
      evidence: { effect: key, fulfilmentId, ...answer },
    })
  })
}
