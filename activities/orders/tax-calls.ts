import type { AddressDocument } from '#contracts/order-intake'
import type { Db, Tx } from '#db/client'
import { lockOrder } from '#db/stores/orders'
import { quoteOfOrder } from '#db/stores/tax-quotes'
import { transaction } from '#db/transaction'
import { sum } from '#domain/money'
import { invariant } from '#domain/refusal'
import type { QuotedPart } from '#domain/tax/calculate'
import type { TaxGateway, TaxLine, TaxRecord } from '../gateways/tax.ts'
import type { EffectAnswer, FindAnswer } from '../gateways/outcome.ts'
import type { Effect, KeptOutcome } from './effect-outcomes.ts'
import type { Found, Gateways } from './gateways.ts'
import { askedAnew, askEngine, dispatchAddress, type TaxAsked } from './tax-asked.ts'

/**
 * Asks the engine what it would have charged; asking leaves nothing there. For lines that are named
 * it is asked anew, as they stand and for where they go now.
 */
export async function checkTax(db: Db, gateways: Gateways, effect: Effect): Promise<KeptOutcome> {
  const asked = await transaction(db, (tx) => whatIsChecked(tx, effect))
  const answer = await askEngine(gateways, asked)
  if (answer.outcome === 'confirmed') {
    const taxMinor = sum(answer.quoted.map((part) => part.taxMinor)).toString()
    return { outcome: 'confirmed', facts: { taxMinor, quoted: kept(answer.quoted) } }
  }
  const { message } = answer
  if (answer.outcome === 'not-set-up') return { outcome: 'unknown', message, askInMs: 3_600_000 }
  if (answer.outcome !== 'unavailable') return { outcome: 'refused', code: 'not-taxed', message }
  return { outcome: 'unknown', message, askInMs: askInMs(effect) }
}

async function whatIsChecked(tx: Tx, effect: Effect): Promise<TaxAsked> {
  const ids = effect.request['lines'] as string[] | undefined
  const order = await lockOrder(tx, await orderOf(tx, effect))
  if (ids) {
    const lines = order.lines.filter((line) => ids.includes(line.id.toString()))
    return askedAnew(tx, order, { lines, key: effect.key })
  }
  const { quote, ...sold } = await soldTo(tx, effect)
  const now = await askedAnew(tx, order, { lines: [], key: effect.key })
  const { taxOn, currency, pricesIncludeTax, parts } = quote
  return { ...now, ...sold, taxOn, currency, pricesIncludeTax, parts, key: effect.key }
}

async function orderOf(tx: Tx, { key }: Effect): Promise<string> {
  const [row] = await tx<{ id: string }[]>`
    SELECT subject_id AS id FROM external_effect WHERE key = ${key}`
  return row!.id
}

function kept(quoted: readonly QuotedPart[]) {
  return quoted.map(({ lineId, taxMinor, jurisdictions }) => ({
    ...{ lineId, taxMinor: taxMinor.toString() },
    jurisdictions: jurisdictions.map((one) => ({ ...one, taxMinor: one.taxMinor.toString() })),
  }))
}

/** The case that says so is open already: it is asked again by itself, ever more rarely. */
function askInMs({ attempts }: Effect): number {
  return Math.min(3_600_000, 60_000 * 2 ** Math.min(10, attempts))
}

/** Reports what was earned by a shipment, each line with the tax that was charged for it. */
export async function commitTax(db: Db, gateways: Gateways, effect: Effect): Promise<KeptOutcome> {
  const engine = engineOf(gateways, effect)
  if ('outcome' in engine) return engine
  const report = await transaction(db, async (tx) => {
    const { customerCode, currency, from, to } = await soldTo(tx, effect)
    const lines = await earnedLines(tx, effect.request)
    return { customerCode, currency, from, to, lines }
  })
  const taxOn = String(effect.request['taxOn'])
  return recorded(await engine.commit({ ...report, key: effect.key, taxOn, kind: 'invoice' }))
}

