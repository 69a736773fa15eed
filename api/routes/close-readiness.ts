import { z } from 'zod'
import { closePeriod, type ClosePeriod } from '#db/queries/close-periods'
import { closeMetrics, periodClose, taskStandings, tiesOf } from '#db/queries/period-closes'
import {
  closeChecklist,
  isDone,
  readyPermille,
  type CloseTaskState,
} from '#domain/ledger/close-checklist'
import { sum } from '#domain/money'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { money } from '../schemas.ts'
import { visible } from '../scope.ts'
import { percent, percentage, wireRow } from './close-schemas.ts'
import { entityCode, wireMoney } from './ledger-schemas.ts'
import { periodName } from './period-schemas.ts'

const text = z.string()
const readiness = z.object({
  entity: text,
  period: text,
  ready: percentage.describe('Percent of the checklist that is done.'),
  askedAt: text.nullable().describe('When the oldest of the answers was asked.'),
  atRisk: money,
  items: z.array(
    z.object({
      task: text,
      title: text,
      state: text,
      owner: text,
      atRisk: money.nullable(),
      ageDays: z.int().nullable(),
      rows: z.array(z.object({ item: text, atRisk: money, since: text.nullable() })),
    }),
  ),
  metrics: z.object({
    daysToClose: z.int().nullable(),
    reopenings: z.int(),
    lateFacts: z.int(),
    manualEntries: z.int(),
    openCases: z.int(),
  }),
})

/** How near a period is to its close, every day of it: read from what is kept every minute. */
export async function closeReadinessRoutes(server: ApiServer, { db }: ApiDeps): Promise<void> {
  server.get(
    '/periods/:entity/:period/readiness',
    {
      config: { permission: 'periods:read' },
      schema: {
        summary: 'How ready a period is to be closed, and what keeps it open',
        tags: ['period close'],
        params: z.object({ entity: entityCode, period: periodName }),
        response: { 200: readiness },
      },
    },
    async ({ params, principal }) => {
      const found = await closePeriod(db, params)
      const period = visible(principal, found, 'period', ({ entity }) => ({ entity }))
      const tasks = await standingOf(db, period)
      const open = tasks.filter(({ state }) => !isDone(state))
      const asked = tasks.flatMap(({ checkedAt }) => checkedAt ?? [])
      const currency = period.functionalCurrency
      return {
        ...params,
        ready: percent(readyPermille(tasks.map(({ state }) => state))),
        askedAt: asked.sort()[0] ?? null,
        atRisk: wireMoney(sum(open.map(({ atRiskMinor }) => atRiskMinor ?? 0n)), currency),
        items: open.map(({ atRiskMinor, since, rows, checkedAt: _, ...task }) => ({
          ...task,
          atRisk: atRiskMinor === null ? null : wireMoney(atRiskMinor, currency),
          ageDays: since === null ? null : ageInDays(since),
          rows: rows.slice(0, 10).map((row) => wireRow(row, currency)),
        })),
        metrics: await closeMetrics(db, period),
      }
    },
  )
}

interface Standing {
  task: string
  title: string
  state: CloseTaskState
  owner: string
  atRiskMinor: bigint | null
  since: string | null
  checkedAt: string | null
  rows: { item: string; atRiskMinor: string; since: string | null }[]
}

/** Of the close where one has begun; else of the checklist that it would begin with. */
async function standingOf(db: ApiDeps['db'], period: ClosePeriod): Promise<Standing[]> {
  const begun = await periodClose(db, period)
  if (begun) {
    const tasks = await taskStandings(db, begun.id)
    return tasks.map(
      ({ task, title, state, owner, reviewer, atRiskMinor, since, checkedAt, rows }) => ({
        ...{ task, title, state, atRiskMinor, since, checkedAt, rows: rows ?? [] },
        owner: state === 'prepared' ? reviewer : owner,
      }),
    )
  }
  const ties = new Map((await tiesOf(db, period.periodId)).map((tie) => [tie.task, tie]))
  return closeChecklist(period.kind).map(({ task, title, kind, owner }) => {
    const tie = ties.get(task)
    const common = { task, title, owner, since: tie?.since ?? null, rows: tie?.rows ?? [] }
    const asked = { checkedAt: tie?.checkedAt ?? null, atRiskMinor: tie?.atRiskMinor ?? null }
    const state = kind === 'judgement' ? 'open' : (tie?.colour ?? 'unchecked')
    return { ...common, ...asked, state }
  })
}

function ageInDays(since: string): number {
  return Math.max(0, Math.floor((Date.now() - Date.parse(since)) / 86_400_000))
}
