import { WorkflowNotFoundError, type WorkflowExecutionDescription } from '@temporalio/client'
import { orderProgress } from '#contracts/order-to-cash'
import { phaseKey, waitingForKey } from '#contracts/search-attributes'
import { openCasesOfProcess } from '#db/queries/exceptions'
import { standingInBooks, type OrderPlace, type OrderStanding } from '#db/queries/orders'
import type { ApiDeps } from './deps.ts'

/** What a process waits for, until when and who may act, in one shape for every process. */
export interface ProcessStanding extends Omit<OrderStanding, 'open'> {
  workflowId: string
  orderId: string | null
  /** Null while the process engine does not answer. */
  running: boolean | null
  sentence: string
  temporalUi: string | null
}

/** Of an order: its process is asked; while that cannot answer, the books still say where it stands. */
export async function standingOfOrder(
  { db, temporal, config }: ApiDeps,
  place: OrderPlace,
): Promise<ProcessStanding & { orderId: string }> {
  const [live, books] = await Promise.all([
    askOrder(temporal, place.workflowId),
    standingInBooks(db, place.id),
  ])
  const { open, ...stands } = { ...books, ...live.progress }
  const until = stands.until ? `, until ${stands.until}` : ''
  return {
    ...stands,
    orderId: place.id.toString(),
    workflowId: place.workflowId,
    running: live.running,
    temporalUi: temporalUi(config, place.workflowId),
    sentence: open
      ? `The order is ${stands.phase} and waits for ${stands.waitingFor}; ${stands.whoMayAct} may act${until}.`
      : `The order is ${stands.phase}; nothing is waited for.`,
  }
}

/** `running` is null when nobody can tell. */
async function askOrder(
  temporal: ApiDeps['temporal'],
  workflowId: string,
): Promise<{ running: boolean | null; progress?: Partial<OrderStanding> }> {
  try {
    const live = await temporal.workflow.getHandle(workflowId).query(orderProgress)
    if (!live) return { running: true }
    const { open, phase, waitingFor, whoMayAct, nextDeadline, cases } = live
    return {
      running: open,
      progress: { open, phase, waitingFor, whoMayAct, until: nextDeadline, cases },
    }
  } catch (error) {
    return { running: error instanceof WorkflowNotFoundError ? false : null }
  }
}

/**
 * Of any other process: what it shows of itself, the step that it is at, and the cases that it
 * waits for. A step that keeps failing waits for the ops team.
 * @throws WorkflowNotFoundError
 */
export async function standingOfProcess(
  { db, temporal, config }: ApiDeps,
  workflowId: string,
): Promise<ProcessStanding> {
  const handle = temporal.workflow.getHandle(workflowId)
  const [described, cases] = await Promise.all([
    handle.describe(),
    openCasesOfProcess(db, workflowId),
  ])
  const running = described.status.name === 'RUNNING'
  const shown = running ? await shownBy(handle) : undefined
  const step = running ? stepOf(described) : undefined
  const teams = [...new Set(cases.map((one) => one.ownerTeam))].join(', ')
  const attributes = described.typedSearchAttributes
  const phase = attributes.get(phaseKey) ?? described.status.name.toLowerCase()
  const waitingFor = running
    ? (attributes.get(waitingForKey) ?? step?.name ?? 'a message or a time')
    : 'nothing'
  const whoMayAct = teams || (step && step.attempt > 1 ? 'ops-engineer' : 'nobody')
  const until = cases.map((one) => one.dueAt).sort()[0] ?? null
  const failure = step?.failure ? ` It fails: ${step.failure}` : ''
  return {
    workflowId,
    orderId: null,
    running,
    phase,
    waitingFor,
    whoMayAct,
    until,
    cases: cases.map(({ id, type, dueAt }) => ({ id: id.toString(), type, dueAt })),
    temporalUi: temporalUi(config, workflowId),
    sentence: running
      ? `${described.type} waits for ${waitingFor}; ${whoMayAct} may act${until ? `, until ${until}` : ''}.${failure}${shown ? ` ${shown}` : ''}`
      : `${described.type} is ${phase}; nothing is waited for.`,
  }
}

/** The details that the workflow shows in Temporal UI; they are help and not needed. */
async function shownBy(handle: {
  query(name: string): Promise<unknown>
}): Promise<string | undefined> {
  const metadata = await handle.query('__temporal_workflow_metadata').catch(() => undefined)
  const { currentDetails } = (metadata ?? {}) as { currentDetails?: string }
  return currentDetails || undefined
}

function stepOf(
  described: WorkflowExecutionDescription,
): { name: string; attempt: number; failure: string | undefined } | undefined {
  const pending = described.raw.pendingActivities ?? []
  const [step] = [...pending].sort((one, other) => (other.attempt ?? 0) - (one.attempt ?? 0))
  if (!step) return undefined
  return {
    name: step.activityType?.name ?? 'a step',
    attempt: step.attempt ?? 1,
    failure: step.lastFailure?.message ?? undefined,
  }
}

function temporalUi(config: ApiDeps['config'], workflowId: string): string | null {
  return config.TEMPORAL_UI_URL
    ? `${config.TEMPORAL_UI_URL}/namespaces/${config.TEMPORAL_NAMESPACE}/workflows/${encodeURIComponent(workflowId)}`
    : null
}
