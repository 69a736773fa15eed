import { activityInfo, heartbeat } from '@temporalio/activity'
import type {
  BuyLabels,
  ChangeOrder,
  CommandBase,
  ConfirmPick,
  ConfirmShipment,
  OrderActivities,
  OrderProgress,
  OrderRef,
  PlaceHold,
  ReallocateStock,
  RecordPayment,
  RecordTracking,
  RejectFulfilment,
  ReleaseOrder,
  ReopenException,
  RequestCancellation,
  ResolveException,
} from '#contracts/order-to-cash'
import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { lockOrder, type SalesOrder } from '#db/stores/orders'
import { refuseStored } from '#db/stores/refused-documents'
import { explainProviderEvent, takeProviderEvent } from '#db/stores/provider-events'
import { transaction } from '#db/transaction'
import { dateAt } from '#domain/dates'
import { bugsAreAnswers } from './bugs.ts'
import { applyChangeSet } from './change.ts'
import { applyChannelChange } from './channel-change.ts'
import { cancelOnRequest } from './cancel.ts'
import { passDeadlines } from './deadline.ts'
import { applyEffectOutcome, readEffect } from './effect-outcomes.ts'
import type { Gateways } from './gateways.ts'
import { intendLabels } from './labels.ts'
import { applyPaymentEvent } from './payment-events.ts'
import { confirmPick } from './pick.ts'
import { finishStep } from './progress.ts'
import { reallocate } from './reallocate.ts'
import { quoteTax } from './quote-tax.ts'
import { receiveOrder } from './receive.ts'
import { mayRelease, releaseToWarehouse } from './release.ts'
import { rejectFulfilment } from './reject.ts'
import { reopenException } from './reopen.ts'
import { resolveException } from './resolve.ts'
import { resumeOrder } from './resume.ts'
import { callOutside } from './settle-effect.ts'
import { shipOrder } from './ship.ts'
import { recordTracking } from './tracking.ts'
import { placeManualHold } from './manual-hold.ts'
import { Refusal } from '#domain/refusal'

export interface OrderActivityDeps {
  db: Db
  gateways: Gateways
  /** Where people reach the API, for links in Temporal UI. */
  apiUrl?: string | undefined
}

/** The commands on an order, as code that runs inside any transaction: the real one, or a preview. */
export const orderSteps = {
  async resolveException(
    tx: Tx,
    order: SalesOrder,
    command: Parameters<typeof resolveException>[2],
  ): Promise<SalesOrder> {
    return resolveException(tx, order, command)
  },
  async cancelOrder(
    tx: Tx,
    order: SalesOrder,
    command: Parameters<typeof cancelOnRequest>[2],
  ): Promise<SalesOrder> {
    await cancelOnRequest(tx, order, command)
    await resumeOrder(tx, order, { actor: command.actor, today: command.today })
    return order
  },
  async changeOrder(
    tx: Tx,
    order: SalesOrder,
    command: Omit<Parameters<typeof applyChangeSet>[2], 'source'>,
  ): Promise<SalesOrder> {
    const changed = await applyChangeSet(tx, order, { ...command, source: 'api' })
    await resumeOrder(tx, changed, { actor: command.actor, today: command.today })
    return changed
  },
}

type Step = ReturnType<typeof steps>

/** Every verb of the order-to-cash process, each one commit; `settleEffect` calls outside first. */
export function orderActivities({ db, gateways, apiUrl }: OrderActivityDeps): OrderActivities {
  const step = steps(db)
  const verbs: Omit<OrderActivities, 'quoteTax' | 'refuseDocument' | 'explainEvent'> = {
    receiveOrder: async (start) => {
      const { workflowExecution } = activityInfo()
      const workflowId = workflowExecution!.workflowId
      return commitOnce(
        db,
        {
          // Taken up again, it must be read anew: the first answer says where it stood long ago.
          key: start.again === undefined ? workflowId : `${workflowId}/again/${start.again}`,
          request: { channel: start.channel, externalId: start.externalId },
          actor: start.actor,
        },
        (tx) => receiveOrder(tx, start, workflowId, { screens: gateways.screening !== undefined }),
      )
    },
    ...commands(step),
    ...facts(step, db),
    settleEffect: (effect) => aliveMeanwhile(() => settleEffect(db, gateways, effect)),
  }
  return {
    ...(apiUrl === undefined ? verbs : tellingWhere(verbs, apiUrl)),
    quoteTax: (ask) => aliveMeanwhile(() => quoteTax(db, gateways, ask, activityInfo().attempt)),
    refuseDocument: ({ inboxId, code, message }) =>
      refuseStored(db, inboxId, { code, field: 'document', message }),
    explainEvent: ({ eventId, code, message }) =>
      explainProviderEvent(db, eventId, `${code}: ${message}`),
  }
}

