import type {
  PastItem,
  PastPurchase,
  PastPurchaseLine,
  PastSupplier,
  PastTerms,
} from '#domain/purchasing/past-purchase'
import type { Tx } from '#db/client'
import { recordAudit } from './records.ts'
import { insertSet, jsonText } from './row-sets.ts'

export interface PastMasters {
  entityId: number
  suppliers: readonly PastSupplier[]
  items: readonly PastItem[]
  terms: readonly PastTerms[]
  actor: string
}

/**
 * Suppliers that nobody has approved, items as drafts, and what suppliers ask for them. What is
 * there already is left as it is.
 */
export async function insertPastMasters(
  tx: Tx,
  masters: PastMasters,
): Promise<{ suppliers: number; items: number; terms: number }> {
  const suppliers = await proposeSuppliers(tx, masters)
  const items = await insertSet(
    tx,
    'item',
    masters.items.map((item) => ({ ...item, kind: 'stock', status: 'draft', class: 'imported' })),
  )
  return { suppliers, items, terms: await insertTerms(tx, masters) }
}

const REASON = 'its purchases were imported'
/** As ISO 3166 keeps it free: the files do not tell where a supplier sits. */
const UNKNOWN_COUNTRY = 'ZZ'

/** Each waits for somebody to approve it, as one that a person proposes does (GOV-17). */
async function proposeSuppliers(
  tx: Tx,
  { entityId, suppliers, actor }: PastMasters,
): Promise<number> {
  const added = await tx<{ id: number; code: string }[]>`
    INSERT INTO supplier (entity_id, code, name, country, currency, standing, created_by)
    SELECT ${entityId}::int, code, name, ${UNKNOWN_COUNTRY}, currency, standing, ${actor}
    FROM jsonb_to_recordset(${jsonText(suppliers)}::text::jsonb) AS s (code text, name text, currency text, standing text)
    ORDER BY code ON CONFLICT (code) DO NOTHING RETURNING id, code`
  const fresh = added.map(({ id }) => id)
  await tx`
    INSERT INTO supplier_change (supplier_id, kind, based_on, body, duplicates, reason, requested_by)
    SELECT s.id, 'create', 1, jsonb_build_object('name', s.name, 'country', s.country, 'currency', s.currency, 'standing', s.standing),
      (SELECT coalesce(jsonb_agg(jsonb_build_object('supplier', o.code, 'by', 'name') ORDER BY o.code), '[]') FROM supplier o
       WHERE o.id <> s.id AND o.state <> 'rejected' AND supplier_name_key(o.name) = supplier_name_key(s.name)), ${REASON}, ${actor}
    FROM supplier s WHERE s.id = ANY (${fresh}::int[]) ORDER BY s.id`
  const about = { subjectType: 'supplier', action: 'create-proposed', reason: REASON, actor }
  const origins = new Map(suppliers.map(({ code, origin }) => [code, origin]))
  await recordAudit(
    tx,
    added.map(({ code }) => ({ ...about, subjectId: code, after: { origin: origins.get(code) } })),
  )
  return added.length
}

/** A supplier that has ended is not bought from again without anybody saying so. */
async function insertTerms(tx: Tx, { suppliers, terms, actor }: PastMasters): Promise<number> {
  if (terms.length === 0) return 0
  const ended = new Set(suppliers.filter((one) => one.ended).map(({ code }) => code))
  const rows = terms.map(({ price, ...rest }) => ({
    ...rest,
    ...price,
    status: ended.has(rest.supplier) ? 'paused' : 'active',
  }))
  const added = await tx`
    WITH told AS (
      SELECT s.id AS supplier_id, i.id AS item_id, t.* FROM jsonb_to_recordset(${jsonText(rows)}::text::jsonb)
        AS t (supplier text, sku text, "vendorSku" text, moq bigint, "leadTimeDays" int, status text, "priceMinor" bigint, "pricePer" bigint, "validFrom" date)
      JOIN supplier s ON s.code = t.supplier JOIN item i ON i.sku = t.sku
    ), fresh AS (
      INSERT INTO supplier_item (supplier_id, item_id, vendor_sku, moq, lead_time_days, status)
      SELECT supplier_id, item_id, "vendorSku", moq, "leadTimeDays", status FROM told ORDER BY supplier_id, item_id
      ON CONFLICT (supplier_id, item_id) DO NOTHING RETURNING id, supplier_id, item_id
    )
    INSERT INTO supplier_price (supplier_item_id, price_minor, price_per, valid_from, actor)
    SELECT f.id, t."priceMinor", t."pricePer", t."validFrom", ${actor} FROM fresh f JOIN told t USING (supplier_id, item_id) RETURNING 1`
  return added.length
}

/** A purchase, and the hash of all that was told of it, wherever in whatever file it stands. */
export type HashedPurchase = PastPurchase & { contentHash: string }

export interface PastPurchases {
  entityId: number
  source: string
  purchases: readonly HashedPurchase[]
  actor: string
}

/** By external id and supplier, as {@link purchaseKey} writes them. */
export interface TakenPurchases {
  added: string[]
  /** Told otherwise than before; the first telling stays. */
  changed: string[]
  /** Of a supplier that lies in another company, or an item that is none. */
  unknown: string[]
}

export function purchaseKey({
  supplier,
  externalId,
}: Pick<PastPurchase, 'supplier' | 'externalId'>): string {
  return `${supplier}/${externalId}`
}

