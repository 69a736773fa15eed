import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  bundleWorkflowCode,
  NativeConnection,
  type Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { placeOrder } from '#clients/order-process'
import type { OrderDocument } from '#contracts/order-intake'
import { orderToCashId } from '#contracts/order-to-cash'
import { storeDocument } from '#db/stores/inbox'
import { agreeableGateways } from '#tests/support/agreeable-gateways'
import { anOrder, foundCompany } from '#tests/support/company'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { desk } from '#tests/support/orders'
import { workflowBundle, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'
import { makeCurrent } from '#tools/make-current'
import { readTemporalSettings } from '#tools/temporal-settings'
import { createOrderWorker } from '#worker'

const run = promisify(execFile)
const unique = randomBytes(6).toString('hex')
const taskQueue = `deploy-${unique}`
const deployment = `throughline-${unique}`
const namespace = inject('temporalNamespace')
const address = inject('temporalAddress')

let database: TestDatabase
let client: Client
let native: NativeConnection
const running: { worker: Worker; run: Promise<void> }[] = []

beforeAll(async () => {
  database = await freshDatabase()
  await foundCompany(database.admin)
  native = await NativeConnection.connect({ address })
  client = new Client({ connection: await Connection.connect({ address }), namespace })
})
afterAll(async () => {
  await Promise.all(running.map(stop))
  await client.connection.close()
  await native.close()
  await database.drop()
})

test('an order in flight survives a deploy: the new release goes on where the old one stopped', async () => {
  const old = await start('2026.1', await workflowBundle())
  await promote('2026.1')
  const order = anOrder({ line: { sku: 'TEA', unitPriceMinor: '250' } })
  const other = anOrder()
  expect(await place(order)).toMatchObject({ phase: 'short' })
  expect(await releaseOf(order)).toBe('2026.1')

  await start('2026.2', await nextBundle())
  // It runs beside the old one, and gets nothing before somebody says so.
  expect(await place(other)).toMatchObject({ phase: 'released' })
  expect(await releaseOf(other)).toBe('2026.1')

  await promote('2026.2')
  await stop(old)
  const inHand = desk(system(), order)
  expect(await inHand.resolve('stock-short', 'cancel')).toMatchObject({ phase: 'cancelled' })
  await client.workflow.getHandle(orderToCashId(order.channel, order.externalId)).result()
  expect(await releaseOf(order)).toBe('2026.2')
  expect(await desk(system(), other).ship()).toMatchObject({ phase: 'closed' })
  expect(await releaseOf(other)).toBe('2026.2')
  await expectProofs(database.admin)
}, 60_000)

test('a server that knows nothing of us gets the namespace and its search attributes, once', async () => {
  const fresh = `fresh-${unique}`
  const env = { ...process.env, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: fresh }
  const setUp = () =>
    run(process.execPath, ['--import', 'tsx', 'tools/set-up-temporal.ts'], { env })
  expect((await setUp()).stdout).toContain(`is ready for ${fresh}`)
  const { operatorService } = client.connection as Connection
  const known = await operatorService.listSearchAttributes({ namespace: fresh })
  const wanted = Object.keys(readTemporalSettings().searchAttributes)
  expect(Object.keys(known.customAttributes)).toEqual(expect.arrayContaining(wanted))
  expect((await setUp()).stdout).not.toContain('adding')
}, 60_000)

async function start(buildId: string, bundle: WorkflowBundleWithSourceMap) {
  const worker = await createOrderWorker({
    connection: native,
    namespace,
    db: database.db,
    gateways: agreeableGateways,
    bundle,
    taskQueue,
    release: { deployment, buildId },
  })
  const started = { worker, run: worker.run() }
  running.push(started)
  return started
}

async function stop({ worker, run }: { worker: Worker; run: Promise<void> }): Promise<void> {
  if (worker.getState() === 'RUNNING') worker.shutdown()
  await run
}

/** As the operator does once the workers of the release have reported. */
async function promote(buildId: string): Promise<void> {
  const { workflowService } = client.connection as Connection
  const promoted = () =>
    makeCurrent(workflowService, namespace, { deployment, buildId }).then(
      () => 'current',
      (cause: unknown) => String(cause),
    )
  await expect.poll(promoted, { timeout: 20_000, interval: 500 }).toBe('current')
}

async function nextBundle(): Promise<WorkflowBundleWithSourceMap> {
  const next = fileURLToPath(new URL('./next-release-workflows.ts', import.meta.url))
  return bundleWorkflowCode({ workflowsPath: next })
}

async function place(document: OrderDocument) {
  const { inboxId } = await storeDocument(database.db, {
    source: `test/${document.channel}`,
    eventId: `${document.externalId}/${document.externalVersion}`,
    topic: 'placed',
    document,
  })
  return placeOrder(client, { inboxId, topic: 'placed', document, actor: 'test', taskQueue })
}

/** The release that took the order's latest step, by what the server knows. */
async function releaseOf(document: OrderDocument): Promise<string | null | undefined> {
  const id = orderToCashId(document.channel, document.externalId)
  const { raw } = await client.workflow.getHandle(id).describe()
  return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId
}

/** What a desk needs of a system. */
function system(): TestSystem {
  return {
    ...database,
    client,
    taskQueue,
    place,
    order: (document) =>
      client.workflow.getHandle(orderToCashId(document.channel, document.externalId)),
    stop: async () => {},
  }
}