/** The address is this program's and none of a commit: it is told on the way out, and kept nowhere. */
function tellingWhere<Verbs extends object>(verbs: Verbs, apiUrl: string): Verbs {
  const told = Object.entries(verbs).map(
    ([name, verb]: [string, (input: unknown) => Promise<OrderProgress>]) => [
      name,
      async (input: unknown) => ({ ...(await verb(input)), apiUrl }),
    ],
  )
  return Object.fromEntries(told) as Verbs
}

/** Locks the order, does the work, writes where it stands: once per key. */
function steps(db: Db) {
  return <C extends CommandBase & OrderRef>(
      action: string,
      work: (
        tx: Tx,
        order: SalesOrder,
        command: C & { today: string },
      ) => Promise<SalesOrder | void>,
    ) =>
    async (command: C): Promise<OrderProgress> =>
      commitOnce(
        db,
        {
          key: `order/${command.orderId}/${action}/${command.key}`,
          request: command,
          actor: command.actor,
        },
        async (tx) => {
          const order = await lockOrder(tx, command.orderId, command.expectedVersion)
          const after = await work(tx, order, { ...command, today: today(order) })
          const { actor, key } = command
          return finishStep(tx, after ?? order, { action, actor, key, ...reasonOf(command) })
        },
      )
}

/** Why somebody says that they do this, wherever the command lets them say it (GOV-19). */
function reasonOf(command: object): { reason?: string } {
  const { reason, note, params, service, lines } = command as {
    reason?: string
    note?: string
    params?: { reason?: unknown }
    service?: { reason: string }
    lines?: { shortReason?: string }[]
  }
  const shorts = new Set(lines?.flatMap((line) => line.shortReason ?? []))
  const given = reason ?? note ?? params?.reason ?? service?.reason ?? [...shorts].join('; ')
  return typeof given === 'string' && given !== '' ? { reason: given } : {}
}

/** What a person asks for and waits for: a bug in one of these is their answer, at once. */
function commands(step: Step) {
  return {
    resolveException: bugsAreAnswers(
      step<ResolveException & OrderRef>('resolved', orderSteps.resolveException),
    ),
    reopenException: bugsAreAnswers(step<ReopenException & OrderRef>('reopened', reopenException)),
    confirmPick: bugsAreAnswers(step<ConfirmPick & OrderRef>('picked', confirmPick)),
    rejectFulfilment: bugsAreAnswers(
      step<RejectFulfilment & OrderRef>('rejected', rejectFulfilment),
    ),
    confirmShipment: bugsAreAnswers(step<ConfirmShipment & OrderRef>('shipped', shipOrder)),
    cancelOrder: bugsAreAnswers(
      step<RequestCancellation & OrderRef>('cancellation-requested', orderSteps.cancelOrder),
    ),
    changeOrder: bugsAreAnswers(step<ChangeOrder & OrderRef>('changed', orderSteps.changeOrder)),
    placeHold: bugsAreAnswers(step<PlaceHold & OrderRef>('held', placeManualHold)),
    releaseOrder: bugsAreAnswers(step<ReleaseOrder & OrderRef>('released', releaseOnCommand)),
    buyLabels: bugsAreAnswers(step<BuyLabels & OrderRef>('labels-intended', intendLabels)),
    reallocateStock: bugsAreAnswers(step<ReallocateStock & OrderRef>('reallocated', reallocate)),
  }
}

