import type { ConfirmShipment } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { addToOutbox } from '#db/stores/records'
import type { OrderLine, SalesOrder } from '#db/stores/orders'
import { insertInvoice, insertShipment, type NewShipmentLine } from '#db/stores/shipments'
import { takeFromBins, toteOf } from '#db/stores/bins'
import { shipBoxes } from '#db/stores/packed-boxes'
import { consumeCost, lockPositions, useReservations } from '#db/stores/stock'
import { sum } from '#domain/money'
import { openUnits } from '#domain/orders/phase'
import { waitsForDelivery } from '#domain/orders/revenue'
import { moneyOfUnits } from '#domain/orders/shares'
import { Refusal } from '#domain/refusal'
import { healOrderCases } from './cases.ts'
import { captureWhatIsOwed, voidWhatIsNotNeeded } from './captures.ts'
import { askAboutExcess } from './excess.ts'
import { lineOf, needsStock } from './plan.ts'
import { arrived } from './arrival.ts'
import {
  carrierParty,
  chooseLines,
  countShipped,
  freightShare,
  lockFulfilment,
  openUnitsOf,
  type Fulfilment,
  type OpenFulfilmentLine,
} from './open-fulfilment.ts'
import { keepParcelContents, saidContents, type HeldBy } from './parcel-contents.ts'
import { postShipment } from './ship-postings.ts'
import { refuseWhileHeld } from './stop-warehouse.ts'
import { invoiceDueOn } from './terms.ts'

/** One line of this shipment: which units of the order line leave, and from where. */
export interface ShippedUnits {
  line: OrderLine
  qty: number
  unitFrom: number
  siteId: number
  costs: { layerId: bigint; qty: bigint; valueMinor: bigint }[]
}

/**
 * Goods leave: stock moves, cost layers are consumed, revenue, tax, cost and freight post, the
 * invoice gets its number and the capture is intended, all in this transaction. The same
 * reference again changes nothing, whatever key it comes with.
 */
export async function shipOrder(
  tx: Tx,
  order: SalesOrder,
  command: ConfirmShipment & { today: string },
): Promise<void> {
  // Read before anything is sent: what throws between two sent promises leaves the first unheard.
  const fulfilmentId = BigInt(command.fulfilmentId)
  const [fulfilment, known] = await Promise.all([
    lockFulfilment(tx, order, command.fulfilmentId),
    tx`SELECT 1 FROM shipment WHERE fulfilment_id = ${fulfilmentId} AND reference = ${command.reference}`,
  ])
  if (known.length > 0) return
  if (fulfilment.state !== 'released' && fulfilment.state !== 'recall-requested') {
    throw new Refusal(
      'FulfilmentNotOpen',
      `Fulfilment order ${fulfilment.id} is ${fulfilment.state}; nothing can be shipped on it.`,
    )
  }
  refuseWhileHeld(order)
  const packed = command.packed && (await shipBoxes(tx, fulfilment.id, command.reference))
  const chosen = chooseLines(order, fulfilment, packed ? packed.lines : command.lines)
  await leave(tx, order, {
    fulfilment,
    chosen,
    units: [...unitsOf(order, fulfilment, chosen), ...services(order, fulfilment.siteId)],
    reference: command.reference,
    shippedOn: command.shippedOn ?? command.today,
    parcels: command.parcels ?? [],
    held: packed ? packed.held : saidContents(command.parcels ?? []),
    actor: command.actor,
  })
  await healWhatHasLeft(tx, order, fulfilment)
}

