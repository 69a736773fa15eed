import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'
import { addToOutbox } from './records.ts'
import { moveStock, type Movement } from './stock.ts'

export interface Bin {
  code: string
  zone: string
  kind: 'pick' | 'bulk' | 'stage' | 'dock' | 'quarantine' | 'scrap'
  /** Units of whatever lies in it; null: nobody has said. */
  capacity: bigint | null
  pickSeq: number
  mixesItems: boolean
  allocatable: boolean
  status: 'active' | 'blocked'
}

const columns = (tx: Tx) => tx`
  code, zone, kind, capacity, pick_seq AS "pickSeq", mixes_items AS "mixesItems", allocatable, status`

/** Sets a bin up, or changes it; answers how it was before. Orders look at blocked places at once. */
export async function saveBin(tx: Tx, siteId: number, bin: Bin, key: string): Promise<Bin | null> {
  const [before] = await tx<Bin[]>`
    SELECT ${columns(tx)} FROM bin WHERE site_id = ${siteId} AND code = ${bin.code} FOR UPDATE`
  await tx`
    INSERT INTO bin (site_id, code, zone, kind, capacity, pick_seq, mixes_items, allocatable, status)
    VALUES (${siteId}, ${bin.code}, ${bin.zone}, ${bin.kind}, ${bin.capacity}, ${bin.pickSeq}, ${bin.mixesItems}, ${bin.allocatable}, ${bin.status})
    ON CONFLICT (site_id, code) DO UPDATE SET zone = excluded.zone, kind = excluded.kind, capacity = excluded.capacity, pick_seq = excluded.pick_seq,
      mixes_items = excluded.mixes_items, allocatable = excluded.allocatable, status = excluded.status`
  if (before && isBlocked(before) && !isBlocked(bin)) {
    const held = await tx<{ itemId: number }[]>`
      SELECT DISTINCT item_id AS "itemId" FROM stock_quant WHERE site_id = ${siteId} AND bin = ${bin.code} AND condition = 'sellable' AND qty > 0 ORDER BY 1`
    await tellUnblocked(
      tx,
      `bin/${key}`,
      held.map((row) => row.itemId),
    )
  }
  return before ?? null
}

const isBlocked = (bin: Bin) => bin.status === 'blocked' || !bin.allocatable

/** Whoever waits for the items looks again: units may be promised that could not be before. */
export async function tellUnblocked(
  tx: Tx,
  key: string,
  itemIds: readonly number[],
): Promise<void> {
  if (itemIds.length === 0) return
  await addToOutbox(tx, [
    { topic: 'stock-arrived', key: `unblocked/${key}`, body: { itemIds: [...itemIds] } },
  ])
}

export interface BinMove {
  siteId: number
  itemId: number
  sku: string
  qty: bigint
  condition: string
  /** Empty: the place without a bin, where receipts are put first. */
  fromBin: string
  toBin: string
  lot: string
  /** The lot that the units are found to be of; absent: they stay in theirs. */
  toLot?: string
  /** What the scanner read at the target; absent where nobody scans. */
  scannedBin?: string
  moveId: string
  reason?: string
  actor: string
  movedOn: string
}

/**
 * Puts units away, or from one bin into another: no value moves. A bin that the list knows keeps to
 * its capacity and its mix, under its row's lock, so that two who fill it at once do not overfill it.
 * @throws Refusal `WrongBinScanned`, `SameBin`, `UnknownBin`, `BinBlocked`, `BinFull`, `BinHoldsAnother`.
 */
export async function moveBetweenBins(tx: Tx, move: BinMove): Promise<void> {
  const { toBin, fromBin, scannedBin, lot, toLot = lot } = move
  if (scannedBin !== undefined && scannedBin !== toBin)
    throw new Refusal(
      'WrongBinScanned',
      `${scannedBin} was scanned, ${toBin || 'the place without a bin'} was meant. Go there, or say that it is the other one.`,
      { field: 'body.scannedBin' },
    )
  if (fromBin === toBin && lot === toLot)
    throw new Refusal('SameBin', 'The units lie there already. Name another bin.', {
      field: 'body.toBin',
    })
  if (toBin !== '' && toBin !== fromBin) await requireRoom(tx, move)
  await moveStock(tx, [
    {
      itemId: move.itemId,
      qty: move.qty,
      kind: 'bin-move',
      fromSiteId: move.siteId,
      fromBin,
      fromLot: lot,
      fromCondition: move.condition,
      toSiteId: move.siteId,
      toBin,
      toLot,
      toCondition: move.condition,
      causeType: 'bin-move',
      causeId: move.moveId,
      actor: move.actor,
      effectiveOn: move.movedOn,
      ...(move.reason ? { reason: move.reason } : {}),
    },
  ])
}