async function releaseOnCommand(
  tx: Tx,
  order: SalesOrder,
  command: ReleaseOrder & { today: string },
): Promise<void> {
  if (!mayRelease(order))
    throw new Refusal(
      'NotReleasable',
      'The order has open holds, missing stock, a promise that cannot be kept, or nothing left to release. See what it waits for.',
    )
  await releaseToWarehouse(tx, order, command)
}

/** What has happened elsewhere, and what time brings: none may get lost, so a bug is retried until it is mended. */
function facts(step: Step, db: Db) {
  const told = takesEvent(db)
  return {
    applyChannelChange: async ({ inboxId, orderId }: { inboxId: string } & OrderRef) =>
      step<CommandBase & OrderRef>('channel-changed', async (tx, order, command) => {
        const { order: changed } = await applyChannelChange(tx, order, inboxId, command)
        return changed
      })({ key: inboxId, actor: 'channel', orderId }),
    recordPayment: told(
      step<RecordPayment & OrderRef>('payment', async (tx, order, event) => {
        await applyPaymentEvent(tx, order, event)
        await resumeOrder(tx, order, event)
      }),
    ),
    recordTracking: told((event: RecordTracking & OrderRef) =>
      step<typeof event & CommandBase>(
        'tracked',
        recordTracking,
      )({ ...event, key: event.providerEventId }),
    ),
    reviewOrder: async ({ cause, key, orderId }: { cause: string; key: string } & OrderRef) =>
      step<CommandBase & OrderRef>(`reviewed: ${cause}`, async (tx, order, { today: on }) => {
        await resumeOrder(tx, order, { actor: 'system', today: on, includeBackordered: true })
      })({ key, actor: 'system', orderId }),
    passDeadline: async ({ at, orderId }: { at: string } & OrderRef) =>
      step<CommandBase & OrderRef>(
        'deadline',
        passDeadlines,
      )({ key: at, actor: 'system', orderId }),
  }
}

/**
 * An event is off the list of those that wait once its order's commit stands. Dying in between
 * has it told once more, and then the same key answers what the first commit did.
 */
function takesEvent(db: Db) {
  return <E extends { eventId?: string } & OrderRef>(work: (event: E) => Promise<OrderProgress>) =>
    async ({ eventId, ...event }: E): Promise<OrderProgress> => {
      const progress = await work(event as E)
      if (eventId) await takeProviderEvent(db, eventId, event.orderId)
      return progress
    }
}

/** A worker that dies in the middle of an outside call is missed within seconds; a quick call beats never. */
async function aliveMeanwhile<T>(work: () => Promise<T>): Promise<T> {
  const beating = setInterval(heartbeat, 3_000)
  try {
    return await work()
  } finally {
    clearInterval(beating)
  }
}

async function settleEffect(
  db: Db,
  gateways: Gateways,
  { key, orderId }: { key: string } & OrderRef,
): Promise<OrderProgress> {
  const effect = await transaction(db, (tx) => readEffect(tx, key))
  const { attempt } = activityInfo()
  const settled = effect.state === 'confirmed' || effect.state === 'failed'
  const outcome = settled ? null : await callOutside(db, gateways, effect, attempt)
  const suffix = outcome?.outcome === 'unknown' ? `unknown-${effect.attempts}` : 'settled'
  return commitOnce(
    db,
    { key: `effect/${key}/${suffix}`, request: { key }, actor: 'system' },
    async (tx) => {
      const order = await lockOrder(tx, orderId)
      const by = { actor: 'system', today: today(order) }
      if (outcome) await applyEffectOutcome(tx, order, await readEffect(tx, key), outcome, by)
      // What was authorised anew may be all that a held order has waited for.
      if (order.holds.some((hold) => hold.type === 'payment')) await resumeOrder(tx, order, by)
      return finishStep(tx, order, {
        action: `effect ${effect.operation} ${outcome?.outcome ?? effect.state}`,
        actor: 'system',
        key,
      })
    },
  )
}

export function today(order: Pick<SalesOrder, 'timezone'>): string {
  return dateAt(Date.now(), order.timezone)
}
