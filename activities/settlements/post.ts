import type { Tx } from '#db/client'
import { openReturnsOf } from '#db/queries/statement-refunds'
import { postEntries } from '#db/stores/ledger'
import { addToOutbox } from '#db/stores/records'
import {
  aboutOrders,
  chunkSums,
  keepItems,
  plannedLines,
  saidBefore,
  type LineSum,
  type OrderAbout,
  type SettledItem,
} from '#db/stores/settlement-posting'
import type { SettlementDoc } from '#db/stores/settlements'
import { groupBy } from '#domain/groups'
import type { JournalEntryDraft } from '#domain/ledger/journal'
import { reserveKey } from '#domain/ledger/posting-payouts'
import {
  carriedKey,
  postOrderSettled,
  postStatementLines,
  postStatementPaid,
  statementKey,
  type OrderSettled,
  type WholeAmount,
} from '#domain/ledger/posting-settlements'
import { settleDay, type OrderDay, type PlannedLine } from '#domain/settlement/order-settlement'
import { payoutIdOf } from '#domain/settlement/names'
import { Booked, bookedAt } from './booked.ts'
import { withConversions } from './conversions.ts'
import { tellDisputes } from './disputes.ts'

/** Posts the next part of a statement: its orders and payments, then what is about none of them. */
export async function postNextChunk(tx: Tx, doc: SettlementDoc, actor: string): Promise<void> {
  const chunk = doc.postedChunks + 1
  const sums = await chunkSums(tx, doc, chunk)
  const booked = new Booked(tx, doc)
  const orders = sums.filter(({ groupKey }) => groupKey !== 'statement')
  const whole = sums.filter(({ groupKey }) => groupKey === 'statement')
  const drafts = [
    ...(await itemEntries(tx, doc, booked, { sums: orders, from: 'statement' })),
    ...(await wholeEntries(doc, booked, whole)),
  ]
  const part = { chunk, actor }
  await withConversions(tx, doc, part, () => postEntries(tx, drafts, actor))
  await tellDisputes(tx, doc, chunk)
  doc.postedChunks = chunk
}

interface OfItems {
  sums: readonly LineSum[]
  from: OrderSettled['from']
  cause?: string
}

/** One entry an open item and day; what the statement said of each item is kept. */
export async function itemEntries(
  tx: Tx,
  doc: SettlementDoc,
  booked: Booked,
  { sums, from, cause }: OfItems,
): Promise<JournalEntryDraft[]> {
  const groups = groupBy(sums, ({ groupKey }) => groupKey)
  const ids = [...new Set(sums.flatMap(({ orderId }) => (orderId === null ? [] : [orderId])))]
  const marketplace = doc.clearing === 'MarketplaceClearing'
  const refunded = sums.flatMap(({ treatment, orderId }) =>
    treatment === 'refund' && orderId !== null ? [orderId] : [],
  )
  // Orders before open items, as everybody locks them.
  const before = marketplace ? await saidBefore(tx, ids, refunded) : new Map<bigint, never>()
  await booked.know([...groups.keys()])
  const about = await aboutOrders(tx, ids)
  const planned = marketplace ? await plannedLines(tx, doc, ids) : new Map<bigint, PlannedLine[]>()
  const drafts: JournalEntryDraft[] = []
  const items: SettledItem[] = []
  for (const [openKey, group] of groups) {
    const orderId = group.find((line) => line.orderId !== null)?.orderId ?? null
    const lines = (orderId !== null && planned.get(orderId)) || []
    const said = (orderId !== null && before.get(orderId)) || {
      ...{ saleMinor: 0n, units: 0n, commissionMinor: 0n, fulfilmentMinor: 0n },
      refundToldMinor: 0n,
    }
    const item = blankItem(openKey, orderId)
    for (const [on, day] of groupBy(group, ({ postedOn }) => postedOn)) {
      const settled = settleDay(day, lines, said)
      addUp(item, settled)
      if (!moves(settled)) continue
      const taken = await booked.take(doc.clearing, openKey, settled.clearedMinor, on)
      drafts.push(
        postOrderSettled({
          ...(await booked.day(on)),
          ...settled,
          ...{ openKey, from, about: dimensionsOf(orderId, about) },
          ...(cause === undefined ? {} : { cause }),
          ...bookedAt(taken),
        }),
      )
    }
    items.push(item)
  }
  await keepItems(tx, doc, items, cause ?? '')
  await tellReturns(tx, doc, refunded)
  return drafts
}

