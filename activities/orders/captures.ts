import type { Tx } from '#db/client'
import { openCasesOf } from '#db/stores/cases'
import type { OrderPayment, SalesOrder } from '#db/stores/orders'
import { intendEffect } from '#db/stores/records'
import { sum } from '#domain/money'
import { openUnits } from '#domain/orders/phase'
import { paidIn, stillAuthorised } from '#domain/orders/tenders'
import { keptValue, shippedValue } from '#domain/orders/worth'

interface Capture {
  /** The first tender's capture has this key; those of further tenders are named after it. */
  key: string
  /** A shipment takes no more than what it is worth itself. */
  atMostMinor?: bigint
}

/**
 * Intends to take what is owed and nothing has paid yet, from each authorisation in turn: what
 * has left, or all that is kept where goods may leave only against money that is in.
 */
export async function captureWhatIsOwed(
  tx: Tx,
  order: SalesOrder,
  { key, atMostMinor }: Capture,
): Promise<void> {
  const sources = order.payments.filter(isAuthorised)
  if (sources.length === 0 || owedMinor(order) <= 0n) return
  const underway = await capturesUnderway(tx, order)
  let owed = owedMinor(order) - underway.minor
  if (atMostMinor !== undefined && atMostMinor < owed) owed = atMostMinor
  for (const [n, payment] of sources.entries()) {
    const left = stillAuthorised(payment) - (underway.of.get(payment.id.toString()) ?? 0n)
    const amountMinor = left < owed ? left : owed
    if (amountMinor <= 0n) continue
    owed -= amountMinor
    await intendPayment(tx, order, payment, {
      key: n === 0 ? key : `${key}/${payment.id}`,
      operation: 'capture',
      amountMinor,
      last: order.lines.every((line) => openUnits(line) === 0),
    })
  }
}

/** Looks whether something is owed and can be taken, unless a person is deciding on just that. */
export async function captureOnResume(tx: Tx, order: SalesOrder): Promise<void> {
  if (!order.payments.some(isAuthorised) || owedMinor(order) <= 0n) return
  const cases = await openCasesOf(tx, 'order', order.id.toString())
  if (cases.some(({ type }) => ASKS_HOW_TO_PAY.has(type))) return
  await captureWhatIsOwed(tx, order, { key: await nextCaptureKey(tx, order) })
}

const ASKS_HOW_TO_PAY = new Set(['payment-declined', 'authorisation-expired', 'effect-unknown'])

/** Names the n-th capture of an order, where no shipment and no message names it. */
export async function nextCaptureKey(tx: Tx, order: SalesOrder): Promise<string> {
  const [row] = await tx<{ n: bigint }[]>`
    SELECT count(*) + 1 AS n FROM external_effect WHERE subject_type = 'order' AND subject_id = ${order.id.toString()} AND operation = 'capture'`
  return `capture/order/${order.id}/${row!.n}`
}

/** What is due now and has not come in: nothing while nothing has left on credit. */
export function owedMinor(order: SalesOrder): bigint {
  const shipped = shippedValue(order)
  if (order.settlement === 'marketplace' || shipped === 0n) return 0n
  const onAccount = sum(
    order.payments.flatMap(({ kind, dueMinor }) => (kind === 'terms' ? [dueMinor] : [])),
  )
  return (order.settlement === 'deposit' ? keptValue(order) : shipped) - paidIn(order) - onAccount
}

/** What is owed and neither in nor on its way. */
export async function unpaidMinor(tx: Tx, order: SalesOrder): Promise<bigint> {
  const owed = owedMinor(order)
  return owed <= 0n ? 0n : owed - (await capturesUnderway(tx, order)).minor
}

/** Gives back what banks still set aside for us once nothing will be taken from it any more. */
export async function voidWhatIsNotNeeded(tx: Tx, order: SalesOrder): Promise<void> {
  const sources = order.payments.filter((payment) => isAuthorised(payment) && payment.reference)
  if (sources.length === 0 || order.lines.some((line) => openUnits(line) > 0)) return
  const underway = await capturesUnderway(tx, order)
  if (keptValue(order) - paidIn(order) - underway.minor > 0n) return
  for (const payment of sources)
    if (!underway.of.has(payment.id.toString()))
      await intendPayment(tx, order, payment, {
        key: `void/${payment.id}`,
        operation: 'void',
        amountMinor: stillAuthorised(payment),
      })
}

/** An outside call on one of the order's payments. */
export async function intendPayment(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  {
    key,
    operation,
    ...more
  }: { key: string; operation: string; amountMinor: bigint } & Record<string, unknown>,
): Promise<void> {
  await intendEffect(tx, {
    key,
    gateway: 'payment',
    operation,
    subjectType: 'order',
    subjectId: order.id.toString(),
    request: {
      paymentId: payment.id,
      kind: payment.kind,
      provider: payment.provider,
      reference: payment.reference,
      currency: order.currency,
      ...more,
    },
  })
}

function isAuthorised(payment: OrderPayment): boolean {
  return payment.kind === 'card' && stillAuthorised(payment) > 0n
}

interface Underway {
  minor: bigint
  of: Map<string, bigint>
}

async function capturesUnderway(tx: Tx, order: SalesOrder): Promise<Underway> {
  const rows = await tx<{ paymentId: string; minor: bigint }[]>`
    SELECT request->>'paymentId' AS "paymentId", sum((request->>'amountMinor')::bigint)::bigint AS minor FROM external_effect
    WHERE subject_type = 'order' AND subject_id = ${order.id.toString()} AND operation = 'capture' AND state IN ('intended', 'sent', 'unknown') GROUP BY 1`
  return {
    minor: rows.reduce((all, row) => all + row.minor, 0n),
    of: new Map(rows.map((row) => [row.paymentId, row.minor])),
  }
}
