import type { AcceptDifference, PostTask, PrepareTask, ReviewTask } from '#contracts/period-close'
import type { Tx } from '#db/client'
import { taskStandings, type TaskStanding } from '#db/queries/period-closes'
import { postCloseEntries } from '#db/stores/close-entries'
import { planOf } from '#db/stores/close-plans'
import { refreshTie } from '#db/stores/close-ties'
import {
  keepAcceptance,
  keepPreparation,
  keepReview,
  policyOfClose,
  type PeriodCloseDoc,
} from '#db/stores/period-closes'
import { accountsOfJudgement, isDone, reversesByItself } from '#domain/ledger/close-checklist'
import { postJudged, type JudgedLine } from '#domain/ledger/posting-close'
import { sum } from '#domain/money'
import { Refusal } from '#domain/refusal'

/**
 * What somebody has judged, with the lines that it asks for; nothing is posted before another
 * person has signed it.
 * @throws Refusal `UnknownCloseTask`, `CloseTaskWaits`, `JudgementRefused`.
 */
export async function prepareJudgement(
  tx: Tx,
  doc: PeriodCloseDoc,
  { task, note, lines = [], reverses, actor }: PrepareTask,
): Promise<void> {
  const found = await readyTask(tx, doc, task, 'judgement')
  requireBookable(found.task, lines)
  await keepPreparation(tx, doc.id, {
    ...{ task, note, lines, preparedBy: actor },
    reverses: reverses ?? reversesByItself(task),
  })
}

function requireBookable(task: string, lines: readonly JudgedLine[]): void {
  const accounts = accountsOfJudgement(task)
  const other = lines.find(({ accountId }) => !accounts.includes(accountId))
  if (other)
    throw new Refusal(
      'JudgementRefused',
      accounts.length === 0
        ? `${task} books nothing: send its note alone.`
        : `${task} books on ${accounts.join(', ')}, not on ${other.accountId}: book that by its own document.`,
    )
  const difference = sum(lines.map(({ amountMinor }) => BigInt(amountMinor)))
  if (difference !== 0n)
    throw new Refusal(
      'JudgementRefused',
      `The lines are out of balance by ${difference} minor units: debit above zero, credit below.`,
    )
}

/**
 * Signs the latest preparation and posts its lines with it.
 * @throws Refusal `UnknownPreparation`, `CloseDuties`, `ReviewOutdated`.
 */
export async function reviewJudgement(
  tx: Tx,
  doc: PeriodCloseDoc,
  { preparationId, note = '', approvalId, actor }: ReviewTask,
): Promise<void> {
  const tasks = await taskStandings(tx, doc.id)
  if (!tasks.some((task) => task.preparationId?.toString() === preparationId))
    throw new Refusal(
      'UnknownPreparation',
      `${preparationId} is not what was prepared last of any task of ${doc.no}: read the close, then review what stands there.`,
    )
  const signed = await keepReview(tx, BigInt(preparationId), { reviewedBy: actor, note })
  if (!signed || signed.lines.length === 0) return
  const { entityId, entity, period, ends, functionalCurrency } = doc
  const of = { entity: entityId, entityCode: entity, period, closedOn: ends, functionalCurrency }
  const draft = postJudged(
    { ...of, task: signed.task, nth: 1, approvalId },
    { preparationId: signed.id, preparedBy: signed.preparedBy, lines: signed.lines },
  )
  const inPeriod = doc.kind === 'adjusting' ? { ...draft, period } : draft
  await postCloseEntries(tx, doc, { drafts: [inPeriod], reverses: signed.reverses }, actor)
}

/**
 * Lives with what a check found, with a reason and below materiality; another answer of the
 * check has to be accepted anew.
 * @throws Refusal `UnknownCloseTask`, `NothingToAccept`, `DifferenceMaterial`.
 */
export async function acceptRed(
  tx: Tx,
  doc: PeriodCloseDoc,
  { task, reason, actor }: Pick<AcceptDifference, 'task' | 'reason' | 'actor'>,
): Promise<void> {
  const found = await taskOf(tx, doc, task)
  if (found.state !== 'red')
    throw new Refusal(
      'NothingToAccept',
      `${task} is ${found.state}: only a difference that is red now can be accepted.`,
    )
  await keepAcceptance(tx, doc.id, { evidenceId: found.evidenceId!, acceptedBy: actor, reason })
}

/**
 * Posts what the task's rule has still to post, and asks it again: it has nothing then.
 * @throws Refusal `UnknownCloseTask`, `CloseTaskWaits`.
 */
export async function postByRule(
  tx: Tx,
  doc: PeriodCloseDoc,
  { task, approvalId, actor }: PostTask,
): Promise<void> {
  const found = await readyTask(tx, doc, task, 'entry')
  const policy = await policyOfClose(tx, doc)
  const plan = await planOf(tx, doc, task, policy, approvalId)
  await postCloseEntries(tx, doc, plan, actor)
  if (plan.drafts.length > 0) await plan.keep?.(tx, actor)
  await refreshTie(tx, doc, found, policy)
}

async function readyTask(
  tx: Tx,
  doc: PeriodCloseDoc,
  task: string,
  kind: 'entry' | 'judgement',
): Promise<TaskStanding> {
  const tasks = await taskStandings(tx, doc.id)
  const found = tasks.find((one) => one.task === task && one.kind === kind)
  if (!found)
    throw unknownTask(
      doc,
      task,
      tasks.filter((one) => one.kind === kind),
    )
  const open = tasks.filter((one) => found.dependsOn.includes(one.task) && !isDone(one.state))
  if (open.length > 0)
    throw new Refusal(
      'CloseTaskWaits',
      `${task} comes after ${open.map((one) => `${one.task} (${one.state})`).join(', ')}: see to these first.`,
    )
  return found
}

async function taskOf(tx: Tx, doc: PeriodCloseDoc, task: string): Promise<TaskStanding> {
  const tasks = await taskStandings(tx, doc.id)
  const found = tasks.find((one) => one.task === task && one.kind !== 'judgement')
  if (!found) throw unknownTask(doc, task, tasks)
  return found
}

function unknownTask(doc: PeriodCloseDoc, task: string, tasks: readonly TaskStanding[]): Refusal {
  return new Refusal(
    'UnknownCloseTask',
    `${doc.no} has no such task ${task}; it has ${tasks.map((one) => one.task).join(', ')}.`,
  )
}
