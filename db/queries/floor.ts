import type { Reader } from '#db/client'
import type { PackageType } from '#domain/warehouse/cartonise'

export interface GtinRow {
  /** 14 digits. */
  gtin: string
  sku: string
  name: string
  /** Units that one such code stands for. */
  units: number
}

/** The GTINs of these items, and what these GTINs (14 digits) are. */
export async function gtinsOf(
  reader: Reader,
  asked: { skus: readonly string[]; gtins: readonly string[] },
): Promise<GtinRow[]> {
  return reader<GtinRow[]>`
    SELECT g.gtin, i.sku, i.name, g.units FROM item_gtin g JOIN item i ON i.id = g.item_id
    WHERE g.item_id = ANY(ARRAY(SELECT id FROM item WHERE sku = ANY(${[...asked.skus]}::text[]))) OR g.gtin = ANY(${[...asked.gtins]}::text[])
    ORDER BY g.gtin`
}

/** The boxes that a site may pack into. */
export async function packageTypesAt(reader: Reader, site: string): Promise<PackageType[]> {
  return reader<PackageType[]>`
    SELECT p.code, p.length_mm AS "lengthMm", p.width_mm AS "widthMm", p.height_mm AS "heightMm", p.tare_g AS "tareG", p.max_weight_g AS "maxWeightG"
    FROM package_type p JOIN site s ON s.entity_id = p.entity_id WHERE s.code = ${site} AND p.status = 'active' ORDER BY p.code`
}
