import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'
import { expectedWeight, isWeightPlausible, type PackageType } from '#domain/warehouse/cartonise'
import { readScan } from './scans.ts'

/** Sets a package type of a company up, or changes it; answers how it was before. */
export async function savePackageType(
  tx: Tx,
  entityId: number,
  type: PackageType & { status: 'active' | 'retired' },
): Promise<object | null> {
  const [before] = await tx<object[]>`
    SELECT length_mm AS "lengthMm", width_mm AS "widthMm", height_mm AS "heightMm", tare_g AS "tareG", max_weight_g AS "maxWeightG", status
    FROM package_type WHERE entity_id = ${entityId} AND code = ${type.code} FOR UPDATE`
  await tx`
    INSERT INTO package_type (entity_id, code, length_mm, width_mm, height_mm, tare_g, max_weight_g, status)
    VALUES (${entityId}, ${type.code}, ${type.lengthMm}, ${type.widthMm}, ${type.heightMm}, ${type.tareG}, ${type.maxWeightG}, ${type.status})
    ON CONFLICT (entity_id, code) DO UPDATE SET length_mm = excluded.length_mm, width_mm = excluded.width_mm, height_mm = excluded.height_mm,
      tare_g = excluded.tare_g, max_weight_g = excluded.max_weight_g, status = excluded.status`
  return before ?? null
}

/** From which numbers the company's boxes get theirs; answers the one before. */
export async function saveGs1Prefix(
  tx: Tx,
  entityId: number,
  prefix: string,
): Promise<{ prefix: string } | null> {
  const [before] = await tx<{ prefix: string }[]>`
    SELECT prefix FROM gs1_prefix WHERE entity_id = ${entityId} FOR UPDATE`
  await tx`
    INSERT INTO gs1_prefix (entity_id, prefix) VALUES (${entityId}, ${prefix}) ON CONFLICT (entity_id) DO UPDATE SET prefix = excluded.prefix`
  return before ?? null
}

export interface PackScan {
  fulfilmentId: bigint
  boxNo: number
  /** Opens the box; absent for one that is open. */
  package?: string
  scan: string
  qty: number
  today: string
  actor: string
}

/**
 * FUL-33: units are scanned into a box. Only what was picked for this order and lies in no box yet
 * goes in; another item is refused by its name. The fulfilment order's row is locked, so that two
 * packers do not pack the same unit.
 * @throws Refusal `FulfilmentNotOpen`, `ScanUnreadable`, `WrongItemScanned`, `OverPack`,
 *   `BoxNotOpen`, `UnknownPackage`
 */
export async function packUnits(tx: Tx, scan: PackScan): Promise<{ sku: string; packed: number }> {
  await lockOpenFulfilment(tx, scan.fulfilmentId)
  const box = await openBox(tx, scan)
  const item = await readScan(tx, scan.scan, scan.today)
  const lines = await unpacked(tx, scan.fulfilmentId)
  const mine = lines.filter((line) => line.itemId === item.itemId)
  if (mine.length === 0)
    throw new Refusal(
      'WrongItemScanned',
      `${item.sku} (${item.name}) is not part of this order. Put it back.`,
    )
  const qty = scan.qty * item.units
  const left = mine.reduce((units, line) => units + line.left, 0)
  if (qty > left)
    throw new Refusal(
      'OverPack',
      `${left} picked units of ${item.sku} lie in no box yet, ${qty} were scanned. Count again, or pick the rest first.`,
    )
  await addToBox(tx, box, mine, qty)
  return { sku: item.sku, packed: qty }
}

/**
 * Closes a box at what the scale says. What differs from the goods and the box is a wrong item or
 * a wrong weight of an item: pack again, or say why.
 * @throws Refusal `BoxNotOpen`, `WeightOff`
 */
export async function closeBox(
  tx: Tx,
  box: {
    fulfilmentId: bigint
    boxNo: number
    weightG: number
    reason: string | null
    actor: string
  },
): Promise<{ expectedG: number }> {
  await lockOpenFulfilment(tx, box.fulfilmentId)
  const [open] = await tx<
    { id: bigint; tareG: number; lines: { qty: number; weightG: number }[] }[]
  >`
    SELECT b.id, p.tare_g AS "tareG", (SELECT coalesce(jsonb_agg(jsonb_build_object('qty', l.qty, 'weightG', coalesce(i.weight_g, 0))), '[]')
      FROM pack_line l JOIN sales_order_line o ON o.id = l.order_line_id JOIN item i ON i.id = o.item_id WHERE l.box_id = b.id) AS lines
    FROM pack_box b JOIN package_type p ON p.entity_id = b.entity_id AND p.code = b.package
    WHERE b.fulfilment_id = ${box.fulfilmentId} AND b.box_no = ${box.boxNo} AND b.closed_at IS NULL`
  if (!open || open.lines.length === 0) throw notOpen(box.boxNo)
  const expectedG = expectedWeight(open.tareG, open.lines)
  if (!isWeightPlausible(expectedG, box.weightG) && box.reason === null)
    throw new Refusal(
      'WeightOff',
      `Box ${box.boxNo} weighs ${box.weightG} g and should weigh ${expectedG} g. Open it and scan again, or say why in reason.`,
      { expectedG },
    )
  await tx`
    UPDATE pack_box SET expected_g = ${expectedG}, weight_g = ${box.weightG}, weight_reason = ${box.reason}, closed_by = ${box.actor}, closed_at = clock_timestamp()
    WHERE id = ${open.id}`
  return { expectedG }
}

