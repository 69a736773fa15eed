import type { SettlementStatement } from './statement.ts'

type Named = Pick<SettlementStatement, 'provider' | 'account' | 'statementId'>

/** One statement, one process, for ever. */
export function settlementWorkflowId({ provider, account, statementId }: Named): string {
  return `settlement/${provider}/${account}/${statementId}`
}

/** What the provider calls the money that it sends: what a bank names, and cash in transit is kept under. */
export function payoutIdOf(statement: { statementId: string; payoutReference: string | null }) {
  return statement.payoutReference ?? statement.statementId
}
