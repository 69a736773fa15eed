import type { Tx } from '#db/client'
import { purchasingPolicyFor } from '#db/queries/purchasing-policy'
import { Refusal } from '#domain/refusal'
import { addToOutbox, json, recordAudit } from './records.ts'

/** What is bought of one supplier by one conversion. */
export interface OrderToDraft {
  entityId: number
  entity: string
  supplierId: number
  /** Business date of the company. */
  orderedOn: string
  /** Whoever converts, and whoever changed a quantity: they wrote the order. */
  authors: readonly string[]
  actor: string
  lines: readonly {
    proposalId: bigint
    itemId: number
    siteId: number
    qty: bigint
    neededOn: string
  }[]
}

/**
 * Drafts a purchase order from proposals, at the supplier's prices of the day, and answers its
 * number. The one place that replenishment writes purchase orders at: a process that begins from a
 * draft takes number, supplier and lines instead.
 * @throws Refusal `NoSupplierPrice`; `SupplierNotApproved`.
 */
export async function draftPurchaseOrder(tx: Tx, order: OrderToDraft): Promise<string> {
  const supplier = await approvedSupplier(tx, order.supplierId)
  const no = `RPL-${order.lines[0]!.proposalId}`
  const policy = await purchasingPolicyFor(tx, order.entity)
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO purchase_order (po_number, entity_id, supplier_id, workflow_id, currency, ordered_on, terms_days, incoterm, note, created_by, authors, policies)
    VALUES (${no}, ${order.entityId}, ${order.supplierId}, ${`procure-to-pay/${no}`}, ${supplier.currency}, ${order.orderedOn}, ${supplier.termsDays},
      ${supplier.incoterm}, 'from replenishment', ${order.actor}, ${[...new Set(order.authors)]}, ${json(tx, { purchasing: policy })}) RETURNING id`
  await insertLines(tx, row!.id, order)
  await recordAudit(tx, [
    {
      ...{ subjectType: 'purchase-order', subjectId: no, action: 'drafted', actor: order.actor },
      after: { proposals: order.lines.map((line) => line.proposalId), supplier: supplier.code },
    },
  ])
  return no
}

async function approvedSupplier(tx: Tx, id: number) {
  const [supplier] = await tx<
    { code: string; currency: string; termsDays: number; incoterm: string | null; state: string }[]
  >`
    SELECT code, currency, terms_days AS "termsDays", incoterm, state FROM supplier WHERE id = ${id} FOR SHARE`
  if (supplier?.state !== 'approved')
    throw new Refusal(
      'SupplierNotApproved',
      `Supplier ${supplier?.code ?? id} is ${supplier?.state ?? 'gone'}: run replenishment again, so that another one is proposed.`,
    )
  return supplier
}

async function insertLines(
  tx: Tx,
  orderId: bigint,
  { supplierId, lines, orderedOn }: OrderToDraft,
): Promise<void> {
  const rows = lines.map(({ neededOn, ...line }, n) => ({ ...line, neededOn, lineNo: n + 1 }))
  const added = await tx`
    INSERT INTO purchase_order_line (purchase_order_id, line_no, item_id, site_id, vendor_sku, unit_price_minor, price_per, needed_on, inspect, qty_ordered)
    SELECT ${orderId}, l."lineNo", l."itemId", l."siteId", i.vendor_sku, p.price_minor, p.price_per, l."neededOn", i.inspect, l.qty
    FROM jsonb_to_recordset(${json(tx, rows)}) AS l ("lineNo" int, "itemId" int, "siteId" int, "neededOn" date, qty bigint)
    JOIN supplier_item i ON i.supplier_id = ${supplierId} AND i.item_id = l."itemId" AND i.status = 'active'
    JOIN LATERAL (SELECT price_minor, price_per FROM supplier_price WHERE supplier_item_id = i.id AND valid_from <= ${orderedOn}
      ORDER BY (min_qty <= l.qty) DESC, CASE WHEN min_qty <= l.qty THEN min_qty ELSE -min_qty END DESC, valid_from DESC, id DESC LIMIT 1) p ON true
    RETURNING 1`
  if (added.length < lines.length)
    throw new Refusal(
      'NoSupplierPrice',
      'The supplier does not sell one of these items any more, or has no price for it: run replenishment again.',
    )
}

/**
 * Asks for a transfer in the shape that its process takes (`RequestedTransfer`), by the outbox topic
 * `transfer-wanted`. The one place that replenishment asks for transfers at.
 */
export async function askForTransfer(
  tx: Tx,
  wish: {
    proposalId: bigint
    from: string
    to: string
    sku: string
    qty: bigint
    dueOn: string
    actor: string
    reason: string
  },
): Promise<string> {
  const { proposalId, from, to, sku, qty, dueOn, actor, reason } = wish
  const transferNo = `RPL-${proposalId}`
  const body = { key: `replenishment/${proposalId}`, transferNo, from, to, dueOn, actor, reason }
  await addToOutbox(tx, [
    { topic: 'transfer-wanted', key: transferNo, body: { ...body, lines: [{ sku, qty }] } },
  ])
  return transferNo
}
