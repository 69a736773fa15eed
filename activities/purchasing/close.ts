import type { CancelPurchase, ClosePurchaseShort } from '#contracts/procure-to-pay'
import type { Tx } from '#db/client'
import { dropPrepayments } from '#db/stores/prepayments'
import { changeLine, lockPurchase, type PurchaseOrder } from '#db/stores/purchase-orders'
import { sum } from '#domain/money'
import type { PurchaseLine } from '#domain/purchasing/order'
import { Refusal } from '#domain/refusal'
import { openPurchaseCase } from './cases.ts'
import { intendCut } from './sending.ts'
import { expectLines } from './supply.ts'
import { notOursYet, underWayOf } from './title.ts'

/**
 * What is still open will not come: whoever was promised it is promised anew.
 * @throws Refusal `PurchaseNotSent`, `NothingExpected`, `OursInTransit`
 */
export async function closePurchaseShort(
  tx: Tx,
  order: PurchaseOrder,
  { lineNos, ...by }: Pick<ClosePurchaseShort, 'lineNos' | 'reason' | 'actor' | 'key'>,
): Promise<void> {
  if (order.sentRevision === null)
    throw new Refusal(
      'PurchaseNotSent',
      `${order.poNumber} was never sent: cancel it, or change the draft.`,
    )
  const asked = order.lines.filter(
    (line) => line.open > 0n && (lineNos === undefined || lineNos.includes(line.lineNo)),
  )
  if (asked.length === 0)
    throw new Refusal('NothingExpected', 'Nothing more is expected of these lines.')
  const left = await notOursYet(tx, order, asked)
  await letGo(tx, order, left, by)
  await tellCut(tx, order, left, { whole: false, key: by.key })
}

async function tellCut(
  tx: Tx,
  order: PurchaseOrder,
  lines: readonly PurchaseLine[],
  how: { whole: boolean; key: string },
): Promise<void> {
  const cuts = lines.map(({ lineNo, open: cut, ordered, replacing, cancelled }) => ({
    ...{ lineNo, cut, keeps: ordered + replacing - cancelled - cut },
  }))
  await intendCut(tx, order, { ...how, lines: cuts })
}

/** @throws Refusal `PurchaseReceived` once something has come, `OursInTransit` once it is ours: then it is closed short. */
export async function cancelPurchase(
  tx: Tx,
  order: PurchaseOrder,
  by: Pick<CancelPurchase, 'reason' | 'actor' | 'key'>,
): Promise<void> {
  if (order.lines.some((line) => line.received > 0n))
    throw new Refusal(
      'PurchaseReceived',
      `Goods of ${order.poNumber} have come: close it short instead.`,
    )
  if ((await underWayOf(tx, order)).length > 0)
    throw new Refusal(
      'OursInTransit',
      `Goods of ${order.poNumber} are ours since they were shipped: close the rest short instead.`,
    )
  await tx`UPDATE purchase_order SET cancelled_at = clock_timestamp() WHERE id = ${order.id}`
  // What has not left us need not leave; of what has the supplier is told below.
  await tx`
    UPDATE external_effect SET state = 'failed', outcome = '{"outcome": "cancelled"}', settled_at = clock_timestamp()
    WHERE subject_type = 'purchase-order' AND subject_id = ${`${order.id}`} AND state = 'intended'`
  const open = order.lines.filter((line) => line.open > 0n)
  await letGo(tx, order, open, by)
  await tellCut(tx, order, open, { whole: true, key: by.key })
  await tx`
    UPDATE exception_case SET state = 'self-healed', resolution = 'the order is cancelled', resolved_by = 'system', resolved_at = clock_timestamp()
    WHERE subject_type = 'purchase-order' AND subject_id = ${`${order.id}`} AND state = 'open'`
  await chasePrepayments(tx, order, by)
}

/** What was paid ahead for an order that will not come is to come back: somebody sees to it. */
async function chasePrepayments(
  tx: Tx,
  order: PurchaseOrder,
  by: { actor: string; reason: string },
): Promise<void> {
  const stranded = await dropPrepayments(tx, order.id, by)
  if (stranded.length === 0) return
  await openPurchaseCase(tx, order, {
    ...{ type: 'prepayment-stranded', openedBy: `cancelled by ${by.actor}` },
    summary: `${order.supplierName} has been paid ahead for ${order.poNumber}, which is cancelled`,
    evidence: { prepayments: stranded.map(({ minor, ...one }) => ({ ...one, minor: `${minor}` })) },
    moneyAtRiskMinor: sum(stranded.map(({ minor }) => minor)),
  })
}

/**
 * Takes units off lines of an order, whether it was sent or not, and tells the supplier where it was.
 * One of which nothing has come and nothing is left is cancelled.
 */
export async function cutLines(
  tx: Tx,
  order: PurchaseOrder,
  cuts: readonly { line: PurchaseLine; cut: bigint }[],
  by: { reason: string; actor: string; key: string },
): Promise<void> {
  const gone = (line: PurchaseLine) => cuts.find((one) => one.line === line)?.cut ?? 0n
  const untouched = order.lines.every((line) => line.received === 0n)
  if (untouched && order.lines.every((line) => line.open === gone(line)))
    return cancelPurchase(tx, order, by)
  const lines = cuts.map(({ line, cut }) => ({ ...line, open: cut }))
  await letGo(tx, order, lines, by)
  await tellCut(tx, order, lines, { whole: false, key: by.key })
}

async function letGo(
  tx: Tx,
  order: PurchaseOrder,
  lines: readonly PurchaseLine[],
  { reason, actor, key }: { reason: string; actor: string; key: string },
): Promise<void> {
  for (const line of lines) await changeLine(tx, line.id, { cancelled: { qty: line.open, reason } })
  await expectLines(tx, await lockPurchase(tx, order.id), { actor, reason, key })
}
