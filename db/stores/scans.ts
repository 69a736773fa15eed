import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'
import { gtin14, hasCheckDigit, readElements, type Gs1Elements } from '#domain/warehouse/gs1'

export interface ScannedItem {
  itemId: number
  sku: string
  name: string
  /** Units that this code stands for: of its GTIN, times or instead of them what the code counts. */
  units: number
  /** Its lot, or its serial where the item is kept by serial. */
  lot?: string
  /** Until when the lot lasts. */
  expiresOn?: string
  isSerial?: boolean
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
  const [byGtin] = await tx<(ScannedItem & { isSerial: boolean })[]>`
    SELECT i.id AS "itemId", i.sku, i.name, g.units, i.lot_policy = 'serial' AS "isSerial" FROM item_gtin g JOIN item i ON i.id = g.item_id WHERE g.gtin = ${said.gtin ?? said.contentGtin ?? ''}`
  if (!byGtin)
    throw new Refusal(
      'ScanUnreadable',
      'No item of ours has this code. Type the SKU, and give the item its GTIN.',
    )
  const lot = byGtin.isSerial ? said.serial : said.lot
  return {
    ...byGtin,
    units: said.pieces ?? byGtin.units * (said.count ?? 1),
    ...(lot === undefined ? {} : { lot }),
    ...(said.expiresOn === undefined ? {} : { expiresOn: said.expiresOn }),
  }
}

/** Answers how many units the code stands for. @throws Refusal `WrongItemScanned`, `WrongLotScanned`, `ScanUnreadable`. */
export async function requireScannedItem(
  tx: Tx,
  wanted: { itemId: number; sku: string; name: string; lot: string },
  scan: string,
  today: string,
): Promise<number> {
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
  return scanned.units
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

/** What the codes of goods that came in say of them. */
export interface ScannedGoods {
  lot?: string
  expiresOn?: string
  serials?: string[]
}

/**
 * Codes that were read at the dock: all of one item and one lot, together as many units as were
 * counted. What they say of the lot, its date or the serials need not be typed.
 * @throws Refusal `WrongItemScanned`, `WrongLotScanned`, `ScanCountDiffers`, `ScanUnreadable`.
 */
export async function readReceived(
  tx: Tx,
  scans: readonly string[],
  wanted: { itemId: number; qty: bigint; today: string; field: string },
): Promise<ScannedGoods> {
  const read: ScannedItem[] = []
  for (const scan of scans) read.push(await readScan(tx, scan, wanted.today))
  const field = { field: `${wanted.field}.scans` }
  const other = read.find((one) => one.itemId !== wanted.itemId)
  if (other)
    throw new Refusal(
      'WrongItemScanned',
      `${other.sku} (${other.name}) was scanned, and this line is of another item. Put it on its own line.`,
      field,
    )
  const units = read.reduce((all, one) => all + one.units, 0)
  if (BigInt(units) !== wanted.qty)
    throw new Refusal(
      'ScanCountDiffers',
      `The codes stand for ${units} units, ${wanted.qty} were counted. Count again, or scan what is missing.`,
      field,
    )
  const lots = [...new Set(read.flatMap((one) => one.lot ?? []))]
  if (read.some((one) => one.isSerial)) return lots.length > 0 ? { serials: lots } : {}
  if (lots.length > 1)
    throw new Refusal(
      'WrongLotScanned',
      `Lots ${lots.join(' and ')} were scanned on one line. Send a line a lot.`,
      field,
    )
  const expiresOn = read.find((one) => one.expiresOn !== undefined)?.expiresOn
  return {
    ...(lots[0] === undefined ? {} : { lot: lots[0] }),
    ...(expiresOn === undefined ? {} : { expiresOn }),
  }
}
