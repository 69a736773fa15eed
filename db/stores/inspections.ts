import type { Tx } from '#db/client'
import {
  postGoodsAccepted,
  postGoodsRejected,
  postGoodsScrapped,
} from '#domain/ledger/posting-purchasing'
import type { StockValue } from '#domain/ledger/posting-inventory'
import { shareOf } from '#domain/purchasing/order'
import { Refusal } from '#domain/refusal'
import { takeLots, type LotUnits } from '#domain/stock/lots'
import { postEntries } from './ledger.ts'
import { addToOutbox } from './records.ts'
import { moveStock, receiveCost } from './stock.ts'
import { lotsInHand } from './tracked-goods.ts'

/** What somebody judges of a line that lies in quarantine or is damaged. */
export interface Judgement {
  receiptId: bigint
  receiptLineNo: number
  /** May be sold from now on. */
  accepted: bigint
  /** Go back, and are not owed. */
  rejected: bigint
  /** Are owed, and nobody can sell them. */
  scrapped: bigint
  /** Which lots, or serials, are rejected; absent: whichever come last. */
  rejectedLots?: readonly string[]
  /** Of scrapped ones: whoever carried or insured them is to pay. */
  claimed?: boolean
  reason: string | null
  on: string
  actor: string
}

interface LineInHand {
  entityId: number
  functionalCurrency: string
  siteId: number
  supplier: string
  itemId: number
  received: bigint
  condition: string
  currency: string | null
  goodsMinor: bigint | null
  goodsFuncMinor: bigint | null
  landedMinor: bigint | null
  judged: bigint
  rejected: bigint
}

/**
 * Moves the units, their cost and what we owe for them in one step: accepted ones become sellable
 * at their own cost, rejected ones leave us and goods received not invoiced, scrapped ones are lost.
 * @throws Refusal `NothingToInspect`, `InspectedTooMuch`
 */
