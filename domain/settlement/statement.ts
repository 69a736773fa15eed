/** What a line of a statement is about; the process maps each to an account. */
export type StatementLineClass =
  | 'sale'
  | 'sale-tax'
  | 'withheld-tax'
  | 'promotion'
  | 'refund'
  | 'refund-tax'
  | 'fee'
  | 'fee-refund'
  | 'advertising'
  | 'storage'
  | 'subscription'
  | 'reimbursement'
  | 'chargeback'
  | 'chargeback-reversal'
  | 'reserve'
  | 'carried-balance'
  | 'payout'
  | 'conversion'
  | 'adjustment'
  | 'unknown'

/** One amount of a statement: a row with a gross and a fee becomes two lines. */
export interface StatementLine {
  /** 1, 2, …, in the order of the file; the same file again gives the same numbers. */
  lineNo: number
  class: StatementLineClass
  /** In the provider's words, most general first, e.g. `Order/ItemFees/Commission`: the key of a mapping. */
  type: string
  /** In minor units of the statement's currency; above zero is owed to us. */
  amountMinor: bigint
  /** ISO date on which the provider booked it. */
  postedOn: string
  /** The channel's order id, its item id and SKU, where the line names them. */
  orderReference?: string
  itemReference?: string
  sku?: string
  quantity?: number
  /** The provider's id of the charge, capture, refund or dispute. */
  paymentReference?: string
  /** What tells this line apart from all others of the provider, where the file has such an id. */
  externalId?: string
}

/**
 * What a channel or a processor says it owes us and pays, in one currency. A connector gives it
 * only when it foots: the lines without `payout` add up to `totalMinor`.
 */
export interface SettlementStatement {
  provider: 'amazon' | 'shopify' | 'stripe' | 'paypal' | 'adyen'
  /** The seller, merchant or marketplace account as the file names it; '' where it names none. */
  account: string
  statementId: string
  currency: string
  /** ISO dates. */
  from?: string
  to?: string
  depositedOn?: string
  /** What was carried over before the first and after the last line, where the file says it. */
  openingMinor?: bigint
  closingMinor?: bigint
  /** As stated. */
  totalMinor: bigint
  /** What goes to the bank; below zero when the provider takes money from us. */
  payoutMinor: bigint
  payoutReference?: string
  lines: StatementLine[]
}
