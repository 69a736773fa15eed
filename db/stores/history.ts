import type { OrderDocument } from '#domain/orders/document'
import type { Tx } from '#db/client'
import type { PinnedPolicies } from '#db/queries/policies'
import { dateAt } from '#domain/dates'
import { sum } from '#domain/money'
import { discountOf, type FrozenLine } from '#domain/orders/freeze'
import { recordAudit } from './records.ts'
import { jsonText } from './row-sets.ts'

/** An order from before the books began here, its money already split over its lines. */
export interface PastOrder {
  document: OrderDocument
  lines: readonly FrozenLine[]
  rateE9: bigint
  /** Where it came from, as `2010-12-01.csv:17`. */
  origin: string
}

export interface PastChannel {
  id: number
  code: string
  kind: string
  entityId: number
  timezone: string
}

export interface PastOrders {
  channel: PastChannel
  policies: PinnedPolicies
  actor: string
  orders: readonly PastOrder[]
}

/**
 * Writes orders that were shipped and paid before go-live: rows to read, forecast and return
 * against, without a process. They move neither stock nor money here, as both are in the opening
 * balances. Answers the external ids that were new; a known one is left as it is.
 */
export async function insertPastOrders(tx: Tx, past: PastOrders): Promise<string[]> {
  const { channel, orders } = past
  const customers = await upsertCustomers(tx, past)
  const personal = await insertPersonalData(tx, orders, customers)
  const rows = orders.map((order, n) => orderRow(past, order, customers, personal.get(n) ?? null))
  const added = await tx<{ id: bigint; externalId: string }[]>`
    INSERT INTO sales_order (entity_id, channel_id, external_id, external_version, order_number, workflow_id, customer_id, customer_class, segment,
      personal_data_id, ship_country, ship_region, ship_postal_code, currency, rate_e9, placed_at, placed_on, settlement, provider, tax_collected_by,
      fulfilled_by, total_minor, policies, phase, closed_at)
    SELECT ${channel.entityId}, ${channel.id}, external_id, external_version, order_number, workflow_id, customer_id, customer_class, segment,
      personal_data_id, ship_country, ship_region, ship_postal_code, currency, rate_e9, placed_at, placed_on, settlement, provider, tax_collected_by,
      fulfilled_by, total_minor, ${jsonText(past.policies)}::text::jsonb, phase, placed_at
    FROM jsonb_to_recordset(${jsonText(rows)}::text::jsonb) AS o (n int, external_id text, external_version text, order_number text, workflow_id text,
      customer_id bigint, customer_class text, segment text, personal_data_id bigint, ship_country text, ship_region text, ship_postal_code text,
      currency text, rate_e9 bigint, placed_at timestamptz, placed_on date, settlement text, provider text, tax_collected_by text, fulfilled_by text,
      total_minor bigint, phase text)
    ORDER BY n ON CONFLICT (channel_id, external_id) DO NOTHING RETURNING id, external_id AS "externalId"`
  const ids = new Map(added.map(({ externalId, id }) => [externalId, id]))
  const fresh = orders.filter(({ document }) => ids.has(document.externalId))
  await insertPastLines(tx, fresh, ids)
  await recordAudit(
    tx,
    fresh.map(({ document, origin }) => ({
      subjectType: 'order',
      subjectId: ids.get(document.externalId)!.toString(),
      action: 'imported-as-history',
      after: { origin, placedAt: document.placedAt },
      actor: past.actor,
    })),
  )
  return [...ids.keys()]
}

interface CustomerRow {
  id: bigint
  class: string
  segment: string
}

async function upsertCustomers(
  tx: Tx,
  { channel, orders }: PastOrders,
): Promise<Map<string, CustomerRow>> {
  const segment = orders.some(({ document }) => document.customer.class === 'wholesale')
  const named = orders.flatMap(({ document: { customer } }) =>
    customer.externalId === null
      ? []
      : [
          {
            external_id: customer.externalId,
            class: customer.class ?? 'standard',
            segment: segment && customer.class === 'wholesale' ? 'wholesale' : 'retail',
          },
        ],
  )
  if (named.length === 0) return new Map()
  await tx`
    INSERT INTO customer (channel_id, external_id, class, segment)
    SELECT DISTINCT ON (external_id) ${channel.id}::int, external_id, class, segment
    FROM jsonb_to_recordset(${jsonText(named)}::text::jsonb) AS c (external_id text, class text, segment text)
    ORDER BY external_id ON CONFLICT (channel_id, external_id) DO NOTHING`
  const rows = await tx<(CustomerRow & { externalId: string })[]>`
    SELECT id, external_id AS "externalId", class, segment FROM customer
    WHERE channel_id = ${channel.id} AND external_id = ANY (${named.map((c) => c.external_id)}::text[])`
  return new Map(rows.map(({ externalId, ...row }) => [externalId, row]))
}

