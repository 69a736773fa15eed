import type { Tx } from '#db/client'
import type { PinnedPurchasingPolicy } from '#db/queries/purchasing-policy'
import { Refusal } from '#domain/refusal'
import type { PurchaseLine } from '#domain/purchasing/order'
import { json } from './records.ts'

/** A purchase order under its lock, with its lines and the supplier as it is now. */
export interface PurchaseOrder {
  id: bigint
  poNumber: string
  entityId: number
  entity: string
  functionalCurrency: string
  timezone: string
  supplierId: number
  supplier: string
  party: string
  supplierName: string
  supplierState: string
  email: string | null
  ediId: string | null
  sendBy: 'mail' | 'edi'
  workflowId: string
  currency: string
  orderedOn: string
  termsDays: number
  incoterm: string | null
  note: string | null
  revision: number
  createdBy: string
  authors: string[]
  submittedRevision: number | null
  approvedRevision: number | null
  sentRevision: number | null
  acknowledgedRevision: number | null
  sentAt: string | null
  cancelledAt: string | null
  /** The sales order whose buyer the supplier ships to; null where goods come to us. */
  shipsToOrderId: bigint | null
  policies: { purchasing: PinnedPurchasingPolicy }
  version: number
  lines: PurchaseLine[]
}

/**
 * Locks the order and reads it.
 * @throws Refusal `StaleVersion` when somebody has changed it since the caller read it.
 */
export async function lockPurchase(
  tx: Tx,
  id: string | bigint,
  expectedVersion?: number,
): Promise<PurchaseOrder> {
  const [row] = await tx<Omit<PurchaseOrder, 'lines'>[]>`
    SELECT p.id, p.po_number AS "poNumber", p.entity_id AS "entityId", e.code AS entity, e.functional_currency AS "functionalCurrency", e.timezone,
      p.supplier_id AS "supplierId", s.code AS supplier, s.party, s.name AS "supplierName", s.state AS "supplierState", s.email, s.edi_id AS "ediId", s.send_by AS "sendBy",
      p.workflow_id AS "workflowId", p.currency, p.ordered_on AS "orderedOn", p.terms_days AS "termsDays", p.incoterm, p.note, p.revision, p.created_by AS "createdBy",
      p.authors, p.submitted_revision AS "submittedRevision", p.approved_revision AS "approvedRevision", p.sent_revision AS "sentRevision",
      p.acknowledged_revision AS "acknowledgedRevision", p.sent_at AS "sentAt", p.cancelled_at AS "cancelledAt", p.ships_to_order_id AS "shipsToOrderId", p.policies, p.version
    FROM purchase_order p JOIN entity e ON e.id = p.entity_id JOIN supplier s ON s.id = p.supplier_id WHERE p.id = ${BigInt(id)} FOR UPDATE OF p`
  if (!row) throw new Refusal('PurchaseNotFound', `There is no purchase order ${id}.`)
  if (expectedVersion !== undefined && expectedVersion !== row.version)
    throw new Refusal(
      'StaleVersion',
      `Purchase order ${row.poNumber} has version ${row.version}, not ${expectedVersion}: read it again.`,
      { version: row.version },
    )
  return { ...row, lines: await readLines(tx, row.id, row.policies.purchasing) }
}

async function readLines(
  tx: Tx,
  id: bigint,
  policy: PinnedPurchasingPolicy,
): Promise<PurchaseLine[]> {
  const { overReceiptPpm, underReceiptPpm } = policy.body
  return tx<PurchaseLine[]>`
    SELECT l.id, l.line_no AS "lineNo", l.item_id AS "itemId", i.sku, i.name AS title, l.site_id AS "siteId", w.code AS site, l.vendor_sku AS "vendorSku",
      l.unit_price_minor AS "unitPriceMinor", l.price_per AS "pricePer", l.landed_estimate_minor AS "landedEstimateMinor", l.needed_on AS "neededOn",
      l.promised_on AS "promisedOn", l.inspect, l.qty_ordered AS ordered, l.qty_acknowledged AS acknowledged, l.qty_received AS received,
      l.qty_inspected AS inspected, l.qty_rejected AS rejected, l.qty_replacing AS replacing, l.qty_cancelled AS cancelled, l.qty_open AS open, l.order_line_id AS "orderLineId",
      coalesce(si.over_receipt_ppm, s.over_receipt_ppm, ${overReceiptPpm}) AS "overPpm", coalesce(si.under_receipt_ppm, s.under_receipt_ppm, ${underReceiptPpm}) AS "underPpm"
    FROM purchase_order_line l JOIN item i ON i.id = l.item_id JOIN site w ON w.id = l.site_id JOIN purchase_order p ON p.id = l.purchase_order_id
    JOIN supplier s ON s.id = p.supplier_id LEFT JOIN supplier_item si ON si.supplier_id = s.id AND si.item_id = l.item_id
    WHERE l.purchase_order_id = ${id} ORDER BY l.line_no FOR UPDATE OF l`
}

