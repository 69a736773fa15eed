import type { X12Set } from './x12-interchange.ts'
import { malformed, x12Date, x12Units } from './x12-reader.ts'
import { writeX12 } from './x12-writer.ts'
import { heading, numberAt, skuOf } from './warehouse-items.ts'

/** A fulfilment order, as its warehouse is to carry it out. */
export interface ShippingOrder {
  /** Under which the warehouse answers: our fulfilment order. */
  number: string
  orderNumber: string
  site: string
  shipOn: string
  carrier: string | null
  service: string | null
  shipTo: {
    name: string
    street: readonly string[]
    city: string
    region: string
    postalCode: string
    country: string
  }
  lines: readonly { sku: string; qty: number }[]
}

/** X12 940: W05 names the order, each W01 an item in base units. */
export function shippingOrder940(
  order: ShippingOrder,
  envelope: { sender: string; receiver: string; at: string; controlNumber: number },
): string {
  const { shipTo } = order
  const units = order.lines.reduce((all, line) => all + line.qty, 0)
  return writeX12({ ...envelope, group: 'OW' }, '940', [
    ['W05', 'N', order.number, order.orderNumber],
    ['N1', 'ST', shipTo.name.slice(0, 60)],
    ...(shipTo.street.length > 0
      ? [['N3', ...shipTo.street.slice(0, 2).map((street) => street.slice(0, 55))]]
      : []),
    ['N4', shipTo.city.slice(0, 30), shipTo.region.slice(0, 2), shipTo.postalCode, shipTo.country],
    ['N1', 'WH', order.site, '92', order.site],
    ['G62', '10', order.shipOn.replaceAll('-', '')],
    ...(order.carrier
      ? [['W66', 'PP', 'M', '', '', `${order.carrier} ${order.service ?? ''}`.trim().slice(0, 35)]]
      : []),
    ...order.lines.flatMap(({ sku, qty }, n) => [
      ['LX', String(n + 1)],
      ['W01', String(qty), 'EA', '', 'VN', sku],
    ]),
    ['W76', String(units)],
  ])
}

/** What a 940 asks for, as whoever receives it reads it. @throws Refusal `MalformedX12` */
export function readShippingOrder({ type, segments }: X12Set): {
  number: string
  shipOn: string | null
  lines: { sku: string; qty: number; unit: string }[]
} {
  if (type !== '940') throw malformed(`ST01 says ${type}, not 940`)
  const w05 = heading(segments, 'W05')
  if (w05[1] !== 'N') throw malformed(`W05 01 says ${w05[1]}: only new orders (N) are read`)
  const shipOn = segments.find(([id, qualifier]) => id === 'G62' && qualifier === '10')
  const lines = segments
    .filter(([id]) => id === 'W01')
    .map((w01) => ({
      sku: skuOf(w01, 4, 3),
      qty: Number(x12Units(w01[1], 'W0101')),
      unit: w01[2] ?? '',
    }))
  if (lines.length === 0) throw malformed('it asks for no item (W01)')
  return { number: numberAt(w05, 2), shipOn: shipOn ? x12Date(shipOn[2], 'G62 10') : null, lines }
}