/** Only for orders that say who the customer is; answers the row's id by place in the set. */
async function insertPersonalData(
  tx: Tx,
  orders: readonly PastOrder[],
  customers: ReadonlyMap<string, CustomerRow>,
): Promise<Map<number, bigint>> {
  const known = orders.flatMap(({ document }, n) => {
    const { customer, shipTo, billTo } = document
    const { name, email, phone } = customer
    const says = [name, email, phone, shipTo?.name, shipTo?.line1, billTo?.line1]
    if (says.every((fact) => fact === null || fact === undefined)) return []
    const customerId = customers.get(customer.externalId ?? '')?.id ?? null
    return [{ n, customer_id: customerId, body: { name, email, phone, shipTo, billTo } }]
  })
  if (known.length === 0) return new Map()
  const rows = await tx<{ id: bigint }[]>`
    INSERT INTO personal_data (customer_id, body)
    SELECT customer_id, body FROM jsonb_to_recordset(${jsonText(known)}::text::jsonb) AS p (n int, customer_id bigint, body jsonb)
    ORDER BY n RETURNING id`
  const ids = rows.map(({ id }) => id).sort((a, b) => (a < b ? -1 : 1))
  return new Map(known.map(({ n }, at) => [n, ids[at]!]))
}

function orderRow(
  { channel }: PastOrders,
  { document, rateE9 }: PastOrder,
  customers: ReadonlyMap<string, CustomerRow>,
  personalDataId: bigint | null,
): Record<string, unknown> {
  const { customer, shipTo, payment } = document
  const known = customers.get(customer.externalId ?? '')
  return {
    external_id: document.externalId,
    external_version: document.externalVersion,
    order_number: document.orderNumber,
    workflow_id: `history/${channel.code}/${document.externalId}`,
    customer_id: known?.id ?? null,
    customer_class: known?.class ?? customer.class ?? 'standard',
    segment: known?.segment ?? 'retail',
    personal_data_id: personalDataId,
    ship_country: shipTo?.country ?? null,
    ship_region: shipTo?.region ?? null,
    ship_postal_code: shipTo?.postalCode ?? null,
    currency: document.currency,
    rate_e9: rateE9,
    placed_at: document.placedAt,
    placed_on: dateAt(document.placedAt, channel.timezone),
    settlement: settlementOf(payment.state),
    provider: payment.provider,
    tax_collected_by: document.taxCollectedBy,
    fulfilled_by: document.fulfilledBy,
    total_minor: BigInt(document.total.minor),
    phase: document.cancelled ? 'cancelled' : 'closed',
  }
}

function settlementOf(state: OrderDocument['payment']['state']): string {
  if (state === 'marketplace') return 'marketplace'
  return state === 'authorised' || state === 'terms' ? 'receivable' : 'deposit'
}

