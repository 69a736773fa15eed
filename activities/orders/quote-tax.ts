import { ApplicationFailure, log } from '@temporalio/activity'
import type { AddressDocument, OrderDocument } from '#contracts/order-intake'
import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { findItems } from '#db/queries/listings'
import {
  insertQuote,
  knownRates,
  quoteOfDocument,
  type CategorisedPart,
  type TaxQuote,
} from '#db/stores/tax-quotes'
import { transaction } from '#db/transaction'
import { dateAt } from '#domain/dates'
import { sum } from '#domain/money'
import {
  jurisdictionOf,
  ratedPlaces,
  taxableParts,
  taxAtRate,
  type QuotedPart,
} from '#domain/orders/tax-quote'
import { Refusal } from '#domain/refusal'
import type { TaxDocumentRequest, TaxResult } from '../gateways/tax.ts'
import type { Gateways } from './gateways.ts'
import { lookedUpAs } from './item-resolution.ts'
import { readInbox } from './receive.ts'

/** How often the engine is asked before the rate that is known here stands in for it. */
const ASKS_BEFORE_FALLBACK = 3
/** The engine's own code for freight. */
const FREIGHT = 'FR020100'

/** What is taxed, where from and where to. */
export interface TaxAsked extends Pick<
  TaxQuote,
  'taxOn' | 'currency' | 'pricesIncludeTax' | 'parts'
> {
  /** The document's name at the engine. */
  key: string
  company: string
  customerCode: string
  from: AddressDocument
  to: AddressDocument
}

/**
 * Asks once for the tax of a stored document that states none, and keeps the answer. An engine
 * that does not answer is stood in for by the rate that is known for the destination.
 * @throws Refusal `TaxUnknown` where there is neither.
 */
export async function quoteTax(
  db: Db,
  gateways: Gateways,
  { inboxId }: { inboxId: string },
  attempt: number,
): Promise<void> {
  const known = await transaction(db, (tx) => quoteOfDocument(tx, BigInt(inboxId)))
  if (known) return
  const asked = await transaction(db, (tx) => whatIsTaxed(tx, inboxId))
  const answer = await askEngine(gateways, asked)
  if (answer.outcome === 'unavailable' && attempt < ASKS_BEFORE_FALLBACK) {
    log.warn('the tax engine does not answer yet', { inboxId, attempt })
    throw ApplicationFailure.create({
      type: 'TaxEngineDown',
      message: answer.message,
      nextRetryDelay: attempt * 500,
    })
  }
  await commitOnce(
    db,
    { key: `tax-quote/${inboxId}`, request: { inboxId }, actor: 'system' },
    async (tx) => {
      const quoted =
        answer.outcome === 'confirmed' ? answer.quoted : await byKnownRates(tx, asked, answer)
      const { taxOn, currency, pricesIncludeTax, parts } = asked
      await insertQuote(tx, {
        inboxId: BigInt(inboxId),
        source: SOURCE[answer.outcome],
        taxOn,
        currency,
        pricesIncludeTax,
        parts,
        quoted,
        taxMinor: sum(quoted.map((part) => part.taxMinor)),
        reason: answer.outcome === 'confirmed' ? 'the engine said so' : answer.message,
      })
      return {}
    },
  )
}

const SOURCE = {
  confirmed: 'engine',
  unavailable: 'fallback',
  refused: 'fallback',
  declined: 'fallback',
  'not-set-up': 'rates',
} as const satisfies Record<string, TaxQuote['source']>

type Answered =
  | { outcome: 'confirmed'; quoted: QuotedPart[] }
  | { outcome: 'unavailable' | 'refused' | 'declined' | 'not-set-up'; message: string }

/** Asking leaves nothing at the engine, so it may be done again and again. */
export async function askEngine(gateways: Gateways, asked: TaxAsked): Promise<Answered> {
  if (!gateways.tax) return { outcome: 'not-set-up', message: 'no tax engine is set up' }
  if (asked.parts.length === 0) return { outcome: 'confirmed', quoted: [] }
  const answer = await gateways.tax(asked.company).quote(requestOf(asked))
  if (answer.outcome !== 'confirmed') return answer
  return { outcome: 'confirmed', quoted: answer.lines.map((line) => quotedPart(asked, line)) }
}

