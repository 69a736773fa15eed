import type { OrderDocument } from '#domain/orders/document'
import type { Tx } from '#db/client'
import { sendAlong } from '#db/transaction'
import type { PinnedPolicies } from '#db/queries/policies'
import { sum } from '#domain/money'
import type { ExpectedFees } from '#domain/orders/expected-fees'
import { discountOf, type FrozenLine } from '#domain/orders/freeze'
import { json } from './records.ts'

export interface Channel {
  id: number
  code: string
  kind: string
  entityId: number
  entityCode: string
  functionalCurrency: string
  timezone: string
}

export interface NewOrder {
  document: OrderDocument
  channel: Channel
  lines: readonly FrozenLine[]
  /** What the marketplace is expected to keep back, line by line. */
  fees: readonly ExpectedFees[]
  policies: PinnedPolicies
  rateE9: bigint
  workflowId: string
  placedOn: string
  today: string
}

/** Writes the order with its frozen money; answers its id. Personal data goes to a row of its own. */
export async function insertOrder(tx: Tx, order: NewOrder): Promise<bigint> {
  const { document, channel } = order
  const customer = await upsertCustomer(tx, order)
  const first = firstPayment(document, facilitatorTax(order.lines))
  const [row] = await tx<{ id: bigint }[]>`
    WITH personal AS (INSERT INTO personal_data (customer_id, body) VALUES (${customer.id}, ${json(tx, personalData(document))}) RETURNING id),
    placed AS (INSERT INTO sales_order (entity_id, channel_id, external_id, external_version, order_number, workflow_id, customer_id, customer_class, segment,
      personal_data_id, ship_country, ship_region, ship_postal_code, currency, rate_e9, placed_at, placed_on, settlement, provider, tax_collected_by,
      fulfilled_by, total_minor, requested_service, ship_by, deliver_by, ship_complete, entered_by, policies)
    SELECT ${channel.entityId}, ${channel.id}, ${document.externalId}, ${document.externalVersion}, ${document.orderNumber}, ${order.workflowId},
      ${customer.id}, ${customer.class}, ${customer.segment}, personal.id, ${document.shipTo?.country ?? null}, ${document.shipTo?.region ?? null},
      ${document.shipTo?.postalCode ?? null}, ${document.currency}, ${order.rateE9}, ${document.placedAt}, ${order.placedOn}, ${settlementOf(document)},
      ${document.payment.provider}, ${document.taxCollectedBy}, ${document.fulfilledBy}, ${BigInt(document.total.minor)}, ${document.requestedService ?? null},
      ${document.shipBy?.slice(0, 10) ?? null}, ${document.deliverBy?.slice(0, 10) ?? null}, ${document.shipComplete ?? customer.shipComplete},
      ${document.enteredBy ?? null}, ${json(tx, order.policies)}
    FROM personal RETURNING id),
    paid AS (INSERT INTO payment (order_id, seq, kind, provider, reference, due_minor, authorised_minor, expires_at)
    SELECT id, 1, ${first.kind}, ${document.payment.provider}, ${document.payment.reference}, ${first.dueMinor}, ${first.authorisedMinor}, ${first.expiresAt} FROM placed)
    SELECT id FROM placed`
  await Promise.all([
    insertLines(tx, row!.id, order.lines, { after: 0, fees: order.fees }),
    insertTenders(tx, row!.id, document),
  ])
  return row!.id
}

function settlementOf(document: OrderDocument): 'deposit' | 'receivable' | 'marketplace' {
  if (document.payment.state === 'marketplace') return 'marketplace'
  return document.payment.state === 'authorised' || document.payment.state === 'terms'
    ? 'receivable'
    : 'deposit'
}

interface CustomerRow {
  id: bigint | null
  class: string
  segment: string
  shipComplete: boolean
}

async function upsertCustomer(tx: Tx, { document, channel }: NewOrder): Promise<CustomerRow> {
  const { customer } = document
  const segment = channel.kind === 'b2b' ? 'wholesale' : 'retail'
  if (customer.externalId === null)
    return { id: null, class: 'standard', segment, shipComplete: false }
  const [row] = await tx<CustomerRow[]>`
      WITH known AS (SELECT id, class, segment, ship_complete FROM customer WHERE channel_id = ${channel.id} AND external_id = ${customer.externalId}),
      added AS (
        INSERT INTO customer (channel_id, external_id, class, segment)
        SELECT ${channel.id}, ${customer.externalId}, ${customer.class ?? 'standard'}, ${segment} WHERE NOT EXISTS (SELECT FROM known)
        ON CONFLICT (channel_id, external_id) DO UPDATE SET segment = customer.segment RETURNING id, class, segment, ship_complete)
      SELECT id, class, segment, ship_complete AS "shipComplete" FROM known UNION ALL SELECT id, class, segment, ship_complete FROM added`
  return row!
}

function personalData({ customer, shipTo, billTo }: OrderDocument) {
  const { name, email, phone } = customer
  return { name, email, phone, shipTo, billTo }
}

