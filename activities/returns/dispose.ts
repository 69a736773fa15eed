import type { DisposeReturn } from '#contracts/return-to-refund'
import { insertDisposition } from '#db/stores/return-dispositions'
import { saveUnits, type ReturnedUnit } from '#db/stores/customer-returns'
import { postEntries } from '#db/stores/ledger'
import { addToOutbox } from '#db/stores/records'
import { addWork, consumeOwnLayers } from '#db/stores/returned-units'
import { lotsOfReturn, unitsOfLots } from '#db/stores/returned-lots'
import { moveStock, receiveCost } from '#db/stores/stock'
import { groupBy } from '#domain/groups'
import { apportion } from '#domain/apportion'
import { postReturnDisposed, type DisposedGoods } from '#domain/ledger/posting-returns'
import { sum } from '#domain/money'
import { Refusal } from '#domain/refusal'
import type { ReturnWork } from './work.ts'

/** What lies where after each fate; nothing where the units are gone. */
const CONDITION_AFTER = {
  restock: 'sellable',
  'b-stock': 'b-stock',
  liquidate: 'liquidation',
  refurbish: 'refurbish',
  scrap: null,
  vendor: null,
} as const

/**
 * Units that were looked at are put to use, or thrown away: rows 11a to 11d. They leave at their
 * own cost; what they are worth now is never more than that and the work on them (IAS 2.9).
 * @throws Refusal `NothingToDispose`, `WorthMoreThanCost`, `ReturnedUnitsGone`, `UnknownSupplier`.
 */
export async function disposeUnits(work: ReturnWork, command: DisposeReturn): Promise<void> {
  const { tx, doc, today, actor } = work
  const { kind, reason, decidedOn: on = today } = command
  const units = choose(work, command)
  const costMinor = sum(units.map((unit) => unit.costMinor ?? 0n))
  const workMinor = kind === 'refurbish' ? 0n : BigInt(command.workMinor ?? '0')
  const gone = CONDITION_AFTER[kind] === null
  const valueMinor = gone ? 0n : BigInt(command.valueMinor ?? (costMinor + workMinor).toString())
  if (valueMinor > costMinor + workMinor)
    throw new Refusal(
      'WorthMoreThanCost',
      `The units cost ${costMinor + workMinor} and are stated as worth ${valueMinor}: stock is never worth more than it cost.`,
      { field: 'body.valueMinor' },
    )
  const party = kind === 'vendor' ? await partyOf(work, command.supplier) : null
  const dispositionId = await insertDisposition(tx, {
    ...{ returnId: doc.id, kind, siteId: doc.siteId, units: units.length, costMinor },
    ...{ valueMinor, workMinor, party, on, reason, actor },
  })
  const disposing: Disposing = { command, units, dispositionId, on, valueMinor, workMinor }
  const goods = await moveValue(work, disposing)
  const creditMinor = BigInt(command.valueMinor ?? '0')
  const event = {
    ...{ returnNo: doc.no, dispositionId, entity: doc.entityId, decidedOn: on, kind, goods },
    functionalCurrency: doc.functionalCurrency,
    ...(party ? { vendor: { party, creditMinor } } : {}),
  }
  if (costMinor + workMinor + creditMinor > 0n)
    await postEntries(tx, [postReturnDisposed(event)], actor)
  for (const unit of units) {
    unit.dispositionId = dispositionId
    unit.state = kind === 'refurbish' ? 'refurbishing' : 'disposed'
    unit.layerId = goods.to?.layerId ?? unit.layerId
  }
  await saveUnits(tx, units)
  if (kind === 'restock')
    await addToOutbox(tx, [
      {
        ...{ topic: 'stock-arrived', key: `return-disposition/${dispositionId}` },
        body: { itemIds: [units[0]!.itemId] },
      },
    ])
}

interface Disposing {
  command: DisposeReturn
  units: readonly ReturnedUnit[]
  dispositionId: bigint
  on: string
  valueMinor: bigint
  workMinor: bigint
}