/** Purchases that are over, whole or not at all; a known one is left as it is. */
export async function insertPastPurchases(tx: Tx, past: PastPurchases): Promise<TakenPurchases> {
  const { entityId, source, purchases, actor } = past
  const suppliers = await idsOf(tx, entityId, purchases)
  const items = await itemIds(tx, purchases)
  const isKnown = ({ supplier, lines }: PastPurchase) =>
    suppliers.has(supplier) && lines.every(({ sku }) => items.has(sku))
  const sound = purchases.filter(isKnown)
  const rows = sound.map((one) => purchaseRow(one, suppliers.get(one.supplier)!))
  const added = await tx<{ id: bigint; key: string }[]>`
    INSERT INTO purchase_history (entity_id, supplier_id, source, external_id, state, status, currency, goods_minor, tax_minor, freight_minor,
      insurance_minor, total_minor, content_hash, origin, actor)
    SELECT ${entityId}::int, supplier_id, ${source}, external_id, state, status, currency, goods_minor, tax_minor, freight_minor,
      insurance_minor, total_minor, content_hash, origin, ${actor}
    FROM jsonb_populate_recordset(NULL::purchase_history, ${jsonText(rows)}::text::jsonb)
    ORDER BY supplier_id, external_id ON CONFLICT (supplier_id, source, external_id) DO NOTHING
    RETURNING id, (SELECT code FROM supplier s WHERE s.id = supplier_id) || '/' || external_id AS key`
  const ids = new Map(added.map(({ key, id }) => [key, id]))
  await insertLines(tx, sound, ids, items)
  return {
    added: [...ids.keys()],
    changed: await changedOnes(tx, source, rows),
    unknown: purchases.filter((one) => !isKnown(one)).map(purchaseKey),
  }
}

async function idsOf(
  tx: Tx,
  entityId: number,
  purchases: readonly PastPurchase[],
): Promise<Map<string, number>> {
  const codes = [...new Set(purchases.map(({ supplier }) => supplier))]
  const rows = await tx<{ id: number; code: string }[]>`
    SELECT id, code FROM supplier WHERE entity_id = ${entityId} AND code = ANY (${codes}::text[])`
  return new Map(rows.map(({ id, code }) => [code, id]))
}

async function itemIds(tx: Tx, purchases: readonly PastPurchase[]): Promise<Map<string, number>> {
  const skus = [...new Set(purchases.flatMap(({ lines }) => lines.map(({ sku }) => sku)))]
  const rows = await tx<{ id: number; sku: string }[]>`
    SELECT id, sku FROM item WHERE sku = ANY (${skus}::text[])`
  return new Map(rows.map(({ id, sku }) => [sku, id]))
}

function purchaseRow(purchase: HashedPurchase, supplierId: number) {
  return {
    supplier_id: supplierId,
    external_id: purchase.externalId,
    state: purchase.state,
    status: purchase.status,
    currency: purchase.currency,
    goods_minor: purchase.goodsMinor,
    tax_minor: purchase.taxMinor,
    freight_minor: purchase.freightMinor,
    insurance_minor: purchase.insuranceMinor,
    total_minor: purchase.totalMinor,
    content_hash: purchase.contentHash,
    origin: purchase.origin,
  }
}

async function insertLines(
  tx: Tx,
  purchases: readonly PastPurchase[],
  ids: ReadonlyMap<string, bigint>,
  items: ReadonlyMap<string, number>,
): Promise<void> {
  const rows = purchases.flatMap((purchase) => {
    const id = ids.get(purchaseKey(purchase))
    if (id === undefined) return []
    return purchase.lines.map((line, n) => lineRow(line, n, id, items.get(line.sku)!))
  })
  if (rows.length === 0) return
  const columns = tx(Object.keys(rows[0]!))
  await tx`
    INSERT INTO purchase_history_line (${columns})
    SELECT ${columns} FROM jsonb_populate_recordset(NULL::purchase_history_line, ${jsonText(rows)}::text::jsonb) ORDER BY purchase_id, line_no`
}

function lineRow(line: PastPurchaseLine, n: number, purchaseId: bigint, itemId: number) {
  return {
    purchase_id: purchaseId,
    line_no: n + 1,
    external_line_id: line.externalLineId,
    item_id: itemId,
    ordered_on: line.orderedOn,
    ordered_gap: line.orderedGap,
    promised_on: line.promisedOn,
    received_on: line.receivedOn,
    qty_ordered: line.qtyOrdered,
    qty_received: line.qtyReceived,
    qty_rejected: line.qtyRejected,
    agreed_minor: line.agreed?.priceMinor ?? null,
    agreed_per: line.agreed?.pricePer ?? null,
    goods_minor: line.goodsMinor,
    freight_minor: line.freightMinor,
    freight_terms: line.freightTerms,
    insurance_minor: line.insuranceMinor,
    incoterm: line.incoterm,
    mode: line.mode,
    shipment_no: line.shipmentNo,
    origin: line.origin,
  }
}

async function changedOnes(tx: Tx, source: string, rows: readonly object[]): Promise<string[]> {
  const changed = await tx<{ key: string }[]>`
    SELECT s.code || '/' || p.external_id AS key FROM jsonb_to_recordset(${jsonText(rows)}::text::jsonb) AS told (supplier_id int, external_id text, content_hash text)
    JOIN purchase_history p ON p.supplier_id = told.supplier_id AND p.source = ${source} AND p.external_id = told.external_id
    JOIN supplier s ON s.id = p.supplier_id WHERE p.content_hash <> told.content_hash`
  return changed.map(({ key }) => key)
}