/** Returns that wait for the marketplace to pay its buyer look again: a statement says that it has. */
async function tellReturns(tx: Tx, doc: SettlementDoc, orderIds: readonly bigint[]): Promise<void> {
  const waiting = await openReturnsOf(tx, orderIds)
  const cause = `statement ${doc.no} gives money back`
  await addToOutbox(
    tx,
    waiting.map(({ id, version, workflowId }) => ({
      ...{ topic: 'look-again', key: `settlement/${doc.id}/return/${id}/${version}` },
      body: { workflowId, cause },
    })),
  )
}

/** What nets to nothing at all, such as tax that the marketplace withholds, leaves no entry. */
function moves({ netMinor, clearedMinor, fees, refunds }: OrderDay): boolean {
  return netMinor !== 0n || clearedMinor !== 0n || fees.length > 0 || refunds.length > 0
}

function dimensionsOf(orderId: bigint | null, about: Map<bigint, OrderAbout>) {
  if (orderId === null) return {}
  return { orderId, ...about.get(orderId) }
}

function blankItem(openKey: string, orderId: bigint | null): SettledItem {
  return {
    ...{ openKey, orderId, saleMinor: 0n, units: 0n, refundMinor: 0n, actualFeeMinor: 0n },
    refundToldMinor: 0n,
    ...{ expectedCommissionMinor: 0n, actualCommissionMinor: 0n },
    ...{ expectedFulfilmentMinor: 0n, actualFulfilmentMinor: 0n },
  }
}

function addUp(item: SettledItem, day: OrderDay): void {
  item.saleMinor += day.saleMinor
  item.units += day.units
  item.refundMinor += day.refundMinor
  item.refundToldMinor += day.refundToldMinor
  item.expectedCommissionMinor += day.expected.commissionMinor
  item.actualCommissionMinor += day.actual.commissionMinor
  item.expectedFulfilmentMinor += day.expected.fulfilmentMinor
  item.actualFulfilmentMinor += day.actual.fulfilmentMinor
  item.actualFeeMinor += day.actual.feeMinor
}

/** One entry a day for what is about the account as a whole, and for what waits in suspense. */
async function wholeEntries(
  doc: SettlementDoc,
  booked: Booked,
  sums: readonly LineSum[],
): Promise<JournalEntryDraft[]> {
  const drafts: JournalEntryDraft[] = []
  for (const [on, day] of groupBy(sums, ({ postedOn }) => postedOn)) {
    const amounts = await wholeAmounts(doc, booked, day, on)
    if (amounts.length > 0) drafts.push(postStatementLines({ ...(await booked.day(on)), amounts }))
  }
  return drafts
}

/** Added up by what they are; amounts that cancel each other out are none. */
export async function wholeAmounts(
  doc: SettlementDoc,
  booked: Booked,
  sums: readonly Pick<LineSum, 'treatment' | 'amountMinor'>[],
  on: string,
): Promise<WholeAmount[]> {
  const amounts = new Map<string, WholeAmount>()
  for (const { treatment, amountMinor } of sums) {
    const known = amounts.get(treatment)
    if (known) known.amountMinor += amountMinor
    else amounts.set(treatment, { treatment, amountMinor })
  }
  const moved = [...amounts.values()].filter(({ amountMinor }) => amountMinor !== 0n)
  for (const amount of moved) {
    const item = itemOf(doc, amount)
    if (item === undefined) continue
    const taken = await booked.take(item.account, item.key, amount.amountMinor, on)
    Object.assign(amount, bookedAt(taken))
  }
  return moved
}

function itemOf(doc: SettlementDoc, { treatment }: WholeAmount) {
  if (treatment === 'reserve')
    return { account: 'ReservesHeld', key: reserveKey(doc.provider) } as const
  if (treatment === 'carried') return { account: doc.clearing, key: carriedKey(doc) }
  return undefined
}

/** The last entry of a statement: its own open item becomes the payout, and what stays there. */
export async function postPaid(tx: Tx, doc: SettlementDoc, actor: string): Promise<void> {
  const { effectiveOn: on, payoutMinor, openingMinor, closingMinor } = doc
  const booked = new Booked(tx, doc)
  const key = statementKey({ statementId: doc.id })
  const taken = await booked.take(doc.clearing, key, doc.totalMinor, on)
  const entry = postStatementPaid({
    ...(await booked.day(on)),
    ...{ payoutId: payoutIdOf(doc), payoutMinor, openingMinor, closingMinor },
    ...bookedAt(taken),
  })
  if (entry) await postEntries(tx, [entry], actor)
}
