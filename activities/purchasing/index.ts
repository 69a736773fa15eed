import { activityInfo, heartbeat } from '@temporalio/activity'
import type {
  AcknowledgePurchase,
  AnnounceShipment,
  AnswerPurchaseChange,
  CancelPurchase,
  ChangePurchase,
  ChangeSentPurchase,
  ClosePurchaseShort,
  DecidePurchase,
  DecidePurchaseChange,
  InspectGoods,
  ReceivePurchase,
  ResolvePurchaseCase,
  SubmitPurchase,
  PurchaseActivities,
  PurchaseCommand,
  PurchaseProgress,
  PurchaseRef,
} from '#contracts/procure-to-pay'
import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { lockPurchase, type PurchaseOrder } from '#db/stores/purchase-orders'
import { dateAt } from '#domain/dates'
import type { SupplierGateway } from '../gateways/supplier.ts'
import { bugsAreAnswers } from '../orders/bugs.ts'
import { acknowledgePurchase } from './acknowledge.ts'
import { decidePurchase, submitPurchase } from './approval.ts'
import { cancelPurchase, closePurchaseShort } from './close.ts'
import { passPurchaseDeadlines } from './deadline.ts'
import { changePurchase, draftPurchase } from './draft.ts'
import { inspectGoods } from './inspect.ts'
import { finishPurchase } from './progress.ts'
import { receivePurchase } from './receive.ts'
import { resolvePurchaseCase } from './resolve.ts'
import { applySent, callSupplier, readSending } from './sending.ts'
import { answerPurchaseChange, changeSentPurchase, decidePurchaseChange } from './sent-change.ts'
import { announceShipment } from './ship-notice.ts'

export interface PurchaseActivityDeps {
  db: Db
  suppliers: SupplierGateway
  /** Where people reach the API, for links in Temporal UI. */
  apiUrl?: string | undefined
}

type Work<C> = (tx: Tx, order: PurchaseOrder, command: C & { today: string }) => Promise<void>

/** Every verb of the procure-to-pay process, each one commit; `sendToSupplier` calls outside first. */
export function purchaseActivities(deps: PurchaseActivityDeps): PurchaseActivities {
  const { db } = deps
  const step = <C extends PurchaseCommand & PurchaseRef>(action: string, work: Work<C>) =>
    bugsAreAnswers(told(deps, steps(db)(action, work)))
  return {
    draftPurchase: bugsAreAnswers(
      told(deps, (start: Parameters<PurchaseActivities['draftPurchase']>[0]) => {
        const { workflowId } = activityInfo().workflowExecution!
        const { actor, poNumber } = start
        return commitOnce(db, { key: workflowId, request: { poNumber }, actor }, async (tx) => {
          const id = await draftPurchase(tx, start, workflowId)
          const today = todayOf(await lockPurchase(tx, id))
          return finishPurchase(tx, id, { action: 'drafted', actor, key: workflowId, today })
        })
      }),
    ),
    changePurchase: step<ChangePurchase & PurchaseRef>('changed', changePurchase),
    submitPurchase: step<SubmitPurchase & PurchaseRef>('submitted', submitPurchase),
    decidePurchase: step<DecidePurchase & PurchaseRef>('decided', decidePurchase),
    acknowledgePurchase: step<AcknowledgePurchase & PurchaseRef>(
      'acknowledged',
      acknowledgePurchase,
    ),
    announceShipment: step<AnnounceShipment & PurchaseRef>('shipment-announced', announceShipment),
    receivePurchase: step<ReceivePurchase & PurchaseRef>('received', receivePurchase),
    inspectGoods: step<InspectGoods & PurchaseRef>('inspected', inspectGoods),
    closePurchaseShort: step<ClosePurchaseShort & PurchaseRef>('closed-short', closePurchaseShort),
    cancelPurchase: step<CancelPurchase & PurchaseRef>('cancelled', cancelPurchase),
    changeSentPurchase: step<ChangeSentPurchase & PurchaseRef>(
      'change-asked-for',
      async (tx, order, command) => void (await changeSentPurchase(tx, order, command)),
    ),
    decidePurchaseChange: step<DecidePurchaseChange & PurchaseRef>(
      'change-decided',
      decidePurchaseChange,
    ),
    answerPurchaseChange: step<AnswerPurchaseChange & PurchaseRef>(
      'change-answered',
      answerPurchaseChange,
    ),
    resolvePurchaseCase: step<ResolvePurchaseCase & PurchaseRef>('resolved', resolvePurchaseCase),
    passPurchaseDeadline: told(deps, ({ at, purchaseId }) =>
      steps(db)<PurchaseCommand & PurchaseRef>('deadline', passPurchaseDeadlines)({
        ...{ key: at, actor: 'system', purchaseId },
      }),
    ),
    sendToSupplier: told(deps, (effect) => aliveMeanwhile(() => sendToSupplier(deps, effect))),
  }
}

/** Locks the order, does the work, writes where it stands: once per key. */
function steps(db: Db) {
  return <C extends PurchaseCommand & PurchaseRef>(action: string, work: Work<C>) =>
    (command: C): Promise<PurchaseProgress> => {
      const { purchaseId, key, actor } = command
      const name = `purchase-order/${purchaseId}/${action}/${key}`
      return commitOnce(db, { key: name, request: command, actor }, async (tx) => {
        const order = await lockPurchase(tx, purchaseId, command.expectedVersion)
        const today = todayOf(order)
        await work(tx, order, { ...command, today })
        return finishPurchase(tx, order.id, { action, actor, key, today, ...reasonOf(command) })
      })
    }
}

function reasonOf(command: object): { reason?: string } {
  const { reason, note, params } = command as {
    reason?: string
    note?: string
    params?: { reason?: unknown }
  }
  const given = reason ?? note ?? params?.reason
  return typeof given === 'string' && given !== '' ? { reason: given } : {}
}

/** The address is this program's and none of a commit: it is told on the way out, and kept nowhere. */
function told<C>(
  { apiUrl }: PurchaseActivityDeps,
  work: (input: C) => Promise<PurchaseProgress>,
): (input: C) => Promise<PurchaseProgress> {
  return async (input) => ({
    ...(await work(input)),
    ...(apiUrl === undefined ? {} : { apiUrl }),
  })
}

async function aliveMeanwhile<T>(work: () => Promise<T>): Promise<T> {
  const beating = setInterval(heartbeat, 3_000)
  try {
    return await work()
  } finally {
    clearInterval(beating)
  }
}

async function sendToSupplier(
  { db, suppliers }: PurchaseActivityDeps,
  { key, purchaseId }: { key: string } & PurchaseRef,
): Promise<PurchaseProgress> {
  const sending = await readSending(db, key)
  const settled = ['confirmed', 'failed', 'unknown'].includes(sending.state)
  const { attempt } = activityInfo()
  const sent = settled ? null : await callSupplier(db, suppliers, purchaseId, sending, attempt)
  const command = { key: `effect/${key}/settled`, request: { key }, actor: 'system' }
  return commitOnce(db, command, async (tx) => {
    const order = await lockPurchase(tx, purchaseId)
    if (sent) await applySent(tx, order, sending, sent)
    const action = `${sending.operation} ${sent?.outcome ?? sending.state}`
    return finishPurchase(tx, order.id, { action, actor: 'system', key, today: todayOf(order) })
  })
}

function todayOf({ timezone }: Pick<PurchaseOrder, 'timezone'>): string {
  return dateAt(Date.now(), timezone)
}
