import { setTimeout as wait } from 'node:timers/promises'
import * as p2p from '#contracts/procure-to-pay'
import type { PurchaseProgress } from '#contracts/procure-to-pay'
import type { Company } from '#tests/support/company'
import {
  aSupplier,
  inDays,
  purchasingOn,
  setPurchasing,
  type Purchasing,
} from '#tests/support/purchases'
import type { Case } from './cases.ts'
import type { RecordingSystem } from './recording-system.ts'

/** Every branch of a purchase, from the draft to its end. */
export const procureToPayCases: Record<string, Case> = {
  received,
  'changed-then-approved': changedThenApproved,
  'discrepancy-decided': discrepancyDecided,
  'unsent-then-sent': unsentThenSent,
  'refused-draft': refusedDraft,
  'refused-purchase-command': refusedCommand,
  'silent-supplier': silentSupplier,
  'cancelled-purchase': cancelled,
  'goods-inspected': inspected,
  'looked-at-again': lookedAt,
  'sent-order-changed': sentOrderChanged,
}

async function buying(system: RecordingSystem): Promise<{ buy: Purchasing; supplier: string }> {
  const { admin } = system.database
  const [entity] = await admin<{ entityId: number }[]>`SELECT id AS "entityId" FROM entity`
  const items = await admin<{ sku: string; id: number }[]>`SELECT sku, id FROM item`
  const company = { ...entity!, items: new Map(items.map(({ sku, id }) => [sku, id])) }
  const supplier = await aSupplier(admin, company as Company)
  return { buy: purchasingOn({ client: system.client }), supplier }
}

async function sent(
  system: RecordingSystem,
): Promise<{ buy: Purchasing; order: PurchaseProgress }> {
  const { buy, supplier } = await buying(system)
  const drafted = await buy.draft({ supplier })
  await buy.tell(drafted, p2p.submitPurchase, {})
  await approve(buy, drafted, 1)
  return { buy, order: await buy.until(drafted, ({ phase }) => phase === 'sent') }
}

const approve = (buy: Purchasing, order: PurchaseProgress, revision: number) =>
  buy.tell(order, p2p.decidePurchase, {
    ...{ decision: 'approved', revision, roles: ['purchasing-manager'], actor: 'mia' },
  })

const receive = (buy: Purchasing, order: PurchaseProgress, qty: string, damaged = '0') =>
  buy.tell(order, p2p.receivePurchase, {
    ...{ receiptNo: `R-${order.poNumber}-${qty}`, site: 'EAST', actor: 'rob' },
    lines: [{ lineNo: 1, qty, damaged }],
  })

/** Told that something outside has changed, it looks; then it ends as any other. */
async function lookedAt(system: RecordingSystem): Promise<string> {
  const { buy, order } = await sent(system)
  const before = await buy.now(order)
  await system.client.workflow
    .getHandle(p2p.procureToPayId(order.poNumber))
    .signal(p2p.lookAtPurchase, { cause: 'return/1' })
  await buy.until(order, ({ version }) => version > before.version)
  await buy.tell(order, p2p.cancelPurchase, { reason: 'not needed' })
  return ended(system, order)
}

async function ended({ client }: RecordingSystem, order: PurchaseProgress): Promise<string> {
  const workflowId = p2p.procureToPayId(order.poNumber)
  await client.workflow
    .getHandle(workflowId)
    .result()
    .catch(() => {})
  return workflowId
}

async function received(system: RecordingSystem): Promise<string> {
  const { buy, order } = await sent(system)
  await buy.tell(order, p2p.acknowledgePurchase, {
    ...{ ackNo: 'A-1', source: 'person', lines: [{ lineNo: 1, qty: '10', promisedOn: inDays(9) }] },
  })
  await buy.tell(order, p2p.announceShipment, {
    ...{ asnNo: `N-${order.poNumber}`, source: 'person', shippedOn: inDays(0) },
    lines: [{ lineNo: 1, qty: '10' }],
  })
  await receive(buy, order, '4')
  await receive(buy, order, '6')
  return ended(system, order)
}

async function changedThenApproved(system: RecordingSystem): Promise<string> {
  const { buy, supplier } = await buying(system)
  const order = await buy.draft({ supplier })
  await buy.tell(order, p2p.submitPurchase, {})
  const lines = [{ sku: 'MUG', site: 'EAST', qty: '20', neededOn: inDays(9) }]
  await buy.tell(order, p2p.changePurchase, { draft: { supplier, lines }, reason: 'more of them' })
  await buy.tell(order, p2p.submitPurchase, {})
  await approve(buy, order, 2)
  await buy.until(order, ({ phase }) => phase === 'sent')
  await receive(buy, order, '15')
  await buy.tell(order, p2p.closePurchaseShort, { reason: 'the rest will not come' })
  return ended(system, order)
}

