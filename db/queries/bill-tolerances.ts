import type { Reader } from '#db/client'
import { toleranceFor, type Tolerance, type ToleranceLevel } from '#domain/purchasing/bill-match'
import { billPolicyFor } from './bill-policy.ts'

/** By how much each item of a vendor's bill may exceed what is expected: the item's word, the vendor's, the entity's. */
export async function billTolerances(
  reader: Reader,
  { entity, supplierId }: { entity: string; supplierId: number },
): Promise<(itemId: number | null) => Tolerance> {
  const { body } = await billPolicyFor(reader, entity)
  const widest: Tolerance = {
    pricePpm: BigInt(body.pricePpm),
    priceMinor: BigInt(body.priceMinor),
    qtyPpm: BigInt(body.qtyPpm),
    qtyUnits: BigInt(body.qtyUnits),
  }
  const rows = await reader<
    {
      itemId: number | null
      pricePpm: number | null
      priceMinor: bigint | null
      qtyPpm: number | null
    }[]
  >`
    SELECT NULL::int AS "itemId", price_tolerance_ppm AS "pricePpm", price_tolerance_minor AS "priceMinor", qty_tolerance_ppm AS "qtyPpm" FROM supplier WHERE id = ${supplierId}
    UNION ALL SELECT item_id, price_tolerance_ppm, price_tolerance_minor, qty_tolerance_ppm FROM supplier_item WHERE supplier_id = ${supplierId}`
  const level = (itemId: number | null): ToleranceLevel | undefined => {
    const row = rows.find((each) => each.itemId === itemId)
    if (!row) return undefined
    const ppm = (value: number | null) => (value === null ? null : BigInt(value))
    // Whoever allows a share of the quantity allows all its units.
    const qtyUnits = row.qtyPpm === null ? null : 10n ** 12n
    return {
      pricePpm: ppm(row.pricePpm),
      priceMinor: row.priceMinor,
      qtyPpm: ppm(row.qtyPpm),
      qtyUnits,
    }
  }
  const vendor = level(null)
  return (itemId) =>
    toleranceFor({ item: itemId === null ? undefined : level(itemId), vendor, entity: widest })
}
