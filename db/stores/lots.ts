import type { Tx } from '#db/client'
import { tellUnblocked } from './bins.ts'

export interface Lot {
  expiresOn: string | null
  status: 'approved' | 'hold' | 'recalled'
  reason: string | null
}

/** Registers a lot, or changes it; answers how it was before. */
export async function saveLot(
  tx: Tx,
  itemId: number,
  code: string,
  lot: Lot,
  key: string,
): Promise<Lot | null> {
  const [before] = await tx<Lot[]>`
    SELECT expires_on AS "expiresOn", status, reason FROM lot WHERE item_id = ${itemId} AND code = ${code} FOR UPDATE`
  await tx`
    INSERT INTO lot (item_id, code, expires_on, status, reason) VALUES (${itemId}, ${code}, ${lot.expiresOn}, ${lot.status}, ${lot.reason})
    ON CONFLICT (item_id, code) DO UPDATE SET expires_on = excluded.expires_on, status = excluded.status, reason = excluded.reason`
  if (before && before.status !== 'approved' && lot.status === 'approved')
    await tellUnblocked(tx, `lot/${key}`, [itemId])
  return before ?? null
}