/** Services and gift cards of an order without goods: nothing is picked, so they leave at once. */
export async function shipServices(
  tx: Tx,
  order: SalesOrder,
  by: { actor: string; today: string },
): Promise<void> {
  const [site] = await tx<{ id: number }[]>`
    SELECT id FROM site WHERE entity_id = ${order.entityId} AND status = 'active' ORDER BY id LIMIT 1`
  if (!site)
    throw new Refusal('NoSite', `${order.entityCode} has no active site in whose name to deliver.`)
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO fulfilment_order (order_id, site_id, ship_on, state, released_by)
    VALUES (${order.id}, ${site.id}, ${by.today}, 'shipped', ${by.actor}) RETURNING id`
  await leave(tx, order, {
    fulfilment: {
      id: row!.id,
      siteId: site.id,
      state: 'shipped',
      freightMinor: 0n,
      carrier: null,
      service: null,
      labelsMinor: null,
      lines: [],
    },
    chosen: [],
    units: services(order, site.id),
    reference: 'services',
    shippedOn: by.today,
    parcels: [],
    held: [],
    actor: by.actor,
  })
}

interface Leaving {
  fulfilment: Fulfilment
  chosen: readonly OpenFulfilmentLine[]
  units: ShippedUnits[]
  reference: string
  shippedOn: string
  parcels: NonNullable<ConfirmShipment['parcels']>
  /** What each parcel holds; nothing where nobody said it. */
  held: readonly HeldBy[]
  actor: string
}

async function leave(tx: Tx, order: SalesOrder, leaving: Leaving): Promise<void> {
  const { fulfilment, chosen, units, shippedOn, actor } = leaving
  // FIN-11: what the labels cost is known; until there are any, the plan's estimate stands for it.
  const freight = {
    minor: fulfilment.labelsMinor ?? freightShare(fulfilment, chosen),
    party: carrierParty(fulfilment),
  }
  const shipment = await insertShipment(tx, {
    orderId: order.id,
    fulfilmentId: fulfilment.id,
    siteId: fulfilment.siteId,
    reference: leaving.reference,
    shippedOn,
    freightMinor: freight.minor,
    freightParty: freight.party,
    actor,
    last: openUnitsOf(fulfilment) === chosen.reduce((units, line) => units + line.open, 0),
    parcels: leaving.parcels,
  })
  await keepParcelContents(tx, shipment.id, units, leaving.held)
  const delivery = await deliveryOf(tx, shipment, {
    goods: chosen.length > 0,
    isAwaited: units.some(({ line }) => waitsForDelivery(order, line)),
  })
  await takeFromStock(tx, order, {
    fulfilment,
    chosen,
    units,
    shipmentId: shipment.id,
    shippedOn,
    actor,
  })
  const lines = units.map(shipmentLine)
  await postShipment(tx, { order, shipment, units, lines, shippedOn, freight, actor })
  for (const { line, qty } of units) count(line, qty)
  const worth = sum(lines.map(grossOf))
  await captureWhatIsOwed(tx, order, { key: `capture/shipment/${shipment.id}`, atMostMinor: worth })
  await voidWhatIsNotNeeded(tx, order)
  await askAboutExcess(tx, order, 'rule: payment')
  if (delivery === 'arrived')
    await arrived(tx, order, shipment.id, { deliveredOn: shippedOn, actor })
  await addToOutbox(tx, [
    {
      topic: 'mail',
      key: `shipped/${shipment.id}`,
      body: { template: 'shipped', orderId: order.id, shipmentId: shipment.id },
    },
  ])
  await insertInvoice(tx, {
    entityId: order.entityId,
    orderId: order.id,
    shipmentId: shipment.id,
    issuedOn: shippedOn,
    dueOn: await invoiceDueOn(tx, order, shippedOn),
    currency: order.currency,
    lines,
  })
}

/** The carrier may have told of the delivery before the warehouse confirmed that the goods left. */
async function deliveryOf(
  tx: Tx,
  { id, hasParcels }: { id: bigint; hasParcels: boolean },
  { goods, isAwaited }: { goods: boolean; isAwaited: boolean },
): Promise<'underway' | 'arrived'> {
  if (!goods) return 'arrived'
  const { tracked, underway } = hasParcels
    ? await trackedParcels(tx, id)
    : { tracked: 0n, underway: 0n }
  if (tracked === 0n && isAwaited)
    throw new Refusal(
      'TrackingNeeded',
      'Revenue of this order waits for its delivery: confirm the shipment with the tracking number of every parcel, or buy its labels first.',
    )
  return tracked > 0n && underway === 0n ? 'arrived' : 'underway'
}

async function trackedParcels(
  tx: Tx,
  shipmentId: bigint,
): Promise<{ tracked: bigint; underway: bigint }> {
  const [parcels] = await tx<{ tracked: bigint; underway: bigint }[]>`
    SELECT count(*) AS tracked, count(*) FILTER (WHERE delivered_at IS NULL) AS underway FROM parcel
    WHERE shipment_id = ${shipmentId} AND tracking_number IS NOT NULL AND voided_at IS NULL`
  return parcels!
}

/** What stood in the way of this fulfilment order has lost its object when all of it has left. */
async function healWhatHasLeft(tx: Tx, order: SalesOrder, fulfilment: Fulfilment): Promise<void> {
  if (!order.hasCases) return
  const open = await tx`
    SELECT 1 FROM fulfilment_line WHERE fulfilment_id = ${fulfilment.id} AND qty > shipped + cancelled LIMIT 1`
  if (open.length > 0) return
  const parcels = await tx<{ key: string }[]>`
    SELECT label_effect_key AS key FROM parcel WHERE fulfilment_id = ${fulfilment.id} AND label_effect_key IS NOT NULL`
  await healOrderCases(tx, order, ['short-pick'], 'the goods have left', fulfilment.id.toString())
  for (const { key } of parcels)
    await healOrderCases(tx, order, ['label-failed'], 'the goods have left', key)
}

function unitsOf(
  order: SalesOrder,
  fulfilment: Fulfilment,
  chosen: readonly OpenFulfilmentLine[],
): ShippedUnits[] {
  const perLine = new Map<bigint, number>()
  for (const { orderLineId, open } of chosen)
    perLine.set(orderLineId, (perLine.get(orderLineId) ?? 0) + open)
  return [...perLine].map(([id, qty]) => {
    const line = lineOf(order, id)
    return {
      line,
      qty,
      unitFrom: line.shipped + line.cancelled,
      siteId: fulfilment.siteId,
      costs: [],
    }
  })
}

/** Services and gift cards go with the first goods of the order. */
function services(order: SalesOrder, siteId: number): ShippedUnits[] {
  return order.lines
    .filter((line) => line.itemId !== null && !needsStock(line) && openUnits(line) > 0)
    .map((line) => ({
      line,
      qty: openUnits(line),
      unitFrom: line.shipped + line.cancelled,
      siteId,
      costs: [],
    }))
}

type Taking = Pick<Leaving, 'fulfilment' | 'chosen' | 'units' | 'shippedOn' | 'actor'> & {
  shipmentId: bigint
}

async function takeFromStock(
  tx: Tx,
  order: SalesOrder,
  { fulfilment, chosen, units, shipmentId, shippedOn, actor }: Taking,
): Promise<void> {
  await lockPositions(tx, [...new Set(chosen.map((line) => line.itemId))], [fulfilment.siteId])
  await useReservations(
    tx,
    'consumed',
    chosen.map((line) => ({ id: line.reservationId, qty: line.open })),
  )
  await countShipped(tx, fulfilment, chosen)
  for (const { reservationId, open } of chosen) {
    const reservation = order.reservations.find((candidate) => candidate.id === reservationId)!
    reservation.live -= open
    reservation.onFulfilment -= open
  }
  const goods = units.filter((unit) => needsStock(unit.line))
  const cause = { causeType: 'shipment', causeId: shipmentId.toString() }
  await takeFromBins(
    tx,
    fulfilment.siteId,
    goods.map((unit) => ({ itemId: unit.line.itemId!, qty: BigInt(unit.qty) })),
    { kind: 'issue', ...cause, actor, effectiveOn: shippedOn },
    toteOf(fulfilment.id),
  )
  const uses = await consumeCost(
    tx,
    goods.map((unit) => ({
      itemId: unit.line.itemId!,
      siteId: fulfilment.siteId,
      qty: BigInt(unit.qty),
      ...cause,
      orderLineId: unit.line.id,
      effectiveOn: shippedOn,
    })),
  )
  for (const use of uses)
    units.find((unit) => unit.line.id === use.demand.orderLineId)!.costs.push(use)
}

function shipmentLine(unit: ShippedUnits): NewShipmentLine {
  const { line, qty, unitFrom } = unit
  const { goodsMinor, discountMinor, shippingMinor, taxMinor } = moneyOfUnits(
    line,
    unitFrom,
    unitFrom + qty,
  )
  return {
    orderLineId: line.id,
    qty,
    unitFrom,
    goodsMinor,
    discountMinor,
    shippingMinor,
    taxMinor,
    costMinor: sum(unit.costs.map((cost) => cost.valueMinor)),
  }
}

function grossOf(line: NewShipmentLine): bigint {
  return line.goodsMinor - line.discountMinor + line.shippingMinor + line.taxMinor
}

function count(line: OrderLine, qty: number): void {
  const from = line.shipped + line.cancelled
  line.shippedMinor += moneyOfUnits(line, from, from + qty).grossMinor
  line.shipped += qty
  line.allocated -= Math.min(qty, line.allocated)
  line.released -= Math.min(qty, line.released)
  line.picked = Math.max(0, Math.min(line.picked - qty, line.released))
}
