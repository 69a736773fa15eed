import type { BankCsvColumns } from '#domain/settlement/bank-statement'
import type { Reader } from '../client.ts'

export interface BankCsvMappingRow {
  entity: string
  account: string
  version: number
  currency: string
  columns: BankCsvColumns
  reason: string
  decidedBy: string
  recordedAt: string
}

/** The mapping in force: the newest version of the account. */
export async function bankCsvMapping(
  reader: Reader,
  of: { entity: string; account: string },
): Promise<BankCsvMappingRow | undefined> {
  const [found] = await bankCsvMappings(reader, of.entity, of.account)
  return found
}

/** Versions of a company's mappings, account by account, the newest first. */
export async function bankCsvMappings(
  reader: Reader,
  entity: string,
  account?: string,
): Promise<BankCsvMappingRow[]> {
  return reader<BankCsvMappingRow[]>`
    SELECT e.code AS entity, m.account, m.version, m.currency, m.columns, m.reason, m.decided_by AS "decidedBy", m.recorded_at AS "recordedAt"
    FROM bank_csv_mapping m JOIN entity e ON e.id = m.entity_id
    WHERE e.code = ${entity} AND (${account ?? null}::text IS NULL OR m.account = ${account ?? null}) ORDER BY m.account, m.version DESC`
}