function requestOf(asked: TaxAsked): TaxDocumentRequest {
  return {
    key: asked.key,
    taxOn: asked.taxOn,
    customerCode: asked.customerCode,
    currency: asked.currency,
    from: asked.from,
    to: asked.to,
    lines: asked.parts.map((part) => ({
      lineId: part.lineId,
      sku: part.sku,
      taxCode: part.taxCategory,
      quantity: part.quantity,
      amountMinor: part.amountMinor,
      taxIncluded: asked.pricesIncludeTax,
    })),
  }
}

function quotedPart({ to }: TaxAsked, line: TaxResult['lines'][number]): QuotedPart {
  const named = line.jurisdictions.map((found) => ({
    jurisdiction: jurisdictionOf(to, found),
    ratePpm: found.ratePpm,
    taxMinor: found.taxMinor,
  }))
  const unnamed = [{ jurisdiction: ratedPlaces(to)[0]!, ratePpm: 0, taxMinor: line.taxMinor }]
  return {
    lineId: line.lineId,
    taxMinor: line.taxMinor,
    jurisdictions: named.length > 0 ? named : unnamed,
  }
}

async function byKnownRates(
  tx: Tx,
  asked: TaxAsked,
  { message }: { message: string },
): Promise<QuotedPart[]> {
  const places = ratedPlaces(asked.to)
  const categories = [...new Set(asked.parts.map(rateCategory))]
  const rates = await knownRates(tx, { places, categories, on: asked.taxOn })
  return asked.parts.map((part) => {
    const rate = rates.get(rateCategory(part))
    if (rate) return taxAtRate(part, rate, asked.pricesIncludeTax)
    throw new Refusal(
      'TaxUnknown',
      `No tax rate is known for ${places[0] ?? 'an order without a destination'}, and the tax engine gave none (${message}). Send the document again when the engine answers, or with its tax.`,
    )
  })
}

/** What a rate is kept for; carriage goes by the standard one. */
function rateCategory({ taxCategory }: CategorisedPart): string {
  return taxCategory === FREIGHT ? 'standard' : taxCategory
}

async function whatIsTaxed(tx: Tx, inboxId: string): Promise<TaxAsked> {
  const document = await readInbox(tx, inboxId)
  const [seller] = await tx<
    { channelId: number; company: string; timezone: string; from: AddressDocument }[]
  >`
    SELECT c.id AS "channelId", e.code AS company, e.timezone, ${dispatchAddress(tx)} AS from
    FROM channel c JOIN entity e ON e.id = c.entity_id
    LEFT JOIN LATERAL (SELECT * FROM site WHERE entity_id = e.id AND status = 'active' ORDER BY id LIMIT 1) s ON true
    WHERE c.code = ${document.channel}`
  const { channelId, company, timezone, from } = seller!
  return {
    key: `quote/${document.channel}/${document.externalId}`,
    company,
    customerCode: document.customer.externalId ?? 'guest',
    taxOn: dateAt(document.placedAt, timezone),
    currency: document.currency,
    pricesIncludeTax: document.pricesIncludeTax,
    from,
    to: document.shipTo ?? document.billTo ?? NOWHERE,
    parts: await categorised(tx, channelId, document),
  }
}

/** A site `s` as the address that goods leave from. */
export function dispatchAddress(tx: Tx) {
  return tx`jsonb_build_object('name', s.name, 'company', null, 'line1', s.name, 'line2', null, 'city', s.name, 'region', s.region, 'postalCode', s.postal_code, 'country', s.country)`
}

const NOWHERE: AddressDocument = {
  name: null,
  company: null,
  line1: null,
  line2: null,
  city: null,
  region: null,
  postalCode: null,
  country: null,
}

/** An item that nobody knows yet is taxed as most are. */
async function categorised(
  tx: Tx,
  channelId: number,
  document: OrderDocument,
): Promise<CategorisedPart[]> {
  const found = await findItems(tx, channelId, document.lines.map(lookedUpAs))
  const ids = found.flatMap((item) => (item ? [item.itemId] : []))
  const rows = await tx<{ itemId: number; taxCategory: string }[]>`
    SELECT id AS "itemId", tax_category AS "taxCategory" FROM item WHERE id = ANY(${ids}::int[])`
  return taxableParts(document).map((part) => {
    if (part.lineId.startsWith('S')) return { ...part, sku: 'shipping', taxCategory: FREIGHT }
    const item = found[Number(part.lineId.slice(1))]
    const taxCategory = rows.find((row) => row.itemId === item?.itemId)?.taxCategory
    return { ...part, sku: item?.sku ?? 'unknown', taxCategory: taxCategory ?? 'standard' }
  })
}
