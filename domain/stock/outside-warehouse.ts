import { Refusal } from '../refusal.ts'

/** One reservation's part of a fulfilment order; several may be of one order line. */
export interface GivenUnits {
  orderLineId: string
  sku: string
  qty: number
  shipped: number
  cancelled: number
}

interface ToldUnits {
  sku: string
  shipped: number
  short: number
}

/** Units of an item that a warehouse has received, of one lot or with the serial of each. */
export interface ReceivedUnits {
  sku: string
  qty: number
  damaged: number
  lot?: string
  /** YYYY-MM-DD. */
  expiresOn?: string
  serials?: readonly string[]
}

interface PurchaseUnits {
  lineNo?: number
  sku?: string
  qty: string
  damaged?: string
  lot?: string
  expiresOn?: string
  serials?: string[]
}

interface OrderLineUnits {
  orderLineId: string
  asked: number
  open: number
}

/**
 * Which order lines the units are of that have left, the first lines first: a warehouse knows
 * items, not our lines.
 * @throws Refusal `WarehouseItemUnknown`, `OverShipment`
 */
export function shippedUnits(
  given: readonly GivenUnits[],
  told: readonly ToldUnits[],
): { orderLineId: string; qty: number }[] {
  return bySku(told).flatMap(({ sku, shipped, short }) => {
    const lines = linesOf(given, sku)
    const open = lines.reduce((units, line) => units + line.open, 0)
    if (shipped + short > open)
      throw new Refusal(
        'OverShipment',
        `W12 of ${sku} tells of ${shipped + short} units, and ${open} are open on the fulfilment order. Count again, or recall the rest.`,
      )
    let left = shipped
    return lines.flatMap(({ orderLineId, open: here }) => {
      const qty = Math.min(left, here)
      left -= qty
      return qty > 0 ? [{ orderLineId, qty }] : []
    })
  })
}

/** Order lines of which units will not come, with how many were picked in all; the last lines bear it. */
export function closedShort(
  given: readonly GivenUnits[],
  told: readonly ToldUnits[],
): { orderLineId: string; picked: number }[] {
  return bySku(told).flatMap(({ sku, short }) => {
    let left = short
    return linesOf(given, sku)
      .reverse()
      .flatMap(({ orderLineId, asked, open }) => {
        const missing = Math.min(left, open)
        left -= missing
        return missing > 0 ? [{ orderLineId, picked: asked - missing }] : []
      })
  })
}

function linesOf(given: readonly GivenUnits[], sku: string): OrderLineUnits[] {
  const lines = new Map<string, OrderLineUnits>()
  for (const { orderLineId, qty, shipped, cancelled } of given.filter((one) => one.sku === sku)) {
    const line = lines.get(orderLineId) ?? { orderLineId, asked: 0, open: 0 }
    lines.set(orderLineId, line)
    line.asked += qty - cancelled
    line.open += qty - cancelled - shipped
  }
  if (lines.size === 0)
    throw new Refusal(
      'WarehouseItemUnknown',
      `W12 names ${sku}, which is not on the fulfilment order.`,
    )
  return [...lines.values()]
}

function bySku(told: readonly ToldUnits[]): ToldUnits[] {
  const items = new Map<string, ToldUnits>()
  for (const { sku, shipped, short } of told) {
    const item = items.get(sku) ?? { sku, shipped: 0, short: 0 }
    items.set(sku, { sku, shipped: item.shipped + shipped, short: item.short + short })
  }
  return [...items.values()]
}

/** Received units by line of the purchase, as much as each waits for; beyond that on the last of them. */
export function unitsOfPurchase(
  ordered: readonly { lineNo: number; sku: string; open: string }[],
  { sku, qty, damaged, lot, expiresOn, serials }: ReceivedUnits,
): PurchaseUnits[] {
  const of = { ...(lot === undefined ? {} : { lot }), ...(expiresOn ? { expiresOn } : {}) }
  const good0 = serials?.slice(0, qty - damaged) ?? []
  const broken0 = serials?.slice(qty - damaged) ?? []
  const serialsOf = (whole: number, bad: number) =>
    serials ? { serials: [...good0.splice(0, whole), ...broken0.splice(0, bad)] } : {}
  const lines = ordered.filter((line) => line.sku === sku)
  if (lines.length === 0)
    return [
      {
        ...{ sku, qty: `${qty - damaged}`, damaged: `${damaged}` },
        ...of,
        ...serialsOf(qty - damaged, damaged),
      },
    ]
  let good = qty - damaged
  let broken = damaged
  return lines.flatMap(({ lineNo, open }, n) => {
    const last = n === lines.length - 1
    const here = last ? good : Math.min(good, Number(open))
    const hereBroken = last ? broken : Math.min(broken, Math.max(0, Number(open) - here))
    good -= here
    broken -= hereBroken
    const units = { lineNo, qty: `${here}`, damaged: `${hereBroken}` }
    return here + hereBroken > 0 ? [{ ...units, ...of, ...serialsOf(here, hereBroken) }] : []
  })
}

interface ArrivedUnits {
  sku: string
  received: string
  damaged: string
  short: string
  lots?: { lot: string; received: string; damaged: string }[]
}

/** What came of a transfer, one line an item: a warehouse tells of each lot by itself. */
export function arrivedUnits(told: readonly (ReceivedUnits & { short: number })[]): ArrivedUnits[] {
  const skus = [...new Set(told.map((line) => line.sku))]
  return skus.map((sku) => {
    const lines = told.filter((line) => line.sku === sku)
    const total = (units: (line: (typeof lines)[number]) => number) =>
      `${lines.reduce((all, line) => all + units(line), 0)}`
    const lots = lines.flatMap(lotsOfArrived)
    return {
      sku,
      received: total((line) => line.qty - line.damaged),
      damaged: total((line) => line.damaged),
      short: total((line) => line.short),
      ...(lots.length > 0 ? { lots } : {}),
    }
  })
}

function lotsOfArrived({ qty, damaged, lot, serials }: ReceivedUnits) {
  if (serials)
    return serials.map((serial, n) => ({
      lot: serial,
      received: n < qty - damaged ? '1' : '0',
      damaged: n < qty - damaged ? '0' : '1',
    }))
  return lot === undefined ? [] : [{ lot, received: `${qty - damaged}`, damaged: `${damaged}` }]
}
