import type { Tx } from '#db/client'
import {
  recordPaymentEvent,
  savePayment,
  type OrderPayment,
  type SalesOrder,
} from '#db/stores/orders'
import { addDays } from '#domain/dates'
import { paidIn, stillAuthorised } from '#domain/orders/tenders'
import { keptValue } from '#domain/orders/worth'
import { openOrderCase } from './cases.ts'
import { intendPayment } from './captures.ts'

interface Renewable {
  payment: OrderPayment
  expiresAt: string
  /** One key an expiry, whoever notices it first: the release or the clock. */
  key: string
  amountMinor: bigint
}

/** Authorisations that money is still to be captured from, hence worth renewing. */
function renewables(order: SalesOrder): Renewable[] {
  const due = keptValue(order) - paidIn(order)
  return order.payments.flatMap((payment) => {
    const left = stillAuthorised(payment)
    const amountMinor = due < left ? due : left
    if (!payment.expiresAt || !payment.reference || amountMinor <= 0n) return []
    const { expiresAt } = payment
    return [{ payment, expiresAt, key: `reauthorise/${payment.id}/${expiresAt}`, amountMinor }]
  })
}

/** When an authorisation must be renewed or, where that was refused, when it lapses. */
export async function renewalDeadlines(tx: Tx, order: SalesOrder): Promise<string[]> {
  const due = renewables(order)
  if (due.length === 0) return []
  const asked = await askedFor(tx, due)
  return due.flatMap(({ key, expiresAt }) => {
    const state = asked.get(key)
    if (state === undefined) return [renewFrom(order, expiresAt)]
    return state === 'failed' ? [expiresAt] : []
  })
}

function renewFrom(order: SalesOrder, expiresAt: string): string {
  const margin = order.policies.order.body.reauthoriseHoursBeforeExpiry * 3_600_000
  return new Date(Date.parse(expiresAt) - margin).toISOString()
}

async function askedFor(tx: Tx, due: readonly Renewable[]): Promise<Map<string, string>> {
  const rows = await tx<{ key: string; state: string }[]>`
    SELECT key, state FROM external_effect WHERE key = ANY(${due.map(({ key }) => key)}::text[])`
  return new Map(rows.map((row) => [row.key, row.state]))
}

/** FUL-25: renews what is about to expire; one whose renewal was refused lapses in its own time. */
export async function renewAuthorisations(
  tx: Tx,
  order: SalesOrder,
  now: string,
  by: { actor: string; today: string },
): Promise<void> {
  const due = renewables(order)
  const asked = await askedFor(tx, due)
  for (const renewal of due) {
    const state = asked.get(renewal.key)
    if (state === undefined) {
      if (renewFrom(order, renewal.expiresAt) <= now) await renew(tx, order, renewal)
    } else if (state === 'failed' && renewal.expiresAt <= now) {
      await lapse(tx, order, renewal.payment, by)
    }
  }
}

/** An authorisation that would lapse before the goods leave is renewed before they are picked. */
export async function renewBeforePicking(tx: Tx, order: SalesOrder, today: string): Promise<void> {
  for (const renewal of renewables(order))
    if (renewal.expiresAt.slice(0, 10) <= addDays(today, 1)) await renew(tx, order, renewal)
}

async function renew(tx: Tx, order: SalesOrder, { payment, key, amountMinor }: Renewable) {
  await intendRenewal(tx, order, payment, { key, amountMinor })
}

/** Asks for a new authorisation of the customer's earlier payment. */
export async function intendRenewal(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  { key, amountMinor }: { key: string; amountMinor: bigint },
): Promise<void> {
  await intendPayment(tx, order, payment, { key, operation: 'reauthorise', amountMinor })
}

async function lapse(
  tx: Tx,
  order: SalesOrder,
  payment: OrderPayment,
  by: { actor: string; today: string },
): Promise<void> {
  await recordPaymentEvent(tx, {
    paymentId: payment.id,
    key: `expired/${payment.id}/${payment.expiresAt}`,
    kind: 'expired',
    amountMinor: payment.authorisedMinor,
    effectiveOn: by.today,
    actor: by.actor,
  })
  payment.authorisedMinor = payment.capturedMinor
  payment.expiresAt = null
  await savePayment(tx, payment)
  await openOrderCase(tx, order, {
    type: 'authorisation-expired',
    summary: `${order.orderNumber}: the authorisation has lapsed and could not be renewed`,
    evidence: { paymentId: payment.id.toString() },
    openedBy: 'rule: payment',
  })
}
