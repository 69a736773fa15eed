import { malformed, x12Date, x12Units, type X12Document } from './x12-reader.ts'

/** What a supplier confirms of an order, before anybody knows the order's currency. */
export interface EdiAcknowledgement {
  poNumber: string
  ackNo: string
  rejected: boolean
  lines: { lineNo: number; qty: bigint; price: string | null; promisedOn: string | null }[]
}

/** Status codes of ACK by which units will not come. */
const NOT_COMING = new Set(['IR', 'ID', 'R1', 'R2', 'R3', 'R4'])

/** X12 855: BAK, then PO1 with its ACKs; a line that several ACKs split is their sum. @throws Refusal `MalformedX12` */
export function readAcknowledgement(document: X12Document): EdiAcknowledgement {
  const bak = document.segments.find(([id]) => id === 'BAK')
  if (!bak?.[3]) throw malformed('it has no BAK with a purchase order number')
  const lines: Line[] = []
  for (const segment of document.segments) {
    if (segment[0] === 'PO1') lines.push(lineOf(segment))
    const line = lines.at(-1)
    if (segment[0] === 'ACK' && line) confirm(line, segment)
  }
  return {
    ...{ poNumber: bak[3], ackNo: document.controlNumber, rejected: bak[2] === 'RD' },
    lines: lines.map(({ confirmed, ordered, ...line }) => ({ ...line, qty: confirmed ?? ordered })),
  }
}

type Line = Omit<EdiAcknowledgement['lines'][number], 'qty'> & {
  ordered: bigint
  confirmed: bigint | null
}

function lineOf([, no, qty, , price]: X12Document['segments'][number]): Line {
  if (!/^\d{1,6}$/.test(no ?? '')) throw malformed('a PO1 has no line number')
  if (price && !/^\d{1,12}(\.\d{1,6})?$/.test(price)) throw malformed(`PO1 ${no} has no price`)
  const ordered = x12Units(qty, `PO1 ${no}`)
  return { lineNo: Number(no), ordered, confirmed: null, price: price || null, promisedOn: null }
}

function confirm(
  line: Line,
  [, status, qty, , qualifier, date]: X12Document['segments'][number],
): void {
  const units = qty ? x12Units(qty, `ACK of line ${line.lineNo}`) : line.ordered
  line.confirmed = (line.confirmed ?? 0n) + (NOT_COMING.has(status ?? '') ? 0n : units)
  if (!date || !['067', '068', '017', '002'].includes(qualifier ?? '')) return
  const promisedOn = x12Date(date, `ACK of line ${line.lineNo}`)
  // Of several days the last one is when all of it will be here.
  if (line.promisedOn === null || promisedOn > line.promisedOn) line.promisedOn = promisedOn
}

/** `4.205` dollars as 4205 for 10 units. */
export function priceInMinor(
  price: string,
  exponent: number,
): { unitPriceMinor: string; pricePer: string } {
  const [whole = '0', places = ''] = price.split('.')
  const trimmed = places.replace(/0+$/, '').padEnd(exponent, '0')
  const unitPriceMinor = BigInt(whole + trimmed).toString()
  return { unitPriceMinor, pricePer: (10n ** BigInt(trimmed.length - exponent)).toString() }
}