export async function findTaxCommit(gateways: Gateways, effect: Effect): Promise<Found> {
  const engine = engineOf(gateways, effect)
  if ('outcome' in engine) return engine
  return recorded(await engine.findDocument({ key: effect.key }))
}

function engineOf(gateways: Gateways, { request }: Effect): TaxGateway | KeptOutcome {
  const engine = gateways.tax?.(String(request['company']))
  if (engine) return engine
  const message = 'no tax engine is set up: report it there, then mark it as done'
  return { outcome: 'unknown', message, forPerson: true }
}

function recorded(answer: EffectAnswer<TaxRecord>): KeptOutcome
function recorded(answer: FindAnswer<TaxRecord>): Found
function recorded(answer: EffectAnswer<TaxRecord> | FindAnswer<TaxRecord>): Found {
  if (answer.outcome !== 'confirmed') return answer
  const { providerId, status, taxMinor } = answer
  return { outcome: 'confirmed', facts: { providerId, status, taxMinor: taxMinor.toString() } }
}

async function soldTo(tx: Tx, { key }: Effect) {
  const [row] = await tx<
    {
      orderId: bigint
      company: string
      customerCode: string
      from: AddressDocument
      to: AddressDocument | null
    }[]
  >`
    SELECT o.id AS "orderId", e.code AS company, coalesce(c.external_id, 'guest') AS "customerCode", ${dispatchAddress(tx)} AS from,
      coalesce(nullif(d.body->'shipTo', 'null'), d.body->'billTo') AS to
    FROM external_effect x JOIN sales_order o ON o.id = x.subject_id::bigint JOIN entity e ON e.id = o.entity_id
    LEFT JOIN customer c ON c.id = o.customer_id LEFT JOIN personal_data d ON d.id = o.personal_data_id
    LEFT JOIN shipment h ON h.id = (x.request->>'shipmentId')::bigint
    LEFT JOIN LATERAL (SELECT * FROM site s WHERE s.id = h.site_id OR h.id IS NULL AND s.entity_id = o.entity_id AND s.status = 'active' ORDER BY s.id LIMIT 1) s ON true
    WHERE x.key = ${key}`
  const quote = await quoteOfOrder(tx, row!.orderId)
  invariant(quote && row!.to, `the order of ${key} was frozen with quoted tax for a destination`)
  return { quote, currency: quote.currency, ...row!, to: row!.to }
}

/** Without the tax, which the engine is told beside it. */
async function earnedLines(tx: Tx, request: Effect['request']): Promise<TaxLine[]> {
  const shipmentId = BigInt(String(request['shipmentId']))
  const only = (request['orderLineIds'] as string[] | undefined) ?? null
  return tx<TaxLine[]>`
    SELECT s.order_line_id::text AS "lineId", coalesce(i.sku, l.sku, 'unknown') AS sku, coalesce(i.tax_category, 'standard') AS "taxCode", (s.qty - coalesce(x.qty, 0))::int AS quantity,
      s.shipping_minor + CASE WHEN l.gift_card THEN 0 ELSE s.goods_minor - s.discount_minor END - coalesce(x.net, 0) AS "amountMinor", s.tax_minor - coalesce(x.tax, 0) AS "chargedTaxMinor"
    FROM shipment_line s JOIN sales_order_line l ON l.id = s.order_line_id LEFT JOIN item i ON i.id = l.item_id
    LEFT JOIN LATERAL (SELECT sum(u.qty)::int AS qty, sum(u.net_minor)::bigint AS net, sum(u.tax_minor)::bigint AS tax FROM lost_units u
      WHERE u.shipment_id = s.shipment_id AND u.order_line_id = s.order_line_id AND NOT u.taken_back) x ON true
    WHERE s.shipment_id = ${shipmentId} AND (${only}::bigint[] IS NULL OR l.id = ANY(${only}::bigint[])) AND s.qty > coalesce(x.qty, 0) ORDER BY s.order_line_id`
}
