import type { Report } from './report.ts'
import type { AccountClass } from './sections.ts'

/** What every report says of itself. */
export type ReportFrame = Pick<Report, 'entity' | 'currency' | 'from' | 'asOf' | 'asKnown'>

/** Balance before and movement within a period; debit above zero. */
export interface AccountBalanceOf {
  accountId: number
  code: string
  name: string
  class: AccountClass
  currency: string
  /** Of a grain; null for what has none. */
  of: string | null
  openingMinor: bigint
  movementMinor: bigint
  openingFuncMinor: bigint
  movementFuncMinor: bigint
}

/** The currencies of each account together, in the order given. */
export function byAccount(rows: readonly AccountBalanceOf[]): AccountBalanceOf[][] {
  const accounts = new Map<number, AccountBalanceOf[]>()
  for (const row of rows) {
    const known = accounts.get(row.accountId)
    if (known) known.push(row)
    else accounts.set(row.accountId, [row])
  }
  return [...accounts.values()]
}