async function insertPastLines(
  tx: Tx,
  orders: readonly PastOrder[],
  ids: ReadonlyMap<string, bigint>,
): Promise<void> {
  const lines = orders.flatMap(({ document, lines: all }) =>
    all.map((line, n) => ({
      line,
      row: lineRow(line, n, ids.get(document.externalId)!, document),
    })),
  )
  if (lines.length === 0) return
  const rows = await tx<{ id: bigint; orderId: bigint; lineNo: number }[]>`
    INSERT INTO sales_order_line (order_id, line_no, external_line_id, item_id, sku, external_listing_id, title, pack_factor, kit_item_id,
      requires_shipping, gift_card, goods_minor, discount_minor, shipping_minor, tax_minor, qty_ordered, qty_cancelled, qty_shipped, qty_delivered,
      cancelled_minor, shipped_minor)
    SELECT order_id, line_no, external_line_id, item_id, sku, external_listing_id, title, pack_factor, kit_item_id,
      requires_shipping, gift_card, goods_minor, discount_minor, shipping_minor, tax_minor, qty_ordered, qty_cancelled, qty_shipped, qty_shipped,
      cancelled_minor, shipped_minor
    FROM jsonb_to_recordset(${jsonText(lines.map(({ row }) => row))}::text::jsonb) AS l (order_id bigint, line_no int, external_line_id text, item_id int,
      sku text, external_listing_id text, title text, pack_factor int, kit_item_id int, requires_shipping boolean, gift_card boolean, goods_minor bigint,
      discount_minor bigint, shipping_minor bigint, tax_minor bigint, qty_ordered int, qty_cancelled int, qty_shipped int, cancelled_minor bigint,
      shipped_minor bigint)
    RETURNING id, order_id AS "orderId", line_no AS "lineNo"`
  const lineIds = new Map(rows.map(({ id, orderId, lineNo }) => [`${orderId}/${lineNo}`, id]))
  const withIds = lines.map(({ line, row }) => {
    const id = lineIds.get(`${row['order_id'] as bigint}/${row['line_no'] as number}`)!
    return { line, id }
  })
  await Promise.all([insertDiscounts(tx, withIds), insertTaxes(tx, withIds)])
}

function lineRow(
  line: FrozenLine,
  n: number,
  orderId: bigint,
  document: OrderDocument,
): Record<string, unknown> {
  const ours = line.taxes.filter((tax) => tax.collectedBy === 'seller').map((tax) => tax.taxMinor)
  const taxMinor = sum(ours)
  const discountMinor = discountOf(line)
  const worth = line.goodsMinor - discountMinor + line.shippingMinor + taxMinor
  const cancelled = document.cancelled !== undefined
  return {
    order_id: orderId,
    line_no: n + 1,
    external_line_id: line.source.externalLineId,
    item_id: line.itemId,
    sku: line.source.sku,
    external_listing_id: line.source.externalListingId,
    title: line.source.title,
    pack_factor: line.packFactor,
    kit_item_id: line.kitItemId,
    requires_shipping: line.source.requiresShipping,
    gift_card: line.source.giftCard,
    goods_minor: line.goodsMinor,
    discount_minor: discountMinor,
    shipping_minor: line.shippingMinor,
    tax_minor: taxMinor,
    qty_ordered: line.qty,
    qty_cancelled: cancelled ? line.qty : 0,
    qty_shipped: cancelled ? 0 : line.qty,
    cancelled_minor: cancelled ? worth : 0n,
    shipped_minor: cancelled ? 0n : worth,
  }
}

interface LineWithId {
  line: FrozenLine
  id: bigint
}

async function insertDiscounts(tx: Tx, lines: readonly LineWithId[]): Promise<void> {
  const rows = lines.flatMap(({ line, id }) =>
    line.discounts.map(({ code, fundedBy, amountMinor }, seq) => {
      return { order_line_id: id, seq, code, funded_by: fundedBy, amount_minor: amountMinor }
    }),
  )
  if (rows.length === 0) return
  await tx`INSERT INTO order_line_discount (order_line_id, seq, code, funded_by, amount_minor) SELECT order_line_id, seq, code, funded_by, amount_minor FROM jsonb_to_recordset(${jsonText(rows)}::text::jsonb)
    AS d (order_line_id bigint, seq int, code text, funded_by text, amount_minor bigint)`
}

async function insertTaxes(tx: Tx, lines: readonly LineWithId[]): Promise<void> {
  const rows = lines.flatMap(({ line, id }) =>
    line.taxes.map((tax, seq) => ({
      order_line_id: id,
      seq,
      component: tax.component,
      jurisdiction: tax.jurisdiction,
      tax_code: tax.taxCode,
      rate_ppm: tax.ratePpm,
      base_minor: tax.baseMinor,
      tax_minor: tax.taxMinor,
      collected_by: tax.collectedBy,
    })),
  )
  if (rows.length === 0) return
  await tx`INSERT INTO order_line_tax SELECT * FROM jsonb_to_recordset(${jsonText(rows)}::text::jsonb)
    AS t (order_line_id bigint, seq int, component text, jurisdiction text, tax_code text, rate_ppm int, base_minor bigint, tax_minor bigint, collected_by text)`
}
