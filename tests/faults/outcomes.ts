import { expect } from 'vitest'
import type { Db } from '#db/client'
import { orderProofs } from '#db/queries/order-proofs'
import { ledgerProofs, runProofs } from '#db/queries/proofs'
import type { CarrierSimulator } from '#simulators/carrier'
import type { StripeSimulator } from '#simulators/stripe'
import type { DrivenOrder, Kind } from './driven-order.ts'

interface Outcome {
  externalId: string
  phase: string
  shipments: number
  parcels: number
  invoices: number
  /** Every entry of the order, by what it says, however often. */
  entries: string[]
}

const SHIPPED = { phase: 'closed', shipments: 1, parcels: 0, invoices: 1 }
const CANCELLED = { phase: 'cancelled', shipments: 0, parcels: 0, invoices: 0 }
const SOLD = ['goods-shipped', 'payment-captured']

const EXPECTED: Record<Kind, Omit<Outcome, 'externalId'>> = {
  prepaid: { ...SHIPPED, entries: SOLD },
  authorised: { ...SHIPPED, entries: SOLD },
  'prepaid-labelled': { ...SHIPPED, parcels: 1, entries: SOLD },
  'authorised-labelled': { ...SHIPPED, parcels: 1, entries: SOLD },
  shop: { ...SHIPPED, entries: SOLD },
  waiting: { ...SHIPPED, entries: SOLD },
  refunded: {
    ...CANCELLED,
    entries: ['deposit-cancelled', 'payment-captured', 'refund-settled'],
  },
  voided: { ...CANCELLED, entries: [] },
}

/** Every order stands where its kind ends, with each of its documents and entries once. */
export async function expectOnceEach(admin: Db, orders: readonly DrivenOrder[]): Promise<void> {
  const rows = await admin<Outcome[]>`
    SELECT o.external_id AS "externalId", o.phase,
      (SELECT count(*)::int FROM shipment s WHERE s.order_id = o.id) AS shipments,
      (SELECT count(*)::int FROM parcel p WHERE p.order_id = o.id) AS parcels,
      (SELECT count(*)::int FROM customer_invoice i WHERE i.order_id = o.id) AS invoices,
      (SELECT coalesce(array_agg(e.event_type ORDER BY e.event_type), '{}') FROM journal_entry e
        WHERE e.id IN (SELECT entry_id FROM journal_line l WHERE l.order_id = o.id)) AS entries
    FROM sales_order o`
  const due = orders.map(({ externalId, kind }) => ({ externalId, ...EXPECTED[kind] }))
  expect([...rows].sort(byId)).toEqual(due.sort(byId))
  const arrived = orders.filter(({ kind }) => kind === 'waiting')
  const [receipts] = await admin`SELECT count(*)::int AS n FROM goods_receipt`
  expect(receipts).toEqual({ n: arrived.length })
}

function byId(a: { externalId: string }, b: { externalId: string }): number {
  return a.externalId < b.externalId ? -1 : 1
}

/** The providers' own books: one capture, refund or void as each order asked for, one label a parcel. */
export function expectOutsideOnce(
  orders: readonly DrivenOrder[],
  stripe: StripeSimulator,
  carrier: CarrierSimulator,
): void {
  const did = (operation: string) =>
    stripe.journal
      .effects(operation)
      .map(({ reference, amount }) => `${reference} ${amount}`)
      .sort()
  const due = (wanted: (kind: Kind) => boolean) =>
    orders
      .filter(({ kind, reference }) => reference !== null && wanted(kind))
      .map(({ reference, amountMinor }) => `${reference} ${amountMinor}`)
      .sort()
  // What was prepaid was captured at checkout, before it came to us.
  expect(did('capture')).toEqual(due((kind) => kind !== 'voided'))
  expect(did('cancel')).toEqual(due((kind) => kind === 'voided'))
  expect(did('refund')).toEqual(due((kind) => kind === 'refunded'))
  const bought = carrier.journal.effects('buy').map(({ key }) => key)
  expect(new Set(bought).size).toBe(bought.length)
  expect(bought).toHaveLength(orders.filter(({ kind }) => kind.endsWith('labelled')).length)
}

/** The books hold, nothing is left open, and nobody holds a lock. */
export async function expectSound(admin: Db): Promise<void> {
  const proofs = await runProofs(admin, [...ledgerProofs, ...orderProofs])
  const broken = proofs.filter((result) => result.broken.length > 0)
  expect(broken.map(({ proof, broken: rows }) => ({ proof: proof.name, rows }))).toEqual([])
  expect(
    await admin`SELECT key, state FROM external_effect WHERE state NOT IN ('confirmed', 'failed') AND gateway <> 'mail'`,
  ).toEqual([])
  expect(await admin`SELECT key, type FROM exception_case WHERE state = 'open'`).toEqual([])
  expect(
    await admin`
      SELECT p.item_id, p.site_id FROM stock_position p WHERE p.reserved <> 0 OR p.on_hand <> (
        SELECT sum(l.remaining_qty) FROM cost_layer l WHERE l.item_id = p.item_id AND l.site_id = p.site_id AND l.condition = p.condition)`,
  ).toEqual([])
  // A transaction that nobody ends would hold its locks for ever.
  await expect.poll(() => heldLocks(admin), { timeout: 15_000, interval: 500 }).toEqual([])
}

/** Autovacuum and the checkpointer hold locks too, and rightly. */
async function heldLocks(admin: Db): Promise<unknown[]> {
  const rows = await admin`
    SELECT a.pid, a.state, a.query FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
      AND a.xact_start < clock_timestamp() - interval '2 seconds'`
  return [...rows]
}

/** What stands still, for the message of a run that did not come to its end. */
export async function stuck(late: Db): Promise<unknown> {
  return late`
    SELECT o.external_id, o.phase, o.waiting_for,
      (SELECT array_agg(e.key || ' ' || e.state) FROM external_effect e WHERE e.subject_id = o.id::text) AS effects,
      (SELECT array_agg(c.type) FROM exception_case c WHERE c.subject_id = o.id::text AND c.state = 'open') AS cases
    FROM sales_order o WHERE o.closed_at IS NULL`
}