export async function judgeGoods(tx: Tx, judgement: Judgement): Promise<void> {
  const line = await lineInHand(tx, judgement)
  const { accepted, rejected, scrapped, reason } = judgement
  if (line.judged + accepted + rejected + scrapped > line.received)
    throw new Refusal(
      'InspectedTooMuch',
      `${line.received - line.judged} units of line ${judgement.receiptLineNo} are still to be judged.`,
      { left: `${line.received - line.judged}` },
    )
  const share = (total: bigint | null) =>
    shareOf(total ?? 0n, line.received, { before: line.rejected, qty: rejected })
  const owed = {
    goodsMinor: share(line.goodsMinor),
    goodsFuncMinor: share(line.goodsFuncMinor),
    landedMinor: share(line.landedMinor),
  }
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO goods_inspection (receipt_id, receipt_line_no, accepted_qty, rejected_qty, rejected_goods_minor, rejected_value_minor, reason, inspected_on, actor)
    VALUES (${judgement.receiptId}, ${judgement.receiptLineNo}, ${accepted + scrapped}, ${rejected}, ${owed.goodsMinor}, ${owed.goodsFuncMinor + owed.landedMinor},
      ${reason}, ${judgement.on}, ${judgement.actor}) RETURNING id`
  const act = { ...judgement, inspectionId: row!.id, line, lots: await lotsToJudge(tx, judgement) }
  if (accepted > 0n) await accept(tx, act)
  if (rejected > 0n) await reject(tx, act, owed)
  if (scrapped > 0n) await scrap(tx, act)
}

interface Act extends Judgement {
  inspectionId: bigint
  line: LineInHand
  /** Accepted ones are taken from the front, the others after them; empty where it has no lots. */
  lots: LotUnits[]
}

/** @throws Refusal `LotNotHere` of a named lot that does not wait there. */
async function lotsToJudge(tx: Tx, judgement: Judgement): Promise<LotUnits[]> {
  const { rejectedLots: named = [], accepted } = judgement
  const here = await lotsInHand(tx, judgement)
  const unknown = named.find((lot) => !here.some((row) => row.lot === lot))
  if (unknown !== undefined)
    throw new Refusal(
      'LotNotHere',
      `Lot ${unknown} does not wait in line ${judgement.receiptLineNo}: name one of ${here.map((row) => row.lot).join(', ')}.`,
    )
  const bad = here.filter((row) => named.includes(row.lot))
  const good = here.filter((row) => !named.includes(row.lot))
  const acceptable = takeLots(good, accepted)
  return [...acceptable, ...bad, ...good]
}

async function lineInHand(tx: Tx, judgement: Judgement): Promise<LineInHand> {
  const { receiptId, receiptLineNo } = judgement
  const [line] = await tx<LineInHand[]>`
    SELECT r.entity_id AS "entityId", e.functional_currency AS "functionalCurrency", r.site_id AS "siteId", r.supplier, l.item_id AS "itemId",
      l.received_qty AS received, l.condition, l.currency, l.goods_minor AS "goodsMinor", l.goods_func_minor AS "goodsFuncMinor", l.landed_minor AS "landedMinor",
      coalesce((SELECT sum(accepted_qty + rejected_qty) FROM goods_inspection i WHERE i.receipt_id = l.receipt_id AND i.receipt_line_no = l.line_no), 0)::bigint AS judged,
      coalesce((SELECT sum(rejected_qty) FROM goods_inspection i WHERE i.receipt_id = l.receipt_id AND i.receipt_line_no = l.line_no), 0)::bigint AS rejected
    FROM goods_receipt_line l JOIN goods_receipt r ON r.id = l.receipt_id JOIN entity e ON e.id = r.entity_id
    WHERE l.receipt_id = ${receiptId} AND l.line_no = ${receiptLineNo}`
  if (!line || line.condition === 'sellable')
    throw new Refusal(
      'NothingToInspect',
      `Line ${receiptLineNo} does not wait for anybody: its goods are on the shelf, or there is no such line.`,
    )
  return line
}

async function accept(tx: Tx, act: Act): Promise<void> {
  const { line, accepted: qty, inspectionId, on, actor } = act
  await move(tx, act, qty, 'sellable')
  const from = await takeCost(tx, act, qty, 'accepted')
  const [layerId] = await receiveCost(tx, [
    {
      ...{ entityId: line.entityId, itemId: line.itemId, siteId: line.siteId, rankedOn: on, qty },
      ...{ valueMinor: from.costMinor, sourceType: 'inspection', sourceId: `${inspectionId}` },
    },
  ])
  const to = { ...from, layerId: layerId!, condition: 'sellable' }
  if (from.costMinor > 0n)
    await postEntries(tx, [postGoodsAccepted({ ...about(act, from), to })], actor)
  await addToOutbox(tx, [
    {
      ...{ topic: 'stock-arrived', key: `inspection/${inspectionId}` },
      body: { itemIds: [line.itemId] },
    },
  ])
}

async function reject(
  tx: Tx,
  act: Act,
  owed: { goodsMinor: bigint; goodsFuncMinor: bigint; landedMinor: bigint },
): Promise<void> {
  const { line, receiptId, receiptLineNo, actor } = act
  await move(tx, act, act.rejected, null)
  const from = await takeCost(tx, act, act.rejected, 'rejected')
  if (from.costMinor === 0n && owed.goodsFuncMinor === 0n && owed.landedMinor === 0n) return
  const entry = postGoodsRejected({
    ...about(act, from),
    ...{ supplier: line.supplier, receiptLineId: `${receiptId}/${receiptLineNo}` },
    ...{ currency: line.currency ?? line.functionalCurrency, ...owed },
  })
  await postEntries(tx, [entry], actor)
}

async function scrap(tx: Tx, act: Act): Promise<void> {
  await move(tx, act, act.scrapped, null)
  const from = await takeCost(tx, act, act.scrapped, 'scrapped')
  if (from.costMinor === 0n) return
  const claim = act.claimed ? { claim: `inspection/${act.inspectionId}` } : {}
  await postEntries(tx, [postGoodsScrapped({ ...about(act, from), ...claim })], act.actor)
}

function about({ line, inspectionId, on }: Act, from: StockValue) {
  const { entityId: entity, functionalCurrency } = line
  return { key: `${inspectionId}`, entity, on, functionalCurrency, from }
}

async function move(tx: Tx, act: Act, qty: bigint, to: 'sellable' | null): Promise<void> {
  const { line, inspectionId, reason, actor, on } = act
  const { itemId, siteId, condition } = line
  const lots = act.lots.length > 0 ? takeLots(act.lots, qty) : [{ lot: '', qty }]
  await moveStock(
    tx,
    lots.map((units) => ({
      ...{ itemId, qty: units.qty, kind: to ? 'bin-move' : 'issue' },
      ...{ fromSiteId: siteId, fromCondition: condition, fromLot: units.lot },
      ...(to ? { toSiteId: siteId, toCondition: to, toLot: units.lot } : {}),
      ...{ causeType: 'inspection', causeId: `${inspectionId}`, actor, effectiveOn: on },
      ...(reason ? { reason } : {}),
    })),
  )
}

/** The receipt line's own layer, or the pool of an averaged item. The movement before holds the position's lock. */
async function takeCost(tx: Tx, act: Act, qty: bigint, as: string): Promise<StockValue> {
  const { line, receiptId, receiptLineNo, inspectionId, on } = act
  const { itemId, siteId, condition } = line
  const [layer] = await tx<{ id: bigint; remaining: bigint; valueMinor: bigint }[]>`
    SELECT id, remaining_qty AS remaining, remaining_minor AS "valueMinor" FROM cost_layer
    WHERE item_id = ${itemId} AND site_id = ${siteId} AND condition = ${condition} AND remaining_qty >= ${qty}
    ORDER BY (source_type = 'receipt' AND source_id = ${`${receiptId}/${receiptLineNo}`}) DESC, ranked_on, id LIMIT 1`
  if (!layer)
    throw new Refusal('NothingToInspect', 'The goods of this line have been moved meanwhile.')
  const costMinor =
    qty === layer.remaining ? layer.valueMinor : (layer.valueMinor * qty) / layer.remaining
  await tx`
    INSERT INTO layer_consumption (layer_id, qty, value_minor, cause_type, cause_id, effective_on)
    VALUES (${layer.id}, ${qty}, ${costMinor}, 'inspection', ${`${inspectionId}/${as}`}, ${on})`
  return { itemId, siteId, layerId: layer.id, condition, qty, costMinor }
}
