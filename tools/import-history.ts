import type { OrderLineDocument } from '#contracts/order-intake'
import type { Db } from '#db/client'
import { commitOnce, requestHash } from '#db/commit-once'
import { insertPastOrders, type PastOrder } from '#db/stores/history'
import {
  appliedCancellations,
  cancelPastUnits,
  keepUnmatched,
  pastLines,
  type PastCancellation,
  type PastLine,
} from '#db/stores/history-cancellations'
import { dateAt } from '#domain/dates'
import { freezeOrder, type ResolvedItem } from '#domain/orders/freeze'
import { Refusal } from '#domain/refusal'
import type { ImportChannel, ImportMasters } from './import-channels.ts'
import type { ImportedRow } from './import-rows.ts'
import { byChannel, NOTHING_TO_SETTLE, reject, type ImportSink } from './import-sink.ts'

export interface HistoryOptions {
  db: Db
  masters: ImportMasters
  actor: string
  /** Of cancellations, which name no channel themselves. */
  channel: string
}

/** Orders placed before go-live: rows to look at and to forecast from, without a process. */
export function historySink(options: HistoryOptions): ImportSink {
  return {
    orders: async (rows) => {
      for (const [code, own] of byChannel(rows)) await importPast(options, code, own)
    },
    cancellations: (rows) => cancelPast(options, rows),
    settle: () => Promise.resolve(NOTHING_TO_SETTLE),
  }
}

async function importPast(
  { db, masters, actor }: HistoryOptions,
  code: string,
  rows: readonly ImportedRow[],
): Promise<void> {
  const channel = await masters.channel(code)
  if (!channel) return rows.forEach((row) => rejectChannel(row, code))
  await masters.learnItems(
    channel,
    rows.flatMap((row) => row.order!.lines),
  )
  const sound: ImportedRow[] = []
  const orders: PastOrder[] = []
  for (const row of rows) {
    const order = await pastOrder(masters, channel, row)
    if (!order) continue
    sound.push(row)
    orders.push(order)
  }
  if (orders.length === 0) return
  const request = { channel: code, orders: orders.map(({ document }) => document) }
  const key = `import-history/${code}/${requestHash(request).toString('hex')}`
  let ran = false
  const { policies } = channel
  const added = await commitOnce(db, { key, request, actor }, (tx) => {
    ran = true
    return insertPastOrders(tx, { channel, policies, actor, orders })
  })
  const fresh = new Set(ran ? added : [])
  for (const row of sound) row.outcome = fresh.has(row.order!.externalId) ? 'imported' : 'known'
}

async function pastOrder(
  masters: ImportMasters,
  channel: ImportChannel,
  row: ImportedRow,
): Promise<PastOrder | null> {
  const document = row.order!
  const on = dateAt(document.placedAt, 'UTC')
  const rateE9 = await masters.rate(document.currency, channel.functionalCurrency, on)
  if (rateE9 === null) {
    const pair = `${document.currency} to ${channel.functionalCurrency}`
    reject(row, 'no-exchange-rate', 'currency', `no rate from ${pair} is known: load one first`)
    return null
  }
  try {
    const lines = freezeOrder(document, (line) => resolve(masters, channel, line))
    return { document, lines, rateE9, origin: `${row.file}:${row.row}` }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    reject(row, error.code, 'total', error.message)
    return null
  }
}

/** Kits stay kits here: nothing of a past order is picked any more. */
function resolve(
  masters: ImportMasters,
  channel: ImportChannel,
  line: OrderLineDocument,
): ResolvedItem[] {
  const item = masters.item(channel, line)
  return [
    {
      itemId: item?.itemId ?? null,
      kitItemId: null,
      packFactor: item?.packFactor ?? 1,
      weight: 1n,
    },
  ]
}

async function cancelPast(
  { db, masters, actor, channel: code }: HistoryOptions,
  rows: readonly ImportedRow[],
): Promise<void> {
  const channel = await masters.channel(code)
  if (!channel) return rows.forEach((row) => rejectChannel(row, code))
  const marked = marksOf(rows)
  const applied = await appliedCancellations(db, code, [...marked.keys()])
  for (const mark of applied) marked.get(mark)!.outcome = 'known'
  const open = [...marked].filter(([mark]) => !applied.has(mark))
  const matched = matchCancellations(open, await candidatesOf(db, channel, open))
  for (let from = 0; from < matched.length; from += 500) {
    const set = matched.slice(from, from + 500)
    const request = { channel: code, cancellations: set }
    const key = `import-history-cancellations/${code}/${requestHash(request).toString('hex')}`
    await commitOnce(db, { key, request, actor }, (tx) => cancelPastUnits(tx, code, actor, set))
    for (const { mark } of set) marked.get(mark)!.outcome = 'cancelled'
  }
  await keepRest(
    { db, actor },
    channel,
    open.filter(([, row]) => row.outcome === undefined),
  )
}

