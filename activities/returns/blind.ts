import type { RequestedReturn } from '#contracts/return-to-refund'
import type { Tx } from '#db/client'
import { returnPolicyFor } from '#db/queries/return-policy'
import { insertReturn, lockReturn } from '#db/stores/customer-returns'
import { insertReturnReceipt, insertSurplus } from '#db/stores/return-receipts'
import { dateAt } from '#domain/dates'
import { Refusal } from '#domain/refusal'
import { openReturnCase } from './cases.ts'
import type { ReturnWork } from './work.ts'

/**
 * A parcel came that nobody had announced: written down, no stock of ours until somebody says
 * whose it is.
 * @throws Refusal `UnknownSite`.
 */
export async function takeBlindParcel(
  tx: Tx,
  request: RequestedReturn,
  workflowId: string,
): Promise<ReturnWork> {
  const { returnNo, site, source, reason, note, actor, key, goods = [] } = request
  const [place] = await tx<{ id: number; entityId: number; timezone: string }[]>`
    SELECT s.id, s.entity_id AS "entityId", e.timezone FROM site s JOIN entity e ON e.id = s.entity_id WHERE s.code = ${site ?? ''} AND s.status = 'active'`
  if (!place)
    throw new Refusal(
      'UnknownSite',
      `There is no active site ${site ?? ''}. Name where the parcel is.`,
      { field: 'body.site' },
    )
  const policy = await returnPolicyFor(tx, '*')
  const today = dateAt(Date.now(), place.timezone)
  const id = await insertReturn(tx, {
    ...{ no: returnNo, workflowId, kind: 'blind', entityId: place.entityId, orderId: null },
    ...{ siteId: place.id, source, reason, note: note ?? null },
    ...{ policyVersion: policy.version, policy: policy.body, refundTo: 'original' },
    ...{ refundOn: policy.body.refundOn, amountMinor: null, fees: null },
    ...{ requestedBy: actor, requestedOn: today, exchangeOrderId: null },
  })
  const receiptId = await insertReturnReceipt(tx, {
    ...{ returnId: id, reference: returnNo, siteId: place.id, on: today, actor },
  })
  for (const arrived of goods) await insertSurplus(tx, receiptId, arrived)
  const doc = await lockReturn(tx, id)
  const work: ReturnWork = { tx, doc, order: undefined, actor, today, key, orderTouched: false }
  await openReturnCase(work, {
    type: 'return-unannounced',
    summary: `${returnNo}: ${goods.map((one) => `${one.qty} × ${one.sku}`).join(', ')} came and nobody had announced it`,
    evidence: { goods, note: note ?? null },
    moneyAtRiskMinor: 0n,
  })
  return work
}
