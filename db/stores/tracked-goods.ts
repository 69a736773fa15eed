import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'
import {
  lastsTooShort,
  lotsOfReceived,
  type LotUnits,
  type SaidLot,
  type TrackedItem,
} from '#domain/stock/lots'
import { json } from './records.ts'

/** A line of goods that come in, with what was said of its lots. */
export interface SaidLine extends SaidLot {
  itemId: number
  qty: bigint
  /** Names the line in the request, for a refusal. */
  field: string
}

export interface TrackedLine {
  item: TrackedItem
  lots: LotUnits[]
  /** Until when its lot lasts, where that is known. */
  expiresOn: string | null
}

/**
 * The lots of goods that come in, held against what their items ask for; lots that nobody knows
 * yet are registered.
 * @throws Refusal `LotRequired`, `ExpiryRequired`, `LotDateDiffers`, `SerialsRequired`
 */
export async function trackReceived(tx: Tx, lines: readonly SaidLine[]): Promise<TrackedLine[]> {
  const itemIds = lines.map((line) => line.itemId)
  const items = await tx<(TrackedItem & { id: number })[]>`
    SELECT id, sku, lot_policy AS "lotPolicy", min_shelf_life_days AS "minShelfLifeDays" FROM item WHERE id = ANY(${itemIds}::int[])`
  const known = await tx<{ itemId: number; lot: string; expiresOn: string | null }[]>`
    SELECT l.item_id AS "itemId", l.code AS lot, l.expires_on AS "expiresOn" FROM lot l
    WHERE (l.item_id, l.code) IN (SELECT * FROM unnest(${itemIds}::int[], ${lines.map((line) => line.lot ?? '')}::text[]))`
  const tracked = lines.map((line) => {
    const item = items.find(({ id }) => id === line.itemId)!
    const lot = known.find((row) => row.itemId === line.itemId && row.lot === line.lot)
    const knownExpiry = lot?.expiresOn ?? null
    const lots = lotsOfReceived(item, { ...line, knownExpiry }, line)
    return { item, lots, expiresOn: line.expiresOn ?? knownExpiry }
  })
  await registerLots(tx, lines, tracked)
  return tracked
}

async function registerLots(
  tx: Tx,
  lines: readonly SaidLine[],
  tracked: readonly TrackedLine[],
): Promise<void> {
  const rows = tracked.flatMap(({ lots, expiresOn }, n) =>
    lots.map(({ lot }) => ({ itemId: lines[n]!.itemId, lot, expiresOn })),
  )
  if (rows.length === 0) return
  await tx`
    INSERT INTO lot (item_id, code, expires_on)
    SELECT DISTINCT ON ("itemId", lot) "itemId", lot, "expiresOn" FROM jsonb_to_recordset(${json(tx, rows)}) AS l ("itemId" int, lot text, "expiresOn" date)
    ORDER BY "itemId", lot, "expiresOn" NULLS LAST
    ON CONFLICT (item_id, code) DO UPDATE SET expires_on = excluded.expires_on WHERE lot.expires_on IS NULL AND excluded.expires_on IS NOT NULL`
}

/** Units of a receipt line that have been neither judged nor sent back, by lot; none where it came without. */
export async function lotsInHand(
  tx: Tx,
  { receiptId, receiptLineNo }: { receiptId: bigint; receiptLineNo: number },
): Promise<LotUnits[]> {
  const rows = await tx<LotUnits[]>`
    SELECT g.lot, (g.qty - coalesce((
      SELECT sum(m.qty) FROM stock_movement m WHERE m.item_id = l.item_id AND m.from_lot = g.lot AND (
        m.cause_type = 'inspection' AND m.cause_id IN (SELECT id::text FROM goods_inspection WHERE receipt_id = g.receipt_id AND receipt_line_no = g.line_no)
        OR m.cause_type = 'vendor-return' AND m.cause_id IN (
          SELECT v.return_no || '/' || x.receipt_line_no FROM vendor_return_line x JOIN vendor_return v ON v.id = x.return_id
          WHERE x.receipt_id = g.receipt_id AND x.receipt_line_no = g.line_no))), 0))::bigint AS qty
    FROM goods_receipt_lot g JOIN goods_receipt_line l ON l.receipt_id = g.receipt_id AND l.line_no = g.line_no
    WHERE g.receipt_id = ${receiptId} AND g.line_no = ${receiptLineNo} ORDER BY g.lot`
  return rows.filter((row) => row.qty > 0n)
}

/**
 * As {@link trackReceived}, for goods that no purchase process looks after: what lasts too short is
 * received only where nobody sells it.
 * @throws Refusal `ShelfLifeShort`
 */
export async function trackDockLines(
  tx: Tx,
  lines: readonly (SaidLot & { receivedQty: string; condition?: string | undefined })[],
  { itemIds, receivedOn }: { itemIds: readonly number[]; receivedOn: string },
): Promise<LotUnits[][]> {
  const said = lines.map((line, n) => ({
    ...line,
    itemId: itemIds[n]!,
    qty: BigInt(line.receivedQty),
    field: `body.lines.${n}`,
  }))
  const tracked = await trackReceived(tx, said)
  for (const [n, { item, expiresOn }] of tracked.entries()) {
    const why = lastsTooShort(item, { expiresOn, receivedOn })
    if (why && (lines[n]!.condition ?? 'sellable') === 'sellable')
      throw new Refusal(
        'ShelfLifeShort',
        `${item.sku} ${why}. Receive it into quarantine, and decide there.`,
        { field: `body.lines.${n}.condition` },
      )
  }
  return tracked.map(({ lots }) => lots)
}
