import { setTimeout as wait } from 'node:timers/promises'
import { Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import { exitIfWrong, loadConfig } from '#config'
import { temporalAt } from '#temporal-connection'
import { verifyTemporal } from '#verify-config'
import { addSearchAttributes } from './temporal-search-attributes.ts'
import { readTemporalSettings } from './temporal-settings.ts'

/** Closed processes stay readable this long. */
const RETENTION_DAYS = 90
const ALREADY_EXISTS = 6
const MOST_ATTEMPTS = 30

/** Gives a Temporal server the namespace and the search attributes that Throughline needs; again changes nothing. */
async function main(): Promise<void> {
  const config = loadConfig(process.env, ['TEMPORAL_ADDRESS'])
  const { TEMPORAL_NAMESPACE: namespace } = config
  const at = temporalAt(config)
  const log = (line: string) => console.log(line)
  await verifyTemporal(at, undefined, { log })
  const connection = await Connection.connect(at)
  await connection.workflowService
    .registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs(`${RETENTION_DAYS}d`),
    })
    .catch((cause: unknown) => {
      if ((cause as { code?: number }).code !== ALREADY_EXISTS) throw cause
    })
  await connection.close()
  const { searchAttributes } = readTemporalSettings()
  // A server of several parts hears of a new namespace only after a while.
  for (let n = 1; !(await addSearchAttributes(at, namespace, searchAttributes, log)); n += 1) {
    if (n === MOST_ATTEMPTS) throw new Error('The search attributes could not be added; see above.')
    await wait(2_000)
  }
  log(`Temporal at ${at.address} is ready for ${namespace}.`)
}

await main().catch(exitIfWrong)
