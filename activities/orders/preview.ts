import type { AddressDocument } from '#contracts/order-intake'
import type { OrderPreviews, PreviewedEffect } from '#contracts/order-previews'
import type { OrderProgress } from '#contracts/order-to-cash'
import type { Db, Tx } from '#db/client'
import { preview } from '#db/commit-once'
import { keepAddress } from '#db/stores/addresses'
import { lockOrder, type SalesOrder } from '#db/stores/orders'
import { orderSteps, today } from './index.ts'
import { convertMinor, RATE_ONE } from '#domain/ledger/fx'
import { divideRounded } from '#domain/money'
import { keptValue } from '#domain/orders/worth'
import { finishStep } from './progress.ts'

/** The same code as the commands themselves, always rolled back: a preview cannot differ from the act. */
export function orderPreviews(db: Db): OrderPreviews {
  const run =
    <C extends { key: string; actor: string; addressId?: string }>(
      work: (tx: Tx, order: SalesOrder, command: C & { today: string }) => Promise<SalesOrder>,
    ) =>
    (orderId: string, asked: C, address?: AddressDocument) =>
      preview(db, async (tx) => {
        const order = await lockOrder(tx, orderId)
        const command = address
          ? { ...asked, addressId: await keepAddress(tx, order.id, address) }
          : asked
        const before = {
          valueMinor: keptValue(order),
          stock: await reservedOf(tx, order),
          cases: await openCases(tx, order),
          refundMinor: pendingRefund(order),
        }
        const changed = await work(tx, order, { ...command, today: today(order) })
        const progress = await finishStep(tx, changed, {
          action: 'preview',
          actor: command.actor,
          key: command.key,
        })
        return effectOf(tx, { before, order: changed, progress })
      })
  return {
    resolveException: run(orderSteps.resolveException),
    cancelOrder: run(orderSteps.cancelOrder),
    changeOrder: run(orderSteps.changeOrder),
  }
}

interface Reserved {
  sku: string
  site: string
  live: number
}

function reservedOf(tx: Tx, order: SalesOrder): Promise<Reserved[]> {
  return tx<Reserved[]>`
    SELECT i.sku, s.code AS site, sum(r.live)::int AS live FROM reservation r JOIN item i ON i.id = r.item_id JOIN site s ON s.id = r.site_id
    WHERE r.order_id = ${order.id} GROUP BY 1, 2 ORDER BY 1, 2`
}

async function openCases(tx: Tx, order: SalesOrder): Promise<string[]> {
  const rows = await tx<
    { id: bigint }[]
  >`SELECT id FROM exception_case WHERE subject_type = 'order' AND subject_id = ${order.id.toString()} AND state = 'open'`
  return rows.map((row) => row.id.toString())
}

interface Seen {
  before: { valueMinor: bigint; stock: Reserved[]; cases: string[]; refundMinor: bigint }
  order: SalesOrder
  progress: OrderProgress
}

async function effectOf(tx: Tx, { before, order, progress }: Seen): Promise<PreviewedEffect> {
  const entries = await tx<
    { eventType: string; lines: PreviewedEffect['entries'][number]['lines'] }[]
  >`
    SELECT e.event_type AS "eventType", jsonb_agg(jsonb_build_object('account', a.code || ' ' || a.name, 'amountMinor', l.amount_minor::text, 'currency', l.currency) ORDER BY l.line_no) AS lines
    FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id JOIN gl_account a ON a.id = l.account_id WHERE e.xid = pg_current_xact_id() GROUP BY e.id, 1 ORDER BY e.id`
  const cost = await costOf(tx, order)
  const after = await reservedOf(tx, order)
  const keys = [
    ...new Set([...before.stock, ...after].map((row) => `${row.sku}\n${row.site}`)),
  ].sort()
  const live = (rows: Reserved[], key: string) =>
    rows.find((row) => `${row.sku}\n${row.site}` === key)?.live ?? 0
  const tax = order.lines.reduce((all, line) => all + line.taxMinor, 0n)
  return {
    phase: progress.phase,
    waitingFor: progress.waitingFor,
    money: {
      currency: order.currency,
      orderValueBeforeMinor: before.valueMinor.toString(),
      orderValueAfterMinor: keptValue(order).toString(),
      refundMinor: (pendingRefund(order) - before.refundMinor).toString(),
      marginAfterMinor:
        cost === null ? null : (keptValue(order) - tax - inOrderCurrency(order, cost)).toString(),
    },
    stock: keys
      .map((key) => ({
        sku: key.split('\n')[0]!,
        site: key.split('\n')[1]!,
        reservedDelta: live(after, key) - live(before.stock, key),
      }))
      .filter((row) => row.reservedDelta !== 0),
    split: await splitOf(tx, order),
    promises: order.lines
      .filter((line) => line.itemId !== null)
      .map((line) => ({ sku: line.sku ?? '', promiseOn: line.promiseOn })),
    newCases: progress.cases.filter((c) => !before.cases.includes(c.id)).map((c) => c.type),
    outsideCalls: progress.effects.map((effect) => effect.summary),
    entries,
  }
}

/**
 * What the kept units cost, in the entity's currency: by the layer that goes next, else by the
 * last one there was. Null where there was none: an unknown cost is not nothing.
 */
async function costOf(tx: Tx, order: SalesOrder): Promise<bigint | null> {
  const [row] = await tx<{ cost: bigint; unknown: boolean }[]>`
    SELECT coalesce(sum(div(l.qty * c.value0_minor, c.qty0)), 0)::bigint AS cost, coalesce(bool_or(c.qty0 IS NULL), false) AS unknown
    FROM (SELECT item_id, qty_ordered - qty_cancelled AS qty FROM sales_order_line WHERE order_id = ${order.id}) l LEFT JOIN item i ON i.id = l.item_id
    LEFT JOIN LATERAL (SELECT value0_minor, qty0 FROM cost_layer c WHERE c.item_id = l.item_id AND c.entity_id = ${order.entityId}
      ORDER BY c.remaining_qty > 0 DESC, CASE WHEN c.remaining_qty > 0 THEN c.ranked_on END, c.ranked_on DESC, c.id LIMIT 1) c ON true
    WHERE l.qty > 0 AND (i.id IS NULL OR i.kind = 'stock')`
  return row!.unknown ? null : row!.cost
}

/** As the last plan decided; what it costs is known before anything is released. */
async function splitOf(tx: Tx, order: SalesOrder): Promise<PreviewedEffect['split']> {
  const [row] = await tx<
    { split: Omit<NonNullable<PreviewedEffect['split']>, 'currency'> | null }[]
  >`
    SELECT nullif(choice->'split', 'null') AS split FROM decision_record
    WHERE subject_type = 'order' AND subject_id = ${order.id.toString()} AND kind = 'allocation' ORDER BY id DESC LIMIT 1`
  if (!row?.split) return null
  const { reason, sites, freightMinor, extraMinor } = row.split
  return { reason, sites, freightMinor, extraMinor, currency: order.functionalCurrency }
}

/** Refunds that are granted and not settled yet, of whatever has happened to the order before. */
function pendingRefund(order: SalesOrder): bigint {
  return order.payments.reduce((all, payment) => all + payment.refundPendingMinor, 0n)
}

/** Costs are kept in the entity's currency, prices in the order's; the order's own rate joins them. */
function inOrderCurrency(order: SalesOrder, functionalMinor: bigint): bigint {
  const back = divideRounded(RATE_ONE * RATE_ONE, order.rateE9)
  return convertMinor(functionalMinor, order.functionalCurrency, order.currency, back)
}
