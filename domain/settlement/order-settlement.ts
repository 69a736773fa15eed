import { apportion } from '../apportion.ts'
import type { LineDimensions, OrderSettled, RefundedLine } from '../ledger/posting-settlements.ts'
import type { TaxShare } from '../ledger/sales-terms.ts'
import { divideRounded, sum } from '../money.ts'
import type { Treatment } from './treatments.ts'

/** One order line as it was placed, less what was cancelled. */
export interface PlannedLine extends LineDimensions {
  grossMinor: bigint
  units: bigint
  commissionMinor: bigint
  fulfilmentMinor: bigint
  /** What we collect ourselves. */
  taxes: readonly TaxShare[]
}

/** What statements have said so far of one open item. */
export interface SaidBefore {
  saleMinor: bigint
  units: bigint
  commissionMinor: bigint
  fulfilmentMinor: bigint
  /** Refunds that the channel has told, so that they are booked, and that no statement has named. */
  refundToldMinor: bigint
}

/** Lines of one open item, one day, one treatment and one order line, added up. */
export interface ItemAmount {
  treatment: Treatment
  orderLineId: bigint | null
  isTax: boolean
  amountMinor: bigint
  /** Of sales, where they name any. */
  units: bigint
}

export type OrderDay = Pick<OrderSettled, 'clearedMinor' | 'fees' | 'refunds' | 'netMinor'> & {
  saleMinor: bigint
  units: bigint
  refundMinor: bigint
  refundToldMinor: bigint
  expected: { commissionMinor: bigint; fulfilmentMinor: bigint }
  actual: { commissionMinor: bigint; fulfilmentMinor: bigint; feeMinor: bigint }
}

/**
 * What one day of a statement says of an order: its sales leave the open item less the fees that
 * were expected of so much of the order, and only what differs from these is booked as a fee. A
 * refund that was told before is taken off the open item as well. Advances `before`.
 */
export function settleDay(
  amounts: readonly ItemAmount[],
  planned: readonly PlannedLine[],
  before: SaidBefore,
): OrderDay {
  const of = (treatment: Treatment) => amounts.filter((each) => each.treatment === treatment)
  const total = (treatment: Treatment) => sum(of(treatment).map((each) => each.amountMinor))
  const saleMinor = total('order')
  const units = sum(amounts.map((each) => each.units))
  const expected = expectedOf(planned, before, { saleMinor, units })
  before.saleMinor += saleMinor
  before.units += units
  before.commissionMinor += expected.commissionMinor
  before.fulfilmentMinor += expected.fulfilmentMinor
  const feeMinor = -total('processing-fee')
  const refundMinor = -total('refund')
  const refundToldMinor = atMost(refundMinor, before.refundToldMinor)
  before.refundToldMinor -= refundToldMinor
  return {
    saleMinor,
    units,
    refundMinor,
    refundToldMinor,
    expected,
    actual: {
      commissionMinor: -total('commission'),
      fulfilmentMinor: -total('fulfilment-fee'),
      feeMinor,
    },
    clearedMinor: saleMinor - expected.commissionMinor - expected.fulfilmentMinor - refundToldMinor,
    netMinor: sum(amounts.map((each) => each.amountMinor)),
    fees: [
      ...differences('Commission', of('commission'), planned, expected.commissionMinor),
      ...differences('FulfilmentFee', of('fulfilment-fee'), planned, expected.fulfilmentMinor),
      ...(feeMinor === 0n ? [] : [{ role: 'ProcessingFee' as const, amountMinor: feeMinor }]),
    ],
    refunds: refundsOf(without(of('refund'), refundToldMinor), planned),
  }
}

function atMost(minor: bigint, limit: bigint): bigint {
  if (minor <= 0n || limit <= 0n) return 0n
  return minor < limit ? minor : limit
}

