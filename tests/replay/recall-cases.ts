import { randomUUID } from 'node:crypto'
import { beginRecall } from '#clients/stock-documents'
import type { DocumentProgress } from '#contracts/document-progress'
import { recallWorkflowId, recordOutcomes, resolveRecallCase } from '#contracts/recall'
import type { Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { recallLot } from '#db/stores/recalls'
import { named } from './acting.ts'
import type { RecordingSystem } from './recording-system.ts'

/** Two orders were sent some: nobody decides in time, they are written to again, one answers, one never will. */
export async function recallFollowed(system: RecordingSystem): Promise<string> {
  const { admin } = system.database
  const policy = { team: 'desk', slaMinutes: 0.02, escalateTo: 'controller', severity: 'high' }
  await admin`
    INSERT INTO policy (kind, scope, version, owner, body)
    SELECT 'exceptions', '*', coalesce(max(version), 0) + 1, 'recorder', ${admin.json({ 'lot-recalled': policy })} FROM policy WHERE kind = 'exceptions' AND scope = '*'`
  for (const name of ['recall-one', 'recall-two']) await system.place(named(name))
  const { no, process, orders } = await begun(system, 2)
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  const stands = await process.query<DocumentProgress, []>('recallProgress')
  const decide = (resolution: 'remind' | 'mark-done', key: string) =>
    process.executeUpdate(resolveRecallCase, {
      args: [
        {
          ...{ actor: 'sue', key, caseId: stands.cases[0]!.id, resolution },
          params: { reason: 'three letters came back' },
        },
      ],
    })
  await decide('remind', 'again')
  const outcome = { orderId: orders[0]!, outcome: 'returned' as const }
  await process.executeUpdate(recordOutcomes, {
    args: [{ actor: 'cas', key: 'heard', orders: [outcome] }],
  })
  await decide('mark-done', 'enough')
  await process.result()
  return recallWorkflowId(no)
}

/** Nobody was sent any: it ends at once. */
export async function recallTaken(system: RecordingSystem): Promise<string> {
  const { no, process } = await begun(system, 0)
  await process.result()
  return recallWorkflowId(no)
}

/** A lot of mugs is recalled that so many orders were sent a unit of. */
async function begun(system: RecordingSystem, shipped: number) {
  const { admin, db } = system.database
  const lot = `L-${randomUUID().slice(0, 8)}`
  const [mug] = await admin<{ id: number }[]>`SELECT id FROM item WHERE sku = 'MUG'`
  await admin`INSERT INTO lot (item_id, code) VALUES (${mug!.id}, ${lot})`
  const recall = { itemId: mug!.id, sku: 'MUG', lot }
  const by = { reason: 'a crack', actor: 'ben', key: lot }
  const { recallNo: no } = await commitOnce(
    db,
    { key: lot, request: lot, actor: 'ben' },
    (tx: Tx) => recallLot(tx, recall, by),
  )
  const orders = await admin<{ orderId: string }[]>`
    INSERT INTO recall_order (recall_id, order_id, units)
    SELECT r.id, o.id, 1 FROM recall r, (SELECT id FROM sales_order ORDER BY id LIMIT ${shipped}) o WHERE r.recall_no = ${no} RETURNING order_id::text AS "orderId"`
  const request = { recallNo: no, sku: 'MUG', lot, key: lot, actor: 'ben' }
  await beginRecall(system.client, request, { updateId: 'begin' })
  const process = system.client.workflow.getHandle(recallWorkflowId(no))
  return { no, process, orders: orders.map(({ orderId }) => orderId) }
}
