import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'

/** Whether a parcel has been told of before. */
export async function knownReceipt(tx: Tx, returnId: bigint, reference: string): Promise<boolean> {
  const rows = await tx`
    SELECT 1 FROM return_receipt WHERE return_id = ${returnId} AND reference = ${reference}`
  return rows.length > 0
}

export async function insertReturnReceipt(
  tx: Tx,
  parcel: { returnId: bigint; reference: string; siteId: number; on: string; actor: string },
): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO return_receipt (return_id, reference, site_id, received_on, actor)
    VALUES (${parcel.returnId}, ${parcel.reference}, ${parcel.siteId}, ${parcel.on}, ${parcel.actor}) RETURNING id`
  return row!.id
}

/** What came and nobody had announced; it is no stock of ours yet. */
export async function insertSurplus(
  tx: Tx,
  receiptId: bigint,
  { sku, qty, condition }: { sku: string; qty: number; condition: string },
): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO return_surplus (receipt_id, item_id, sku, qty, condition)
    VALUES (${receiptId}, (SELECT id FROM item WHERE sku = ${sku}), ${sku}, ${qty}, ${condition}) RETURNING id`
  return row!.id
}

export interface Surplus {
  id: bigint
  receiptId: bigint
  siteId: number
  receivedOn: string
  sku: string
  qty: number
  condition: string
}

/** What came unannounced on a return and nobody has decided on yet; one of them where it is named. */
export async function openSurplus(
  tx: Tx,
  returnId: bigint,
  id: bigint | null = null,
): Promise<Surplus[]> {
  return tx<Surplus[]>`
    SELECT s.id, s.receipt_id AS "receiptId", r.site_id AS "siteId", r.received_on AS "receivedOn", s.sku, s.qty, s.condition
    FROM return_surplus s JOIN return_receipt r ON r.id = s.receipt_id
    WHERE r.return_id = ${returnId} AND s.outcome IS NULL AND (${id}::bigint IS NULL OR s.id = ${id}) ORDER BY s.id`
}

export async function endSurplus(
  tx: Tx,
  ids: readonly bigint[],
  outcome: 'taken' | 'sent-back' | 'disposed',
): Promise<void> {
  await tx`UPDATE return_surplus SET outcome = ${outcome} WHERE id = ANY(${ids.map(String)}::bigint[])`
}

/** @throws Refusal `UnknownSite`. */
export async function siteNamed(tx: Tx, entityId: number, code: string): Promise<number> {
  const [row] = await tx<{ id: number }[]>`
    SELECT id FROM site WHERE entity_id = ${entityId} AND code = ${code} AND status = 'active'`
  if (!row)
    throw new Refusal('UnknownSite', `There is no active site ${code}. Name one that there is.`, {
      field: 'body.site',
    })
  return row.id
}
