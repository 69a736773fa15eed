import type { Role } from '../access.ts'
import type { LedgerArea } from './journal.ts'

/** A query, a rule that has nothing left to post, or a judgement that two persons sign. */
export type CloseTaskKind = 'check' | 'entry' | 'judgement'

export interface CloseTask {
  task: string
  step: string
  kind: CloseTaskKind
  /** The lock that waits for it; that of GL waits for all. */
  area: LedgerArea
  title: string
  owner: Role
  reviewer: Role
  /** May not be posted or signed before these are done. */
  dependsOn: readonly string[]
}

type Draft = Omit<CloseTask, 'owner' | 'reviewer' | 'dependsOn'> &
  Partial<Pick<CloseTask, 'owner' | 'reviewer' | 'dependsOn'>>

const CUT_OFF = ['messages-drained', 'shipments-posted', 'receipts-posted']

/** What brings costs that are then spread. */
const BEFORE_ENTRIES = [
  'freight-accrued',
  'marketplace-fees',
  'expected-invoices',
  'credit-loss',
  'fx-revalued',
]

const MONTH: readonly Draft[] = [
  check('calendar', 'earlier-closed', 'GL', 'Every earlier period is closed'),
  check('cut-off', 'messages-drained', 'AR', 'No message of a channel waits to be taken in'),
  check('cut-off', 'shipments-posted', 'AR', 'Each shipment has its entry, on its day'),
  check('cut-off', 'receipts-posted', 'AP', 'Each receipt of goods has its entry, on its day'),
  check('cut-off', 'bills-posted', 'AP', "No vendor's bill of the period is still open"),
  check('cut-off', 'calls-settled', 'CASH', 'No payment call has an unknown outcome'),
  judged('cut-off', 'cut-off-sample', 'AR', 'Three days on each side of the end were sampled', {
    dependsOn: CUT_OFF,
  }),
  check('tie-outs', 'receivables-tie', 'AR', '1200 and 1220 are their open items'),
  check('tie-outs', 'deposits-tie', 'AR', '2100 is what open orders have paid in'),
  check('tie-outs', 'gift-cards-tie', 'AR', '2110 and 2120 are cards and credits less breakage'),
  check('tie-outs', 'refunds-tie', 'AR', '2140 is what is granted and not paid back'),
  check('tie-outs', 'payables-tie', 'AP', '2010, 1230 and 1400 are their open items'),
  check('tie-outs', 'grni-tie', 'AP', '2020 is received and not billed, by receipt line'),
  check('tie-outs', 'accruals-tie', 'AP', '2030 and 2040 are their open items'),
  check('tie-outs', 'landed-cost-trued', 'AP', 'Each landed-cost bill is spread over its receipts'),
  check('tie-outs', 'inventory-tie', 'INV', '1300 to 1330 are the cost layers, item by item'),
  check('tie-outs', 'clearing-tie', 'CASH', 'Clearing and cash in transit are their open items'),
  check('tie-outs', 'clearing-aged', 'CASH', 'Nothing waits in clearing for more than 45 days'),
  check('tie-outs', 'fees-accrued', 'CASH', "Each marketplace shipment's expected fees are booked"),
  check('tie-outs', 'tax-tie', 'TAX', 'Tax accounts are the tax of the documents'),
  check('tie-outs', 'suspense-zero', 'GL', '9090 is zero'),
  check('tie-outs', 'opening-zero', 'GL', '3900 is zero'),
  entry('accruals', 'terms-earned', 'AR', 'Services that run over a term, up to the last day'),
  entry('accruals', 'freight-accrued', 'AP', 'Freight of shipments that nobody estimated'),
  entry('accruals', 'marketplace-fees', 'AP', 'Fees of marketplace sales that nobody expected'),
  check('accruals', 'expected-invoices', 'AP', 'What is expected to be billed is accrued or came'),
  judged('accruals', 'manual-accruals', 'GL', 'Further accruals and reclassifications'),
  entry('estimates', 'credit-loss', 'GL', 'Allowance for bad debt by age'),
  entry('estimates', 'returns-reserve', 'GL', 'Refund liability and right to returned goods'),
  entry('estimates', 'realisable-value', 'INV', 'Stock at the lower of cost and value, by rule'),
  judged('estimates', 'nrv-review', 'INV', 'Stock at the lower of cost and realisable value'),
  check('exchange', 'rates-loaded', 'GL', 'Closing rates of every currency with open money'),
  entry('exchange', 'fx-revalued', 'GL', 'Open money at closing rates', ['rates-loaded']),
  entry('allocations', 'allocations', 'GL', 'Costs by rule to whom they belong', BEFORE_ENTRIES),
  check('intercompany', 'intercompany-zero', 'GL', 'What companies owe each other is zero'),
  check('review', 'trial-balance', 'GL', 'The trial balance is zero in every book'),
  check('review', 'books-proven', 'GL', 'All standing proofs hold'),
  judged('review', 'flux-review', 'GL', 'Movements against the months before are explained'),
  judged(
    'review',
    'unusual-entries',
    'GL',
    'Entries by hand, of weekends and round sums were read',
  ),
]