/** Refunds less what of them was told before, which lowers each in proportion. */
function without(refunds: readonly ItemAmount[], toldMinor: bigint): readonly ItemAmount[] {
  if (toldMinor === 0n) return refunds
  const given = refunds.map(({ amountMinor }) => (amountMinor < 0n ? -amountMinor : 0n))
  const told = apportion(toldMinor, given)
  return refunds.map((refund, n) => ({ ...refund, amountMinor: refund.amountMinor + told[n]! }))
}

/**
 * The part of the fees expected of an order that these sales bear: all that is left once every unit
 * or the whole price has been named, else in proportion to the price.
 */
function expectedOf(
  planned: readonly PlannedLine[],
  before: SaidBefore,
  { saleMinor, units }: { saleMinor: bigint; units: bigint },
): { commissionMinor: bigint; fulfilmentMinor: bigint } {
  if (saleMinor === 0n) return { commissionMinor: 0n, fulfilmentMinor: 0n }
  const gross = sum(planned.map((line) => line.grossMinor))
  const ordered = sum(planned.map((line) => line.units))
  const sold = before.saleMinor + saleMinor
  const share = (expected: bigint): bigint => {
    if (sold >= gross || (ordered > 0n && before.units + units >= ordered)) return expected
    return sold <= 0n ? 0n : divideRounded(expected * sold, gross)
  }
  const commission = sum(planned.map((line) => line.commissionMinor))
  const fulfilment = sum(planned.map((line) => line.fulfilmentMinor))
  return {
    commissionMinor: share(commission) - before.commissionMinor,
    fulfilmentMinor: share(fulfilment) - before.fulfilmentMinor,
  }
}

/** What was taken of each order line, less its share of what was expected. */
function differences(
  role: 'Commission' | 'FulfilmentFee',
  taken: readonly ItemAmount[],
  planned: readonly PlannedLine[],
  expectedMinor: bigint,
): OrderSettled['fees'][number][] {
  if (planned.length === 0) return []
  const weights = planned.map((line) =>
    role === 'Commission' ? line.commissionMinor : line.fulfilmentMinor,
  )
  const shares = expectedMinor === 0n ? planned.map(() => 0n) : apportion(expectedMinor, weights)
  return planned.flatMap((line, n) => {
    const own = taken.filter(({ orderLineId }) => orderLineId === line.orderLineId)
    const amountMinor = -sum(own.map((each) => each.amountMinor)) - shares[n]!
    return amountMinor === 0n ? [] : [{ role, line: dimensions(line), amountMinor }]
  })
}

function refundsOf(
  refunds: readonly ItemAmount[],
  planned: readonly PlannedLine[],
): RefundedLine[] {
  return planned.flatMap((line) => {
    const own = refunds.filter(({ orderLineId }) => orderLineId === line.orderLineId)
    const of = (isTax: boolean) =>
      -sum(own.filter((each) => each.isTax === isTax).map((each) => each.amountMinor))
    const [netMinor, taxMinor] = [of(false), of(true)]
    if (netMinor === 0n && taxMinor === 0n) return []
    const taxes = mirrored(line.taxes, taxMinor)
    // Tax that nobody had charged is a price given back.
    const untaxed = taxMinor - sum(taxes.map((tax) => tax.amountMinor))
    return [{ line: dimensions(line), netMinor: netMinor + untaxed, taxes }]
  })
}

/** R10: a refund's tax goes back to where the sale's own went. */
function mirrored(taxes: readonly TaxShare[], taxMinor: bigint): TaxShare[] {
  const weights = taxes.map((tax) => tax.amountMinor)
  if (taxMinor === 0n || sum(weights) <= 0n) return []
  const shares = apportion(taxMinor, weights)
  return taxes.map((tax, n) => ({ ...tax, amountMinor: shares[n]! }))
}

function dimensions(line: PlannedLine): LineDimensions {
  const { orderId, orderLineId, channelId, itemId, siteId, segment } = line
  return { orderId, orderLineId, channelId, itemId, siteId, segment }
}
