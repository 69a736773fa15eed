import { loadConfig } from '#config'
import { connect } from '#db/client'
import { seals, type SealChain } from '#db/queries/seals'

/**
 * Prints the head of each chain as a JSON line. Kept where nobody of this database may write, it
 * shows later whether anything that was sealed before has been changed, whoever changed it.
 */
const { DATABASE_URL } = loadConfig(process.env, ['DATABASE_URL'])
const db = connect(DATABASE_URL, { max: 1, applicationName: 'throughline-seal-head' })
for (const chain of ['journal', 'audit'] satisfies SealChain[]) {
  const [head] = await seals(db, chain)
  if (!head) continue
  const { no, rows, hash, sealedAt } = head
  console.log(JSON.stringify({ chain, no, rows, hash: hash.toString('hex'), sealedAt }))
}
await db.end()
