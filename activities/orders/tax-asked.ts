import type { AddressDocument } from '#contracts/order-intake'
import type { Tx } from '#db/client'
import { certificateFor } from '#db/queries/tax-rules'
import type { OrderLine, SalesOrder } from '#db/stores/orders'
import {
  knownRates,
  quoteOfOrder,
  type CategorisedPart,
  type TaxBasis,
} from '#db/stores/tax-quotes'
import { jurisdictionOf, ratedPlaces, taxAtRate } from '#domain/orders/tax-quote'
import { Refusal } from '#domain/refusal'
import type { QuotedPart } from '#domain/tax/calculate'
import type { TaxDocumentRequest, TaxResult } from '../gateways/tax.ts'
import type { Gateways } from './gateways.ts'
import { ownTax, type OwnTax, type Sale } from './own-tax.ts'

/** The engine's own code for freight. */
export const FREIGHT = 'FR020100'

/** What is taxed, where from and where to. */
export interface TaxAsked extends Sale {
  /** The document's name at the engine. */
  key: string
  company: string
  customerCode: string
  /** Of a verified certificate that is valid for the destination. */
  exemptionNumber?: string
}

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
    ...(asked.exemptionNumber === undefined ? {} : { exemptionNumber: asked.exemptionNumber }),
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

function quotedPart(
  { to, exemptionNumber }: TaxAsked,
  line: TaxResult['lines'][number],
): QuotedPart {
  const named = line.jurisdictions.map((found) => ({
    jurisdiction: jurisdictionOf(to, found),
    ratePpm: found.ratePpm,
    taxMinor: found.taxMinor,
  }))
  const exempt = exemptionNumber !== undefined && line.taxMinor === 0n
  const unnamed = [
    {
      ...{ jurisdiction: ratedPlaces(to)[0]!, ratePpm: 0, taxMinor: line.taxMinor },
      ...(exempt ? { treatment: 'exempt' as const } : {}),
    },
  ]
  return {
    lineId: line.lineId,
    taxMinor: line.taxMinor,
    jurisdictions: named.length > 0 ? named : unnamed,
  }
}

/** By the profiles of the jurisdictions; where none is stated, by the one rate that is known of the destination. */
export async function byOurRules(tx: Tx, asked: Sale, why: string): Promise<OwnTax> {
  const found = await ownTax(tx, asked)
  if (found) return found
  const places = ratedPlaces(asked.to)
  const categories = [...new Set(asked.parts.map(rateCategory))]
  const rates = await knownRates(tx, { places, categories, on: asked.taxOn })
  const quoted = asked.parts.map((part) => {
    const rate = rates.get(rateCategory(part))
    if (rate) return taxAtRate(part, rate, asked.pricesIncludeTax)
    throw new Refusal(
      'TaxUnknown',
      `No tax rate is known for ${places[0] ?? 'an order without a destination'}, and the tax engine gave none (${why}). Send the document again when the engine answers, or with its tax.`,
    )
  })
  return { quoted, basis: {} }
}

/** What is left to be taxed anew of an order: the given lines, net, for where they go now. */
export async function askedAnew(
  tx: Tx,
  order: SalesOrder,
  { lines, key }: { lines: readonly OrderLine[]; key: string },
): Promise<TaxAsked> {
  const quote = await quoteOfOrder(tx, order.id)
  const [row] = await tx<
    { seat: string; customer: string | null; to: AddressDocument; from: AddressDocument }[]
  >`
    SELECT e.country AS seat, c.external_id AS customer, coalesce(nullif(d.body->'shipTo', 'null'), d.body->'billTo') AS to, ${dispatchAddress(tx)} AS from
    FROM sales_order o JOIN entity e ON e.id = o.entity_id LEFT JOIN customer c ON c.id = o.customer_id LEFT JOIN personal_data d ON d.id = o.personal_data_id
    LEFT JOIN LATERAL (SELECT * FROM site s WHERE s.entity_id = o.entity_id AND s.status = 'active' ORDER BY s.id LIMIT 1) s ON true WHERE o.id = ${order.id}`
  const ids = lines.flatMap((line) => (line.itemId === null ? [] : [line.itemId]))
  const items = await tx<{ itemId: number; taxCategory: string }[]>`
    SELECT id AS "itemId", tax_category AS "taxCategory" FROM item WHERE id = ANY(${ids}::int[])`
  const { seat, customer, to, from } = row!
  const buyer = { channelId: order.channelId, customer }
  const taxOn = quote?.taxOn ?? order.placedOn
  const { exemptionNumber } = await exemptionOf(tx, { buyer, to, taxOn })
  return {
    ...{
      key,
      company: order.entityCode,
      customerCode: customer ?? 'guest',
      buyer,
      from,
      to,
      taxOn,
    },
    seller: { entityId: order.entityId, seat, functionalCurrency: order.functionalCurrency },
    ...{ currency: order.currency, pricesIncludeTax: false },
    ...(exemptionNumber === undefined ? {} : { exemptionNumber }),
    parts: lines.flatMap((line): CategorisedPart[] => {
      const taxCategory = items.find((item) => item.itemId === line.itemId)?.taxCategory
      const goods = { lineId: `L${line.id}`, quantity: line.ordered, sku: line.sku ?? 'unknown' }
      const carried = { lineId: `S${line.id}`, quantity: 1, sku: 'shipping', taxCategory: FREIGHT }
      return [
        {
          ...goods,
          amountMinor: line.goodsMinor - line.discountMinor,
          taxCategory: taxCategory ?? 'standard',
        },
        { ...carried, amountMinor: line.shippingMinor },
      ].filter((part) => part.amountMinor > 0n)
    }),
  }
}

/** What a rate is kept for; carriage goes by the standard one. */
function rateCategory({ taxCategory }: CategorisedPart): string {
  return taxCategory === FREIGHT ? 'standard' : taxCategory
}

/** What an engine is told of the buyer's certificate, and what is kept of it. */
export async function exemptionOf(
  tx: Tx,
  { buyer, to, taxOn }: Pick<Sale, 'buyer' | 'to' | 'taxOn'>,
): Promise<{ exemptionNumber?: string; basis: TaxBasis }> {
  const [state] = ratedPlaces(to)
  const found = state ? await certificateFor(tx, buyer, { state, on: taxOn }) : undefined
  if (!found) return { basis: {} }
  const certificateId = found.id.toString()
  if (!found.valid) return { basis: { expiredCertificateId: certificateId } }
  const { number } = found
  return { exemptionNumber: number, basis: { certificateId, certificateNumber: number } }
}

/** A site `s` as the address that goods leave from. */
export function dispatchAddress(tx: Tx) {
  return tx`jsonb_build_object('name', s.name, 'company', null, 'line1', s.name, 'line2', null, 'city', s.name, 'region', s.region, 'postalCode', s.postal_code, 'country', s.country)`
}
