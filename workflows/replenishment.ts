import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow'
import * as contract from '#contracts/replenishment'
import type {
  ReplenishmentActivities,
  ReplenishmentStanding,
  ReplenishmentStart,
  RunNow,
  RunProgress,
} from '#contracts/replenishment'
import { phaseKey } from '#contracts/search-attributes'

const compute = proxyActivities<Pick<ReplenishmentActivities, 'computeItems'>>({
  // A slice reports after some seconds; a batch that waits for locks may take a while.
  startToCloseTimeout: '5m',
  heartbeatTimeout: '60s',
  retry: { maximumInterval: '1m' },
})
const act = proxyActivities<Omit<ReplenishmentActivities, 'computeItems'>>({
  startToCloseTimeout: '2m',
  retry: { maximumInterval: '1m' },
})

/** What the next history begins with: how far it is, when it looks next, and who has asked meanwhile. */
interface Resumed {
  run: RunProgress | null
  nextRunAt: string | null
  asked: RunNow | null
}

/**
 * Looks again and again at what every item-node of a company needs, and lets people decide on what
 * it proposes. A run goes in slices, so that everybody sees how far it is. It ends when no policy
 * speaks of anything any more.
 */
export async function replenishment(
  { entity }: ReplenishmentStart,
  resumed?: Resumed,
): Promise<void> {
  const standing: ReplenishmentStanding = {
    entity,
    run: resumed?.run ?? null,
    nextRunAt: resumed?.nextRunAt ?? null,
  }
  let asked = resumed?.asked ?? null
  let begun = 0
  let over = false
  let leaving = false
  let shown = ''
  setHandler(contract.replenishmentStanding, () => standing)
  setHandler(contract.runNow, async (command) => {
    asked = command
    const before = begun
    // Whoever asks during a run sees that one; another follows, as things may have changed behind it.
    if (standing.run?.state !== 'running') await condition(() => begun > before || over || leaving)
    return standing.run
  })
  setHandler(contract.decideProposals, (decision) => {
    const summary = `${decision.decision} ${decision.proposalIds.length} proposals`
    return answered(act.decideProposals.executeWithOptions({ summary }, [decision]))
  })
  setHandler(contract.resolveTrouble, async (choice) => {
    const summary = `Resolve: ${choice.resolution}`
    await answered(act.resolveTrouble.executeWithOptions({ summary }, [{ ...choice, entity }]))
    return standing
  })

  for (;;) {
    await untilDue()
    if (!(await run())) break
    if (workflowInfo().continueAsNewSuggested) await beginAnew()
  }
  over = true
  await condition(allHandlersFinished)

  async function untilDue(): Promise<void> {
    show('waiting')
    const { nextRunAt } = standing
    if (nextRunAt === null) return
    const wait = Date.parse(nextRunAt) - Date.now()
    if (wait <= 0) return
    const isAsked = () => asked !== null || workflowInfo().continueAsNewSuggested
    await condition(isAsked, wait, { summary: `Next run for ${entity}` })
    if (asked === null && workflowInfo().continueAsNewSuggested) await beginAnew()
  }

  /** Whoever has asked and not been answered is told how far it is; the next history does it. */
  async function beginAnew(): Promise<void> {
    leaving = true
    await condition(allHandlersFinished)
    const { run: last, nextRunAt } = standing
    await continueAsNew<typeof replenishment>({ entity }, { run: last, nextRunAt, asked })
  }

  async function run(): Promise<boolean> {
    const by = asked ?? {
      key: standing.nextRunAt ?? new Date().toISOString(),
      actor: 'system',
      reason: 'its time has come',
    }
    asked = null
    const { state, progress, againMs } = await act.beginRun.executeWithOptions(
      { summary: 'Begin a run' },
      [{ entity, key: by.key, cause: by.reason, actor: by.actor }],
    )
    standing.run = progress
    begun += 1
    if (state === 'off' || progress === null) return false
    const { runId } = progress
    while (standing.run?.state === 'running') {
      show('computing')
      const { done, total } = standing.run
      const summary = `${done} of ${total} item-nodes`
      standing.run = await compute.computeItems.executeWithOptions({ summary }, [{ runId }])
    }
    if (standing.run?.state === 'computed')
      standing.run = await act.finishRun.executeWithOptions({ summary: 'Show what is proposed' }, [
        { runId },
      ])
    standing.nextRunAt = new Date(Date.now() + againMs).toISOString()
    return true
  }

  function show(phase: 'waiting' | 'computing'): void {
    setCurrentDetails(details(standing))
    if (phase !== shown) upsertSearchAttributes([{ key: phaseKey, value: phase }])
    shown = phase
  }
}

/** A refusal is the answer of the command, not a failure of the process. */
async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof ActivityFailure && error.cause instanceof ApplicationFailure
      ? error.cause
      : error
  }
}

function details({ entity, run, nextRunAt }: ReplenishmentStanding): string {
  const lines = [`**${entity}**: what is needed, and from where`]
  if (run) {
    lines.push(
      `- run ${run.runId} (${run.cause}): ${bar(run.done, run.total)} ${run.done} of ${run.total} item-nodes, ${run.state}`,
      `- proposed ${run.proposed}, superseded ${run.superseded}, kept ${run.kept}, without a source ${run.unsourced}, over budget ${run.overBudget}`,
    )
  }
  return [...lines, `- next run: ${nextRunAt ?? 'now'}`, '- in the API: `/v1/replenishment`'].join(
    '\n',
  )
}

function bar(done: number, total: number): string {
  const filled = total === 0 ? 20 : Math.floor((20 * Math.min(done, total)) / total)
  return `${'█'.repeat(filled)}${'░'.repeat(20 - filled)}`
}
