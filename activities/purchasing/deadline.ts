import type { Tx } from '#db/client'
import { policiesFor } from '#db/queries/policies'
import { escalateCase, openCasesOf } from '#db/stores/cases'
import type { PurchaseOrder } from '#db/stores/purchase-orders'
import { addToOutbox } from '#db/stores/records'
import { openPurchaseCase } from './cases.ts'
import { followBuyer } from './drop-ship.ts'
import { lateFrom, supplySource } from './supply.ts'
import { askAboutTransit, underWayOf } from './title.ts'

/** Silence of a supplier, late goods and cases that nobody decides: each asks somebody, or somebody else. */
export async function passPurchaseDeadlines(
  tx: Tx,
  order: PurchaseOrder,
  { today, key, actor }: { today: string; key: string; actor: string },
): Promise<void> {
  await followBuyer(tx, order, { actor, key })
  await escalate(tx, order)
  await watchSilence(tx, order)
  await watchLateness(tx, order, today)
}

async function escalate(tx: Tx, order: PurchaseOrder): Promise<void> {
  const { exceptions } = await policiesFor(tx, order.entity)
  const [clock] = await tx<{ now: string }[]>`SELECT clock_timestamp() AS now`
  for (const found of await openCasesOf(tx, 'purchase-order', `${order.id}`)) {
    if (found.dueAt > clock!.now) continue
    const { escalateTo, slaMinutes } = exceptions.body[found.type]
    await escalateCase(tx, found.id, { team: escalateTo, slaMinutes })
    await addToOutbox(tx, [
      {
        ...{ topic: 'escalation', key: `${found.id}/${found.escalations + 1}` },
        body: {
          ...{ caseId: found.id, type: found.type, from: found.ownerTeam, to: escalateTo },
          purchaseId: order.id,
        },
      },
    ])
  }
}

/** When the supplier's time to confirm is over; null where nothing is awaited. */
export async function silentFrom(tx: Tx, order: PurchaseOrder): Promise<string | null> {
  const awaited =
    order.sentRevision === order.revision &&
    order.acknowledgedRevision !== order.revision &&
    order.cancelledAt === null &&
    order.lines.some((line) => line.open > 0n && line.received === 0n)
  if (!awaited) return null
  const { acknowledgeHours } = order.policies.purchasing.body
  const [row] = await tx<{ at: string }[]>`
    SELECT sent_at + make_interval(hours => ${acknowledgeHours}) AS at FROM purchase_order WHERE id = ${order.id}
      AND NOT EXISTS (SELECT FROM exception_case WHERE subject_type = 'purchase-order' AND subject_id = ${`${order.id}`}
        AND type IN ('purchase-unconfirmed', 'purchase-changed') AND state = 'open')`
  return row?.at ?? null
}

async function watchSilence(tx: Tx, order: PurchaseOrder): Promise<void> {
  const at = await silentFrom(tx, order)
  if (at === null || Date.parse(at) > Date.now()) return
  const { acknowledgeHours } = order.policies.purchasing.body
  await openPurchaseCase(tx, order, {
    ...{ type: 'purchase-unconfirmed', openedBy: 'deadline' },
    discriminator: `${order.revision}`,
    summary: `${order.supplierName} has not confirmed ${order.poNumber} in ${acknowledgeHours} hours`,
    evidence: { sentAt: order.sentAt },
  })
}

/** Lines whose goods should be here, and the first day on which another one will be. */
export function lateLines(
  order: PurchaseOrder,
  today: string,
): { late: PurchaseOrder['lines']; next: string | null } {
  const { lateDays } = order.policies.purchasing.body
  if (order.sentRevision === null) return { late: [], next: null }
  const open = order.lines.filter((line) => line.open > 0n)
  const coming = open.map((line) => lateFrom(line, lateDays)).filter((day) => day > today)
  return {
    late: open.filter((line) => lateFrom(line, lateDays) <= today),
    next: coming.sort()[0] ?? null,
  }
}

async function watchLateness(tx: Tx, order: PurchaseOrder, today: string): Promise<void> {
  const { late } = lateLines(order, today)
  if (late.length === 0) return
  const waiting = await tx<
    { orderNo: string; sku: string; qty: number; promiseOn: string | null }[]
  >`
    SELECT o.order_number AS "orderNo", l.sku, p.qty, l.promise_on AS "promiseOn" FROM supply_promise p JOIN expected_supply es ON es.id = p.supply_id
    JOIN sales_order_line l ON l.id = p.order_line_id JOIN sales_order o ON o.id = p.order_id
    WHERE es.source_type = 'purchase-order' AND es.source_id = ANY(${late.map((line) => supplySource(order, line))}::text[]) ORDER BY o.id LIMIT 100`
  for (const ours of await underWayOf(tx, order))
    if (late.includes(ours.line))
      await askAboutTransit(tx, order, { ...ours, why: 'overdue', openedBy: 'deadline' })
  const lineNos = late.map((line) => line.lineNo)
  await openPurchaseCase(tx, order, {
    ...{ type: 'purchase-late', discriminator: lineNos.join(','), openedBy: 'deadline' },
    summary: `Lines ${lineNos.join(', ')} of ${order.poNumber} should be here; ${waiting.length} order lines wait for them`,
    evidence: { lineNos, waiting: [...waiting] },
  })
}
