import type { X12Segment } from './x12-interchange.ts'
import { malformed, x12Date } from './x12-reader.ts'
import { baseUnits, heading, numberAt, skuOf } from './warehouse-items.ts'

/** All that a warehouse says it has of ours; what it does not name is not there. */
export interface InventoryAdvice {
  number: string
  /** By the warehouse's own clock, as `2026-01-31 17:05:00`. */
  asOf: string
  lines: { sku: string; condition: 'sellable' | 'damaged' | 'quarantine'; qty: number }[]
}

const CONDITIONS: Record<string, InventoryAdvice['lines'][number]['condition']> = {
  '17': 'sellable',
  '33': 'sellable',
  '20': 'damaged',
  QH: 'quarantine',
}

/** X12 846: BIA, then LIN an item with its quantities (QTY). @throws Refusal `MalformedX12` */
export function readInventoryAdvice(segments: readonly X12Segment[]): InventoryAdvice {
  const bia = heading(segments, 'BIA')
  const time = /^([01]\d|2[0-3])([0-5]\d)([0-5]\d)?$/.exec(bia[5] ?? '')
  if (!time) throw malformed('BIA05 holds no time, and goods move within a day')
  const found = new Map<string, InventoryAdvice['lines'][number]>()
  let sku: string | undefined
  for (const segment of segments) {
    if (segment[0] === 'LIN') sku = skuOf(segment, 2)
    if (segment[0] !== 'QTY') continue
    if (sku === undefined) throw malformed('a QTY stands before any LIN')
    const condition = CONDITIONS[segment[1] ?? '']
    if (!condition) throw malformed(`QTY of ${sku} is of kind ${segment[1]}: send 17, 33, 20 or QH`)
    const qty = baseUnits(segment, { qty: 2, unit: 3 })
    const before = found.get(`${sku}/${condition}`)?.qty ?? 0
    found.set(`${sku}/${condition}`, { sku, condition, qty: before + qty })
  }
  if (found.size === 0) throw malformed('it counts no item (LIN, QTY)')
  const day = x12Date(bia[4], 'BIA04')
  return {
    number: numberAt(bia, 3),
    asOf: `${day} ${time[1]}:${time[2]}:${time[3] ?? '00'}`,
    lines: [...found.values()],
  }
}
