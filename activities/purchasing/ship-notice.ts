import type { AnnounceShipment } from '#contracts/procure-to-pay'
import type { Tx } from '#db/client'
import { changeLine, lockPurchase, type PurchaseOrder } from '#db/stores/purchase-orders'
import { Refusal } from '#domain/refusal'
import { shipToBuyer } from './drop-ship.ts'
import { expectLines } from './supply.ts'
import { passesAtOrigin, passTitle } from './title.ts'

/**
 * Goods are on their way: what they are, and when they come, which is what waiting orders are
 * promised by from now on. What the supplier ships to a buyer is received and shipped by it;
 * what is ours from its ramp on is in transit from that day on.
 * @throws Refusal `PurchaseNotSent`, `UnknownPurchaseLine`, `ShipNoticeKnown`, `NothingExpected`
 */
export async function announceShipment(
  tx: Tx,
  order: PurchaseOrder,
  notice: AnnounceShipment & { today: string },
): Promise<void> {
  if (order.sentRevision !== order.revision)
    throw new Refusal('PurchaseNotSent', `${order.poNumber} is not with the supplier.`)
  const lines = notice.lines.map((said, n) => {
    const line = order.lines.find(({ lineNo }) => lineNo === said.lineNo)
    if (!line)
      throw new Refusal('UnknownPurchaseLine', `${order.poNumber} has no line ${said.lineNo}.`, {
        field: `body.lines.${n}.lineNo`,
      })
    if (line.open === 0n)
      throw new Refusal(
        'NothingExpected',
        `Nothing more is expected of line ${said.lineNo}: ask the supplier what this is.`,
        { field: `body.lines.${n}.lineNo` },
      )
    return { ...said, line }
  })
  const [kept] = await tx<{ id: bigint }[]>`
    INSERT INTO asn (asn_no, supplier_id, purchase_order_id, source, shipped_on, expected_on, carrier, bill_of_lading, actor)
    VALUES (${notice.asnNo}, ${order.supplierId}, ${order.id}, ${notice.source}, ${notice.shippedOn}, ${notice.expectedOn ?? null},
      ${notice.carrier ?? null}, ${notice.billOfLading ?? null}, ${notice.actor}) ON CONFLICT DO NOTHING RETURNING id`
  if (!kept)
    throw new Refusal(
      'ShipNoticeKnown',
      `Ship notice ${notice.asnNo} of ${order.supplier} was taken before.`,
    )
  await tx`INSERT INTO asn_line ${tx(
    lines.map(({ line, qty, lot, packageNo }, n) => ({
      ...{ asn_id: kept.id, line_no: n + 1, purchase_order_line_id: line.id, qty: BigInt(qty) },
      ...{ lot: lot ?? null, package_no: packageNo ?? null },
    })),
  )}`
  if (order.shipsToOrderId !== null) return shipToBuyer(tx, order, notice)
  const { expectedOn, actor, key, shippedOn } = notice
  if (passesAtOrigin(order)) await passTitle(tx, order, { asnId: kept.id, shippedOn, actor, lines })
  if (expectedOn === undefined) return
  for (const { line } of lines) await changeLine(tx, line.id, { promisedOn: expectedOn })
  const reason = `ship notice ${notice.asnNo}`
  await expectLines(tx, await lockPurchase(tx, order.id), { actor, reason, key })
}
