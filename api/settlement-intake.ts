import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { startSettlement } from '#clients/settlement'
import type { Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { readChannel } from '#db/queries/masters'
import { recordAudit } from '#db/stores/records'
import { takeStatement } from '#db/stores/settlements'
import { Refusal } from '#domain/refusal'
import type { SettlementStatement } from '#domain/settlement/statement'
import { booksOf } from './books.ts'
import type { ApiDeps } from './deps.ts'
import { requireChannelScope } from './scope.ts'

export interface StatementOwner {
  entity: string
  channel?: string | undefined
}

export interface ReceivedStatement {
  id: string
  no: string
  statementId: string
  workflowId: string
  known: boolean
  lines: number
}

/**
 * Keeps statements, all or none of them, and then starts their processes: once this has committed
 * nothing is lost, and whoever sends the same again starts what had not started.
 */
export async function takeStatements(
  deps: ApiDeps,
  request: FastifyRequest,
  owner: StatementOwner,
  statements: readonly SettlementStatement[],
): Promise<ReceivedStatement[]> {
  const { principal, commandKey: key } = request
  const identity = { route: request.routeOptions.url, owner, statements: digest(statements) }
  const { actor } = principal
  const taken = await commitOnce(deps.db, { key, request: identity, actor }, async (tx) => {
    const { entityId } = await booksOf(tx, principal, owner.entity)
    const channelId = await channelOf(tx, request, owner, entityId)
    const received: ReceivedStatement[] = []
    for (const statement of statements) {
      const kept = await takeStatement(tx, { statement, entityId, channelId, actor })
      const { statementId, lines } = statement
      const no = kept.workflowId.slice('settlement/'.length)
      received.push({ ...kept, no, statementId, lines: lines.length })
      if (!kept.known)
        await recordAudit(tx, [
          {
            ...{ subjectType: 'settlement', subjectId: no, action: 'received', actor },
            ...{ commandKey: key, after: { lines: lines.length } },
          },
        ])
    }
    return received
  })
  for (const { id, no, lines, workflowId } of taken)
    await startSettlement(deps.temporal, { id, no, lines, workflowId }, deps.orderTaskQueue)
  return taken
}

async function channelOf(
  tx: Tx,
  { principal }: FastifyRequest,
  { channel: code }: StatementOwner,
  entityId: number,
): Promise<number | null> {
  if (code === undefined) return null
  await requireChannelScope(tx, principal, code)
  const channel = await readChannel(tx, code)
  const [row] = channel
    ? await tx<{ id: number; entityId: number }[]>`
        SELECT id, entity_id AS "entityId" FROM channel WHERE code = ${code}`
    : []
  if (row?.entityId === entityId) return row.id
  throw new Refusal('ChannelNeeded', `Name a channel of this company; "${code}" is none.`, {
    field: 'channel',
  })
}

/** What was asked, kept with the command: a statement may be as long as it likes. */
function digest(statements: readonly SettlementStatement[]): string {
  const text = JSON.stringify(statements, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
  return createHash('sha256').update(text).digest('hex')
}
