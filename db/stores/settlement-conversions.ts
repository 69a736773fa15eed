import { accountOfRole } from '#domain/ledger/chart'
import type { Tx } from '../client.ts'
import type { SettlementDoc } from './settlements.ts'

/** A conversion that a part of a statement tells of, and the last day on which it does. */
export interface ConversionTold {
  openKey: string
  /** ISO date. */
  on: string
}

export async function conversionsOf(
  tx: Tx,
  { id }: SettlementDoc,
  chunk: number,
): Promise<ConversionTold[]> {
  return tx<ConversionTold[]>`
    SELECT m.open_key AS "openKey", max(l.posted_on) AS "on" FROM settlement_chunk c
    JOIN settlement_match m ON m.statement_id = c.statement_id AND m.group_key BETWEEN c.from_key AND c.to_key AND m.rule = 'conversion'
    JOIN settlement_line l ON l.statement_id = m.statement_id AND l.line_no = m.line_no
    WHERE c.statement_id = ${id} AND c.chunk = ${chunk} GROUP BY 1 ORDER BY 1`
}

/** Until the transaction ends nobody else books one of these, in whatever currency: in the order of their keys. */
export async function holdConversions(
  tx: Tx,
  { entityId }: SettlementDoc,
  found: readonly ConversionTold[],
): Promise<void> {
  const names = found.map(({ openKey }) => `${entityId}/${openKey}`)
  await tx`SELECT pg_advisory_xact_lock(k) FROM (SELECT DISTINCT hashtextextended(name, 0) AS k FROM unnest(${names}::text[]) AS n(name) ORDER BY 1) held`
}

/** What is open under a conversion's key, currency by currency. */
export async function openConversions(
  tx: Tx,
  { entityId }: SettlementDoc,
  key: string,
): Promise<{ currency: string; amountMinor: bigint; funcMinor: bigint }[]> {
  const rows = await tx<{ currency: string; amountMinor: bigint; funcMinor: bigint }[]>`
    SELECT currency, balance_minor AS "amountMinor", func_minor AS "funcMinor" FROM open_item
    WHERE entity_id = ${entityId} AND account_id = ${accountOfRole.ProcessorClearing} AND book = 'main' AND key = ${key} AND balance_minor <> 0 ORDER BY currency`
  return [...rows]
}
