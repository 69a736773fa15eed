import { apportion } from '../apportion.ts'
import { divideRounded } from '../money.ts'

/** By how much a bill may exceed what was ordered and received before a person looks at it. */
export interface Tolerance {
  /** Parts per million of the expected price of the line. */
  pricePpm: bigint
  /** Minor units of the bill's currency, on the line. */
  priceMinor: bigint
  /** Parts per million of the units that may be billed. */
  qtyPpm: bigint
  /** Base units. */
  qtyUnits: bigint
}

/** What somebody has said about a tolerance; what is left out is the next wider level's to say. */
export type ToleranceLevel = { readonly [K in keyof Tolerance]?: bigint | null }

/** The item's word goes before the vendor's, and that before the entity's, limit by limit. */
export function toleranceFor(levels: {
  item?: ToleranceLevel | undefined
  vendor?: ToleranceLevel | undefined
  entity: Tolerance
}): Tolerance {
  const { item, vendor, entity } = levels
  const limit = (name: keyof Tolerance) => item?.[name] ?? vendor?.[name] ?? entity[name]
  return {
    pricePpm: limit('pricePpm'),
    priceMinor: limit('priceMinor'),
    qtyPpm: limit('qtyPpm'),
    qtyUnits: limit('qtyUnits'),
  }
}

/** One line of a receipt that the bill's line may be for, the oldest first. */
export interface MatchableReceipt {
  /** Its open item of goods received not invoiced. */
  openKey: string
  /** Units that came, less those that were refused, less those that bills have matched. */
  unmatchedQty: bigint
  /** What is left of its open item, above zero, in the bill's currency. */
  openMinor: bigint
}

export interface MatchableLine {
  qty: bigint
  /** Before tax, in minor units of the bill's currency. */
  netMinor: bigint
  /** The purchase order's line, where there is one: `unitPriceMinor` buys `pricePer` units. */
  ordered: {
    qty: bigint
    billedBefore: bigint
    unitPriceMinor: bigint
    pricePer: bigint
  } | null
  receipts: readonly MatchableReceipt[]
  tolerance: Tolerance
  /** A person has said that more may be billed than was received and ordered. */
  anyQty?: boolean
}

export interface MatchedReceipt {
  openKey: string
  qty: bigint
  /** What is taken from the receipt's open item. */
  receivedMinor: bigint
  /** What the bill asks for these units. */
  billedMinor: bigint
}

export interface LineMatch {
  matched: MatchedReceipt[]
  /** Billed and not received yet. */
  unreceivedQty: bigint
  unreceivedMinor: bigint
  expectedMinor: bigint
  allowedQty: bigint
  priceOver: { byMinor: bigint } | null
  quantityOver: { byQty: bigint } | null
}

/**
 * Matches one line of a bill with what was ordered and what was received (three ways): units
 * against receipts, the oldest first, and the price against the order's, or the receipts' where
 * nothing was ordered. A difference passes when it is within the percentage and within the
 * amount; too low a price or quantity always passes. Tolerated units beyond what may be billed
 * make the others dearer; units that are ordered and have not come are billed ahead.
 */
export function matchLine(line: MatchableLine): LineMatch {
  const allowedQty = qtyAllowed(line)
  const beyond = line.qty > allowedQty ? line.qty - allowedQty : 0n
  const over = beyond > 0n && !isWithin(beyond, allowedQty, line.tolerance, 'qty')
  const expectedMinor = expectedPrice(line)
  const dearer = line.netMinor - expectedMinor
  const priceOver = dearer > 0n && !isWithin(dearer, expectedMinor, line.tolerance, 'price')
  return {
    ...matchUnits(line, line.anyQty || over ? line.qty : line.qty - beyond),
    expectedMinor,
    allowedQty,
    priceOver: priceOver ? { byMinor: dearer } : null,
    quantityOver: over && !line.anyQty ? { byQty: beyond } : null,
  }
}

/** How far a line lies above what was expected of it, and whether that passes without a person. */
export function differencesOf(line: {
  qty: bigint
  /** Minor units of the bill's currency. */
  netMinor: bigint
  expectedMinor: bigint
  allowedQty: bigint
  tolerance: Tolerance
}): { price: { byMinor: bigint; passes: boolean }; qty: { byQty: bigint; passes: boolean } } {
  const byMinor = line.netMinor - line.expectedMinor
  const byQty = line.qty - line.allowedQty
  return {
    price: {
      byMinor,
      passes: byMinor <= 0n || isWithin(byMinor, line.expectedMinor, line.tolerance, 'price'),
    },
    qty: {
      byQty,
      passes: byQty <= 0n || isWithin(byQty, line.allowedQty, line.tolerance, 'qty'),
    },
  }
}

/** What was received and not billed, or ordered and not billed, whichever is more. */
function qtyAllowed({ ordered, receipts }: MatchableLine): bigint {
  const received = receipts.reduce((units, receipt) => units + receipt.unmatchedQty, 0n)
  const open = ordered ? ordered.qty - ordered.billedBefore : 0n
  return open > received ? open : received
}

function expectedPrice({ qty, ordered, receipts, netMinor }: MatchableLine): bigint {
  if (ordered) return divideRounded(ordered.unitPriceMinor * qty, ordered.pricePer)
  const units = receipts.reduce((all, receipt) => all + receipt.unmatchedQty, 0n)
  const value = receipts.reduce((all, receipt) => all + receipt.openMinor, 0n)
  return units === 0n ? netMinor : divideRounded(value * qty, units)
}

function isWithin(by: bigint, of: bigint, limits: Tolerance, what: 'price' | 'qty'): boolean {
  const [ppm, most] =
    what === 'price' ? [limits.pricePpm, limits.priceMinor] : [limits.qtyPpm, limits.qtyUnits]
  return by * 1_000_000n <= of * ppm && by <= most
}

/** Takes units from receipts in order; what a receipt has left last takes all that is left of its value. */
function matchUnits(
  line: MatchableLine,
  units: bigint,
): Pick<LineMatch, 'matched' | 'unreceivedQty' | 'unreceivedMinor'> {
  const taken: { openKey: string; qty: bigint; receivedMinor: bigint }[] = []
  let missing = units
  for (const { openKey, unmatchedQty, openMinor } of line.receipts) {
    const qty = missing < unmatchedQty ? missing : unmatchedQty
    if (qty <= 0n) continue
    const all = qty === unmatchedQty
    const receivedMinor = all ? openMinor : divideRounded(openMinor * qty, unmatchedQty)
    taken.push({ openKey, qty, receivedMinor })
    missing -= qty
  }
  if (units === 0n) return { matched: [], unreceivedQty: 0n, unreceivedMinor: line.netMinor }
  const shares = apportion(line.netMinor, [...taken.map(({ qty }) => qty), missing])
  return {
    matched: taken.map((receipt, n) => ({ ...receipt, billedMinor: shares[n]! })),
    unreceivedQty: missing,
    unreceivedMinor: shares[taken.length]!,
  }
}
