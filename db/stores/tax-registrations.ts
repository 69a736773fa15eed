import type { Tx } from '#db/client'
import type { TaxRegistration } from '#db/queries/tax-report'

/** From its first day on; the table refuses one that begins before another of the same place. */
export async function insertTaxRegistration(
  tx: Tx,
  entityId: number,
  added: TaxRegistration,
): Promise<void> {
  await tx`
    INSERT INTO tax_registration (entity_id, scheme, jurisdiction, number, frequency, valid_from)
    VALUES (${entityId}, ${added.scheme}, ${added.jurisdiction}, ${added.number}, ${added.frequency}, ${added.validFrom})`
}
