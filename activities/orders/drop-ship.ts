import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { addToOutbox } from '#db/stores/records'
import { insertReservations } from '#db/stores/stock'
import { Refusal } from '#domain/refusal'
import { knownLine } from './cancel.ts'
import { finishStep } from './progress.ts'
import { shipOrder } from './ship.ts'

/** What left the supplier for the buyer; its units lie at the drop-ship site in this very transaction. */
export interface ShippedBySupplier {
  siteId: number
  site: string
  /** The supplier's own, such as the number of its ship notice. */
  reference: string
  shippedOn: string
  carrier?: string | undefined
  trackingNumber?: string | undefined
  lines: readonly { orderLineId: bigint; qty: number }[]
  actor: string
  key: string
  today: string
}

/**
 * The supplier's shipment is one of the order: reserved, handed over and shipped at once, so that
 * revenue, cost, invoice and capture follow as for any other shipment.
 * @throws Refusal `DropShipNotAwaited`, `OrderHeld`, `TrackingNeeded`
 */
export async function shipFromSupplier(
  tx: Tx,
  order: SalesOrder,
  shipped: ShippedBySupplier,
): Promise<void> {
  for (const { orderLineId, qty } of shipped.lines)
    await reserveUnits(tx, order, shipped, orderLineId, qty)
  const fulfilmentId = await handOver(tx, order, shipped)
  const { carrier, trackingNumber, reference, shippedOn, actor, key, today } = shipped
  const parcel = { ...(carrier ? { carrier } : {}), ...(trackingNumber ? { trackingNumber } : {}) }
  await shipOrder(tx, order, {
    ...{ fulfilmentId, reference, shippedOn, actor, key, today },
    ...(trackingNumber ? { parcels: [parcel] } : {}),
  })
}

async function reserveUnits(
  tx: Tx,
  order: SalesOrder,
  { siteId, site }: ShippedBySupplier,
  orderLineId: bigint,
  qty: number,
): Promise<void> {
  const line = knownLine(order, `${orderLineId}`)
  if (qty > line.dropShip)
    throw new Refusal(
      'DropShipNotAwaited',
      `Line ${line.lineNo} of ${order.orderNumber} waits for ${line.dropShip} units from the supplier, ${qty} are announced: ask the supplier to keep the others.`,
    )
  const itemId = line.itemId!
  const mine = { orderLineId: line.id, itemId, siteId }
  const [row] = await insertReservations(tx, [
    { ...mine, orderId: order.id, qty, fromPool: 0, priority: order.channelPriority },
  ])
  order.reservations.push({
    ...{ ...mine, id: row!.id, siteCode: site, live: qty, onFulfilment: qty, expiresAt: null },
  })
  line.backordered -= qty
  line.dropShip -= qty
  line.allocated += qty
  line.released += qty
}

/** What the supplier charges for freight is part of its price, so nothing is estimated. */
async function handOver(
  tx: Tx,
  order: SalesOrder,
  { siteId, shippedOn, actor, lines }: ShippedBySupplier,
): Promise<string> {
  const rows = order.reservations.filter(
    (one) => one.siteId === siteId && lines.some((line) => line.orderLineId === one.orderLineId),
  )
  const [fulfilment] = await tx<{ id: string }[]>`
    WITH fulfilment AS (
      INSERT INTO fulfilment_order (order_id, site_id, ship_on, released_by) VALUES (${order.id}, ${siteId}, ${shippedOn}, ${actor}) RETURNING id
    ), lines AS (
      INSERT INTO fulfilment_line (fulfilment_id, order_line_id, reservation_id, item_id, qty)
      SELECT fulfilment.id, r.* FROM fulfilment, unnest(${rows.map((r) => `${r.orderLineId}`)}::bigint[], ${rows.map((r) => `${r.id}`)}::bigint[],
        ${rows.map((r) => r.itemId)}::int[], ${rows.map((r) => r.live)}::int[]) AS r
    )
    SELECT id::text FROM fulfilment`
  return fulfilment!.id
}

/** Ends another document's commit on an order: writes where it stands, and its process is told. */
export async function tellOrder(
  tx: Tx,
  order: SalesOrder,
  step: { action: string; actor: string; key: string; reason: string },
): Promise<void> {
  await finishStep(tx, order, step)
  await addToOutbox(tx, [
    {
      topic: 'look-again',
      key: `drop-ship/${order.id}/${order.version}`,
      body: { workflowId: order.workflowId, cause: step.reason },
    },
  ])
}
