import type { ConfirmShipment } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { keepContents, parcelsOfShipment, type ParcelContent } from '#db/stores/parcel-losses'
import { Refusal } from '#domain/refusal'
import { needsStock } from './plan.ts'
import type { ShippedUnits } from './ship.ts'

/** What lies in one parcel, by its number where the warehouse says it, or as it was packed. */
export interface HeldBy {
  parcelId?: bigint
  trackingNumber?: string
  lines: readonly { orderLineId: string; qty: number }[]
}

/** What the warehouse says that its parcels hold; nothing where it says it of none. */
export function saidContents(parcels: NonNullable<ConfirmShipment['parcels']>): HeldBy[] {
  if (parcels.every(({ lines }) => lines === undefined)) return []
  return parcels.map(({ trackingNumber, lines }) => ({
    ...(trackingNumber === undefined ? {} : { trackingNumber }),
    lines: lines ?? [],
  }))
}

/**
 * Keeps which units each parcel of a shipment holds, so that a lost one loses exactly these.
 * @throws Refusal `ParcelContentsDiffer` where the parcels hold other goods than leave.
 */
export async function keepParcelContents(
  tx: Tx,
  shipmentId: bigint,
  units: readonly ShippedUnits[],
  held: readonly HeldBy[],
): Promise<void> {
  if (held.length === 0) return
  const parcels = await parcelsOfShipment(tx, shipmentId)
  const next = new Map(units.map(({ line, unitFrom }) => [line.id.toString(), unitFrom]))
  const contents: ParcelContent[] = []
  for (const { parcelId, trackingNumber, lines } of held) {
    const parcel = parcels.find(
      (one) => one.id === parcelId || (trackingNumber && one.trackingNumber === trackingNumber),
    )
    if (!parcel || lines.length === 0)
      throw differs(
        `Say of every parcel by its tracking number what it holds: ${trackingNumber ?? 'one has none'}.`,
      )
    for (const { orderLineId, qty } of lines) {
      const unitFrom = next.get(orderLineId)
      if (unitFrom === undefined) throw differs(`Line ${orderLineId} does not leave.`)
      contents.push({ parcelId: parcel.id, orderLineId: BigInt(orderLineId), unitFrom, qty })
      next.set(orderLineId, unitFrom + qty)
    }
  }
  for (const { line, unitFrom, qty } of units)
    if (needsStock(line) && next.get(line.id.toString()) !== unitFrom + qty)
      throw differs(`${qty} units of ${line.sku} leave, and the parcels hold another number.`)
  await keepContents(tx, contents)
}

function differs(what: string): Refusal {
  return new Refusal(
    'ParcelContentsDiffer',
    `${what} The parcels of a shipment hold together exactly what leaves; leave \`lines\` out of all of them where nobody knows.`,
  )
}
