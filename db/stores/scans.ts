import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'
import { gtin14, hasCheckDigit, readElements, type Gs1Elements } from '#domain/warehouse/gs1'

export interface ScannedItem {
  itemId: number
  sku: string
  name: string
  /** Units that one such code stands for. */
  units: number
  lot?: string
}

/**
 * The item that was scanned: by SKU, by GTIN, or by a GS1 element string, which may name its lot.
 * @param today decides the century of a date in it
 * @throws Refusal `ScanUnreadable` where nothing of ours is called so.
 */
export async function readScan(tx: Tx, scan: string, today: string): Promise<ScannedItem> {
  const [bySku] = await tx<ScannedItem[]>`
    SELECT id AS "itemId", sku, name, 1 AS units FROM item WHERE sku = ${scan}`
  if (bySku) return bySku
  const said: Gs1Elements = hasCheckDigit(scan)
    ? { gtin: gtin14(scan) }
    : readElements(scan, Number(today.slice(0, 4)))
  const [byGtin] = await tx<ScannedItem[]>`
    SELECT i.id AS "itemId", i.sku, i.name, g.units FROM item_gtin g JOIN item i ON i.id = g.item_id WHERE g.gtin = ${said.gtin ?? said.contentGtin ?? ''}`
  if (!byGtin)
    throw new Refusal(
      'ScanUnreadable',
      'No item of ours has this code. Type the SKU, and give the item its GTIN.',
    )
  return { ...byGtin, ...(said.lot === undefined ? {} : { lot: said.lot }) }
}

/** @throws Refusal `WrongItemScanned`, `WrongLotScanned`, `ScanUnreadable`. */
export async function requireScannedItem(
  tx: Tx,
  wanted: { itemId: number; sku: string; name: string; lot: string },
  scan: string,
  today: string,
): Promise<void> {
  const scanned = await readScan(tx, scan, today)
  if (scanned.itemId !== wanted.itemId)
    throw new Refusal(
      'WrongItemScanned',
      `${scanned.sku} (${scanned.name}) was scanned, ${wanted.sku} (${wanted.name}) was meant. Put it back and take the other.`,
    )
  if (scanned.lot !== undefined && scanned.lot !== wanted.lot)
    throw new Refusal(
      'WrongLotScanned',
      `Lot ${scanned.lot} was scanned, ${wanted.lot === '' ? 'units without a lot were' : `lot ${wanted.lot} was`} meant. Take that one, it expires first.`,
    )
}

/** Gives an item a GTIN, or moves it to another; one scan of it stands for `units`. */
export async function saveGtin(
  tx: Tx,
  itemId: number,
  gtin: string,
  units: number,
): Promise<{ sku: string; units: number } | null> {
  if (!hasCheckDigit(gtin) || gtin.length > 14)
    throw new Refusal('GtinInvalid', `${gtin} is no GTIN: its last digit must be right. Scan it.`, {
      field: 'params.gtin',
    })
  const [before] = await tx<{ sku: string; units: number }[]>`
    SELECT i.sku, g.units FROM item_gtin g JOIN item i ON i.id = g.item_id WHERE g.gtin = ${gtin14(gtin)} FOR UPDATE OF g`
  await tx`
    INSERT INTO item_gtin (gtin, item_id, units) VALUES (${gtin14(gtin)}, ${itemId}, ${units})
    ON CONFLICT (gtin) DO UPDATE SET item_id = excluded.item_id, units = excluded.units`
  return before ?? null
}
