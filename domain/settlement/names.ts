import type { SettlementStatement } from './statement.ts'

type Named = Pick<SettlementStatement, 'provider' | 'account' | 'statementId'>

/**
 * One statement, one process, for ever. A provider's names may hold what parts the names here, as
 * `balance/2026-06-01` does: two statements never share a process.
 */
export function settlementWorkflowId({ provider, account, statementId }: Named): string {
  return `settlement/${provider}/${nameInId(account)}/${nameInId(statementId)}`
}

function nameInId(name: string): string {
  return name.replaceAll(/[%/]/g, encodeURIComponent)
}

/** What the provider calls the money that it sends: what a bank names, and cash in transit is kept under. */
export function payoutIdOf(statement: { statementId: string; payoutReference: string | null }) {
  return statement.payoutReference ?? statement.statementId
}