/** Units in work come before those that are only set aside, where work on them is told of. */
function choose({ doc }: ReturnWork, command: DisposeReturn): ReturnedUnit[] {
  const { sku, qty, grade, workMinor, kind } = command
  const state = workMinor !== undefined && kind !== 'refurbish' ? 'refurbishing' : 'received'
  const waiting = doc.units.filter(
    (unit) =>
      unit.sku === sku &&
      unit.state === state &&
      unit.grade !== null &&
      (grade === undefined || unit.grade === grade),
  )
  if (waiting.length < qty)
    throw new Refusal(
      'NothingToDispose',
      `${waiting.length} graded units of ${sku} are ${state} on ${doc.no}; ${qty} were told of. Grade the others first.`,
      { field: 'body.qty' },
    )
  return waiting.slice(0, qty)
}

async function partyOf({ tx }: ReturnWork, supplier: string | undefined): Promise<string> {
  const [row] = await tx<{ party: string }[]>`
    SELECT party FROM supplier WHERE code = ${supplier ?? ''}`
  if (!row)
    throw new Refusal(
      'UnknownSupplier',
      `There is no supplier ${supplier ?? ''}. Name the one that takes the goods.`,
      { field: 'body.supplier' },
    )
  return row.party
}

/** Quantity and cost leave the place where they were, and come to the next. */
async function moveValue(work: ReturnWork, disposing: Disposing): Promise<DisposedGoods> {
  const { tx, doc, actor } = work
  const { command, units, dispositionId, on, valueMinor, workMinor } = disposing
  const after = CONDITION_AFTER[command.kind]
  const inWork = units[0]!.state === 'refurbishing'
  const before = inWork ? 'refurbish' : 'quarantine'
  const { itemId } = units[0]!
  const { siteId } = doc
  const qty = BigInt(units.length)
  const lots = await lotsOfReturn(tx, { no: doc.no, itemId, condition: before })
  await moveStock(
    tx,
    unitsOfLots(lots, qty).map((of) => ({
      ...{ itemId, qty: of.qty },
      ...{ kind: after === null ? ('issue' as const) : ('adjustment' as const) },
      ...{ fromSiteId: siteId, fromCondition: before, fromLot: of.lot },
      ...(after === null ? {} : { toSiteId: siteId, toCondition: after, toLot: of.lot }),
      ...{ causeType: 'customer-return', causeId: `${doc.no}/disposed/${dispositionId}` },
      ...{ reason: command.reason, actor, effectiveOn: on },
    })),
  )
  const groups = [...groupBy(units, (unit) => `${unit.layerId}`).values()]
  const spent = workOn(groups, workMinor)
  await addWork(tx, spent, { causeId: dispositionId.toString(), effectiveOn: on })
  const uses = await consumeOwnLayers(
    tx,
    groups.map((group, n) => ({
      ...{ layerId: group[0]!.layerId!, qty: BigInt(group.length) },
      workMinor: spent[n]?.minor ?? 0n,
      ...{ causeId: dispositionId.toString(), effectiveOn: on },
    })),
  )
  const account = inWork ? ('Refurbishment' as const) : ('Quarantine' as const)
  const from = uses.map((use) => ({
    ...{
      account,
      condition: before,
      layerId: use.layerId,
      qty: use.qty,
      costMinor: use.valueMinor,
    },
  }))
  if (after === null) return { itemId, siteId, from, work: spent, to: undefined }
  const whole = command.valueMinor === undefined
  const worth = whole ? sum(uses.map((use) => use.valueMinor)) : valueMinor
  const [layerId] = await receiveCost(tx, [
    {
      ...{ entityId: doc.entityId, itemId, siteId, condition: after, rankedOn: on, qty },
      ...{ valueMinor: worth, sourceType: 'return-disposition', sourceId: `${dispositionId}` },
    },
  ])
  const to = {
    account: after === 'refurbish' ? ('Refurbishment' as const) : ('Inventory' as const),
    ...{ condition: after, layerId: layerId!, qty, costMinor: worth },
  }
  return { itemId, siteId, from, work: spent, to }
}

/** What was spent falls on the layers by their units. */
function workOn(groups: readonly ReturnedUnit[][], workMinor: bigint) {
  if (workMinor === 0n) return []
  const shares = apportion(
    workMinor,
    groups.map((group) => BigInt(group.length)),
  )
  return groups.map((group, n) => ({ layerId: group[0]!.layerId!, minor: shares[n]! }))
}
