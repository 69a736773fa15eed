import { randomBytes, randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, type Worker } from '@temporalio/worker'
import { inject } from 'vitest'
import { placeOrder } from '#clients/order-process'
import type { OrderDocument } from '#contracts/order-intake'
import { orderToCashId, type OrderProgress } from '#contracts/order-to-cash'
import type { Gateways } from '#activities/orders/gateways'
import type { SupplierGateway } from '#activities/gateways/supplier'
import { storeDocument } from '#db/stores/inbox'
import { createOrderWorker, type bundleWorkflows } from '#worker'
import { agreeableGateways, agreeableSuppliers } from './agreeable-gateways.ts'
import { freshDatabase, type TestDatabase } from './database.ts'

export interface TestSystem extends TestDatabase {
  client: Client
  taskQueue: string
  place(document: OrderDocument): Promise<OrderProgress>
  order(document: OrderDocument): ReturnType<Client['workflow']['getHandle']>
  stop(): Promise<void>
}

export { agreeableGateways }
/** What links in Temporal UI begin with. */
export const API_URL = 'https://erp.example'

/** The run's global set-up has bundled it: that takes seconds. */
let bundled: ReturnType<typeof bundleWorkflows> | undefined
export function workflowBundle(): ReturnType<typeof bundleWorkflows> {
  bundled ??= readFile(inject('workflowBundle'), 'utf8').then((code) => ({ code, sourceMap: '' }))
  return bundled
}

/** A database of its own and a worker on a task queue of its own, on the shared real servers. */
export async function startSystem(
  gateways: Gateways = agreeableGateways,
  suppliers: SupplierGateway = agreeableSuppliers,
): Promise<TestSystem> {
  const database = await freshDatabase()
  // Process ids are made of numbers, and the engine is shared by databases that each count from one.
  await database.admin`SELECT setval('purchase_number', ${BigInt(randomInt(1_000_000_000))} + 1000)`
  const address = inject('temporalAddress')
  const namespace = inject('temporalNamespace')
  const [connection, native] = await Promise.all([
    Connection.connect({ address }),
    NativeConnection.connect({ address }),
  ])
  const client = new Client({ connection, namespace })
  const taskQueue = `orders-${randomBytes(6).toString('hex')}`
  const worker: Worker = await createOrderWorker({
    connection: native,
    namespace,
    db: database.db,
    gateways,
    suppliers,
    bundle: await workflowBundle(),
    taskQueue,
    apiUrl: API_URL,
  })
  const running = worker.run()
  return {
    ...database,
    client,
    taskQueue,
    place: async (document) => {
      const stored = await storeDocument(database.db, {
        source: `test/${document.channel}`,
        eventId: `${document.externalId}/${document.externalVersion}`,
        topic: 'placed',
        document,
      })
      return placeOrder(client, {
        inboxId: stored.inboxId,
        topic: 'placed',
        document,
        actor: 'test',
        taskQueue,
      })
    },
    order: (document) =>
      client.workflow.getHandle(orderToCashId(document.channel, document.externalId)),
    stop: async () => {
      worker.shutdown()
      await running
      await connection.close()
      await native.close()
      await database.drop()
    },
  }
}
