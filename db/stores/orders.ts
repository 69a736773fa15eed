import type { Tx } from '#db/client'
import { sendAlong } from '#db/transaction'
import type { CaseType, HoldType } from '#domain/orders/exceptions'
import type { LineCounters } from '#domain/orders/phase'
import type { PinnedPolicy, PolicyKind } from '#domain/orders/policies'
import type { RevenueOn } from '#domain/orders/revenue'
import type { FrozenMoney } from '#domain/orders/shares'
import { Refusal } from '#domain/refusal'
import { json } from './records.ts'

export interface OrderLine extends LineCounters, Omit<FrozenMoney, 'ordered'> {
  id: bigint
  lineNo: number
  externalLineId: string
  itemId: number | null
  itemKind: 'stock' | 'kit' | 'service' | 'gift-card' | null
  sku: string | null
  title: string
  packFactor: number
  kitItemId: number | null
  externalListingId: string | null
  substitutionConsent: boolean
  requiresShipping: boolean
  giftCard: boolean
  discountMinor: bigint
  taxMinor: bigint
  /** What the marketplace is expected to keep back of the whole line. */
  commissionMinor: bigint
  feeMinor: bigint
  /** Value of the units that were cancelled, and that were shipped, of the frozen amounts. */
  cancelledMinor: bigint
  shippedMinor: bigint
  /** Value of shipped units that got lost: nobody owes it, and they are sent again or their money goes back. */
  lostMinor: bigint
  promiseOn: string | null
  /** When it is earned by its product's own rule, over how many months, and by which; null: by the order's policy. */
  revenueOn: RevenueOn | null
  termMonths: number | null
  revenuePolicy: string | null
  /** Waiting units that are promised from an expected supply. */
  promised: number
  /** Waiting units that a supplier ships to the buyer, and the day on which they are to be there. */
  dropShip: number
  dropShipDueOn: string | null
}

export interface OrderPayment {
  id: bigint
  seq: number
  kind: 'card' | 'marketplace' | 'terms' | 'gift-card' | 'store-credit'
  provider: string
  reference: string | null
  dueMinor: bigint
  authorisedMinor: bigint
  capturedMinor: bigint
  refundedMinor: bigint
  refundPendingMinor: bigint
  disputedMinor: bigint
  chargedBackMinor: bigint
  expiresAt: string | null
}

export interface LiveReservation {
  id: bigint
  orderLineId: bigint
  itemId: number
  siteId: number
  siteCode: string
  live: number
  /** Units of it that stand on a fulfilment order that is still open. */
  onFulfilment: number
  /** When the units go to others if the order is still held then. */
  expiresAt: string | null
}

export interface SalesOrder {
  id: bigint
  entityId: number
  entityCode: string
  functionalCurrency: string
  timezone: string
  channelId: number
  channelCode: string
  channelPriority: number
  externalId: string
  externalVersion: string
  orderNumber: string
  workflowId: string
  customerId: bigint | null
  customerClass: string
  segment: string
  currency: string
  rateE9: bigint
  placedOn: string
  settlement: 'deposit' | 'receivable' | 'marketplace'
  provider: string
  totalMinor: bigint
  /** Given back of what was earned: returns and goodwill. */
  creditedMinor: bigint
  shipCountry: string | null
  shipRegion: string | null
  shipPostalCode: string | null
  requestedService: string | null
  shipBy: string | null
  deliverBy: string | null
  /** A later day than `deliverBy` that somebody has accepted. */
  acceptedLateUntil: string | null
  shipComplete: boolean
  fulfilledBy: 'merchant' | 'channel'
  policies: { [K in PolicyKind]: PinnedPolicy<K> }
  version: number
  /** As the last commit left it. */
  phase: string
  closedAt: string | null
  lines: OrderLine[]
  holds: { id: bigint; type: HoldType; firstReleaseBy: string | null; keepsStock: boolean }[]
  payments: OrderPayment[]
  reservations: LiveReservation[]
  /** Whether an exception case may be open; a clean order has none to look for. */
  hasCases: boolean
}

/**
 * Locks the order for this transaction and reads all that its rules look at. Everything that
 * changes an order goes through here, so two commands on one order follow each other.
 * @throws Refusal `OrderNotFound`; `StaleVersion` when somebody else was faster.
 */
export async function lockOrder(
  tx: Tx,
  orderId: string | bigint,
  expectedVersion?: number,
): Promise<SalesOrder> {
  // The parts are asked for along with the lock and read after it: statements of one connection follow each other.
  // Sent here: a query that is only awaited leaves after one that is awaited sooner, so the lock would come second.
  const locked = lockHeader(tx, orderId).execute()
  const [[header], parts] = await Promise.all([locked, readParts(tx, orderId)])
  if (!header) throw new Refusal('OrderNotFound', `There is no order ${orderId}.`)
  if (expectedVersion !== undefined && expectedVersion !== header.version) {
    throw new Refusal(
      'StaleVersion',
      `The order is at version ${header.version}, you saw ${expectedVersion}. Read it again, then decide.`,
    )
  }
  return { ...header, ...parts }
}