const YEAR: readonly Draft[] = [
  check('calendar', 'months-closed', 'GL', 'Every month of the year is closed'),
  judged('accruals', 'year-adjustments', 'GL', 'Adjustments of the audit are booked'),
  entry('year', 'year-closed', 'GL', 'Results go to retained earnings', [
    'months-closed',
    'year-adjustments',
  ]),
  check('review', 'trial-balance', 'GL', 'The trial balance is zero in every book'),
]

/** The checklist of a month, or of the adjusting period that ends a year; the last task signs for all. */
export function closeChecklist(kind: 'normal' | 'adjusting'): CloseTask[] {
  const drafts = kind === 'normal' ? MONTH : YEAR
  const signOff = judged('review', 'sign-off', 'GL', 'The period is presented fairly', {
    dependsOn: drafts.map(({ task }) => task),
    reviewer: 'controller',
  })
  return [...drafts, signOff].map((draft) => ({
    owner: 'ap-clerk',
    reviewer: 'controller',
    dependsOn: [],
    ...draft,
  }))
}

/** Accounts that a judgement may book on, beside those that take entries by hand. */
const BOOKS_ON: Record<string, readonly number[]> = {
  'manual-accruals': [1410, 2050, 3100, 3200, 3900, 4060, 5045, 6030, 6070, 6090, 9090],
  'nrv-review': [1340, 5070],
  'year-adjustments': [1410, 2050, 5045, 6030, 6070, 6090, 3100, 9090],
}

/** The accounts that the lines of a judgement may name; none for one that only says something. */
export function accountsOfJudgement(task: string): readonly number[] {
  return BOOKS_ON[task] ?? []
}

/** What reverses by itself on day one unless somebody says otherwise. */
export function reversesByItself(task: string): boolean {
  return task === 'manual-accruals'
}

export type CloseTaskState =
  'unchecked' | 'red' | 'accepted' | 'green' | 'open' | 'prepared' | 'signed'

export function isDone(state: CloseTaskState): boolean {
  return state === 'green' || state === 'accepted' || state === 'signed'
}

/** How ready a close is, in tenths of a percent: done tasks of all. */
export function readyPermille(states: readonly CloseTaskState[]): number {
  if (states.length === 0) return 0
  return Math.floor((1000 * states.filter(isDone).length) / states.length)
}

function check(step: string, task: string, area: LedgerArea, title: string): Draft {
  return { step, task, kind: 'check', area, title }
}

function entry(
  step: string,
  task: string,
  area: LedgerArea,
  title: string,
  dependsOn: readonly string[] = [],
): Draft {
  return { step, task, kind: 'entry', area, title, dependsOn }
}

function judged(
  step: string,
  task: string,
  area: LedgerArea,
  title: string,
  rest: Partial<Pick<CloseTask, 'dependsOn' | 'reviewer'>> = {},
): Draft {
  return { step, task, kind: 'judgement', area, title, ...rest }
}
