import type { Tx } from '#db/client'
import { jsonText, insertSet } from '#db/stores/row-sets'
import type { Catalogue, DemoItem } from './catalogue.ts'
import type { Loading } from './load.ts'

export async function loadCatalogue({ tx, catalogue }: Loading): Promise<string> {
  await insertSet(tx, 'item', catalogue.items.map(itemRow))
  await insertComponents(tx, catalogue)
  await insertSubstitutes(tx, catalogue)
  await insertListings(tx, catalogue)
  return `${catalogue.items.length} items, ${catalogue.listings.length} listings`
}

function itemRow(item: DemoItem): object {
  return {
    sku: item.sku,
    name: item.name,
    kind: item.kind,
    status: item.status,
    uom: 'EA',
    class: item.class,
    brand: item.brand,
    length_mm: item.lengthMm,
    width_mm: item.widthMm,
    height_mm: item.heightMm,
    weight_g: item.weightG,
    ship_alone: item.shipAlone,
    hazmat_class: item.hazmatClass,
    restricted_countries: item.restrictedCountries,
    minimum_age: item.minimumAge,
    hs_code: item.hsCode,
    origin: item.origin,
    tax_category: item.taxCategory,
    cost_method: item.costMethod,
    lot_policy: 'none',
    list_price_minor: item.listMinor,
    list_currency: 'USD',
    version: 1,
    recorded_at: new Date().toISOString(),
  }
}

async function insertComponents(tx: Tx, { items }: Catalogue): Promise<void> {
  const parts = items.flatMap(({ sku: kit, components }) =>
    components.map(({ sku, qty }) => ({ kit, sku, qty })),
  )
  await tx`
    INSERT INTO kit_component (kit_id, item_id, qty)
    SELECT k.id, i.id, p.qty FROM jsonb_to_recordset(${jsonText(parts)}::text::jsonb) AS p (kit text, sku text, qty bigint)
    JOIN item k ON k.sku = p.kit JOIN item i ON i.sku = p.sku
    ON CONFLICT DO NOTHING`
}

async function insertSubstitutes(tx: Tx, { substitutes }: Catalogue): Promise<void> {
  await tx`
    INSERT INTO item_substitute (item_id, substitute_id, rank, ratio)
    SELECT i.id, s.id, p.rank, p.ratio
    FROM jsonb_to_recordset(${jsonText(substitutes)}::text::jsonb) AS p (sku text, substitute text, rank int, ratio int)
    JOIN item i ON i.sku = p.sku JOIN item s ON s.sku = p.substitute
    ON CONFLICT DO NOTHING`
}

async function insertListings(tx: Tx, { listings }: Catalogue): Promise<void> {
  await tx`
    INSERT INTO listing (channel_id, external_id, item_id, pack_factor, buffer)
    SELECT c.id, p."externalId", i.id, p."packFactor", p.buffer
    FROM jsonb_to_recordset(${jsonText(listings)}::text::jsonb) AS p (channel text, "externalId" text, sku text, "packFactor" int, buffer bigint)
    JOIN channel c ON c.code = p.channel JOIN item i ON i.sku = p.sku
    ON CONFLICT DO NOTHING`
}
