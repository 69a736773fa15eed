import { setTimeout as wait } from 'node:timers/promises'
import { requestTransfer } from '#clients/stock-documents'
import type { DocumentProgress } from '#contracts/document-progress'
import {
  cancelTransfer,
  decideTransfer,
  receiveTransfer,
  resolveTransferCase,
  shipTransfer,
  transferProgress,
  transferWorkflowId,
  type RequestedTransfer,
} from '#contracts/transfer'
import type { RecordingSystem } from './recording-system.ts'

const person = { actor: 'lead' }

async function request(
  { client }: RecordingSystem,
  transferNo: string,
  changes: Partial<RequestedTransfer> = {},
): Promise<DocumentProgress> {
  const asked: RequestedTransfer = {
    ...person,
    key: `request/${transferNo}`,
    transferNo,
    from: 'EAST',
    to: 'WEST',
    reason: 'WEST runs low',
    lines: [{ sku: 'MUG', qty: '10' }],
    ...changes,
  }
  return requestTransfer(client, asked, { updateId: `request/${transferNo}` })
}

const processOf = ({ client }: RecordingSystem, no: string) =>
  client.workflow.getHandle(transferWorkflowId(no))

/** Approved by a second person, shipped in two parts, and received with a unit missing. */
export async function transferInParts(system: RecordingSystem): Promise<string> {
  const no = 'in-parts'
  const handle = processOf(system, no)
  await request(system, no, { lines: [{ sku: 'LAMP', qty: '300' }] })
  await handle.executeUpdate(decideTransfer, {
    args: [{ actor: 'controller', key: 'approve', decision: 'approve', reason: 'within budget' }],
  })
  for (const qty of ['100', '200'])
    await handle.executeUpdate(shipTransfer, {
      args: [{ ...person, key: `ship/${qty}`, reference: qty, lines: [{ sku: 'LAMP', qty }] }],
    })
  const short = await handle.executeUpdate(receiveTransfer, {
    args: [
      {
        ...person,
        key: 'receive',
        reference: 'A-1',
        lines: [{ sku: 'LAMP', received: '298', damaged: '1', short: '1', reason: 'torn open' }],
      },
    ],
  })
  await handle.executeUpdate(resolveTransferCase, {
    args: [
      { ...person, key: 'lost', caseId: short.cases[0]!.id, resolution: 'write-off', params: {} },
    ],
  })
  await handle.result()
  return transferWorkflowId(no)
}

/** Late, waited for, called back; a command that is refused changes nothing. */
export async function transferRecalled(system: RecordingSystem): Promise<string> {
  const no = 'recalled'
  const handle = processOf(system, no)
  await request(system, no, { dueOn: '2026-01-05' })
  await handle.executeUpdate(shipTransfer, {
    args: [{ ...person, key: 'ship', reference: 'S-1' }],
  })
  const late = await until(system, no, (progress) => progress.cases.length > 0)
  await handle.executeUpdate(resolveTransferCase, {
    args: [
      {
        ...person,
        key: 'wait',
        caseId: late.cases[0]!.id,
        resolution: 'keep-waiting',
        params: { until: '2099-01-01' },
      },
    ],
  })
  await handle
    .executeUpdate(receiveTransfer, {
      args: [
        { ...person, key: 'too many', reference: 'A-0', lines: [{ sku: 'MUG', received: '11' }] },
      ],
    })
    .catch(() => undefined)
  const recalled = await handle.executeUpdate(cancelTransfer, {
    args: [{ ...person, key: 'cancel', reason: 'no longer needed' }],
  })
  await handle.executeUpdate(resolveTransferCase, {
    args: [
      {
        ...person,
        key: 'back',
        caseId: recalled.cases[0]!.id,
        resolution: 'came-back',
        params: {},
      },
    ],
  })
  await handle.result()
  return transferWorkflowId(no)
}

export async function transferRefused(system: RecordingSystem): Promise<string> {
  const no = 'refused'
  await request(system, no, { to: 'EAST' }).catch(() => undefined)
  await processOf(system, no)
    .result()
    .catch(() => undefined)
  return transferWorkflowId(no)
}

/** So many parts that the process begins a new history. */
export async function transferContinuedAsNew(system: RecordingSystem): Promise<string> {
  const no = 'long'
  const handle = processOf(system, no)
  await request(system, no, { lines: [{ sku: 'MUG', qty: '60' }] })
  const { runId } = await handle.describe()
  let parts = 0
  while ((await handle.describe()).runId === runId) {
    if ((parts += 1) === 50) throw new Error('the process did not continue as new')
    await handle.executeUpdate(shipTransfer, {
      args: [
        {
          ...person,
          key: `ship/${parts}`,
          reference: `S-${parts}`,
          lines: [{ sku: 'MUG', qty: '1' }],
        },
      ],
    })
  }
  await handle.executeUpdate(cancelTransfer, {
    args: [{ ...person, key: 'cancel', reason: 'enough' }],
  })
  await handle.executeUpdate(receiveTransfer, {
    args: [
      {
        ...person,
        key: 'receive',
        reference: 'A-1',
        lines: [{ sku: 'MUG', received: String(parts) }],
      },
    ],
  })
  await handle.result()
  return transferWorkflowId(no)
}

async function until(
  system: RecordingSystem,
  no: string,
  reached: (progress: DocumentProgress) => boolean,
): Promise<DocumentProgress> {
  for (let attempt = 1; attempt <= 100; attempt += 1) {
    const progress = await processOf(system, no).query(transferProgress)
    if (progress && reached(progress)) return progress
    await wait(100)
  }
  throw new Error(`${no} does not come so far`)
}
