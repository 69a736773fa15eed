import type { StatementLineClass } from '#domain/settlement/statement'

/** Words of Amazon's columns or of its finances document, in their order. */
export interface AmazonWords {
  /** `Order`, `Refund`, `ServiceFee`, … */
  transaction: string
  /** `ItemPrice`, `ItemFees`, `Promotion`, `other-transaction`, … */
  amountType: string
  /** `Principal`, `Commission`, … */
  description: string
}

type Rule = [test: RegExp, is: StatementLineClass]

/**
 * Tested against `transaction/amountType/description`, the first that fits counts. Amazon
 * publishes no list of its words: these are the ones seen in real reports.
 */
const RULES: readonly Rule[] = [
  [/(current|previous) reserve/i, 'reserve'],
  [
    /payable to amazon|successful charge|failed disbursement|transfer of funds unsuccessful|micro deposit|beginning ?balance|unsuccessful ?transfer/i,
    'carried-balance',
  ],
  [
    /withheldtax|taxwithheld|taxeswithheld|marketplacefacilitator|lowvaluegoodstax|taxwithholding|TDS|\bTCS/i,
    'withheld-tax',
  ],
  [/advertis|productads|sponsored/i, 'advertising'],
  [/storage|aged ?inventory/i, 'storage'],
  [/subscription fee/i, 'subscription'],
  [
    /reimburse|reimbursal|clawback|warehouse_|missing_from_inbound|cs_error|removal_order|multichannel_order|incorrect_fees|free_replacement|safe-?t/i,
    'reimbursement',
  ],
]

const FEE_TYPES =
  /(itemfees|fees?$|feelist|feeadjustmentlist|feecomponent|shipment-fees|order-fees)/i
const OTHER_FEES =
  /fee|commission|transportation|coupon|deals?\b|vine|removalcomplete|disposalcomplete|label purchase|shipping ?services|capacity|awd|chargeback$|shippinghb/i

/** What an amount of Amazon's is about; `unknown` where no word says it. */
export function amazonClass(words: AmazonWords, amountMinor: bigint): StatementLineClass {
  const { transaction, amountType, description } = words
  const all = `${transaction}/${amountType}/${description}`
  const isFee = FEE_TYPES.test(amountType)
  const known = RULES.find(([test]) => test.test(isFee ? description : all))?.[1]
  if (known) return known
  if (isFee) return amountMinor > 0n ? 'fee-refund' : 'fee'
  if (/promotion|^points/i.test(amountType)) return 'promotion'
  if (
    /itemprice|itemcharge|chargelist|direct-?payment/i.test(amountType) ||
    /retrocharge/i.test(transaction)
  )
    return priceClass(transaction, description)
  if (/adjust|bad debt|liquidation|goodwill|commingling/i.test(all)) return 'adjustment'
  if (OTHER_FEES.test(description || transaction)) return amountMinor > 0n ? 'fee-refund' : 'fee'
  return 'unknown'
}

function priceClass(transaction: string, description: string): StatementLineClass {
  const isTax = /tax|vat\b|gst\b/i.test(description)
  // A marketplace answers its buyers' banks itself: what it tells is what it has given back.
  if (/refund|chargeback|a-to-z|guaranteeclaim|return/i.test(transaction))
    return isTax ? 'refund-tax' : 'refund'
  return isTax ? 'sale-tax' : 'sale'
}
