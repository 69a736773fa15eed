/** What the Temporal server did for one order. */
export interface ServerWork {
  /** Writes of workflow state, each of which must be durable before anything goes on. */
  writes: number
  workflowTasks: number
  operations: Record<string, number>
}

type Counters = Map<string, number>

/** Operations that make state durable; reads and task queue housekeeping are not among them. */
const WRITES = [
  'CreateWorkflowExecution',
  'UpdateWorkflowExecution',
  'ConflictResolveWorkflowExecution',
]

/** The server's own counters, by metric and operation, summed over everything else. */
export async function readServerCounters(metricsUrl: string): Promise<Counters> {
  const text = await (await fetch(metricsUrl)).text()
  const counters: Counters = new Map()
  for (const line of text.split('\n')) {
    const [, metric, labels, value] = /^(\w+)\{(.*)\} ([\d.e+]+)/.exec(line) ?? []
    if (metric !== 'persistence_requests' && metric !== 'service_requests') continue
    const label = (name: string) =>
      new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels ?? '')?.[1] ?? ''
    const key = `${metric}/${label('service_name')}/${label('operation')}`
    counters.set(key, (counters.get(key) ?? 0) + Number(value))
  }
  return counters
}

export function serverWork(before: Counters, after: Counters, orders: number): ServerWork {
  const perOrder = (wanted: (key: string) => boolean) =>
    [...after]
      .filter(([key]) => wanted(key))
      .reduce((sum, [key, count]) => sum + count - (before.get(key) ?? 0), 0) / orders
  const operations = [...after.keys()]
    .filter((key) => key.startsWith('persistence_requests/'))
    .map((key) => key.split('/').at(-1)!)
  const counts = [...new Set(operations)].map((name): [string, number] => [
    name,
    perOrder((key) => key.startsWith('persistence_requests/') && key.endsWith(`/${name}`)),
  ])
  return {
    writes: perOrder(
      (key) =>
        key.startsWith('persistence_requests/') && WRITES.some((name) => key.endsWith(`/${name}`)),
    ),
    workflowTasks: perOrder((key) =>
      /^service_requests\/history\/RespondWorkflowTaskCompleted$/.test(key),
    ),
    operations: Object.fromEntries(counts.filter(([, count]) => count >= 0.5)),
  }
}
