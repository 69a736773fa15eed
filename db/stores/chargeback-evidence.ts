import { createHash } from 'node:crypto'
import { Refusal } from '#domain/refusal'
import type { Tx } from '../client.ts'
import { evidenceOf } from '../queries/chargeback-evidence.ts'
import { json } from './records.ts'

export interface BuiltEvidence {
  number: number
  /** Of the text that is kept, in hexadecimal. */
  sha256: string
}

/**
 * Puts together what we know about a disputed charge and keeps it: the text where a customer can
 * be erased, its hash for ever. Later facts make another pack.
 * @throws Refusal `EvidenceWithoutOrder`
 */
export async function buildEvidence(
  tx: Tx,
  dispute: { id: bigint; no: string },
  actor: string,
): Promise<BuiltEvidence> {
  const [locked] = await tx<{ round: number; orderId: bigint | null }[]>`
    SELECT round, order_id AS "orderId" FROM chargeback WHERE id = ${dispute.id} FOR NO KEY UPDATE`
  const pack = await evidenceOf(tx, dispute.id)
  if (!pack || !locked?.orderId)
    throw new Refusal(
      'EvidenceWithoutOrder',
      `No order of ours is known to be disputed by ${dispute.no}. Match it by its case first.`,
    )
  const text = JSON.stringify(pack)
  const hash = createHash('sha256').update(text).digest()
  const [kept] = await tx<{ id: bigint }[]>`
    INSERT INTO personal_data (customer_id, order_id, body)
    SELECT customer_id, id, ${json(tx, { evidencePack: text })} FROM sales_order WHERE id = ${locked.orderId} RETURNING id`
  const [row] = await tx<{ number: number }[]>`
    INSERT INTO chargeback_evidence (chargeback_id, number, round, personal_data_id, sha256, built_by)
    SELECT ${dispute.id}, 1 + count(*), ${locked.round}, ${kept!.id}, ${hash}, ${actor} FROM chargeback_evidence WHERE chargeback_id = ${dispute.id} RETURNING number`
  return { number: row!.number, sha256: hash.toString('hex') }
}
