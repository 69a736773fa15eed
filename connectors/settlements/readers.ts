import type { SettlementStatement } from '#domain/settlement/statement'
import { hasHeader } from '../header-table.ts'
import { refused, type Translated } from '../result.ts'
import { statementText } from '../statement-text.ts'
import { ADYEN_SETTLEMENT, readAdyenSettlement } from './adyen-settlement.ts'
import { readAmazonFinances } from './amazon-finances.ts'
import { AMAZON_V1, AMAZON_V2, readAmazonV1, readAmazonV2 } from './amazon-flat-file.ts'
import { readAmazonTransactions } from './amazon-transactions.ts'
import { PAYPAL_ACTIVITY, readPaypalActivity } from './paypal-activity.ts'
import { isPaypalStl, readPaypalStl } from './paypal-stl.ts'
import {
  readShopifyPayoutsCsv,
  readShopifyTransactionsCsv,
  SHOPIFY_PAYOUTS,
  SHOPIFY_TRANSACTIONS,
} from './shopify-csv.ts'
import { readShopifyPayouts } from './shopify-payouts.ts'
import { readStripeBalance } from './stripe-balance.ts'
import { readStripeCsv, STRIPE_CSV } from './stripe-csv.ts'

export interface SettlementReader {
  provider: SettlementStatement['provider']
  format: string
  /** Whether a text begins as this format does; no two readers say so of one file. */
  fits: (text: string) => boolean
  read: (content: string | Uint8Array) => Translated<SettlementStatement[]>
}

const isJson = (text: string) => /^\s*[[{]/.test(text)
const jsonWith =
  (...marks: RegExp[]) =>
  (text: string) =>
    isJson(text) && marks.every((mark) => mark.test(text))

/** Which reader takes what: docs/settlement-formats.md says the same in words. */
export const SETTLEMENT_READERS: readonly SettlementReader[] = [
  {
    provider: 'amazon',
    format: 'flat-file-v2',
    fits: (t) => hasHeader(t, AMAZON_V2),
    read: readAmazonV2,
  },
  {
    provider: 'amazon',
    format: 'flat-file-v1',
    fits: (t) => hasHeader(t, AMAZON_V1),
    read: readAmazonV1,
  },
  {
    provider: 'amazon',
    format: 'financial-events',
    fits: jsonWith(/"FinancialEvents"\s*:/),
    read: readAmazonFinances,
  },
  {
    provider: 'amazon',
    format: 'transactions-2024-06-19',
    fits: jsonWith(/"transactions"\s*:/, /"transactionType"\s*:/),
    read: readAmazonTransactions,
  },
  {
    provider: 'shopify',
    format: 'payouts-json',
    fits: jsonWith(/"(payouts?|transactions)"\s*:/, /"(payout_id|summary|payouts?)"\s*:/),
    read: readShopifyPayouts,
  },
  {
    provider: 'shopify',
    format: 'transactions-csv',
    fits: (t) => hasHeader(t, SHOPIFY_TRANSACTIONS),
    read: readShopifyTransactionsCsv,
  },
  {
    provider: 'shopify',
    format: 'payouts-csv',
    fits: (t) => hasHeader(t, SHOPIFY_PAYOUTS),
    read: readShopifyPayoutsCsv,
  },
  {
    provider: 'stripe',
    format: 'balance-transactions',
    fits: jsonWith(/"object"\s*:\s*"balance_transaction"/),
    read: readStripeBalance,
  },
  {
    provider: 'stripe',
    format: 'itemised-csv',
    fits: (t) => hasHeader(t, STRIPE_CSV),
    read: readStripeCsv,
  },
  { provider: 'paypal', format: 'stl', fits: isPaypalStl, read: readPaypalStl },
  {
    provider: 'paypal',
    format: 'activity-csv',
    fits: (t) => hasHeader(t, PAYPAL_ACTIVITY),
    read: readPaypalActivity,
  },
  {
    provider: 'adyen',
    format: 'settlement-details',
    fits: (t) => hasHeader(t, ADYEN_SETTLEMENT),
    read: readAdyenSettlement,
  },
]

/**
 * Reads a settlement file by the reader that is named, else by the one that its content fits.
 * Refused with `unknown-format` where none or several do.
 */
export function readSettlement(
  content: string | Uint8Array,
  named?: { provider: string; format: string },
): Translated<SettlementStatement[]> {
  const text = statementText(content)
  if (!text.ok) return text
  const fitting = SETTLEMENT_READERS.filter((reader) =>
    named
      ? reader.provider === named.provider && reader.format === named.format
      : reader.fits(text.value),
  )
  if (fitting.length === 1) return fitting[0]!.read(text.value)
  const formats = SETTLEMENT_READERS.map(({ provider, format }) => `${provider} ${format}`)
  return refused(
    'unknown-format',
    '$',
    `name the provider and format, one of ${formats.join(', ')}`,
  )
}