/** Adds lines after `after` existing ones, with the fees that they are expected to bear; answers their ids in order. */
export async function insertLines(
  tx: Tx,
  orderId: bigint,
  lines: readonly FrozenLine[],
  { after, fees }: { after: number; fees: readonly ExpectedFees[] },
): Promise<bigint[]> {
  const rows = await tx<{ id: bigint; lineNo: number }[]>`
    INSERT INTO sales_order_line (order_id, line_no, external_line_id, item_id, sku, external_listing_id, title, pack_factor, kit_item_id, substitution_consent,
      requires_shipping, gift_card, goods_minor, discount_minor, shipping_minor, tax_minor, commission_minor, fee_minor, qty_ordered)
    SELECT ${orderId}, line_no, external_line_id, item_id, sku, external_listing_id, title, pack_factor, kit_item_id, substitution_consent,
      requires_shipping, gift_card, goods_minor, discount_minor, shipping_minor, tax_minor, commission_minor, fee_minor, qty
    FROM jsonb_to_recordset(${json(
      tx,
      lines.map((line, n) => ({
        ...lineRow(line, after + n + 1),
        commission_minor: fees[n]?.commissionMinor ?? 0n,
        fee_minor: fees[n]?.feeMinor ?? 0n,
      })),
    )}) AS l (line_no int, external_line_id text, item_id int, sku text,
      external_listing_id text, title text, pack_factor int, kit_item_id int, substitution_consent boolean, requires_shipping boolean, gift_card boolean,
      goods_minor bigint, discount_minor bigint, shipping_minor bigint, tax_minor bigint, commission_minor bigint, fee_minor bigint, qty int)
    ORDER BY line_no RETURNING id, line_no AS "lineNo"`
  const ids = [...rows].sort((a, b) => a.lineNo - b.lineNo).map((row) => row.id)
  await Promise.all([insertDiscounts(tx, ids, lines), insertTaxes(tx, ids, lines)])
  return ids
}

function lineRow(line: FrozenLine, lineNo: number): Record<string, unknown> {
  return {
    line_no: lineNo,
    external_line_id: line.source.externalLineId,
    item_id: line.itemId,
    sku: line.source.sku,
    external_listing_id: line.source.externalListingId,
    title: line.source.title,
    pack_factor: line.packFactor,
    kit_item_id: line.kitItemId,
    substitution_consent: line.source.substitutionConsent ?? false,
    requires_shipping: line.source.requiresShipping,
    gift_card: line.source.giftCard,
    goods_minor: line.goodsMinor,
    discount_minor: discountOf(line),
    shipping_minor: line.shippingMinor,
    // A facilitator's tax is a memo in order_line_tax: nobody owes it to us, so no document of ours counts it.
    tax_minor: sum(
      line.taxes.filter((tax) => tax.collectedBy === 'seller').map((tax) => tax.taxMinor),
    ),
    qty: line.qty,
  }
}

async function insertDiscounts(
  tx: Tx,
  ids: readonly bigint[],
  lines: readonly FrozenLine[],
): Promise<void> {
  const rows = lines.flatMap((line, n) =>
    line.discounts.map((d, seq) => ({
      order_line_id: ids[n],
      seq,
      code: d.code,
      funded_by: d.fundedBy,
      vendor: d.vendor ?? null,
      amount_minor: d.amountMinor,
    })),
  )
  if (rows.length === 0) return
  await sendAlong(
    tx,
    tx`INSERT INTO order_line_discount (order_line_id, seq, code, funded_by, vendor, amount_minor) SELECT order_line_id, seq, code, funded_by, vendor, amount_minor FROM jsonb_to_recordset(${json(tx, rows)})
    AS d (order_line_id bigint, seq int, code text, funded_by text, vendor text, amount_minor bigint)`,
  )
}

async function insertTaxes(
  tx: Tx,
  ids: readonly bigint[],
  lines: readonly FrozenLine[],
): Promise<void> {
  const rows = lines.flatMap((line, n) =>
    line.taxes.map((tax, seq) => ({
      order_line_id: ids[n],
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
  await sendAlong(
    tx,
    tx`INSERT INTO order_line_tax SELECT * FROM jsonb_to_recordset(${json(tx, rows)})
    AS t (order_line_id bigint, seq int, component text, jurisdiction text, tax_code text, rate_ppm int, base_minor bigint, tax_minor bigint, collected_by text)`,
  )
}

function facilitatorTax(lines: readonly FrozenLine[]): bigint {
  return sum(
    lines.flatMap((line) =>
      line.taxes.filter((tax) => tax.collectedBy === 'marketplace').map((tax) => tax.taxMinor),
    ),
  )
}

/** What is left to pay after the other tenders, in the way that the document names. */
function firstPayment({ payment, total, placedAt }: OrderDocument, notOurs: bigint) {
  const others = sum((payment.otherTenders ?? []).map((tender) => BigInt(tender.amountMinor)))
  const { state } = payment
  const kind = state === 'marketplace' || state === 'terms' ? state : 'card'
  const authorised = state === 'authorised'
  const expires = () =>
    payment.authorisationExpiresAt ?? new Date(Date.parse(placedAt) + 7 * 86_400_000).toISOString()
  return {
    kind,
    dueMinor: BigInt(total.minor) - notOurs - others,
    authorisedMinor: authorised ? BigInt(payment.amountMinor) : 0n,
    expiresAt: authorised ? expires() : null,
  }
}

async function insertTenders(tx: Tx, orderId: bigint, { payment }: OrderDocument): Promise<void> {
  for (const [n, tender] of (payment.otherTenders ?? []).entries()) {
    await tx`
      INSERT INTO payment (order_id, seq, kind, provider, reference, due_minor) VALUES (${orderId}, ${n + 2}, ${tender.kind}, 'own', ${tender.reference}, ${BigInt(tender.amountMinor)})`
  }
}
