import type { SettlementStatement, StatementLineClass } from './statement.ts'

/**
 * What a line is booked as. `order` settles the open item of its order, payment or dispute, `refund`
 * credits a marketplace's buyer, `memo` stands outside the total, `suspense` waits for a person. A
 * `dispute` is found to be the open item of its chargeback, a `conversion` that which it shares
 * with the statement of the other currency.
 */
export const TREATMENTS = [
  'order',
  'refund',
  'commission',
  'fulfilment-fee',
  'processing-fee',
  'advertising',
  'storage',
  'claims-gain',
  'settlement-difference',
  'dispute',
  'conversion',
  'reserve',
  'carried',
  'memo',
  'suspense',
] as const
export type Treatment = (typeof TREATMENTS)[number]

/** What a controller may say that a type of line is: none of these asks what order it is about. */
export const MAPPABLE = [
  'advertising',
  'storage',
  'processing-fee',
  'claims-gain',
  'settlement-difference',
  'reserve',
  'carried',
] as const satisfies readonly Treatment[]
export type MappableTreatment = (typeof MAPPABLE)[number]

/** Why a line waits in suspense. */
export type HeldFor = 'type-unknown' | 'order-unknown' | 'reimbursement'

type Provider = SettlementStatement['provider']

/** Marketplaces sell, and owe per order; processors hold what single payments brought. */
export const isMarketplace = (provider: Provider) => provider === 'amazon'

const OF_ORDERS: readonly StatementLineClass[] = ['sale', 'sale-tax', 'withheld-tax', 'promotion']
const FULFILMENT = /fba|fulfil|shippinghb|chargeback$/i

/** What a line is taken for where no controller has said otherwise; undefined where nobody knows. */
export function defaultTreatment(
  provider: Provider,
  line: { class: StatementLineClass; type: string },
): Treatment | undefined {
  const marketplace = isMarketplace(provider)
  if (OF_ORDERS.includes(line.class)) return 'order'
  switch (line.class) {
    case 'refund':
    case 'refund-tax':
      // A processor only carries out refunds that we have booked ourselves.
      return marketplace ? 'refund' : 'order'
    case 'fee':
    case 'fee-refund':
      if (!marketplace) return 'processing-fee'
      return FULFILMENT.test(line.type) ? 'fulfilment-fee' : 'commission'
    case 'advertising':
      return 'advertising'
    case 'storage':
    case 'subscription':
      return 'storage'
    case 'chargeback':
    case 'chargeback-reversal':
      // A marketplace has decided already; a processor takes the money until a bank has.
      return marketplace ? 'refund' : 'dispute'
    case 'reserve':
      return 'reserve'
    case 'carried-balance':
      return 'carried'
    case 'conversion':
      return marketplace ? undefined : 'conversion'
    case 'payout':
      return 'memo'
    default:
      return undefined
  }
}

/** Why a line without a treatment waits. */
export function heldFor(line: { class: StatementLineClass }): HeldFor {
  return line.class === 'reimbursement' ? 'reimbursement' : 'type-unknown'
}