/**
 * Takes everything out of a box that has not left, so that it is packed again; its label stays its own.
 * @throws Refusal `BoxNotOpen`, `FulfilmentNotOpen`
 */
export async function emptyBox(tx: Tx, fulfilmentId: bigint, boxNo: number): Promise<void> {
  await lockOpenFulfilment(tx, fulfilmentId)
  const [box] = await tx<{ id: bigint }[]>`
    UPDATE pack_box SET expected_g = NULL, weight_g = NULL, weight_reason = NULL, closed_by = NULL, closed_at = NULL
    WHERE fulfilment_id = ${fulfilmentId} AND box_no = ${boxNo} AND shipped_as IS NULL RETURNING id`
  if (!box) throw notOpen(boxNo)
  await tx`DELETE FROM pack_line WHERE box_id = ${box.id}`
}

async function lockOpenFulfilment(tx: Tx, id: bigint): Promise<void> {
  const open = await tx`
    SELECT 1 FROM fulfilment_order WHERE id = ${id} AND state = 'released' FOR NO KEY UPDATE`
  if (open.length === 0)
    throw new Refusal('FulfilmentNotOpen', `Fulfilment order ${id} is not with the warehouse.`)
}

async function openBox(tx: Tx, { fulfilmentId, boxNo, actor, ...scan }: PackScan): Promise<bigint> {
  const [box] = await tx<{ id: bigint; isOpen: boolean; package: string }[]>`
    SELECT id, closed_at IS NULL AS "isOpen", package FROM pack_box WHERE fulfilment_id = ${fulfilmentId} AND box_no = ${boxNo}`
  if (box?.isOpen && (scan.package ?? box.package) === box.package) return box.id
  if (box || scan.package === undefined) throw notOpen(boxNo)
  const [opened] = await tx<{ id: bigint }[]>`
    INSERT INTO pack_box (fulfilment_id, box_no, entity_id, package, opened_by)
    SELECT f.id, ${boxNo}, p.entity_id, p.code, ${actor} FROM fulfilment_order f JOIN site s ON s.id = f.site_id JOIN package_type p ON p.entity_id = s.entity_id
    WHERE f.id = ${fulfilmentId} AND p.code = ${scan.package} AND p.status = 'active' RETURNING id`
  if (!opened)
    throw new Refusal(
      'UnknownPackage',
      `There is no package type ${scan.package} in use. Take another.`,
    )
  return opened.id
}

interface UnpackedLine {
  orderLineId: bigint
  itemId: number
  /** Picked, not shipped, and in no box yet. */
  left: number
}

async function unpacked(tx: Tx, fulfilmentId: bigint): Promise<UnpackedLine[]> {
  return tx<UnpackedLine[]>`
    SELECT f.order_line_id AS "orderLineId", f.item_id AS "itemId", (sum(f.picked) - coalesce((SELECT sum(l.qty) FROM pack_line l JOIN pack_box b ON b.id = l.box_id
      WHERE b.fulfilment_id = ${fulfilmentId} AND l.order_line_id = f.order_line_id), 0))::int AS left
    FROM fulfilment_line f WHERE f.fulfilment_id = ${fulfilmentId} GROUP BY 1, 2 ORDER BY 1`
}

async function addToBox(tx: Tx, box: bigint, lines: UnpackedLine[], qty: number): Promise<void> {
  let open = qty
  for (const { orderLineId, left } of lines) {
    const units = Math.min(open, left)
    open -= units
    if (units > 0)
      await tx`
        INSERT INTO pack_line (box_id, order_line_id, qty) VALUES (${box}, ${orderLineId}, ${units})
        ON CONFLICT (box_id, order_line_id) DO UPDATE SET qty = pack_line.qty + excluded.qty`
  }
}

function notOpen(boxNo: number): Refusal {
  return new Refusal(
    'BoxNotOpen',
    `Box ${boxNo} is closed, empty, gone, of another type, or was never opened. Open one with its package type, or scan into one that is open.`,
  )
}
