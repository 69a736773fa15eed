import { expect } from 'vitest'
import type { Reader } from '#db/client'
import { orderProofs } from '#db/queries/order-proofs'
import { ledgerProofs, runProofs } from '#db/queries/proofs'
import { purchaseProofs } from '#db/queries/purchase-proofs'
import { referenceProofs } from '#db/queries/reference-proofs'

/** All standing proofs of the ledger, the stock and the orders; run after every scenario. */
export async function expectProofs(db: Reader): Promise<void> {
  const proofs = [...ledgerProofs, ...orderProofs, ...purchaseProofs, ...referenceProofs]
  const results = await runProofs(db, proofs)
  const broken = results.filter((result) => result.broken.length > 0)
  expect(broken.map(({ proof, broken: rows }) => ({ proof: proof.name, rows }))).toEqual([])
}
