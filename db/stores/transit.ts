import type { Tx } from '#db/client'
import { consumeLayers, type OpenLayer } from '#domain/valuation'
import type { CostUse } from './stock.ts'
import { json } from './records.ts'

/** The condition of goods between two sites of one company: at the sending site, and never for sale. */
export const IN_TRANSIT = 'in-transit'

export interface TransitUse {
  layerId: bigint
  qty: bigint
  valueMinor: bigint
}

interface Leaving {
  entityId: number
  siteId: number
  shippedOn: string
  /** Names the line whose goods these are: two transfers of one item never mix their costs. */
  sourceOf(use: CostUse): string
}

/** One layer on its way for each layer that was taken from, at exactly its cost. */
export async function layersInTransit(
  tx: Tx,
  { entityId, siteId, shippedOn, sourceOf }: Leaving,
  uses: readonly CostUse[],
): Promise<bigint[]> {
  const rows = await tx<{ id: bigint }[]>`
    INSERT INTO cost_layer (entity_id, item_id, site_id, condition, ranked_on, qty0, value0_minor, remaining_qty, remaining_minor, source_type, source_id)
    SELECT ${entityId}, "itemId", ${siteId}, ${IN_TRANSIT}, ${shippedOn}, qty, value, qty, value, 'transfer', source
    FROM jsonb_to_recordset(${json(
      tx,
      uses.map((use, nth) => ({
        nth,
        itemId: use.demand.itemId,
        qty: use.qty,
        value: use.valueMinor,
        source: sourceOf(use),
      })),
    )}) AS u (nth int, "itemId" int, qty bigint, value bigint, source text) ORDER BY nth RETURNING id`
  return rows.map((row) => row.id)
}

/**
 * Takes units that are on their way out of their own layers, the first sent first. The caller holds
 * the transfer's lock, which is what guards them.
 */
export async function consumeTransit(
  tx: Tx,
  {
    source,
    qty,
    causeId,
    effectiveOn,
  }: Record<'source' | 'causeId' | 'effectiveOn', string> & {
    qty: bigint
  },
): Promise<TransitUse[]> {
  if (qty === 0n) return []
  const layers = await tx<OpenLayer[]>`
    SELECT id AS "layerId", remaining_qty AS "remainingQty", remaining_minor AS "remainingMinor" FROM cost_layer
    WHERE source_type = 'transfer' AND source_id = ${source} AND condition = ${IN_TRANSIT} AND remaining_qty > 0 ORDER BY id`
  const uses = consumeLayers(layers, qty)
  await tx`
    INSERT INTO layer_consumption (layer_id, qty, value_minor, cause_type, cause_id, effective_on)
    SELECT "layerId", qty, "valueMinor", 'transfer', ${causeId}, ${effectiveOn}
    FROM jsonb_to_recordset(${json(tx, uses)}) AS u ("layerId" bigint, qty bigint, "valueMinor" bigint)`
  return uses
}

/** What is on its way for these lines is worth. */
export async function valueInTransit(tx: Tx, sources: readonly string[]): Promise<bigint> {
  const [row] = await tx<{ value: bigint }[]>`
    SELECT coalesce(sum(remaining_minor), 0)::bigint AS value FROM cost_layer
    WHERE source_type = 'transfer' AND source_id = ANY(${[...sources]}::text[]) AND condition = ${IN_TRANSIT}`
  return row!.value
}