export interface NewPurchaseLine {
  itemId: number
  siteId: number
  vendorSku: string | null
  unitPriceMinor: bigint
  pricePer: bigint
  landedEstimateMinor: bigint
  neededOn: string
  inspect: boolean
  qty: bigint
  /** Of the sales order that it ships to. */
  orderLineId: bigint | null
}

export interface NewPurchase {
  poNumber: string
  entityId: number
  supplierId: number
  workflowId: string
  currency: string
  orderedOn: string
  termsDays: number
  incoterm: string | null
  note: string | null
  actor: string
  shipsToOrderId: bigint | null
  policies: PurchaseOrder['policies']
  lines: readonly NewPurchaseLine[]
}

/** A draft; its first revision's author is whoever drafted it. */
export async function insertPurchase(tx: Tx, order: NewPurchase): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO purchase_order (po_number, entity_id, supplier_id, workflow_id, currency, ordered_on, terms_days, incoterm, note, created_by, authors, ships_to_order_id, policies)
    VALUES (${order.poNumber}, ${order.entityId}, ${order.supplierId}, ${order.workflowId}, ${order.currency}, ${order.orderedOn}, ${order.termsDays},
      ${order.incoterm}, ${order.note}, ${order.actor}, ${[order.actor]}, ${order.shipsToOrderId}, ${json(tx, order.policies)}) RETURNING id`
  await insertLines(tx, row!.id, order.lines)
  return row!.id
}

/** Lines of an order, numbered on from `last`. */
export async function insertLines(
  tx: Tx,
  id: bigint,
  lines: readonly NewPurchaseLine[],
  last = 0,
): Promise<void> {
  const rows = lines.map((line, n) => ({
    ...{ purchase_order_id: id, line_no: last + n + 1, item_id: line.itemId, site_id: line.siteId },
    ...{ vendor_sku: line.vendorSku, unit_price_minor: line.unitPriceMinor },
    ...{ price_per: line.pricePer, landed_estimate_minor: line.landedEstimateMinor },
    ...{ needed_on: line.neededOn, inspect: line.inspect, qty_ordered: line.qty },
    order_line_id: line.orderLineId,
  }))
  await tx`INSERT INTO purchase_order_line ${tx(rows)}`
}

/** Other lines and a new revision: whoever wrote it is one of its authors, and no approval holds for it. */
export async function rewritePurchase(
  tx: Tx,
  order: PurchaseOrder,
  change: { note: string | null; lines: readonly NewPurchaseLine[]; actor: string },
): Promise<void> {
  await tx`DELETE FROM purchase_order_line WHERE purchase_order_id = ${order.id}`
  await insertLines(tx, order.id, change.lines)
  await beginRevision(tx, order, change.actor)
  await tx`UPDATE purchase_order SET note = ${change.note} WHERE id = ${order.id}`
}

export async function beginRevision(tx: Tx, order: PurchaseOrder, actor: string): Promise<void> {
  const authors = [...new Set([...order.authors, actor])]
  await tx`UPDATE purchase_order SET revision = revision + 1, authors = ${authors} WHERE id = ${order.id}`
}

export interface PurchaseMark {
  submittedRevision?: number
  approvedRevision?: number
  sentRevision?: number
  acknowledgedRevision?: number
}

const MARKS: Record<keyof PurchaseMark, string> = {
  submittedRevision: 'submitted_revision',
  approvedRevision: 'approved_revision',
  sentRevision: 'sent_revision',
  acknowledgedRevision: 'acknowledged_revision',
}

/** How far a revision has come. */
export async function markPurchase(
  tx: Tx,
  order: PurchaseOrder,
  mark: PurchaseMark,
): Promise<void> {
  const row = Object.fromEntries(
    Object.entries(mark).map(([name, revision]) => [MARKS[name as keyof PurchaseMark], revision]),
  ) as Record<string, number>
  await tx`UPDATE purchase_order SET ${tx(row)} WHERE id = ${order.id}`
  if (mark.sentRevision !== undefined)
    await tx`UPDATE purchase_order SET sent_at = clock_timestamp() WHERE id = ${order.id}`
}

/** What a line's counters and terms become; only what is named changes. */
export async function changeLine(
  tx: Tx,
  lineId: bigint,
  change: {
    promisedOn?: string
    acknowledged?: bigint
    unitPriceMinor?: bigint
    pricePer?: bigint
    cancelled?: { qty: bigint; reason: string }
    replacing?: bigint
  },
): Promise<void> {
  const { promisedOn = null, acknowledged = null, unitPriceMinor = null, pricePer = null } = change
  await tx`
    UPDATE purchase_order_line SET promised_on = coalesce(${promisedOn}::date, promised_on), qty_acknowledged = coalesce(${acknowledged}, qty_acknowledged),
      unit_price_minor = coalesce(${unitPriceMinor}, unit_price_minor), price_per = coalesce(${pricePer}, price_per),
      qty_cancelled = qty_cancelled + ${change.cancelled?.qty ?? 0n}, cancel_reason = coalesce(${change.cancelled?.reason ?? null}, cancel_reason),
      qty_replacing = qty_replacing + ${change.replacing ?? 0n}
    WHERE id = ${lineId}`
}

/** What an item costs at a supplier for so many units today, and how it is bought there. */
export async function agreedTerms(
  tx: Tx,
  supplierId: number,
  itemId: number,
  ask: { qty: bigint; on: string },
): Promise<
  | {
      vendorSku: string
      moq: bigint
      multiple: bigint
      inspect: boolean
      priceMinor: bigint | null
      pricePer: bigint | null
    }
  | undefined
> {
  const [row] = await tx<
    {
      vendorSku: string
      moq: bigint
      multiple: bigint
      inspect: boolean
      priceMinor: bigint | null
      pricePer: bigint | null
    }[]
  >`
    SELECT si.vendor_sku AS "vendorSku", si.moq, si.multiple, si.inspect, p.price_minor AS "priceMinor", p.price_per AS "pricePer" FROM supplier_item si
    LEFT JOIN LATERAL (SELECT price_minor, price_per FROM supplier_price WHERE supplier_item_id = si.id AND min_qty <= ${ask.qty} AND valid_from <= ${ask.on}
      ORDER BY min_qty DESC, valid_from DESC, id DESC LIMIT 1) p ON true
    WHERE si.supplier_id = ${supplierId} AND si.item_id = ${itemId} AND si.status = 'active'`
  return row
}

/** What was paid for the item last in this currency, by the newest receipt of it. */
export async function lastPrices(
  tx: Tx,
  order: PurchaseOrder,
): Promise<Map<number, { unitPriceMinor: bigint; pricePer: bigint }>> {
  const rows = await tx<{ itemId: number; unitPriceMinor: bigint; pricePer: bigint }[]>`
    SELECT DISTINCT ON (l.item_id) l.item_id AS "itemId", l.unit_price_minor AS "unitPriceMinor", l.price_per AS "pricePer"
    FROM purchase_order_line l JOIN purchase_order p ON p.id = l.purchase_order_id
    WHERE p.entity_id = ${order.entityId} AND p.currency = ${order.currency} AND p.id <> ${order.id} AND l.qty_received > 0
      AND l.item_id = ANY(${order.lines.map((line) => line.itemId)}::int[])
    ORDER BY l.item_id, p.id DESC`
  return new Map(rows.map(({ itemId, ...price }) => [itemId, price]))
}
