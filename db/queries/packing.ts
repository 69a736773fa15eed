import type { Reader } from '#db/client'
import type { LabelledBox } from '#domain/warehouse/box-label'
import type { PackageType, UnitsToPack } from '#domain/warehouse/cartonise'

export interface Box {
  boxNo: number
  package: string
  lengthMm: number
  widthMm: number
  heightMm: number
  expectedG: number | null
  weightG: number | null
  weightReason: string | null
  state: 'open' | 'closed'
  lines: { orderLineId: string; sku: string; qty: number }[]
}

/** The boxes of a fulfilment order that are open or closed. */
export async function boxesOf(reader: Reader, fulfilmentId: bigint): Promise<Box[]> {
  return reader<Box[]>`
    SELECT b.box_no AS "boxNo", b.package, p.length_mm AS "lengthMm", p.width_mm AS "widthMm", p.height_mm AS "heightMm", b.expected_g AS "expectedG", b.weight_g AS "weightG",
      b.weight_reason AS "weightReason", CASE WHEN b.closed_at IS NULL THEN 'open' ELSE 'closed' END AS state,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('orderLineId', l.order_line_id::text, 'sku', o.sku, 'qty', l.qty) ORDER BY l.order_line_id), '[]')
        FROM pack_line l JOIN sales_order_line o ON o.id = l.order_line_id WHERE l.box_id = b.id) AS lines
    FROM pack_box b JOIN package_type p ON p.entity_id = b.entity_id AND p.code = b.package WHERE b.fulfilment_id = ${fulfilmentId} ORDER BY b.box_no`
}

/** What a suggestion of boxes needs: the units that are to leave, and the boxes that there are. */
export async function toCartonise(
  reader: Reader,
  fulfilmentId: bigint,
): Promise<{ units: Nullable<UnitsToPack>[]; types: PackageType[] }> {
  const units = await reader<Nullable<UnitsToPack>[]>`
    SELECT f.order_line_id::text AS "orderLineId", i.sku, sum(f.qty - f.cancelled - f.shipped)::int AS qty, i.length_mm AS "lengthMm", i.width_mm AS "widthMm", i.height_mm AS "heightMm",
      i.weight_g AS "weightG", i.ship_alone AS "shipAlone"
    FROM fulfilment_line f JOIN item i ON i.id = f.item_id WHERE f.fulfilment_id = ${fulfilmentId} GROUP BY f.order_line_id, i.id HAVING sum(f.qty - f.cancelled - f.shipped) > 0 ORDER BY 1`
  const types = await reader<PackageType[]>`
    SELECT p.code, p.length_mm AS "lengthMm", p.width_mm AS "widthMm", p.height_mm AS "heightMm", p.tare_g AS "tareG", p.max_weight_g AS "maxWeightG"
    FROM package_type p JOIN site s ON s.entity_id = p.entity_id JOIN fulfilment_order f ON f.site_id = s.id WHERE f.id = ${fulfilmentId} AND p.status = 'active' ORDER BY p.code`
  return { units: [...units], types: [...types] }
}

/** Sizes and weights that nobody has given are null. */
type Nullable<Units> = {
  [Key in keyof Units]: Key extends `${string}Mm` | 'weightG' ? Units[Key] | null : Units[Key]
}

/** What the label of a box says; its prefix is null where the company has none. */
export async function boxToLabel(
  reader: Reader,
  fulfilmentId: bigint,
  boxNo: number,
): Promise<(Omit<LabelledBox, 'prefix'> & { prefix: string | null }) | undefined> {
  const [box] = await reader<(Omit<LabelledBox, 'prefix'> & { prefix: string | null })[]>`
    SELECT b.id, g.prefix, o.order_number AS "orderNumber", b.box_no AS "boxNo", b.weight_g AS "weightG"
    FROM pack_box b JOIN fulfilment_order f ON f.id = b.fulfilment_id JOIN sales_order o ON o.id = f.order_id LEFT JOIN gs1_prefix g ON g.entity_id = b.entity_id
    WHERE b.fulfilment_id = ${fulfilmentId} AND b.box_no = ${boxNo}`
  return box
}
