import type { ArrivedGoods, ReceiveReturn } from '#contracts/return-to-refund'
import type { ReturnedUnit } from '#db/stores/customer-returns'
import {
  insertReturnReceipt,
  insertSurplus,
  knownReceipt,
  siteNamed,
} from '#db/stores/return-receipts'
import { saveUnits } from '#db/stores/customer-returns'
import { postEntries } from '#db/stores/ledger'
import { costOfUnits, type UnitCost } from '#db/stores/returned-units'
import { lotsComingBack, unitsOfLots } from '#db/stores/returned-lots'
import { moveStock, receiveCost } from '#db/stores/stock'
import type { LotUnits } from '#domain/stock/lots'
import { groupBy } from '#domain/groups'
import { postReturnReceived, type ReturnedGoods } from '#domain/ledger/posting-returns'
import { Refusal } from '#domain/refusal'
import { openReturnCase } from './cases.ts'
import { valueOfUnits } from './credit.ts'
import { soldLineOf, type ReturnWork } from './work.ts'

/** A parcel that is being opened. */
export interface Opening {
  receiptId: bigint
  /** What of it was taken by a later decision. */
  surplusId?: bigint
  siteId: number
  on: string
}

const NOT_WHAT_LEFT = ['wrong-item', 'empty']

/**
 * Goods of a return come: set aside, never on the shelf, at what they cost when they left. What
 * was not expected is written down and asked about; the same reference again changes nothing.
 */
export async function receiveGoods(work: ReturnWork, command: ReceiveReturn): Promise<void> {
  const { tx, doc, today, actor } = work
  const { reference, receivedOn: on = today } = command
  if (await knownReceipt(tx, doc.id, reference)) return
  if (command.site !== undefined) doc.siteId = await siteNamed(tx, doc.entityId, command.site)
  const { siteId } = doc
  const receiptId = await insertReturnReceipt(tx, {
    returnId: doc.id,
    reference,
    siteId,
    on,
    actor,
  })
  const parcel = { receiptId, siteId, on }
  const arrived: ReturnedUnit[] = []
  for (const goods of command.goods) {
    if (NOT_WHAT_LEFT.includes(goods.condition)) await askAboutWrong(work, parcel, goods)
    else {
      const taken = expectedOf(work, goods, arrived)
      for (const unit of taken) unit.condition = goods.condition
      arrived.push(...taken)
      if (taken.length < goods.qty)
        await askAboutSurplus(work, parcel, { ...goods, qty: goods.qty - taken.length })
    }
  }
  await setAside(work, parcel, arrived)
}

function expectedOf({ doc }: ReturnWork, goods: ArrivedGoods, arrived: readonly ReturnedUnit[]) {
  return doc.units
    .filter(
      (unit) => unit.sku === goods.sku && unit.state === 'expected' && !arrived.includes(unit),
    )
    .slice(0, goods.qty)
}

/** Row 11, for these units: stock, its cost and the entry move in this transaction. */
export async function setAside(
  work: ReturnWork,
  { receiptId, surplusId, siteId, on }: Opening,
  units: readonly ReturnedUnit[],
): Promise<void> {
  const { tx, doc, order, actor } = work
  if (units.length === 0 || !order) return
  const part = surplusId === undefined ? `${receiptId}` : `${receiptId}/surplus/${surplusId}`
  const costs = await costOfUnits(tx, units)
  const groups = [
    ...groupBy(units, (unit) => `${unit.orderLineId}/${costs(unit).costMinor}`).values(),
  ]
  const back = new Map<number, LotUnits[]>()
  for (const itemId of new Set(units.map((unit) => unit.itemId)))
    back.set(itemId, await lotsComingBack(tx, { orderId: order.id, itemId }))
  const byLot = groups.flatMap((group) => {
    const { itemId } = group[0]!
    return unitsOfLots(back.get(itemId)!, BigInt(group.length)).map((of) => ({ itemId, ...of }))
  })
  await moveStock(
    tx,
    byLot.map(({ itemId, lot, qty }) => ({
      ...{ itemId, qty, toLot: lot, kind: 'return' as const },
      ...{ toSiteId: siteId, toCondition: 'quarantine', causeType: 'customer-return' },
      ...{ causeId: `${doc.no}/${receiptId}`, reason: `return ${doc.no}`, actor, effectiveOn: on },
    })),
  )
  const goods: ReturnedGoods[] = []
  for (const group of groups)
    goods.push(await keepCost(work, { receiptId, siteId, on }, group, costs))
  if (goods.some(({ costMinor }) => costMinor > 0n))
    await postEntries(
      tx,
      [
        postReturnReceived({
          ...{ returnNo: doc.no, receiptId: part, orderId: order.id, entity: doc.entityId },
          ...{ functionalCurrency: doc.functionalCurrency, receivedOn: on, goods },
        }),
      ],
      actor,
    )
  await saveUnits(tx, units)
}

/** One layer for units of one line and one cost, so that each leaves at its own. */
async function keepCost(
  { tx, doc, order }: ReturnWork,
  { receiptId, siteId, on }: Opening,
  group: readonly ReturnedUnit[],
  costs: (unit: ReturnedUnit) => UnitCost,
): Promise<ReturnedGoods> {
  const [first] = group
  const { costMinor, siteId: from } = costs(first!)
  const qty = BigInt(group.length)
  const [layerId] = await receiveCost(tx, [
    {
      ...{ entityId: doc.entityId, itemId: first!.itemId, siteId, condition: 'quarantine' },
      ...{ rankedOn: on, qty, valueMinor: costMinor * qty },
      ...{
        sourceType: 'customer-return',
        sourceId: `${doc.id}/${receiptId}/${first!.orderLineId}`,
      },
    },
  ])
  for (const unit of group)
    Object.assign(unit, { state: 'received', receiptId, costMinor, layerId: layerId! })
  return {
    ...{ sold: soldLineOf(order!, first!, from), siteId, layerId: layerId! },
    ...{ qty, costMinor: costMinor * qty },
  }
}

async function askAboutSurplus(work: ReturnWork, { receiptId }: Opening, goods: ArrivedGoods) {
  const { tx, doc } = work
  const surplusId = await insertSurplus(tx, receiptId, goods)
  await openReturnCase(work, {
    type: 'return-not-expected',
    discriminator: surplusId.toString(),
    summary: `${doc.no}: ${goods.qty} × ${goods.sku} came and were not announced`,
    evidence: { ...goods, surplusId: surplusId.toString(), receiptId: receiptId.toString() },
    moneyAtRiskMinor: 0n,
  })
}

/** A wrong or empty box: nothing of ours came, and a person says what the customer gets. */
async function askAboutWrong(work: ReturnWork, { receiptId }: Opening, goods: ArrivedGoods) {
  const { doc } = work
  const expected = expectedOf(work, goods, []).length
  if (expected < goods.qty)
    throw new Refusal(
      'ReturnNotExpected',
      `${expected} units of ${goods.sku} are still to come on ${doc.no}; ${goods.qty} were told of. Tell what came for those that are.`,
      { field: 'body.goods' },
    )
  await openReturnCase(work, {
    type: 'return-not-as-sent',
    discriminator: `${receiptId}/${goods.sku}`,
    summary: `${doc.no}: for ${goods.qty} × ${goods.sku} came ${goods.condition === 'empty' ? 'an empty box' : 'something else'}`,
    evidence: { ...goods, receiptId: receiptId.toString() },
    moneyAtRiskMinor: valueOfUnits(work, expectedOf(work, goods, [])),
  })
}
