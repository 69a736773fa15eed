import { answer, api } from './client.ts'
import type { Money } from './format.ts'

/** One thing that somebody asked for and somebody else has to sign. */
export interface Waiting {
  kind: string
  id: string
  what: string
  entity: string
  requestedBy: string
  reason: string | null
  amount: Money | null
  /** Where it is looked at before it is signed. */
  page: string | null
  approve(words: string, key: string): Promise<unknown>
  reject: ((words: string, key: string) => Promise<unknown>) | null
}

const header = (key: string) => ({ 'idempotency-key': key })

/** What waits, of every kind that these permissions sign; the kinds one after the other. */
export async function waitingFor(may: (permission: string) => boolean): Promise<Waiting[]> {
  const found = await Promise.all(
    SOURCES.filter(([permission]) => may(permission)).map(([, source]) => source()),
  )
  return found.flat()
}

const SOURCES: readonly (readonly [string, () => Promise<Waiting[]>])[] = [
  ['purchase-orders:approve', purchases],
  ['suppliers:approve', supplierChanges],
  ['bills:approve', prepayments],
  ['payments:approve', paymentRuns],
  ['transfers:approve', transfers],
]

async function purchases(): Promise<Waiting[]> {
  const query = { phase: 'pending-approval' as const, limit: 100 }
  const { items } = await answer(api.GET('/v1/purchase-orders', { params: { query } }))
  return items.map(({ poNumber, entity, createdBy, total, revision, supplier }) => {
    const decide =
      (decision: 'approved' | 'rejected') =>
      (reason: string, key: string): Promise<unknown> =>
        answer(
          api.POST('/v1/purchase-orders/{poNumber}/approval', {
            params: { path: { poNumber }, header: header(key) },
            body: { decision, revision, reason },
          }),
        )
    return {
      ...{ kind: 'purchase-order', id: `${poNumber}/${revision}` },
      what: `${poNumber} · ${supplier}`,
      ...{ entity, requestedBy: createdBy, reason: null, amount: total },
      page: `/buying/orders/${poNumber}`,
      ...{ approve: decide('approved'), reject: decide('rejected') },
    }
  })
}

async function supplierChanges(): Promise<Waiting[]> {
  const query = { state: 'pending' as const, limit: 100 }
  const { items } = await answer(api.GET('/v1/supplier-changes', { params: { query } }))
  return items.map(({ id: changeId, supplier, entity, kind, reason, requestedBy }) => {
    const decide =
      (decision: 'approved' | 'rejected') =>
      (note: string, key: string): Promise<unknown> =>
        answer(
          api.POST('/v1/supplier-changes/{changeId}/decision', {
            params: { path: { changeId }, header: header(key) },
            // Bank details ask how they were verified: that is what the note of an approval says.
            body: {
              ...{ decision, note },
              ...(kind === 'bank' && decision === 'approved' ? { verifiedHow: note } : {}),
            },
          }),
        )
    return {
      ...{ kind: `supplier-${kind}`, id: changeId, what: supplier, entity, requestedBy, reason },
      ...{ amount: null, page: `/buying/suppliers/${supplier}` },
      ...{ approve: decide('approved'), reject: decide('rejected') },
    }
  })
}

async function prepayments(): Promise<Waiting[]> {
  const query = { state: 'requested' as const, limit: 100 }
  const { items } = await answer(api.GET('/v1/prepayments', { params: { query } }))
  return items.map(({ id: prepaymentId, poNumber, supplier, entity, ...one }) => ({
    ...{ kind: 'prepayment', id: prepaymentId, what: `${poNumber} · ${supplier}`, entity },
    ...{ requestedBy: one.requestedBy, reason: one.reason, amount: one.amount },
    page: `/buying/orders/${poNumber}`,
    approve: (_: string, key: string) =>
      answer(
        api.POST('/v1/prepayments/{prepaymentId}/approval', {
          params: { path: { prepaymentId }, header: header(key) },
          body: {},
        }),
      ),
    reject: null,
  }))
}

async function paymentRuns(): Promise<Waiting[]> {
  const { items } = await answer(api.GET('/v1/payment-runs', { params: { query: { limit: 100 } } }))
  return items
    .filter(({ state }) => state === 'proposed')
    .map(({ id: runId, entity, payOn, bills, contentHash, proposedBy }) => ({
      ...{ kind: 'payment-run', id: runId, what: `${runId} · ${payOn} · ${bills}`, entity },
      ...{ requestedBy: proposedBy, reason: null, amount: null, page: null },
      approve: (_: string, key: string) =>
        answer(
          api.POST('/v1/payment-runs/{runId}/approval', {
            params: { path: { runId }, header: header(key) },
            // What was seen is what is signed.
            body: { contentHash },
          }),
        ),
      reject: null,
    }))
}

async function transfers(): Promise<Waiting[]> {
  const query = { phase: 'requested', limit: 100 }
  const { items } = await answer(api.GET('/v1/transfers', { params: { query } }))
  return items.map(({ transferNo, entity, from, to, reason, requestedBy, value }) => {
    const decide =
      (decision: 'approve' | 'reject') =>
      (why: string, key: string): Promise<unknown> =>
        answer(
          api.POST('/v1/transfers/{transferNo}/decision', {
            params: { path: { transferNo }, header: header(key) },
            body: { decision, reason: why },
          }),
        )
    return {
      ...{ kind: 'transfer', id: transferNo, what: `${transferNo}: ${from} → ${to}`, entity },
      ...{ requestedBy, reason, amount: value, page: null },
      ...{ approve: decide('approve'), reject: decide('reject') },
    }
  })
}
