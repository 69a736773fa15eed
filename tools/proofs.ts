import { loadConfig } from '#config'
import { connect } from '#db/client'
import { orderProofs } from '#db/queries/order-proofs'
import { ledgerProofs, runProofs } from '#db/queries/proofs'
import { referenceProofs } from '#db/queries/reference-proofs'
import { sayProblem, withRunningServers } from './running-servers.ts'

/** Prints every standing proof, how many rows break it and how long it took; fails if any does. */
const environment = await withRunningServers().catch(sayProblem)
const { DATABASE_URL } = loadConfig(environment, ['DATABASE_URL'])
const db = connect(DATABASE_URL, { max: 1, applicationName: 'throughline-proofs' })
const results = await runProofs(db, [...ledgerProofs, ...orderProofs, ...referenceProofs])
await db.end()

for (const { proof, broken, seconds } of results) {
  const verdict = broken.length === 0 ? 'ok' : `${broken.length} rows`
  console.log(`${proof.name.padEnd(15)} ${verdict.padStart(8)} ${seconds.toFixed(3).padStart(8)} s`)
  if (broken.length > 0) console.log(`  ${proof.invariant}\n  first:`, broken[0])
}
const failed = results.filter(({ broken }) => broken.length > 0)
console.log(
  failed.length === 0
    ? `All ${results.length} proofs hold.`
    : `${failed.length} of ${results.length} proofs fail.`,
)
process.exitCode = failed.length === 0 ? 0 : 1
