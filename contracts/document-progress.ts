import type { MoneyDto } from '#domain/money'

/** Where a transfer or a count stands, as its last commit left it; the answer of every command on it. */
export interface DocumentProgress {
  id: string
  /** What people call it: the number that it was asked for under. */
  no: string
  /** Counts the commits; a later answer never gives way to an earlier one. */
  version: number
  open: boolean
  phase: string
  waitingFor: string
  whoMayAct: string
  /** When silence has a consequence next (ISO instant), or null. */
  nextDeadline: string | null
  cases: { id: string; type: string; dueAt: string }[]
  sites: string[]
  entity: string
  /** What is on its way, or what the books are off by, in the company's currency. */
  moneyAtRisk: MoneyDto
  /** Where people reach the API; absent where nobody has set it. */
  apiUrl?: string
}

/** How a document ended. */
export interface DocumentOutcome {
  id: string
  no: string
  phase: string
}

/** What has a process of its own under the commands of documents, by the name that cases give it. */
export type DocumentSubject =
  | 'transfer'
  | 'cycle-count'
  | 'vendor-return'
  | 'recall'
  | 'settlement'
  | 'chargeback'
  | 'period-close'
  | 'expected-invoice'
  | 'customer-return'

/** The document that a command is about. */
export interface DocumentRef {
  id: string
}

/** The step is named by what it is about, so that doing it twice does it once. */
export interface DocumentDeadline extends DocumentRef {
  at: string
}
