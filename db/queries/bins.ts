import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

export interface BinRow {
  code: string
  zone: string
  kind: string
  capacity: bigint | null
  pickSeq: number
  mixesItems: boolean
  allocatable: boolean
  status: string
  units: bigint
}

/** The bins of a site in pick order, with the units that lie in each. */
export async function listBins(
  reader: Reader,
  ask: { site: string; after: string; limit: number },
): Promise<BinRow[]> {
  return reader<BinRow[]>`
    SELECT b.code, b.zone, b.kind, b.capacity, b.pick_seq AS "pickSeq", b.mixes_items AS "mixesItems", b.allocatable, b.status,
      coalesce((SELECT sum(q.qty) FROM stock_quant q WHERE q.site_id = b.site_id AND q.bin = b.code), 0)::bigint AS units
    FROM bin b JOIN site s ON s.id = b.site_id WHERE s.code = ${ask.site} AND b.code > ${ask.after} ORDER BY b.code LIMIT ${ask.limit}`
}

/** Bins of a site with room for units of an item, the best first: where it lies already, then in pick order. */
export async function putAwayBins(
  reader: Reader,
  ask: { site: string; sku: string; qty: bigint },
): Promise<{ code: string; zone: string; room: bigint | null; holdsItem: boolean }[]> {
  return reader<{ code: string; zone: string; room: bigint | null; holdsItem: boolean }[]>`
    SELECT b.code, b.zone, b.capacity - h.units AS room, h.mine > 0 AS "holdsItem" FROM bin b JOIN site s ON s.id = b.site_id JOIN item i ON i.sku = ${ask.sku}
    CROSS JOIN LATERAL (SELECT coalesce(sum(qty), 0)::bigint AS units, coalesce(sum(qty) FILTER (WHERE q.item_id = i.id), 0)::bigint AS mine FROM stock_quant q
      WHERE q.site_id = b.site_id AND q.bin = b.code AND q.qty > 0) h
    WHERE s.code = ${ask.site} AND b.status = 'active' AND b.allocatable AND b.kind IN ('pick', 'bulk') AND (b.capacity IS NULL OR b.capacity - h.units >= ${ask.qty})
      AND (b.mixes_items OR h.units = h.mine)
    ORDER BY h.mine > 0 DESC, b.kind = 'pick' DESC, b.pick_seq, b.code LIMIT 20`
}

export interface LotRow {
  sku: string
  lot: string
  expiresOn: string | null
  status: string
  reason: string | null
  units: bigint
}

/** Lots of an item, the first to expire first, with the units of them in the caller's reach. */
export async function listLots(
  reader: Reader,
  sku: string,
  { sites, entities }: Scopes,
): Promise<LotRow[]> {
  return reader<LotRow[]>`
    SELECT i.sku, l.code AS lot, l.expires_on AS "expiresOn", l.status, l.reason,
      coalesce((SELECT sum(q.qty) FROM stock_quant q JOIN site s ON s.id = q.site_id JOIN entity e ON e.id = s.entity_id WHERE q.item_id = l.item_id AND q.lot = l.code
        AND (${sites === null} OR s.code = ANY(${[...(sites ?? [])]}::text[])) AND (${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[]))), 0)::bigint AS units
    FROM lot l JOIN item i ON i.id = l.item_id WHERE i.sku = ${sku} ORDER BY l.expires_on NULLS LAST, l.code LIMIT 1000`
}
