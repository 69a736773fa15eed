import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import * as contract from '#contracts/continuous-close'
import type {
  ContinuousCloseActivities,
  ContinuousCloseStart,
  TiesRefreshed,
} from '#contracts/continuous-close'
import { answersChanged } from '#contracts/period-close'

const act = proxyActivities<ContinuousCloseActivities>({
  startToCloseTimeout: '5m',
  heartbeatTimeout: '60s',
  retry: { maximumInterval: '1m' },
})

/**
 * Asks every minute what a close will ask at the end of the month, so that nobody is surprised by
 * it; a close that is under way is told where an answer has changed.
 */
export async function continuousClose(start: ContinuousCloseStart): Promise<void> {
  let last: TiesRefreshed | undefined
  let asked = 0
  let begun = 0
  let over = false
  setHandler(contract.lastRefresh, () => last)
  setHandler(contract.refreshNow, async () => {
    asked += 1
    const mine = asked
    // A round that runs already may have asked before what the caller is about.
    await condition(() => begun >= mine || over)
    return last!
  })

  for (;;) {
    const answers = asked
    last = await act.refreshTies.executeWithOptions({ summary: 'Ask everything' }, [start])
    setCurrentDetails(details(start.entity, last))
    for (const { workflowId, key } of last.changed) await tell(workflowId, key)
    begun = answers
    if (!last.watching) break
    if (workflowInfo().continueAsNewSuggested) {
      over = true
      await condition(allHandlersFinished)
      await continueAsNew<typeof continuousClose>(start)
    }
    await condition(() => asked > answers, last.againMs, {
      summary: `Next round of ${start.entity}`,
    })
  }
  over = true
  await condition(allHandlersFinished)
}

async function tell(workflowId: string, key: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(workflowId).signal(answersChanged, { key })
  } catch (error) {
    // It has ended meanwhile, and looks at everything should it begin again.
    log.warn('a close is not told', { workflowId, error: String(error) })
  }
}

function details(entity: string, { periods, asked, red }: TiesRefreshed): string {
  return [
    `**${entity}**: ${periods.join(', ') || 'no period'} watched`,
    `- ${asked - red} of ${asked} questions are green`,
    ...periods.map((period) => `- in the API: \`/v1/periods/${entity}/${period}/readiness\``),
  ].join('\n')
}
