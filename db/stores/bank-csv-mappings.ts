import { Refusal } from '#domain/refusal'
import type { BankCsvColumns } from '#domain/settlement/bank-statement'
import type { Tx } from '../client.ts'

export interface NewBankCsvMapping {
  entityId: number
  account: string
  /** The newest version that whoever decides has read; 0 for the first. */
  basedOn: number
  currency: string
  columns: BankCsvColumns
  reason: string
  actor: string
}

/** Begins a new version. @throws Refusal `VersionConflict` when somebody else was faster. */
export async function addBankCsvMapping(tx: Tx, mapping: NewBankCsvMapping): Promise<number> {
  const { entityId, account, basedOn, currency, columns, reason, actor } = mapping
  const added = await tx`
    INSERT INTO bank_csv_mapping (entity_id, account, version, currency, columns, reason, decided_by)
    SELECT ${entityId}, ${account}, ${basedOn + 1}, ${currency}, ${tx.json(columns as never)}, ${reason}, ${actor}
    WHERE ${basedOn} = (SELECT coalesce(max(version), 0) FROM bank_csv_mapping WHERE entity_id = ${entityId} AND account = ${account})
    ON CONFLICT DO NOTHING`
  if (added.count === 0)
    throw new Refusal(
      'VersionConflict',
      `The mapping of account ${account} has another newest version than ${basedOn}: read it again.`,
    )
  return basedOn + 1
}
