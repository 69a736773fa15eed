import { setTimeout as wait } from 'node:timers/promises'
import { requestCount } from '#clients/stock-documents'
import {
  cancelCount,
  cycleCountWorkflowId,
  recordCount,
  reportUnknownItem,
  resolveCountCase,
  type RequestedCount,
} from '#contracts/cycle-count'
import type { DocumentProgress } from '#contracts/document-progress'
import type { Resolution } from '#domain/orders/exceptions'
import type { RecordingSystem } from './recording-system.ts'

async function request(
  { client }: RecordingSystem,
  countNo: string,
  changes: Partial<RequestedCount> = {},
): Promise<DocumentProgress> {
  const asked: RequestedCount = {
    actor: 'lead',
    key: `request/${countNo}`,
    countNo,
    site: 'EAST',
    reason: 'weekly round',
    places: [{ sku: 'MUG' }],
    ...changes,
  }
  return requestCount(client, asked, { updateId: `request/${countNo}` })
}

const processOf = ({ client }: RecordingSystem, no: string) =>
  client.workflow.getHandle(cycleCountWorkflowId(no))

const count = (system: RecordingSystem, no: string, actor: string, counted: string, sku = 'MUG') =>
  processOf(system, no).executeUpdate(recordCount, {
    args: [{ actor, key: `count/${actor}/${sku}`, entries: [{ sku, counted }] }],
  })

const decide = (
  system: RecordingSystem,
  no: string,
  { cases }: DocumentProgress,
  resolution: Resolution,
  params: Record<string, unknown> = {},
) =>
  processOf(system, no).executeUpdate(resolveCountCase, {
    args: [
      {
        actor: 'lead',
        key: `decide/${resolution}`,
        caseId: cases[0]!.id,
        resolution,
        params,
      },
    ],
  })

/** Counted, counted again by somebody else, once more, and approved by a person with a reason. */
export async function recountedAndApproved(system: RecordingSystem): Promise<string> {
  const no = 'recounted'
  await request(system, no)
  await count(system, no, 'anna', '900')
  await count(system, no, 'anna', '900').catch(() => undefined)
  const first = await count(system, no, 'ben', '901')
  await decide(system, no, first, 'third-count')
  const second = await count(system, no, 'carl', '902')
  await decide(system, no, second, 'accept', { reasonCode: 'missing' })
  await processOf(system, no).result()
  return cycleCountWorkflowId(no)
}

/** Nobody decides in time: the case moves up, and is decided then. */
export async function countEscalated(system: RecordingSystem): Promise<string> {
  const no = 'escalated'
  const policy = { team: 'inventory', slaMinutes: 0.02, escalateTo: 'controller', severity: 'high' }
  await system.database.admin`
    INSERT INTO policy (kind, scope, version, owner, body) VALUES ('exceptions', '*', 1, 'recorder', ${system.database.admin.json({ 'count-variance': policy })})`
  await request(system, no)
  await count(system, no, 'anna', '900')
  const open = await count(system, no, 'ben', '901')
  await wait(2_500)
  await decide(system, no, open, 'reject')
  await processOf(system, no).result()
  return cycleCountWorkflowId(no)
}

/** What nobody can name is set aside, and the rest is not counted. */
export async function countCancelled(system: RecordingSystem): Promise<string> {
  const no = 'cancelled'
  await request(system, no, { site: 'WEST', places: [{ sku: 'LAMP' }, { sku: 'CHAIR' }] })
  await count(system, no, 'anna', '5', 'CHAIR')
  const unknown = await processOf(system, no).executeUpdate(reportUnknownItem, {
    args: [{ actor: 'anna', key: 'unknown', counted: '1', description: 'a brown box' }],
  })
  await decide(system, no, unknown, 'set-aside')
  await processOf(system, no).executeUpdate(cancelCount, {
    args: [{ actor: 'lead', key: 'cancel', reason: 'the shift is over' }],
  })
  await processOf(system, no).result()
  return cycleCountWorkflowId(no)
}

export async function countRefused(system: RecordingSystem): Promise<string> {
  const no = 'refused'
  await request(system, no, { site: 'MOON' }).catch(() => undefined)
  await processOf(system, no)
    .result()
    .catch(() => undefined)
  return cycleCountWorkflowId(no)
}

/** So many unknown items that the process begins a new history. */
export async function countContinuedAsNew(system: RecordingSystem): Promise<string> {
  const no = 'long'
  await request(system, no)
  const handle = processOf(system, no)
  const { runId } = await handle.describe()
  for (let n = 1; (await handle.describe()).runId === runId; n += 1) {
    if (n === 50) throw new Error('the process did not continue as new')
    await handle.executeUpdate(reportUnknownItem, {
      args: [{ actor: 'anna', key: `unknown/${n}`, counted: '1', description: 'a brown box' }],
    })
  }
  await handle.executeUpdate(cancelCount, {
    args: [{ actor: 'lead', key: 'cancel', reason: 'the shift is over' }],
  })
  await handle.result()
  return cycleCountWorkflowId(no)
}
