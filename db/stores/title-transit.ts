import type { Tx } from '#db/client'
import {
  postTitlePassed,
  postTransitArrived,
  type OwnedUnderWay,
} from '#domain/ledger/posting-title'
import { divideRounded } from '#domain/money'
import { consumeLayers } from '#domain/valuation'
import { lockOpenItem } from './ledger-open-items.ts'
import { postEntries } from './ledger.ts'
import { moveStock } from './stock.ts'
import { IN_TRANSIT } from './transit.ts'

/** Whose goods these are, and in what they are bought. */
export interface TitleBooks {
  entityId: number
  functionalCurrency: string
  party: string
  currency: string
  /** Of the day on which they left. */
  rateE9: bigint
}

export interface TitlePassed {
  purchaseLineId: bigint
  lineNo: number
  itemId: number
  /** Where they go. */
  siteId: number
  qty: bigint
  /** In the order's currency, and in the books'. */
  goodsMinor: bigint
  funcMinor: bigint
}

const openKeyOf = (asnId: bigint, lineNo: number) => `asn-line/${asnId}/${lineNo}`

/** Goods are ours from the supplier's ramp on: on their way to a site, at what was agreed, and owed. */
export async function takeTitle(
  tx: Tx,
  books: TitleBooks,
  passed: { asnId: bigint; on: string; actor: string; lines: readonly TitlePassed[] },
): Promise<void> {
  const { asnId, on, actor, lines } = passed
  await moveStock(
    tx,
    lines.map(({ itemId, siteId, qty }) => ({
      ...{ itemId, qty, kind: 'receipt', toSiteId: siteId, toCondition: IN_TRANSIT },
      ...{ causeType: 'asn', causeId: `${asnId}`, actor, effectiveOn: on },
    })),
  )
  const owned: OwnedUnderWay[] = []
  for (const line of lines) {
    const { itemId, siteId, qty, goodsMinor, funcMinor, lineNo } = line
    const [layer] = await tx<{ id: bigint }[]>`
      INSERT INTO cost_layer (entity_id, item_id, site_id, condition, ranked_on, qty0, value0_minor, remaining_qty, remaining_minor, source_type, source_id)
      VALUES (${books.entityId}, ${itemId}, ${siteId}, ${IN_TRANSIT}, ${on}, ${qty}, ${funcMinor}, ${qty}, ${funcMinor}, 'asn', ${`${asnId}/${lineNo}`}) RETURNING id`
    await tx`
      INSERT INTO purchase_title (asn_id, purchase_order_line_id, layer_id, open_key, qty, goods_minor, passed_on, actor)
      VALUES (${asnId}, ${line.purchaseLineId}, ${layer!.id}, ${openKeyOf(asnId, lineNo)}, ${qty}, ${goodsMinor}, ${on}, ${actor})`
    const at = { itemId, siteId, layerId: layer!.id, condition: IN_TRANSIT, qty }
    owned.push({ ...at, costMinor: funcMinor, goodsMinor, openKey: openKeyOf(asnId, lineNo) })
  }
  const valued = owned.filter(({ costMinor }) => costMinor > 0n)
  if (valued.length === 0) return
  const { entityId: entity, functionalCurrency, party, currency, rateE9 } = books
  const about = { entity, functionalCurrency, party, currency, rateE9, on }
  await postEntries(tx, [postTitlePassed({ ...about, asnId, lines: valued })], actor)
}

/** Units of these purchase lines that are ours and have not come, by line. */
export async function ownedUnderWay(
  tx: Tx,
  lineIds: readonly bigint[],
): Promise<Map<bigint, bigint>> {
  const rows = await tx<{ id: bigint; qty: bigint }[]>`
    SELECT t.purchase_order_line_id AS id, sum(l.remaining_qty)::bigint AS qty FROM purchase_title t JOIN cost_layer l ON l.id = t.layer_id
    WHERE t.purchase_order_line_id = ANY(${lineIds.map(String)}::bigint[]) AND l.remaining_qty > 0 GROUP BY 1`
  return new Map(rows.map(({ id, qty }) => [id, qty]))
}

