import type { Reader } from '#db/client'

export type SealChain = 'journal' | 'audit'

/** One sealed batch; its hash binds everything that was sealed before it. */
export interface Seal {
  no: number
  /** Entries, or audit events, in it. */
  rows: number
  root: Buffer
  /** Hash of the seal before. */
  prev: Buffer
  /** sha256 of prev ‖ root ‖ rows ‖ no, the numbers as four bytes each. */
  hash: Buffer
  sealedAt: string
}

/** Seals of a chain, newest first; the first is the head, which stands for the whole chain. */
export async function seals(
  db: Reader,
  chain: SealChain,
  { before = 2_147_483_647, limit = 1 }: { before?: number; limit?: number } = {},
): Promise<Seal[]> {
  const [table, rows] = chain === 'journal' ? [db`seal`, db`entries`] : [db`audit_seal`, db`events`]
  return db<Seal[]>`
    SELECT no, ${rows} AS rows, root, prev, hash, sealed_at AS "sealedAt" FROM ${table}
    WHERE no < ${before} ORDER BY no DESC LIMIT ${limit}`
}
