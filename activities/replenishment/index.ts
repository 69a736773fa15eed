import { Context, heartbeat } from '@temporalio/activity'
import {
  replenishmentId,
  type ReplenishmentActivities,
  type RunProgress,
} from '#contracts/replenishment'
import type { Db } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { batchEnd } from '#db/queries/replenishment-nodes'
import { replenishmentRunPolicy } from '#db/queries/replenishment-policies'
import { healTroubles } from '#db/stores/replenishment-cases'
import { holdAgainstBudgets } from '#db/stores/replenishment-budgets'
import { followDocuments, publish } from '#db/stores/replenishment-proposals'
import {
  beginRun,
  companyByCode,
  endRun,
  lockRun,
  passBatch,
  type RunRow,
} from '#db/stores/replenishment-runs'
import { computeItems } from './compute.ts'
import { decide } from './decide.ts'
import { resolveTrouble } from './resolve.ts'

export interface ReplenishmentDeps {
  db: Db
  /** Item-nodes of one commit. */
  batchNodes?: number
  /** How long a slice computes before it reports. */
  sliceMs?: number
}

/** Every verb of the replenishment process. */
export function replenishmentActivities({
  db,
  batchNodes = 2000,
  sliceMs = 10_000,
}: ReplenishmentDeps): ReplenishmentActivities {
  return {
    beginRun: ({ entity, key, cause, actor }) =>
      commitOnce(
        db,
        { key: `replenishment/${entity}/run/${key}`, request: { entity }, actor },
        async (tx) => {
          const company = await companyByCode(tx, entity)
          const { body } = await replenishmentRunPolicy(tx, entity)
          const [some] =
            await tx`SELECT 1 FROM replenishment_policy WHERE entity_id = ${company.entityId} AND method <> 'none' LIMIT 1`
          const againMs = body.everyHours * 3_600_000
          if (!some) return { state: 'off', progress: null, againMs }
          const id = await beginRun(tx, company, { key: `${entity}/${key}`, cause, actor })
          return { state: 'begun', progress: progressOf(await lockRun(tx, id), true), againMs }
        },
      ),

    async computeItems({ runId }) {
      const until = Date.now() + sliceMs
      for (;;) {
        const progress = await computeBatch(db, runId, batchNodes)
        heartbeat(progress)
        Context.current().cancellationSignal.throwIfAborted()
        if (progress.state !== 'running' || Date.now() >= until) return progress
      }
    },

    finishRun: ({ runId }) =>
      commitOnce(
        db,
        { key: `replenishment/run/${runId}/finished`, request: { runId }, actor: 'system' },
        async (tx) => {
          const run = await lockRun(tx, BigInt(runId))
          await followDocuments(tx, run.entityId)
          const over = await holdAgainstBudgets(tx, run)
          await publish(tx, run.entityId)
          await healTroubles(tx, { runId: run.id, workflowId: replenishmentId(run.entity) })
          await endRun(tx, run.id, over)
          return progressOf(await lockRun(tx, run.id), false)
        },
      ),

    decideProposals: (decision) => decide(db, decision),
    resolveTrouble: (choice) => resolveTrouble(db, choice),
  }
}

/** One commit: named by where the run stood, so that computing it twice computes it once. */
async function computeBatch(db: Db, runId: string, size: number): Promise<RunProgress> {
  const [at] = await db<
    { cursor: number }[]
  >`SELECT cursor_item AS cursor FROM replenishment_run WHERE id = ${runId}`
  const command = {
    key: `replenishment/run/${runId}/after/${at?.cursor ?? 0}`,
    ...{ request: { runId }, actor: 'system' },
  }
  return commitOnce(db, command, async (tx) => {
    const run = await lockRun(tx, BigInt(runId))
    if (run.state === 'done') return progressOf(run, false)
    // What its document has become of since the last run is known before anything is counted.
    if (run.cursorItem === 0) await followDocuments(tx, run.entityId)
    const to = await batchEnd(tx, { entityId: run.entityId, after: run.cursorItem, size })
    if (to === null) return progressOf(run, false)
    const counts = await computeItems(tx, run, { after: run.cursorItem, to })
    await passBatch(tx, run.id, to, counts)
    return progressOf(await lockRun(tx, run.id), true)
  })
}

function progressOf(run: RunRow, more: boolean): RunProgress {
  const { total, done, proposed, superseded, kept, unsourced, overBudget, cause } = run
  return {
    ...{ runId: run.id.toString(), cause },
    state: run.state === 'done' ? 'done' : more ? 'running' : 'computed',
    ...{ total, done, proposed, superseded, kept, unsourced, overBudget },
  }
}
