import { ApplicationFailure, log } from '@temporalio/activity'
import type { AddressDocument, OrderDocument } from '#contracts/order-intake'
import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { findItems } from '#db/queries/listings'
import {
  insertQuote,
  quoteOfDocument,
  type CategorisedPart,
  type TaxQuote,
} from '#db/stores/tax-quotes'
import { transaction } from '#db/transaction'
import { dateAt } from '#domain/dates'
import { sum } from '#domain/money'
import { taxableParts } from '#domain/orders/tax-quote'
import type { Gateways } from './gateways.ts'
import { lookedUpAs } from './item-resolution.ts'
import type { Sale } from './own-tax.ts'
import { readInbox } from './receive.ts'
import {
  askEngine,
  byOurRules,
  dispatchAddress,
  exemptionOf,
  FREIGHT,
  type TaxAsked,
} from './tax-asked.ts'

/** How often the engine is asked before the rate that is known here stands in for it. */
const ASKS_BEFORE_FALLBACK = 3
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
      const { quoted, basis } =
        answer.outcome === 'confirmed'
          ? { quoted: answer.quoted, basis: asked.basis }
          : await byOurRules(tx, asked, answer.message)
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
        basis,
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

async function whatIsTaxed(tx: Tx, inboxId: string): Promise<TaxAsked & Pick<TaxQuote, 'basis'>> {
  const document = await readInbox(tx, inboxId)
  const [row] = await tx<(Sale['seller'] & Seller)[]>`
    SELECT c.id AS "channelId", e.id AS "entityId", e.country AS seat, e.functional_currency AS "functionalCurrency", e.code AS company, e.timezone, ${dispatchAddress(tx)} AS from
    FROM channel c JOIN entity e ON e.id = c.entity_id
    LEFT JOIN LATERAL (SELECT * FROM site WHERE entity_id = e.id AND status = 'active' ORDER BY id LIMIT 1) s ON true
    WHERE c.code = ${document.channel}`
  const { channelId, company, timezone, from, ...seller } = row!
  const to = document.shipTo ?? document.billTo ?? NOWHERE
  const taxOn = dateAt(document.placedAt, timezone)
  const buyer = { channelId, customer: document.customer.externalId }
  return {
    key: `quote/${document.channel}/${document.externalId}`,
    company,
    seller,
    buyer,
    customerCode: document.customer.externalId ?? 'guest',
    taxOn,
    currency: document.currency,
    pricesIncludeTax: document.pricesIncludeTax,
    from,
    to,
    parts: await categorised(tx, channelId, document),
    ...(await exemptionOf(tx, { buyer, to, taxOn })),
  }
}

interface Seller {
  channelId: number
  company: string
  timezone: string
  from: AddressDocument
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