function lockHeader(tx: Tx, orderId: string | bigint) {
  return tx<OrderHeader[]>`
    SELECT o.id, o.entity_id AS "entityId", e.code AS "entityCode", e.functional_currency AS "functionalCurrency", e.timezone,
      o.channel_id AS "channelId", c.code AS "channelCode", c.priority AS "channelPriority", o.external_id AS "externalId",
      o.external_version AS "externalVersion", o.order_number AS "orderNumber", o.workflow_id AS "workflowId", o.customer_id AS "customerId",
      o.customer_class AS "customerClass", o.segment, o.currency, o.rate_e9 AS "rateE9", o.placed_on AS "placedOn", o.settlement, o.provider,
      o.total_minor AS "totalMinor", o.credited_minor AS "creditedMinor", o.ship_country AS "shipCountry", o.ship_region AS "shipRegion", o.ship_postal_code AS "shipPostalCode",
      o.requested_service AS "requestedService", o.ship_by AS "shipBy", o.deliver_by AS "deliverBy", o.accepted_late_until AS "acceptedLateUntil", o.ship_complete AS "shipComplete",
      o.fulfilled_by AS "fulfilledBy", o.policies, o.version, o.phase, o.closed_at AS "closedAt"
    FROM sales_order o JOIN entity e ON e.id = o.entity_id JOIN channel c ON c.id = o.channel_id
    WHERE o.id = ${BigInt(orderId)} FOR NO KEY UPDATE OF o`
}

type OrderHeader = Omit<SalesOrder, 'lines' | 'holds' | 'payments' | 'reservations' | 'hasCases'>
type OrderParts = Omit<SalesOrder, keyof OrderHeader>

/**
 * All that hangs on an order, in one statement that looks after the lock was waited for. It
 * travels as JSON, big integers as text, since JSON numbers are exact to 2^53 only.
 */
async function readParts(tx: Tx, id: string | bigint): Promise<OrderParts> {
  const orderId = BigInt(id)
  const [found] = await tx<[{ parts: string }]>`
    SELECT jsonb_build_object(
      'lines', (SELECT coalesce(jsonb_agg(l ORDER BY l."lineNo"), '[]') FROM (${linesOf(tx, orderId)}) l),
      'holds', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', h.id::text, 'type', h.type, 'firstReleaseBy', h.first_release_by, 'keepsStock', h.keeps_stock) ORDER BY h.id), '[]')
        FROM order_hold h WHERE h.order_id = ${orderId} AND h.released_at IS NULL),
      'payments', (SELECT coalesce(jsonb_agg(p ORDER BY p.seq), '[]') FROM (${paymentsOf(tx, orderId)}) p),
      'reservations', (SELECT coalesce(jsonb_agg(r ORDER BY length(r.id), r.id), '[]') FROM (${reservationsOf(tx, orderId)}) r),
      'hasCases', EXISTS (SELECT FROM exception_case WHERE subject_type = 'order' AND subject_id = ${orderId.toString()} AND state = 'open'))::text AS parts`
  return JSON.parse(found.parts, revive) as OrderParts
}

function revive(name: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  if (name.endsWith('Minor') || name === 'id' || name === 'orderLineId') return BigInt(value)
  return name.endsWith('At') ? new Date(value).toISOString() : value
}

