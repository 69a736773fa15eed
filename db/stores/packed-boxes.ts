import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'

export interface LabelledBox {
  id: bigint
  weightG: number
  lengthMm: number
  widthMm: number
  heightMm: number
}

/**
 * The closed boxes that have no label yet, which are from now on labelled.
 * @throws Refusal `NothingPacked`.
 */
export async function labelBoxes(tx: Tx, fulfilmentId: bigint): Promise<LabelledBox[]> {
  const boxes = await tx<LabelledBox[]>`
    WITH labelled AS (UPDATE pack_box SET is_labelled = true
      WHERE fulfilment_id = ${fulfilmentId} AND closed_at IS NOT NULL AND NOT is_labelled AND shipped_as IS NULL RETURNING id, box_no, entity_id, package, weight_g)
    SELECT b.id, b.weight_g AS "weightG", p.length_mm AS "lengthMm", p.width_mm AS "widthMm", p.height_mm AS "heightMm"
    FROM labelled b JOIN package_type p ON p.entity_id = b.entity_id AND p.code = b.package ORDER BY b.box_no`
  if (boxes.length === 0) throw nothingPacked('has no label')
  return boxes
}

interface ShippedBoxes {
  lines: { orderLineId: string; qty: number }[]
  /** Which parcel holds what; nothing where a box has no label of its own. */
  held: { parcelId: bigint; lines: { orderLineId: string; qty: number }[] }[]
}

/**
 * What lies in the closed boxes that have not left; from now on they have, under this reference.
 * @throws Refusal `NothingPacked`.
 */
export async function shipBoxes(
  tx: Tx,
  fulfilmentId: bigint,
  reference: string,
): Promise<ShippedBoxes> {
  const boxes = await tx<{ parcelId: bigint | null; lines: ShippedBoxes['lines'] }[]>`
    WITH gone AS (UPDATE pack_box SET shipped_as = ${reference}
      WHERE fulfilment_id = ${fulfilmentId} AND closed_at IS NOT NULL AND shipped_as IS NULL RETURNING id, box_no, parcel_id)
    SELECT g.parcel_id AS "parcelId", jsonb_agg(jsonb_build_object('orderLineId', l.order_line_id::text, 'qty', l.qty) ORDER BY l.order_line_id) AS lines
    FROM gone g JOIN pack_line l ON l.box_id = g.id GROUP BY g.id, g.box_no, g.parcel_id ORDER BY g.box_no`
  if (boxes.length === 0) throw nothingPacked('has not left')
  const all = new Map<string, number>()
  for (const { orderLineId, qty } of boxes.flatMap((box) => box.lines))
    all.set(orderLineId, (all.get(orderLineId) ?? 0) + qty)
  const lines = [...all].map(([orderLineId, qty]) => ({ orderLineId, qty }))
  const held = boxes.flatMap(({ parcelId, lines: inside }) =>
    parcelId === null ? [] : [{ parcelId, lines: inside }],
  )
  return { lines, held: held.length === boxes.length ? held : [] }
}

/** The box goes as this parcel: what was scanned into it is what the parcel holds. */
export async function boxBecomesParcel(tx: Tx, boxId: bigint, parcelId: bigint): Promise<void> {
  await tx`UPDATE pack_box SET parcel_id = ${parcelId} WHERE id = ${boxId}`
}

function nothingPacked(what: string): Refusal {
  return new Refusal('NothingPacked', `No closed box ${what}. Pack and close one first.`)
}
