import { continueAsNew, log, setHandler } from '@temporalio/workflow'
import type { DocumentOutcome, DocumentProgress } from '#contracts/document-progress'
import * as contract from '#contracts/period-close'
import type { PeriodCloseActivities, PeriodCloseStart } from '#contracts/period-close'
import { commitSteps } from './commit-steps.ts'
import { DocumentProcess } from './document-process.ts'

/** Asking every question of a large period takes longer than a step of an order. */
const commit = commitSteps<PeriodCloseActivities, DocumentProgress>({
  attempt: '8s',
  close: '9s',
  patient: '15m',
})
const act =
  <V extends keyof PeriodCloseActivities & string>(verb: V, summary: string) =>
  (input: Parameters<PeriodCloseActivities[V]>[0]): Promise<DocumentProgress> =>
    commit(verb, input, summary)

/**
 * From a period that takes entries to one that takes none: tasks turn green by themselves or are
 * signed by two persons, areas are locked one after another, and a reopening ends by itself.
 */
export async function periodClose(
  start: PeriodCloseStart,
  resumed?: DocumentProgress,
): Promise<DocumentOutcome> {
  const close = new DocumentProcess(resumed)
  setHandler(contract.periodCloseProgress, () => close.progress)
  setHandler(contract.beginClose, () => close.isTaken())
  setHandler(contract.checkClose, (command) =>
    close.tell(act('checkPeriodClose', 'Ask everything again'), command),
  )
  setHandler(contract.prepareTask, (command) =>
    close.tell(act('prepareCloseTask', `Prepare ${command.task}`), command),
  )
  setHandler(contract.reviewTask, (command) =>
    close.tell(act('reviewCloseTask', `Review ${command.preparationId}`), command),
  )
  setHandler(contract.acceptDifference, (command) =>
    close.tell(act('acceptCloseDifference', `Accept ${command.task}`), command),
  )
  setHandler(contract.postTask, (command) =>
    close.tell(act('postCloseTask', `Post ${command.task}`), command),
  )
  setHandler(contract.lockArea, (command) =>
    close.tell(act('lockCloseArea', `Lock ${command.area}: ${command.state}`), command),
  )
  setHandler(contract.askReopening, (command) =>
    close.tell(act('askCloseReopening', `Reopening of ${command.areas.join(', ')}`), command),
  )
  setHandler(contract.resolveCloseCase, (command) =>
    close.tell(act('resolveCloseCase', `Resolve: ${command.resolution}`), command),
  )
  setHandler(contract.answersChanged, async ({ key }) => {
    const look = close.tell(act('checkPeriodClose', 'An answer changed'), {
      ...{ key, actor: 'system', light: true },
    })
    // Nobody waits for the answer, and the next look asks again.
    await look.catch((error: unknown) =>
      log.warn('refused', { what: 'look', error: String(error) }),
    )
  })
  return close.run({
    begin: () => act('beginPeriodClose', `Begin the close of ${start.period}`)(start),
    passDeadline: act('passCloseDeadline', 'Look again'),
    path: ({ no }) => `/period-closes/${no}`,
    goOn: (progress) => continueAsNew<typeof periodClose>(start, progress),
  })
}