/** What units that were under way cost and are owed at. */
export interface OutOfTransit {
  qty: bigint
  goodsMinor: bigint
  funcMinor: bigint
}

/**
 * Takes units of a purchase line off the way, those of the named ship notice first: at exactly what
 * they were booked at, and what is owed for them is owed for whatever comes of them now. The caller
 * holds the purchase's lock and books their arrival. Fewer than asked for where fewer are under way.
 */
export async function takeOffTheWay(
  tx: Tx,
  books: TitleBooks,
  taken: {
    purchaseLineId: bigint
    qty: bigint
    asnId: bigint | null
    /** Names what became of them, such as the receipt's number with its line. */
    cause: string
    on: string
    actor: string
  },
): Promise<OutOfTransit> {
  const rows = await tx<(OwnedLayer & { openKey: string })[]>`
    SELECT t.layer_id AS "layerId", t.open_key AS "openKey", l.item_id AS "itemId", l.site_id AS "siteId", l.remaining_qty AS "remainingQty", l.remaining_minor AS "remainingMinor"
    FROM purchase_title t JOIN cost_layer l ON l.id = t.layer_id WHERE t.purchase_order_line_id = ${taken.purchaseLineId} AND l.remaining_qty > 0
    ORDER BY (t.asn_id = ${taken.asnId}) DESC NULLS LAST, t.asn_id`
  const lying = rows.reduce((all, row) => all + row.remainingQty, 0n)
  const uses = consumeLayers(rows, taken.qty < lying ? taken.qty : lying)
  const gone: OwnedUnderWay[] = []
  for (const { layerId, qty, valueMinor } of uses) {
    const row = rows.find((one) => one.layerId === layerId)!
    const { itemId, siteId, openKey } = row
    await tx`
      INSERT INTO layer_consumption (layer_id, qty, value_minor, cause_type, cause_id, effective_on)
      VALUES (${layerId}, ${qty}, ${valueMinor}, 'asn', ${taken.cause}, ${taken.on})`
    const goodsMinor = await owedFor(tx, books, { openKey, qty, of: row.remainingQty })
    const at = { itemId, siteId, layerId, condition: IN_TRANSIT, qty }
    gone.push({ ...at, costMinor: valueMinor, goodsMinor, openKey })
  }
  await moveStock(
    tx,
    gone.map(({ itemId, siteId, qty }) => ({
      ...{ itemId, qty, kind: 'receipt', fromSiteId: siteId, fromCondition: IN_TRANSIT },
      ...{ causeType: 'asn', causeId: taken.cause, actor: taken.actor, effectiveOn: taken.on },
    })),
  )
  const valued = gone.filter(({ costMinor }) => costMinor > 0n)
  const { entityId: entity, functionalCurrency, party, currency, rateE9 } = books
  const about = { entity, functionalCurrency, party, currency, rateE9, on: taken.on }
  if (valued.length > 0)
    await postEntries(
      tx,
      [postTransitArrived({ ...about, cause: taken.cause, lines: valued })],
      taken.actor,
    )
  return gone.reduce<OutOfTransit>(
    (all, one) => ({
      qty: all.qty + one.qty,
      goodsMinor: all.goodsMinor + one.goodsMinor,
      funcMinor: all.funcMinor + one.costMinor,
    }),
    { qty: 0n, goodsMinor: 0n, funcMinor: 0n },
  )
}

interface OwnedLayer {
  layerId: bigint
  itemId: number
  siteId: number
  remainingQty: bigint
  remainingMinor: bigint
}

/** The last units take all that is left of what is owed, as they do of their layer. */
async function owedFor(
  tx: Tx,
  { entityId, currency }: TitleBooks,
  { openKey, qty, of }: { openKey: string; qty: bigint; of: bigint },
): Promise<bigint> {
  const account = 'GoodsReceivedNotInvoiced' as const
  const item = await lockOpenItem(tx, { entityId, account, currency, key: openKey })
  const open = -(item?.balanceMinor ?? 0n)
  return qty === of ? open : divideRounded(open * qty, of)
}
