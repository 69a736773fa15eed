import { purchaseOrder850 } from '#connectors/edi/purchase-order-850'
import type { Db } from '#db/client'
import { buyerAddress } from '#db/queries/shipping-orders'
import { lockPurchase } from '#db/stores/purchase-orders'
import { transaction } from '#db/transaction'
import { documentOf } from './document.ts'

/**
 * Where a supplier ships to a buyer, as it is when the message leaves: lines for a letter, and the
 * X12 850 with the address in it. What is kept of an order has no address, so that it can be kept when
 * the buyer is erased. Null where the buyer has no address any more.
 */
export async function withBuyer(
  db: Db,
  { purchaseId, orderId, sentAs }: { purchaseId: string; orderId: bigint; sentAs: string },
): Promise<{ text: string; document: string } | null> {
  const shipTo = await buyerAddress(db, orderId)
  if (!shipTo || shipTo.street.length === 0) return null
  const document = await transaction(db, async (tx) => {
    const order = await lockPurchase(tx, purchaseId)
    const [effect] = await tx<{ at: string }[]>`
      SELECT intended_at AS at FROM external_effect WHERE key = ${sentAs}`
    const controlNumber = Number((order.id * 100n + BigInt(order.revision)) % 1_000_000_000n)
    const envelope = { sender: order.entity, at: effect!.at, controlNumber }
    return purchaseOrder850({ ...(await documentOf(tx, order)), shipTo }, envelope)
  })
  const { name, street, city, region, postalCode, country } = shipTo
  const town = [city, region, postalCode].filter((part) => part !== '').join(' ')
  return { document, text: ['Please ship it to:', name, ...street, town, country].join('\n') }
}
