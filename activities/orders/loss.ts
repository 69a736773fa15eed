import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { keepClaim, keepLostUnits } from '#db/stores/parcel-losses'
import { freightOfShipment } from '#db/stores/shipments'
import { sum } from '#domain/money'
import { waitsForDelivery } from '#domain/orders/revenue'
import { moneyOfUnits } from '#domain/orders/shares'
import { openOrderCase } from './cases.ts'
import { needsStock } from './plan.ts'
import type { ShippedUnits } from './ship.ts'
import { postLoss, postTakenBack } from './ship-postings.ts'
import { unitsInParcel, unitsOnTheirWay } from './shipped-units.ts'

interface LostParcel {
  id: bigint
  shipmentId: bigint
  /** Nothing of its shipment has arrived or is under way any more: whatever is left is lost with it. */
  isLast: boolean
}

/**
 * A parcel got lost with what it held: nobody owes for these units any longer, what had been earned
 * of them is taken back, their cost is claimed from the carrier, and a person says whether the
 * customer gets them again or the money.
 */
export async function loseParcel(
  tx: Tx,
  order: SalesOrder,
  parcel: LostParcel,
  by: { on: string; actor: string; claimBy: string | null },
): Promise<void> {
  const onTheirWay = await unitsOnTheirWay(tx, order, parcel.shipmentId)
  const units = parcel.isLast
    ? onTheirWay.filter((unit) => isLostWithLast(order, unit))
    : await unitsInParcel(tx, onTheirWay, parcel.id)
  const { id: parcelId, shipmentId } = parcel
  await keepLostUnits(
    tx,
    units.map((unit) => ({ ...lostUnits(order, unit), parcelId, shipmentId })),
  )
  for (const unit of units) unit.line.lostMinor += grossOf(unit)
  await post(tx, order, { parcel, units, onTheirWay, by })
  const costMinor = sum(units.flatMap((unit) => unit.costs.map((cost) => cost.valueMinor)))
  const { id: orderId, entityId } = order
  await keepClaim(tx, { parcelId, orderId, entityId, costMinor, ...by })
  if (units.length > 0) await askWhatIsOwed(tx, order, parcelId, units)
}

/** Services go with the goods, and are lost with them only where they were to be earned with them. */
function isLostWithLast(order: SalesOrder, { line }: ShippedUnits): boolean {
  return !line.giftCard && (needsStock(line) || waitsForDelivery(order, line))
}

function lostUnits(order: SalesOrder, { line, unitFrom, qty, costs }: ShippedUnits) {
  const { grossMinor, taxMinor } = moneyOfUnits(line, unitFrom, unitFrom + qty)
  const costMinor = sum(costs.map((cost) => cost.valueMinor))
  const takenBack = !waitsForDelivery(order, line)
  const netMinor = grossMinor - taxMinor
  return { orderLineId: line.id, unitFrom, qty, netMinor, taxMinor, costMinor, takenBack }
}

function grossOf({ line, unitFrom, qty }: ShippedUnits): bigint {
  return moneyOfUnits(line, unitFrom, unitFrom + qty).grossMinor
}

interface Losing {
  parcel: LostParcel
  units: readonly ShippedUnits[]
  onTheirWay: readonly ShippedUnits[]
  by: { on: string; actor: string }
}

async function post(
  tx: Tx,
  order: SalesOrder,
  { parcel, units, onTheirWay, by }: Losing,
): Promise<void> {
  const { id: parcelId, shipmentId } = parcel
  const ours = units.filter(({ line }) => waitsForDelivery(order, line))
  const earned = units.filter(({ line }) => !waitsForDelivery(order, line))
  const freight = await freightOfShipment(tx, shipmentId)
  // Freight of goods that wait for delivery is not posted yet, and is owed though none arrives.
  const owesFreight = parcel.isLast && onTheirWay.some(({ line }) => waitsForDelivery(order, line))
  const none = { ...freight, minor: 0n }
  const loss = { parcelId, shipmentId, lostOn: by.on, actor: by.actor }
  if (ours.length > 0)
    await postLoss(tx, order, { ...loss, units: ours, freight: owesFreight ? freight : none })
  if (earned.length > 0) await postTakenBack(tx, order, { ...loss, units: earned, freight: none })
}

async function askWhatIsOwed(
  tx: Tx,
  order: SalesOrder,
  parcelId: bigint,
  units: readonly ShippedUnits[],
): Promise<void> {
  const said = units.map(({ line, qty }) => `${qty} × ${line.sku ?? line.title}`)
  await openOrderCase(tx, order, {
    type: 'parcel-lost',
    discriminator: parcelId.toString(),
    summary: `${order.orderNumber}: ${said.join(', ')} got lost; the customer is owed them`,
    evidence: {
      parcelId: parcelId.toString(),
      units: units.map(({ line, qty, unitFrom }) => ({
        orderLineId: line.id.toString(),
        sku: line.sku,
        unitFrom,
        qty,
      })),
    },
    moneyAtRiskMinor: sum(units.map(grossOf)),
    openedBy: 'rule: tracking',
  })
}