async function requireRoom(
  tx: Tx,
  { siteId, itemId, sku, qty, toBin }: Pick<BinMove, 'siteId' | 'itemId' | 'sku' | 'qty' | 'toBin'>,
): Promise<void> {
  const field = { field: 'body.toBin' }
  const [bin] = await tx<Bin[]>`
    SELECT ${columns(tx)} FROM bin WHERE site_id = ${siteId} AND code = ${toBin} FOR UPDATE`
  if (!bin)
    throw new Refusal(
      'UnknownBin',
      `The site has no bin ${toBin}. Set it up, or name another.`,
      field,
    )
  if (bin.status === 'blocked')
    throw new Refusal('BinBlocked', `Bin ${toBin} is blocked. Put the units elsewhere.`, field)
  const [held] = await tx<{ units: bigint; others: bigint }[]>`
    SELECT coalesce(sum(qty), 0)::bigint AS units, coalesce(sum(qty) FILTER (WHERE item_id <> ${itemId}), 0)::bigint AS others
    FROM stock_quant WHERE site_id = ${siteId} AND bin = ${toBin} AND qty > 0`
  const { units, others } = held!
  if (bin.capacity !== null && units + qty > bin.capacity)
    throw new Refusal(
      'BinFull',
      `Bin ${toBin} holds ${units} of ${bin.capacity} units: ${qty} more do not fit. Put the rest elsewhere.`,
      field,
    )
  if (!bin.mixesItems && others > 0n)
    throw new Refusal(
      'BinHoldsAnother',
      `Bin ${toBin} holds one item at a time, and another than ${sku} lies there.`,
      field,
    )
}

interface Wanted {
  itemId: number
  qty: bigint
  /** Only of these lots, whatever their state: somebody sends these very units away. Absent or empty: of any. */
  lots?: readonly string[]
}

interface Place extends Pick<Wanted, 'itemId' | 'qty'> {
  bin: string
  lot: string
  lotLeaves: boolean
}

/** Where units lie that were picked for a fulfilment order, until they leave or are put back. */
export function toteOf(fulfilmentId: bigint): string {
  return `TOTE/${fulfilmentId}`
}

/**
 * Takes units out of the bins where they lie: what expires first, then in pick order, then from
 * bins that nobody has listed. A blocked bin is emptied last, a lot that is held or recalled never.
 * What was picked for an order that is still to leave is that order's; its own `tote` goes first.
 * Units that go to another place stay of their lot.
 * @throws Refusal `LotBlocked`.
 */
export async function takeFromBins(
  tx: Tx,
  siteId: number,
  wanted: readonly Wanted[],
  movement: Omit<Movement, 'itemId' | 'qty' | 'fromSiteId' | 'fromBin' | 'fromLot'>,
  tote = '',
): Promise<void> {
  const itemIds = [...new Set(wanted.map((want) => want.itemId))]
  const places = await tx<Place[]>`
    SELECT q.item_id AS "itemId", q.bin, q.lot, q.qty,
      l.code IS NULL OR (l.status = 'approved' AND (l.expires_on IS NULL OR l.expires_on > current_date)) AS "lotLeaves" FROM stock_quant q
    LEFT JOIN bin b ON b.site_id = q.site_id AND b.code = q.bin LEFT JOIN lot l ON l.item_id = q.item_id AND l.code = q.lot
    WHERE q.site_id = ${siteId} AND q.item_id = ANY(${itemIds}::int[]) AND q.condition = 'sellable' AND q.owner = 'own' AND q.qty > 0
      AND (q.bin = ${tote} OR NOT in_open_tote(q.bin))
    ORDER BY q.item_id, q.bin = ${tote} AND q.bin <> '' DESC, coalesce(b.status = 'blocked' OR NOT b.allocatable, false), l.expires_on NULLS LAST, b.pick_seq NULLS LAST, q.bin, q.lot`
  const taken = wanted.flatMap((want) => takeFrom(places, want))
  const short = taken.find((place) => place.bin === NOWHERE)
  if (short) await refuseShort(tx, siteId, short)
  await moveStock(
    tx,
    taken.map(({ itemId, qty, bin, lot }) => ({
      ...movement,
      itemId,
      qty,
      fromSiteId: siteId,
      fromBin: bin,
      fromLot: lot,
      ...(movement.toSiteId === undefined ? {} : { toLot: lot }),
    })),
  )
}

const NOWHERE = '\u0000'

function takeFrom(places: Place[], { itemId, qty, lots = [] }: Wanted): Place[] {
  const taken: Place[] = []
  let left = qty
  for (const place of places) {
    if (place.itemId !== itemId || place.qty === 0n || left === 0n) continue
    if (lots.length > 0 ? !lots.includes(place.lot) : !place.lotLeaves) continue
    const units = left < place.qty ? left : place.qty
    place.qty -= units
    left -= units
    taken.push({ ...place, qty: units })
  }
  return left === 0n
    ? taken
    : [...taken, { itemId, qty: left, bin: NOWHERE, lot: '', lotLeaves: false }]
}

/** Either the rest lies in a lot that must not leave, or the books never held it. */
async function refuseShort(tx: Tx, siteId: number, { itemId, qty }: Place): Promise<never> {
  const lots = await tx<{ lot: string; why: string }[]>`
    SELECT lot, place_blocked(item_id, site_id, '', lot) AS why FROM stock_quant
    WHERE site_id = ${siteId} AND item_id = ${itemId} AND condition = 'sellable' AND qty > 0 AND lot <> '' AND place_blocked(item_id, site_id, '', lot) IS NOT NULL ORDER BY 1`
  if (lots.length === 0)
    throw new Refusal(
      'NotEnoughStock',
      'Fewer units are there than would be taken: count them, then take what there is.',
      { itemId, missing: qty.toString() },
    )
  throw new Refusal(
    'LotBlocked',
    `${qty} units can only come from ${lots.map((row) => row.why).join(', ')}. Send others, or release the lot first.`,
    { lots: lots.map((row) => row.lot) },
  )
}
