import type { Tx } from '#db/client'
import type { KnownRate, TaxablePart } from '#domain/orders/tax-quote'
import type { QuotedPart } from '#domain/tax/calculate'
import { json } from './records.ts'

/** A part with what it is: the engine and the known rates go by its category. */
export interface CategorisedPart extends TaxablePart {
  sku: string
  taxCategory: string
}

export interface TaxQuote {
  inboxId: bigint
  source: 'engine' | 'rates' | 'fallback'
  taxOn: string
  currency: string
  pricesIncludeTax: boolean
  parts: CategorisedPart[]
  quoted: QuotedPart[]
  taxMinor: bigint
  /** Who said so, or why it was not the engine. */
  reason: string
  basis: TaxBasis
}

/** By what our own rules found a tax; empty where an engine or a bare rate said it. */
export interface TaxBasis {
  /** `US-NY@3`. */
  profile?: string
  rule?: string
  /** The certificate that makes it free, and its number, which an engine is told. */
  certificateId?: string
  certificateNumber?: string
  /** One that would have, had it been valid on the day. */
  expiredCertificateId?: string
  vatId?: string
}

export async function insertQuote(tx: Tx, quote: TaxQuote): Promise<void> {
  await tx`
    INSERT INTO tax_quote (inbox_id, source, tax_on, currency, prices_include_tax, parts, quoted, tax_minor, reason, basis)
    VALUES (${quote.inboxId}, ${quote.source}, ${quote.taxOn}, ${quote.currency}, ${quote.pricesIncludeTax}, ${json(tx, quote.parts)},
      ${json(tx, quote.quoted)}, ${quote.taxMinor}, ${quote.reason}, ${json(tx, quote.basis)})`
}

/** What was quoted for a stored document; null while nobody has asked. */
export async function quoteOfDocument(tx: Tx, inboxId: bigint): Promise<TaxQuote | null> {
  const [row] = await tx<{ quote: string }[]>`
    SELECT (${quoteJson(tx)})::text AS quote FROM tax_quote q WHERE inbox_id = ${inboxId}`
  return row ? readQuote(row.quote) : null
}

/** What the order was frozen with; null where its document stated its tax. */
export async function quoteOfOrder(tx: Tx, orderId: bigint): Promise<TaxQuote | null> {
  const [row] = await tx<{ quote: string }[]>`
    SELECT (${quoteJson(tx)})::text AS quote FROM tax_quote q WHERE order_id = ${orderId}`
  return row ? readQuote(row.quote) : null
}

export async function bindQuote(tx: Tx, inboxId: bigint, orderId: bigint): Promise<void> {
  await tx`UPDATE tax_quote SET order_id = ${orderId} WHERE inbox_id = ${inboxId} AND order_id IS NULL`
}

function quoteJson(tx: Tx) {
  return tx`jsonb_build_object('inboxId', q.inbox_id::text, 'source', q.source, 'taxOn', q.tax_on, 'currency', q.currency, 'pricesIncludeTax', q.prices_include_tax,
    'parts', q.parts, 'quoted', q.quoted, 'taxMinor', q.tax_minor::text, 'reason', q.reason, 'basis', q.basis)`
}

function readQuote(text: string): TaxQuote {
  const exact = (name: string, value: unknown) =>
    name.endsWith('Minor') || name === 'inboxId' ? BigInt(value as string) : value
  return JSON.parse(text, exact) as TaxQuote
}

/**
 * The rate that is known for each category at the nearest of these places, on a day; a category
 * without a rate of its own goes by the standard one. A category that is missing has none.
 */
export async function knownRates(
  tx: Tx,
  ask: { places: readonly string[]; categories: readonly string[]; on: string },
): Promise<Map<string, KnownRate>> {
  const rows = await tx<(KnownRate & { category: string })[]>`
    SELECT DISTINCT ON (c.category) c.category, r.jurisdiction, r.rate_ppm AS "ratePpm"
    FROM unnest(${[...ask.categories]}::text[]) AS c (category)
    JOIN tax_rate r ON r.tax_category IN (c.category, 'standard') AND r.jurisdiction = ANY(${[...ask.places]}::text[])
      AND r.valid_from <= ${ask.on}::date AND (r.valid_to IS NULL OR r.valid_to >= ${ask.on}::date)
    ORDER BY c.category, (r.tax_category = c.category) DESC, array_position(${[...ask.places]}::text[], r.jurisdiction), r.valid_from DESC`
  return new Map(rows.map(({ category, ...rate }) => [category, rate]))
}
