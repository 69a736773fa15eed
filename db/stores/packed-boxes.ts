import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'

/**
 * The closed boxes that have no label yet, which are from now on labelled.
 * @throws Refusal `NothingPacked`.
 */
export async function labelBoxes(
  tx: Tx,
  fulfilmentId: bigint,
): Promise<{ weightG: number; lengthMm: number; widthMm: number; heightMm: number }[]> {
  const boxes = await tx<
    { weightG: number; lengthMm: number; widthMm: number; heightMm: number }[]
  >`
    WITH labelled AS (UPDATE pack_box SET is_labelled = true
      WHERE fulfilment_id = ${fulfilmentId} AND closed_at IS NOT NULL AND NOT is_labelled AND shipped_as IS NULL RETURNING box_no, entity_id, package, weight_g)
    SELECT b.weight_g AS "weightG", p.length_mm AS "lengthMm", p.width_mm AS "widthMm", p.height_mm AS "heightMm"
    FROM labelled b JOIN package_type p ON p.entity_id = b.entity_id AND p.code = b.package ORDER BY b.box_no`
  if (boxes.length === 0) throw nothingPacked('has no label')
  return boxes
}

/**
 * What lies in the closed boxes that have not left; from now on they have, under this reference.
 * @throws Refusal `NothingPacked`.
 */
export async function shipBoxes(
  tx: Tx,
  fulfilmentId: bigint,
  reference: string,
): Promise<{ orderLineId: string; qty: number }[]> {
  const lines = await tx<{ orderLineId: string; qty: number }[]>`
    WITH gone AS (UPDATE pack_box SET shipped_as = ${reference}
      WHERE fulfilment_id = ${fulfilmentId} AND closed_at IS NOT NULL AND shipped_as IS NULL RETURNING id)
    SELECT l.order_line_id::text AS "orderLineId", sum(l.qty)::int AS qty FROM gone b JOIN pack_line l ON l.box_id = b.id GROUP BY 1 ORDER BY 1`
  if (lines.length === 0) throw nothingPacked('has not left')
  return lines
}

function nothingPacked(what: string): Refusal {
  return new Refusal('NothingPacked', `No closed box ${what}. Pack and close one first.`)
}
