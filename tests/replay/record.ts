import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { cases, longCases, type Case } from './cases.ts'
import { startRecordingSystem, type RecordingSystem } from './recording-system.ts'
import { historiesFolder, type RecordedHistory } from './recorded-history.ts'

/**
 * Records every branch of every process from a real server into `histories/`. Run it when a
 * process changes, and keep a history as long as a run of that version may still be alive.
 * `node --import tsx tests/replay/record.ts [case…]`
 */
const only = new Set(process.argv.slice(2))
Runtime.install({ logger: new DefaultLogger('ERROR') })
await record(cases, {})
// A process begins a new history after thousands of events; nobody waits for that here.
await record(longCases, { 'limit.historyCount.suggestContinueAsNew': 40 })

async function record(
  table: Record<string, Record<string, Case>>,
  dynamicConfig: Record<string, number>,
): Promise<void> {
  const wanted = Object.entries(table).flatMap(([workflow, ways]) =>
    Object.entries(ways)
      .filter(([name]) => only.size === 0 || only.has(name))
      .map(([name, act]) => ({ workflow, name, act })),
  )
  if (wanted.length === 0) return
  const system = await startRecordingSystem({ dynamicConfig })
  try {
    for (const { workflow, name, act } of wanted) {
      const workflowId = await act(system).catch((cause: unknown) => {
        throw new Error(`${workflow}/${name} could not be recorded`, { cause })
      })
      const runs = await runsOf(system, workflowId)
      for (const [n, runId] of runs.entries())
        await keep(system, { workflowId, runId }, workflow, n === 0 ? name : `${name}-${n + 1}`)
    }
  } finally {
    await system.stop()
  }
}

/** Every run of the id from the first, for a process that began a new history on its way. */
async function runsOf(system: RecordingSystem, workflowId: string): Promise<string[]> {
  const runs: string[] = []
  let runId: string | undefined = (await system.client.workflow.getHandle(workflowId).describe())
    .runId
  while (runId) {
    runs.unshift(runId)
    const { events } = await system.client.workflow.getHandle(workflowId, runId).fetchHistory()
    runId =
      events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined
  }
  return runs
}

async function keep(
  system: RecordingSystem,
  { workflowId, runId }: { workflowId: string; runId: string },
  workflow: string,
  name: string,
): Promise<void> {
  const history = await system.client.workflow.getHandle(workflowId, runId).fetchHistory()
  const recorded: RecordedHistory = { workflowId, history: nameless(historyToJSON(history)) }
  const folder = join(historiesFolder, workflow)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(recorded, null, 1)}\n`)
  console.log(`${workflow}/${name}: ${history.events?.length} events`)
}

/** Which machine and process recorded it is nobody's business, and differs at each recording. */
function nameless(history: string): unknown {
  return JSON.parse(history, (key, value: unknown) => {
    if (typeof value !== 'string') return value
    if (key === 'stackTrace') return ''
    return /^\d+@/.test(value) ? 'recorder' : value
  })
}
