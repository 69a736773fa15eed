import { expect } from 'vitest'
import type { Db, Reader } from '#db/client'
import { runProofs, type Proof } from '#db/queries/proofs'
import { standingProofs } from '#db/queries/standing-proofs'

/** All standing proofs; run after every scenario. */
export async function expectProofs(db: Reader): Promise<void> {
  const results = await runProofs(db, standingProofs)
  const broken = results.filter((result) => result.broken.length > 0)
  expect(broken.map(({ proof, broken: rows }) => ({ proof: proof.name, rows }))).toEqual([])
}

/**
 * What breaks after statements that no code of ours would make, and that no guard would let pass;
 * undone afterwards. The last of them changes something, else nothing would be shown.
 */
export async function brokenBy(
  admin: Db,
  corruption: string,
  proofs: readonly Proof[],
): Promise<string[]> {
  const undo = new Error('undo')
  let broken: string[] = []
  await admin
    .begin(async (tx) => {
      await tx.unsafe('SET LOCAL session_replication_role = replica')
      let count = 0
      for (const statement of corruption.split('; ')) count = (await tx.unsafe(statement)).count
      expect(count, 'rows that were corrupted').toBeGreaterThan(0)
      const results = await runProofs(tx as never, proofs)
      broken = results.filter((r) => r.broken.length > 0).map((r) => r.proof.name)
      throw undo
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error
    })
  return broken
}
