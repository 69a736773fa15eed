import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'
import { addToOutbox } from './records.ts'

/** What is bought of one supplier by one conversion. */
export interface OrderToDraft {
  supplierId: number
  /** Business date of the company. */
  orderedOn: string
  /** Whoever converts writes the order. */
  actor: string
  lines: readonly {
    proposalId: bigint
    itemId: number
    sku: string
    site: string
    qty: bigint
    neededOn: string
  }[]
}

/**
 * Asks for a purchase order in the shape that its process begins with (`ProcureToPayStart`), by the
 * outbox topic `purchase-wanted`, and answers its number. The process takes the prices of its day.
 * @throws Refusal `NoSupplierPrice`; `SupplierNotApproved`.
 */
export async function askForPurchase(tx: Tx, order: OrderToDraft): Promise<string> {
  const supplier = await approvedSupplier(tx, order)
  const no = `RPL-${order.lines[0]!.proposalId}`
  const lines = order.lines.map(({ sku, site, qty, neededOn }) => ({ sku, site, qty, neededOn }))
  const draft = { supplier, note: 'from replenishment', lines }
  await addToOutbox(tx, [
    { topic: 'purchase-wanted', key: no, body: { poNumber: no, draft, actor: order.actor } },
  ])
  return no
}

/** The code of the supplier, when it may be ordered from and sells all of it at a price. */
async function approvedSupplier(
  tx: Tx,
  { supplierId, orderedOn, lines }: OrderToDraft,
): Promise<string> {
  const [supplier] = await tx<{ code: string; state: string; sold: number }[]>`
    SELECT code, state, (SELECT count(*)::int FROM supplier_item i WHERE i.supplier_id = s.id AND i.status = 'active'
      AND i.item_id = ANY(${lines.map((line) => line.itemId)}::int[])
      AND EXISTS (SELECT FROM supplier_price p WHERE p.supplier_item_id = i.id AND p.valid_from <= ${orderedOn})) AS sold
    FROM supplier s WHERE id = ${supplierId}`
  const { code, state, sold } = supplier!
  if (state !== 'approved')
    throw new Refusal(
      'SupplierNotApproved',
      `Supplier ${code} is ${state}: run replenishment again, so that another one is proposed.`,
    )
  if (sold < new Set(lines.map((line) => line.itemId)).size)
    throw new Refusal(
      'NoSupplierPrice',
      `${code} does not sell one of these items any more, or has no price for it: run replenishment again.`,
    )
  return code
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
