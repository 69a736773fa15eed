import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'
import type { WarehouseDocument } from '#db/stores/warehouse-documents'

export interface OutsideWarehouse {
  siteId: number
  site: string
  entity: string
  ediId: string
  ourEdiId: string
  reasons: Record<string, string>
}

/** Sites that others run, by code. */
export async function listOutsideWarehouses(
  reader: Reader,
  ask: { scopes: Scopes; ediId?: string; siteId?: number },
): Promise<OutsideWarehouse[]> {
  return reader<OutsideWarehouse[]>`
    SELECT s.id AS "siteId", s.code AS site, e.code AS entity, w.edi_id AS "ediId", w.our_edi_id AS "ourEdiId", w.reasons
    FROM outside_warehouse w JOIN site s ON s.id = w.site_id JOIN entity e ON e.id = s.entity_id
    WHERE (${ask.ediId ?? null}::text IS NULL OR w.edi_id = ${ask.ediId ?? null}) AND (${ask.siteId ?? null}::int IS NULL OR w.site_id = ${ask.siteId ?? null})
      AND ${inReach(reader, ask.scopes)} ORDER BY s.code LIMIT 500`
}

export interface WarehouseDocumentRow {
  id: bigint
  site: string
  setType: string
  number: string
  outcome: string
  problem: { code: string; message: string } | null
  actor: string
  receivedAt: string
  settledAt: string | null
}

/** What warehouses have sent, the newest first. */
export async function listWarehouseDocuments(
  reader: Reader,
  ask: {
    scopes: Scopes
    before: bigint
    limit: number
    site?: string | undefined
    outcome?: string | undefined
  },
): Promise<WarehouseDocumentRow[]> {
  return reader<WarehouseDocumentRow[]>`
    SELECT d.id, s.code AS site, d.set_type AS "setType", d.number, d.outcome, d.problem, d.actor, d.received_at AS "receivedAt", d.settled_at AS "settledAt"
    FROM warehouse_document d JOIN site s ON s.id = d.site_id JOIN entity e ON e.id = s.entity_id
    WHERE d.id < ${ask.before} AND (${ask.site ?? null}::text IS NULL OR s.code = ${ask.site ?? null})
      AND (${ask.outcome ?? null}::text IS NULL OR d.outcome = ${ask.outcome ?? null}) AND ${inReach(reader, ask.scopes)}
    ORDER BY d.id DESC LIMIT ${ask.limit}`
}

export interface StockDifference {
  site: string
  sku: string
  condition: string
  asserted: bigint
  booked: bigint
  asOf: string
}

/** Where the newest snapshot of each site and the books of that instant differ. */
export async function listStockDifferences(
  reader: Reader,
  ask: { scopes: Scopes; site?: string | undefined },
): Promise<StockDifference[]> {
  return reader<StockDifference[]>`
    SELECT s.code AS site, i.sku, l.condition, l.asserted, l.booked, n.as_of AS "asOf"
    FROM outside_warehouse w JOIN site s ON s.id = w.site_id JOIN entity e ON e.id = s.entity_id
    CROSS JOIN LATERAL (SELECT id, as_of FROM warehouse_snapshot x WHERE x.site_id = w.site_id ORDER BY as_of DESC, id DESC LIMIT 1) n
    JOIN warehouse_snapshot_line l ON l.snapshot_id = n.id AND l.asserted <> l.booked JOIN item i ON i.id = l.item_id
    WHERE (${ask.site ?? null}::text IS NULL OR s.code = ${ask.site ?? null}) AND ${inReach(reader, ask.scopes)}
    ORDER BY 1, 2, 3 LIMIT 2000`
}

function inReach(reader: Reader, { entities, sites }: Scopes) {
  return reader`(${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[])) AND (${sites === null} OR s.code = ANY(${[...(sites ?? [])]}::text[]))`
}

/** A document with all that it says; undefined when there is none. */
export async function readWarehouseDocument(
  reader: Reader,
  id: bigint,
): Promise<WarehouseDocument | undefined> {
  const [row] = await reader<WarehouseDocument[]>`
    SELECT id, site_id AS "siteId", set_type AS "setType", number, segments, content_hash AS "contentHash", outcome
    FROM warehouse_document WHERE id = ${id}`
  return row
}