function linesOf(tx: Tx, orderId: bigint) {
  return tx`
    SELECT l.id::text, l.line_no AS "lineNo", l.external_line_id AS "externalLineId", l.item_id AS "itemId", i.kind AS "itemKind", coalesce(i.sku, l.sku) AS sku, l.title,
      l.pack_factor AS "packFactor", l.kit_item_id AS "kitItemId", l.external_listing_id AS "externalListingId", l.substitution_consent AS "substitutionConsent",
      l.requires_shipping AS "requiresShipping", l.gift_card AS "giftCard", l.goods_minor::text AS "goodsMinor", l.discount_minor::text AS "discountMinor",
      l.shipping_minor::text AS "shippingMinor", l.tax_minor::text AS "taxMinor", l.commission_minor::text AS "commissionMinor", l.fee_minor::text AS "feeMinor",
      l.cancelled_minor::text AS "cancelledMinor", l.shipped_minor::text AS "shippedMinor", l.lost_minor::text AS "lostMinor", l.qty_ordered AS ordered, l.qty_cancelled AS cancelled, l.qty_allocated AS allocated,
      l.qty_backordered AS backordered, l.qty_released AS released, l.qty_picked AS picked, l.qty_shipped AS shipped, l.qty_delivered AS delivered, l.promise_on AS "promiseOn",
      l.revenue_on AS "revenueOn", l.term_months AS "termMonths", l.revenue_policy_id::text AS "revenuePolicy",
      coalesce((SELECT sum(p.qty) FROM supply_promise p WHERE p.order_line_id = l.id), 0)::int AS promised,
      l.qty_drop_ship AS "dropShip", CASE WHEN l.qty_drop_ship > 0 THEN (SELECT max(coalesce(b.promised_on, b.needed_on)) FROM purchase_order_line b
        WHERE b.order_line_id = l.id AND b.qty_open > 0) END AS "dropShipDueOn",
      (SELECT coalesce(jsonb_agg(jsonb_build_object('code', d.code, 'fundedBy', d.funded_by, 'vendor', d.vendor, 'amountMinor', d.amount_minor::text) ORDER BY d.seq), '[]')
        FROM order_line_discount d WHERE d.order_line_id = l.id) AS discounts,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('component', t.component, 'jurisdiction', t.jurisdiction, 'taxCode', t.tax_code, 'taxMinor', t.tax_minor::text, 'collectedBy', t.collected_by) ORDER BY t.seq), '[]')
        FROM order_line_tax t WHERE t.order_line_id = l.id) AS taxes
    FROM sales_order_line l LEFT JOIN item i ON i.id = l.item_id WHERE l.order_id = ${orderId}`
}

function paymentsOf(tx: Tx, orderId: bigint) {
  return tx`
    SELECT id::text, seq, kind, provider, reference, due_minor::text AS "dueMinor", authorised_minor::text AS "authorisedMinor", captured_minor::text AS "capturedMinor",
      refunded_minor::text AS "refundedMinor", refund_pending_minor::text AS "refundPendingMinor",
      disputed_minor::text AS "disputedMinor", charged_back_minor::text AS "chargedBackMinor", expires_at AS "expiresAt" FROM payment WHERE order_id = ${orderId}`
}

function reservationsOf(tx: Tx, orderId: bigint) {
  return tx`
    SELECT r.id::text, r.order_line_id::text AS "orderLineId", r.item_id AS "itemId", r.site_id AS "siteId", s.code AS "siteCode", r.live, r.expires_at AS "expiresAt",
      coalesce((SELECT sum(f.qty - f.shipped - f.cancelled) FROM fulfilment_line f JOIN fulfilment_order fo ON fo.id = f.fulfilment_id
        WHERE f.reservation_id = r.id AND fo.state IN ('released', 'recall-requested')), 0)::int AS "onFulfilment"
    FROM reservation r JOIN site s ON s.id = r.site_id WHERE r.order_id = ${orderId} AND r.live > 0`
}

/**
 * Writes back, in one statement, the counters and promises of the lines and where the order stands,
 * counts this commit and closes the order when nothing is left to do. Answers the new version.
 */
export async function saveStanding(
  tx: Tx,
  order: SalesOrder,
  now: { closed: boolean; phase: string; waitingFor: string },
): Promise<number> {
  // The row is locked, so the next version is known without asking.
  order.version += 1
  await sendAlong(
    tx,
    tx`
    WITH counted AS (
      UPDATE sales_order_line l SET qty_cancelled = c.cancelled, qty_allocated = c.allocated, qty_backordered = c.backordered, qty_drop_ship = c."dropShip", qty_released = c.released,
        qty_picked = c.picked, qty_shipped = c.shipped, qty_delivered = c.delivered, promise_on = c."promiseOn",
        backordered_at = CASE WHEN c.backordered > 0 THEN coalesce(l.backordered_at, clock_timestamp()) END, item_id = c."itemId",
        cancelled_minor = c."cancelledMinor", shipped_minor = c."shippedMinor", lost_minor = c."lostMinor"
      FROM jsonb_to_recordset(${json(tx, order.lines.map(countersOf))}) AS c (id bigint, cancelled int, allocated int, backordered int, "dropShip" int, released int, picked int, shipped int, delivered int, "promiseOn" date, "itemId" int, "cancelledMinor" bigint, "shippedMinor" bigint, "lostMinor" bigint)
      WHERE l.id = c.id)
    UPDATE sales_order SET version = ${order.version}, settlement = ${order.settlement}, external_version = ${order.externalVersion},
      phase = ${now.phase}, waiting_for = ${now.waitingFor}, closed_at = CASE WHEN ${now.closed} THEN coalesce(closed_at, clock_timestamp()) END
    WHERE id = ${order.id}`,
  )
  return order.version
}

