import { exceeds, priceOf, type PurchaseLine } from './order.ts'

/** What a change asks for of one line; what is left out stays. */
export interface LineTerms {
  lineNo: number
  /** Units of the line in all, those that have come included. */
  qty?: bigint
  unitPriceMinor?: bigint
  pricePer?: bigint
  neededOn?: string
}

/** Units that the line stands for now: ordered and sent again, less what was cancelled. */
export function wantedOf(line: PurchaseLine): bigint {
  return line.ordered + line.replacing - line.cancelled
}

/** The line as it would be; more units are ordered, fewer are cancelled. */
export function changed(line: PurchaseLine, terms: LineTerms): PurchaseLine {
  const delta = (terms.qty ?? wantedOf(line)) - wantedOf(line)
  return {
    ...line,
    ordered: line.ordered + (delta > 0n ? delta : 0n),
    cancelled: line.cancelled + (delta < 0n ? -delta : 0n),
    open: line.open + delta,
    ...(terms.unitPriceMinor === undefined
      ? {}
      : { unitPriceMinor: terms.unitPriceMinor, pricePer: terms.pricePer ?? 1n }),
    ...(terms.neededOn === undefined ? {} : { neededOn: terms.neededOn }),
  }
}

/** Whether terms differ from what the line says. */
export function isChange(line: PurchaseLine, terms: LineTerms): boolean {
  const after = changed(line, terms)
  return (
    after.open !== line.open ||
    after.neededOn !== line.neededOn ||
    after.unitPriceMinor * line.pricePer !== line.unitPriceMinor * after.pricePer
  )
}

/** Somebody else has to sign what makes an order dearer or a price higher; less and later needs nobody. */
export function asksMore(before: readonly PurchaseLine[], after: readonly PurchaseLine[]): boolean {
  const value = (lines: readonly PurchaseLine[]) =>
    lines.reduce((all, line) => all + priceOf(line, wantedOf(line)), 0n)
  const dearer = after.some((line) => {
    const was = before.find(({ lineNo }) => lineNo === line.lineNo)
    return was !== undefined && exceeds(line, was, 0)
  })
  return value(after) > value(before) || dearer
}

/** How X12 calls the change of a line (element 670). */
export function changeCode(before: PurchaseLine | undefined, after: PurchaseLine): string {
  if (!before) return 'AI'
  const price = after.unitPriceMinor * before.pricePer !== before.unitPriceMinor * after.pricePer
  const date = after.neededOn !== before.neededOn
  const units = wantedOf(after) - wantedOf(before)
  if (price && date) return 'CA'
  if (price) return units === 0n ? 'PC' : 'PQ'
  if (date) return units === 0n ? 'RS' : 'RQ'
  if (wantedOf(after) === 0n) return 'DI'
  return units > 0n ? 'QI' : 'QD'
}
