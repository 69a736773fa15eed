import { sum } from '#domain/money'
import type { CreditDocument } from '#domain/purchasing/credit-document'
import { accepted, refused, type Translated } from '../result.ts'
import { CREDIT_KINDS, readBill } from './x12-bill.ts'
import { readInterchange, type X12Set } from './x12-interchange.ts'

/** One credit note of an interchange, or why it is none. */
export interface X12Credit {
  controlNumber: string
  credit: Translated<CreditDocument>
}

/**
 * Reads the credit notes (810 with BIG07 CR or CN) of an X12 interchange. What they are for stands
 * in REF: RZ our number of the goods' return, IV the vendor's number of its bill. Amounts may be
 * written above or below zero, but all of one note alike.
 */
export function readX12Credits(
  text: string,
  options: { lenient?: boolean } = {},
): Translated<X12Credit[]> {
  const interchange = readInterchange(text, options)
  if (!interchange.ok) return interchange
  const { sender, sets } = interchange.value
  return accepted(
    sets.map((set) => ({ controlNumber: set.controlNumber, credit: readCredit(set, sender) })),
  )
}

function readCredit(set: X12Set, sender: string): Translated<CreditDocument> {
  const read = readBill(unsigned(set), sender, CREDIT_KINDS)
  if (!read.ok) return read
  const { number, billedOn: creditedOn, currency, lines, taxes, totalMinor } = read.value
  const netMinor = sum(lines.map((line) => line.netMinor))
  if (netMinor <= 0n) return refused('amount', 'TDS01', 'a credit note gives something back')
  const reference = (kind: string) =>
    set.segments.find(([name, qualifier]) => name === 'REF' && qualifier === kind)?.[2] || null
  return accepted({
    ...{ supplier: null, supplierEdiId: sender, number, creditedOn, currency },
    ...{ returnNo: reference('RZ'), billNumber: reference('IV') },
    ...{ netMinor, taxes, totalMinor },
  })
}

/** Some senders write what they give back below zero. */
const SIGNED: Record<string, number[]> = { IT1: [2, 4], TDS: [1], TXI: [2], SAC: [5] }

function unsigned(set: X12Set): X12Set {
  const isBelow = set.segments.some(([name, total]) => name === 'TDS' && total?.startsWith('-'))
  if (!isBelow) return set
  const segments = set.segments.map((segment) => {
    const at = SIGNED[segment[0] ?? ''] ?? []
    return segment.map((element, n) => (at.includes(n) ? element.replace(/^-/, '') : element))
  }) as X12Set['segments']
  return { ...set, segments }
}