/** Exactly what the statement above reads of a line. */
function countersOf(line: OrderLine) {
  const { id, cancelled, allocated, backordered, released, picked, shipped, delivered } = line
  const { dropShip, promiseOn, itemId, cancelledMinor, shippedMinor, lostMinor } = line
  const counters = { id, cancelled, allocated, backordered, released, picked, shipped, delivered }
  return { ...counters, dropShip, promiseOn, itemId, cancelledMinor, shippedMinor, lostMinor }
}

export interface NewHold {
  type: HoldType
  caseType: CaseType
  reason: string
  keepsStock: boolean
}

export async function insertHolds(
  tx: Tx,
  order: Pick<SalesOrder, 'id' | 'holds'>,
  holds: readonly NewHold[],
  actor: string,
): Promise<void> {
  for (const hold of holds) {
    const [row] = await tx<{ id: bigint }[]>`
      INSERT INTO order_hold (order_id, type, reason, keeps_stock, opened_by) VALUES (${order.id}, ${hold.type}, ${hold.reason}, ${hold.keepsStock}, ${actor})
      ON CONFLICT (order_id, type) WHERE released_at IS NULL DO NOTHING RETURNING id`
    if (row)
      order.holds.push({
        id: row.id,
        type: hold.type,
        firstReleaseBy: null,
        keepsStock: hold.keepsStock,
      })
  }
}

/** Releases one hold and keeps the others. */
export async function releaseHold(
  tx: Tx,
  order: Pick<SalesOrder, 'id' | 'holds'>,
  type: HoldType,
  actor: string,
  note: string,
): Promise<void> {
  await tx`UPDATE order_hold SET released_at = clock_timestamp(), released_by = ${actor}, release_note = ${note}
    WHERE order_id = ${order.id} AND type = ${type} AND released_at IS NULL`
  order.holds = order.holds.filter((hold) => hold.type !== type)
}

export interface PaymentEvent {
  paymentId: bigint
  key: string
  kind:
    | 'authorised'
    | 'reauthorised'
    | 'captured'
    | 'voided'
    | 'declined'
    | 'expired'
    | 'refund-granted'
    | 'refunded'
    | 'refund-failed'
    | 'refund-returned'
  amountMinor: bigint
  reference?: string | null
  effectKey?: string | null
  effectiveOn: string
  actor: string
}

/** Records a fact about a payment, once per key. False when it was known already. */
export async function recordPaymentEvent(tx: Tx, event: PaymentEvent): Promise<boolean> {
  const rows = await tx`
    INSERT INTO payment_event (payment_id, key, kind, amount_minor, reference, effect_key, effective_on, actor)
    VALUES (${event.paymentId}, ${event.key}, ${event.kind}, ${event.amountMinor}, ${event.reference ?? null}, ${event.effectKey ?? null}, ${event.effectiveOn}, ${event.actor})
    ON CONFLICT (key) DO NOTHING RETURNING id`
  return rows.length > 0
}

/** One more way of paying this order, after the others; the order knows it at once. */
export async function insertTender(
  tx: Tx,
  order: Pick<SalesOrder, 'id' | 'payments'>,
  tender: Pick<OrderPayment, 'kind' | 'provider' | 'reference' | 'dueMinor'> &
    Partial<Pick<OrderPayment, 'authorisedMinor' | 'expiresAt'>>,
): Promise<OrderPayment> {
  const seq = Math.max(0, ...order.payments.map((payment) => payment.seq)) + 1
  const { authorisedMinor = 0n, expiresAt = null } = tender
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO payment (order_id, seq, kind, provider, reference, due_minor, authorised_minor, expires_at)
    VALUES (${order.id}, ${seq}, ${tender.kind}, ${tender.provider}, ${tender.reference}, ${tender.dueMinor}, ${authorisedMinor}, ${expiresAt}) RETURNING id`
  const none = { capturedMinor: 0n, refundedMinor: 0n, refundPendingMinor: 0n }
  const undisputed = { disputedMinor: 0n, chargedBackMinor: 0n }
  const payment = {
    ...tender,
    ...none,
    ...undisputed,
    id: row!.id,
    seq,
    authorisedMinor,
    expiresAt,
  }
  order.payments.push(payment)
  return payment
}

export async function savePayment(tx: Tx, payment: OrderPayment): Promise<void> {
  await sendAlong(
    tx,
    tx`
    UPDATE payment SET reference = ${payment.reference}, authorised_minor = ${payment.authorisedMinor}, captured_minor = ${payment.capturedMinor},
      refunded_minor = ${payment.refundedMinor}, refund_pending_minor = ${payment.refundPendingMinor},
      disputed_minor = ${payment.disputedMinor}, charged_back_minor = ${payment.chargedBackMinor}, expires_at = ${payment.expiresAt}
    WHERE id = ${payment.id}`,
  )
}