/** More is asked of the supplier, another person signs, the supplier agrees; then it ends as any other. */
async function sentOrderChanged(system: RecordingSystem): Promise<string> {
  const { buy, order } = await sent(system)
  await buy.tell(order, p2p.changeSentPurchase, {
    ...{ reason: 'a promotion', lines: [{ lineNo: 1, qty: '16' }] },
  })
  const [change] = await system.database.db<{ id: string }[]>`
    SELECT id::text FROM purchase_change WHERE purchase_order_id = ${order.purchaseId}`
  await buy.tell(order, p2p.decidePurchaseChange, {
    ...{ changeId: change!.id, decision: 'approved', roles: ['purchasing-manager'], actor: 'mia' },
  })
  await buy.until(order, ({ effects }) => effects.length === 0)
  await buy.tell(order, p2p.answerPurchaseChange, { answer: 'accepted', source: 'person' })
  await receive(buy, order, '16')
  return ended(system, order)
}

async function discrepancyDecided(system: RecordingSystem): Promise<string> {
  const { buy, order } = await sent(system)
  const { cases } = await receive(buy, order, '9', '1')
  await buy.tell(order, p2p.resolvePurchaseCase, {
    ...{ caseId: cases[0]!.id, resolution: 'return', actor: 'mia' },
  })
  return ended(system, order)
}

async function unsentThenSent(system: RecordingSystem): Promise<string> {
  system.suppliers.send = () =>
    Promise.resolve({ outcome: 'refused', code: 'recipient-refused', message: 'no such box' })
  const { buy, supplier } = await buying(system)
  const order = await buy.draft({ supplier })
  await buy.tell(order, p2p.submitPurchase, {})
  await approve(buy, order, 1)
  const { cases } = await buy.until(order, (progress) => progress.cases.length > 0)
  delete system.suppliers.send
  await buy.tell(order, p2p.resolvePurchaseCase, {
    ...{ caseId: cases[0]!.id, resolution: 'send-again', actor: 'mia' },
  })
  await buy.until(order, ({ phase }) => phase === 'sent')
  await receive(buy, order, '10')
  return ended(system, order)
}

async function refusedDraft(system: RecordingSystem): Promise<string> {
  const { buy } = await buying(system)
  let poNumber = ''
  await buy
    .draft({ supplier: 'NOBODY', poNumber: 'PO-REFUSED' })
    .catch(() => (poNumber = 'PO-REFUSED'))
  return ended(system, { poNumber } as PurchaseProgress)
}

async function refusedCommand(system: RecordingSystem): Promise<string> {
  const { buy, order } = await sent(system)
  await buy.tell(order, p2p.submitPurchase, {}).catch(() => {})
  await receive(buy, order, '10')
  return ended(system, order)
}

async function silentSupplier(system: RecordingSystem): Promise<string> {
  await setPurchasing(system.database.admin, { acknowledgeHours: 0 })
  const { buy, order } = await sent(system)
  const { cases } = await buy.until(order, (progress) => progress.cases.length > 0)
  await setPurchasing(system.database.admin, {})
  await buy.tell(order, p2p.resolvePurchaseCase, {
    ...{ caseId: cases[0]!.id, resolution: 'remind', actor: 'mia' },
  })
  await wait(1_000)
  await buy.tell(order, p2p.acknowledgePurchase, {
    ...{ ackNo: 'A-1', source: 'person', lines: [{ lineNo: 1, qty: '10' }] },
  })
  await receive(buy, order, '10')
  return ended(system, order)
}

async function cancelled(system: RecordingSystem): Promise<string> {
  const { buy, supplier } = await buying(system)
  const order = await buy.draft({ supplier })
  await buy.tell(order, p2p.cancelPurchase, { reason: 'not needed' })
  return ended(system, order)
}

async function inspected(system: RecordingSystem): Promise<string> {
  const { buy, supplier } = await buying(system)
  const lines = [{ sku: 'MUG', site: 'EAST', qty: '10', neededOn: inDays(9), inspect: true }]
  const order = await buy.draft({ supplier, lines })
  await buy.tell(order, p2p.submitPurchase, {})
  await approve(buy, order, 1)
  await buy.until(order, ({ phase }) => phase === 'sent')
  await receive(buy, order, '10')
  await buy.tell(order, p2p.inspectGoods, {
    ...{ receiptNo: `R-${order.poNumber}-10`, actor: 'ida' },
    lines: [{ receiptLineNo: 1, accepted: '9', rejected: '1', reason: 'cracked' }],
  })
  return ended(system, order)
}