/** Kept with the reason, so that no row of the file is lost: a later file may bring the sale. */
async function keepRest(
  { db, actor }: Pick<HistoryOptions, 'db' | 'actor'>,
  { id, code }: ImportChannel,
  rest: Marked,
): Promise<void> {
  for (let from = 0; from < rest.length; from += 500) {
    const set = rest.slice(from, from + 500)
    const cancellations = set.map(([mark, { file, row, cancellation, problems }]) => {
      const { customerId, sku, quantity: qty, unitPriceMinor, cancelledAt } = cancellation!
      const reason = problems[0]!.message
      const origin = `${file}:${row}`
      return { mark, customerId, sku, qty, unitPriceMinor, cancelledAt, reason, origin }
    })
    const request = { channel: code, cancellations }
    const key = `import-history-unmatched/${code}/${requestHash(request).toString('hex')}`
    let ran = false
    const added = await commitOnce(db, { key, request, actor }, (tx) => {
      ran = true
      return keepUnmatched(tx, id, cancellations)
    })
    const fresh = new Set(ran ? added : [])
    for (const [mark, row] of set) row.outcome = fresh.has(mark) ? 'unmatched' : 'known'
  }
}

/** `invoice/stock code/nth` names a cancellation, in whatever row of whatever file it stands. */
function marksOf(rows: readonly ImportedRow[]): Map<string, ImportedRow> {
  const counts = new Map<string, number>()
  return new Map(
    rows.map((row) => {
      const { invoice, sku } = row.cancellation!
      const nth = (counts.get(`${invoice}/${sku}`) ?? 0) + 1
      counts.set(`${invoice}/${sku}`, nth)
      return [`${invoice}/${sku}/${nth}`, row]
    }),
  )
}

type Marked = readonly (readonly [mark: string, row: ImportedRow])[]

async function candidatesOf(db: Db, channel: ImportChannel, open: Marked): Promise<PastLine[]> {
  const wanted = open.flatMap(([, row]) => {
    const { customerId, sku } = row.cancellation!
    return customerId === null ? [] : [{ customerId, sku }]
  })
  return wanted.length === 0 ? [] : pastLines(db, channel.id, wanted)
}

/**
 * Finds for each cancellation, in the order in which they happened, the latest earlier sale of
 * the same code to the same customer at the same price that has enough units left.
 */
function matchCancellations(open: Marked, candidates: readonly PastLine[]): PastCancellation[] {
  const groups = new Map<string, PastLine[]>()
  for (const line of candidates) {
    const key = `${line.customerId}/${line.sku}`
    groups.set(key, [...(groups.get(key) ?? []), line])
  }
  const inTime = [...open].sort(([, a], [, b]) =>
    a.cancellation!.cancelledAt < b.cancellation!.cancelledAt ? -1 : 1,
  )
  return inTime.flatMap(([mark, row]) => {
    const { customerId, sku, kind, quantity, unitPriceMinor, cancelledAt } = row.cancellation!
    if (kind !== 'goods' && kind !== 'gift-card')
      return unmatched(row, 'StockCode', `${sku} is a charge, no goods: its money is in the books`)
    if (customerId === null)
      return unmatched(row, 'CustomerID', 'no customer is told, so nothing tells which sale it was')
    const sale = groups
      .get(`${customerId}/${sku}`)
      ?.find(
        (line) =>
          line.placedAt <= cancelledAt &&
          line.qtyLeft >= quantity &&
          isPrice(line, BigInt(unitPriceMinor)),
      )
    if (!sale)
      return unmatched(row, 'InvoiceNo', `no earlier sale of ${quantity} × ${sku} at this price`)
    sale.qtyLeft -= quantity
    return [{ mark, lineId: sale.lineId, orderId: sale.orderId, qty: quantity, cancelledAt }]
  })
}

/** Prices finer than a penny were split over two lines: their unit price is off by less than one. */
function isPrice({ goodsMinor, qtyOrdered }: PastLine, unitPriceMinor: bigint): boolean {
  const gap = goodsMinor - unitPriceMinor * BigInt(qtyOrdered)
  return (gap < 0n ? -gap : gap) < BigInt(qtyOrdered)
}

function unmatched(row: ImportedRow, field: string, message: string): [] {
  row.problems.push({ code: 'cancellation-unmatched', field, message })
  return []
}

function rejectChannel(row: ImportedRow, code: string): void {
  reject(row, 'unknown-channel', 'channel', `there is no channel "${code}": create it first`)
}
