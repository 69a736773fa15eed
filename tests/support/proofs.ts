import { expect } from 'vitest'
import type { Reader } from '#db/client'
import { runProofs } from '#db/queries/proofs'
import { standingProofs } from '#db/queries/standing-proofs'

/** All standing proofs; run after every scenario. */
export async function expectProofs(db: Reader): Promise<void> {
  const results = await runProofs(db, standingProofs)
  const broken = results.filter((result) => result.broken.length > 0)
  expect(broken.map(({ proof, broken: rows }) => ({ proof: proof.name, rows }))).toEqual([])
}
