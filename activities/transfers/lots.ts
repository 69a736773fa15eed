import type { ReceiveTransfer } from '#contracts/transfer'
import type { Tx } from '#db/client'
import type { TransferDoc } from '#db/stores/transfers'
import { IN_TRANSIT } from '#db/stores/transit'
import { sum } from '#domain/money'
import { Refusal } from '#domain/refusal'
import { takeLots, type LotUnits } from '#domain/stock/lots'
import type { Ending } from './arrive.ts'

/** Units that leave the way, of the lots that they are. */
export interface EndingLots {
  ending: Ending
  lots: LotUnits[]
}

/**
 * Which lots end their way: those that were named, of the others what expires first. Units that
 * were sent without a lot have an empty one.
 * @throws Refusal `LotNotHere` of a lot that is not on its way.
 */
export async function lotsOfEndings(
  tx: Tx,
  doc: TransferDoc,
  endings: readonly Ending[],
): Promise<EndingLots[]> {
  const underway = await lotsInTransit(tx, doc)
  const named = endings.map(({ line, lots = [] }) =>
    lots.map((wanted) => {
      const [taken] = takeLots(
        (underway.get(line.itemId) ?? []).filter((row) => row.lot === wanted.lot),
        wanted.qty,
      )
      if (taken?.qty !== wanted.qty)
        throw new Refusal(
          'LotNotHere',
          `${doc.no} does not carry ${wanted.qty} units of lot ${wanted.lot} of ${line.sku}. Read the label again.`,
        )
      return taken
    }),
  )
  return endings.map((ending, n) => {
    const known = named[n]!
    const left = (underway.get(ending.line.itemId) ?? []).filter((row) => row.qty > 0n)
    const rest = takeLots(left, ending.qty - sum(known.map((row) => row.qty)))
    underway.set(ending.line.itemId, left)
    return { ending, lots: [...known, ...rest] }
  })
}

/** What is on its way of each item, by lot, what expires first in front; the caller holds the transfer's lock. */
async function lotsInTransit(tx: Tx, doc: TransferDoc): Promise<Map<number, LotUnits[]>> {
  const rows = await tx<(LotUnits & { itemId: number })[]>`
    WITH causes AS (SELECT ${doc.no} || '/' || kind || '/' || reference AS id FROM transfer_event WHERE transfer_id = ${doc.id})
    SELECT t.item_id AS "itemId", t.lot, sum(t.qty)::bigint AS qty FROM (
      SELECT item_id, to_lot AS lot, qty FROM stock_movement WHERE cause_type = 'transfer' AND cause_id IN (SELECT id FROM causes) AND to_condition = ${IN_TRANSIT}
      UNION ALL
      SELECT item_id, from_lot, -qty FROM stock_movement WHERE cause_type = 'transfer' AND cause_id IN (SELECT id FROM causes) AND from_condition = ${IN_TRANSIT}) t
    LEFT JOIN lot l ON l.item_id = t.item_id AND l.code = t.lot
    GROUP BY t.item_id, t.lot, l.expires_on HAVING sum(t.qty) > 0 ORDER BY t.item_id, l.expires_on NULLS LAST, t.lot`
  const lots = new Map<number, LotUnits[]>()
  for (const { itemId, lot, qty } of rows)
    lots.set(itemId, [...(lots.get(itemId) ?? []), { lot, qty }])
  return lots
}

/**
 * Lots that somebody named of an arrived line, good and damaged.
 * @throws Refusal `LotCountDiffers` when they are not as many units as were counted.
 */
export function namedLots(
  told: ReceiveTransfer['lines'][number],
  field: string,
): Record<'received' | 'damaged', LotUnits[]> {
  const of = (what: 'received' | 'damaged') =>
    (told.lots ?? []).flatMap((row) => {
      const qty = BigInt(row[what] ?? '0')
      return qty > 0n ? [{ lot: row.lot, qty }] : []
    })
  const lots = { received: of('received'), damaged: of('damaged') }
  for (const what of ['received', 'damaged'] as const) {
    const counted = BigInt(told[what] ?? '0')
    const units = sum(lots[what].map((row) => row.qty))
    if (told.lots && units !== counted)
      throw new Refusal(
        'LotCountDiffers',
        `${counted} units of ${told.sku} are ${what}, their lots have ${units}. Count again.`,
        { field: `${field}.lots` },
      )
  }
  return lots
}
