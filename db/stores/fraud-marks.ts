import { createHash } from 'node:crypto'
import type { OrderDocument } from '#domain/orders/document'
import type { Tx } from '#db/client'

/** By what a buyer is known again: guests have no number at their channel. */
export interface BuyerTraces {
  email: string | null
  shipTo: OrderDocument['shipTo']
}

export interface FraudMark {
  kind: 'email' | 'address'
  verdict: 'blocked' | 'trusted'
  reason: string
}

/** Writes down what a person has decided about this buyer, under hashes: the table names nobody. */
export async function markBuyer(
  tx: Tx,
  order: { id: bigint; orderNumber: string },
  mark: { verdict: FraudMark['verdict']; reason: string; actor: string },
): Promise<void> {
  const [buyer] = await tx<BuyerTraces[]>`
    SELECT d.body->>'email' AS email, d.body->'shipTo' AS "shipTo" FROM sales_order o JOIN personal_data d ON d.id = o.personal_data_id WHERE o.id = ${order.id}`
  for (const { kind, hash } of buyer ? tracesOf(buyer) : [])
    await tx`
      INSERT INTO fraud_mark (kind, hash, verdict, order_id, reason, actor)
      VALUES (${kind}, ${hash}, ${mark.verdict}, ${order.id}, ${mark.reason}, ${mark.actor})`
}

/** What was decided last about this mail address, and about this destination: an array for a larger SELECT. */
export function marksOf(tx: Tx, buyer: BuyerTraces) {
  const traces = tracesOf(buyer)
  const [one = { hash: null }, other = one] = traces
  return tx`
    (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'verdict', verdict, 'reason', reason)), '[]')
     FROM (SELECT DISTINCT ON (hash) kind, verdict, reason FROM fraud_mark WHERE hash IN (${one.hash}, ${other.hash}) ORDER BY hash, id DESC) m)`
}

function tracesOf({ email, shipTo }: BuyerTraces): { kind: FraudMark['kind']; hash: Buffer }[] {
  const address = [shipTo?.line1, shipTo?.line2, shipTo?.postalCode, shipTo?.country]
  return [
    ...(email ? [{ kind: 'email' as const, hash: hashOf('email', normalEmail(email)) }] : []),
    ...(shipTo?.line1 && shipTo.country
      ? [{ kind: 'address' as const, hash: hashOf('address', address.map(letters).join('/')) }]
      : []),
  ]
}

/** Case and what stands behind a plus reach the same mailbox. */
function normalEmail(email: string): string {
  const [mailbox = '', domain = ''] = email.trim().toLowerCase().split('@')
  return `${mailbox.split('+')[0]}@${domain}`
}

function letters(text: string | null | undefined): string {
  return (text ?? '')
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase()
}

function hashOf(kind: FraudMark['kind'], text: string): Buffer {
  return createHash('sha256').update(`fraud-mark/${kind}/${text}`).digest()
}
