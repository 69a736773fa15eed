import type { Reader } from '#db/client'
import type { OrderLineDocument } from '#domain/orders/document'

/** What a channel's line turned out to be. */
export interface FoundItem {
  itemId: number
  sku: string
  kind: 'stock' | 'kit' | 'service' | 'gift-card'
  status: string
  missing: string[]
  restrictedCountries: string[]
  minimumAge: number | null
  hazmatClass: string | null
  listPriceMinor: bigint | null
  listCurrency: string | null
  packFactor: number
  components: { itemId: number; qty: number; listPriceMinor: string | null }[]
}

export type ItemUnderReview = Omit<FoundItem, 'kind' | 'packFactor' | 'components'>

/** What the rules of validation ask about these items. */
export async function itemsUnderReview(
  reader: Reader,
  itemIds: readonly number[],
): Promise<ItemUnderReview[]> {
  if (itemIds.length === 0) return []
  return reader<ItemUnderReview[]>`
    SELECT i.id AS "itemId", i.sku, i.status, item_missing_fields(i) AS missing, i.restricted_countries AS "restrictedCountries",
      i.minimum_age AS "minimumAge", i.hazmat_class AS "hazmatClass", i.list_price_minor AS "listPriceMinor", i.list_currency AS "listCurrency"
    FROM item i WHERE i.id = ANY(${[...itemIds]}::int[])`
}

/** Finds each line's item: by the channel's listing id, by a listing of that SKU, or by the SKU itself. */
export async function findItems(
  reader: Reader,
  channelId: number,
  lines: readonly Pick<OrderLineDocument, 'externalListingId' | 'sku'>[],
): Promise<(FoundItem | null)[]> {
  const wanted = lines.map((line, n) => ({ n, listing: line.externalListingId, sku: line.sku }))
  // Asked for as JSON, whose length no plan is made for: arrays would be planned anew each time.
  const rows = await reader<(FoundItem & { n: number })[]>`
    SELECT w.n, i.id AS "itemId", i.sku, i.kind, i.status, (SELECT item_missing_fields(x) FROM item x WHERE x.id = i.id) AS missing, i.restricted_countries AS "restrictedCountries",
      i.minimum_age AS "minimumAge", i.hazmat_class AS "hazmatClass", i.list_price_minor AS "listPriceMinor", i.list_currency AS "listCurrency",
      coalesce(l.pack_factor, 1) AS "packFactor",
      CASE WHEN i.kind = 'kit' THEN (SELECT coalesce(jsonb_agg(jsonb_build_object('itemId', k.item_id, 'qty', k.qty, 'listPriceMinor', c.list_price_minor::text) ORDER BY k.item_id), '[]')
        FROM kit_component k JOIN item c ON c.id = k.item_id WHERE k.kit_id = i.id) ELSE '[]' END AS components
    FROM jsonb_to_recordset(${JSON.stringify(wanted)}::text::jsonb) AS w (n int, listing text, sku text)
    LEFT JOIN LATERAL (SELECT item_id, pack_factor FROM listing l WHERE l.channel_id = ${channelId} AND l.external_id IN (w.listing, w.sku)
      ORDER BY (l.external_id = w.listing) DESC LIMIT 1) l ON true
    CROSS JOIN LATERAL (
      SELECT * FROM item WHERE id = l.item_id UNION ALL SELECT * FROM item WHERE l.item_id IS NULL AND sku = w.sku) i`
  const found = new Map(rows.map(({ n, ...item }) => [n, item]))
  return lines.map((_, n) => found.get(n) ?? null)
}
