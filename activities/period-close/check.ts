import type { Tx } from '#db/client'
import { taskStandings, type TaskStanding } from '#db/queries/period-closes'
import { isLight, refreshTie } from '#db/stores/close-ties'
import { policyOfClose, type PeriodCloseDoc } from '#db/stores/period-closes'
import { dateAt } from '#domain/dates'
import type { LedgerArea } from '#domain/ledger/journal'
import { formatMinor } from '#domain/money'
import type { CaseType } from '#domain/orders/exceptions'
import { healDocumentCasesBy, openDocumentCase, type FoundCase } from '../documents/cases.ts'

/** Asks every question of the close again, or those that the lock of one area waits for. */
export async function askAgain(
  tx: Tx,
  doc: PeriodCloseDoc,
  { area, heavy = true }: { area?: LedgerArea; heavy?: boolean } = {},
): Promise<void> {
  const policy = await policyOfClose(tx, doc)
  for (const task of await taskStandings(tx, doc.id)) {
    if (task.kind === 'judgement' || (!heavy && !isLight(task.task))) continue
    if (area !== undefined && area !== 'GL' && task.area !== area) continue
    await refreshTie(tx, doc, task, policy)
  }
}

/** Tasks that wait for a day or for other tasks and for nobody's decision. */
const NO_CASE = ['earlier-closed', 'months-closed', 'rates-loaded', 'expected-invoices']
const UNPOSTED = ['messages-drained', 'shipments-posted', 'receipts-posted']
const MOST_CASES = 20

/** Once the period is over, what is red asks somebody; what is not any more leaves the queue. */
export async function showMismatches(tx: Tx, doc: PeriodCloseDoc): Promise<void> {
  const tasks = await taskStandings(tx, doc.id)
  const red = tasks.filter(({ state, kind, task }) => {
    return state === 'red' && kind === 'check' && !NO_CASE.includes(task)
  })
  const over = dateAt(Date.now(), doc.timezone) > doc.ends
  const found = over ? red.flatMap((task) => casesOf(doc, task)) : []
  for (const one of found) await openDocumentCase(tx, doc, one)
  const stillKeys = found.map(
    ({ type, discriminator }) => `period-close/${doc.id}/${type}/${discriminator}`,
  )
  await healDocumentCasesBy(
    tx,
    doc,
    ({ key, type }) => type !== 'close-reopen' && !stillKeys.includes(key),
    'what it was about is in order',
  )
}

function casesOf(doc: PeriodCloseDoc, task: TaskStanding): FoundCase[] {
  const common = { openedBy: 'period-close' }
  const rows = task.rows ?? []
  if (task.task === 'bills-posted')
    return rows.slice(0, MOST_CASES).map((row) => ({
      ...common,
      type: 'close-late-bill' as CaseType,
      discriminator: row.item,
      summary: `${row.item} of ${row.since ?? doc.period} is not posted in ${doc.no}`,
      evidence: { task: task.task, ...row },
      moneyAtRiskMinor: BigInt(row.atRiskMinor),
    }))
  const type: CaseType = UNPOSTED.includes(task.task) ? 'close-unposted' : 'close-mismatch'
  const money = `${formatMinor(task.atRiskMinor ?? 0n, doc.functionalCurrency)} ${doc.functionalCurrency}`
  return [
    {
      ...common,
      type,
      discriminator: task.task,
      summary: `${doc.no}, ${task.task}: ${task.broken} items, ${money}`,
      evidence: {
        task: task.task,
        evidenceId: task.evidenceId?.toString(),
        rows: rows.slice(0, 20),
      },
      moneyAtRiskMinor: task.atRiskMinor ?? 0n,
    },
  ]
}
