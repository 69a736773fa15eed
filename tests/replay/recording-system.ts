import { Client, Connection } from '@temporalio/client'
import { NativeConnection, type Worker } from '@temporalio/worker'
import type { SupplierGateway } from '#activities/gateways/supplier'
import type { Gateways } from '#activities/orders/gateways'
import { placeOrder, tellOrder, type OrderMessage } from '#clients/order-process'
import type { OrderDocument } from '#contracts/order-intake'
import {
  confirmShipment,
  orderProgress,
  orderToCashId,
  resolveException,
  type OrderProgress,
} from '#contracts/order-to-cash'
import type { Resolution } from '#domain/orders/exceptions'
import { storeDocument, type IncomingDocument } from '#db/stores/inbox'
import { agreeableGateways, agreeableSuppliers } from '#tests/support/agreeable-gateways'
import { foundCompany } from '#tests/support/company'
import {
  startOwnServers,
  type OwnDatabase,
  type OwnServers,
  type OwnServersOptions,
} from '#tests/support/own-servers'
import { bundleWorkflows, createNotificationWorker, createOrderWorker } from '#worker'

/** A real server, database and worker that the cases of the recorder act on. */
export interface RecordingSystem {
  servers: OwnServers
  database: OwnDatabase
  client: Client
  /** What the outside answers; a case may replace a part and put it back. */
  outside: Partial<Gateways>
  /** What sending to suppliers answers, in the same way. */
  suppliers: Partial<SupplierGateway>
  tell(document: OrderDocument, topic?: OrderMessage['topic']): Promise<string>
  place(document: OrderDocument): Promise<OrderProgress>
  handle(document: OrderDocument): ReturnType<Client['workflow']['getHandle']>
  ship(document: OrderDocument, order: OrderProgress, reference?: string): Promise<OrderProgress>
  resolve(
    document: OrderDocument,
    resolution: Resolution,
    params?: Record<string, unknown>,
    key?: string,
  ): Promise<OrderProgress>
  /** Waits until the process itself says that it has come this far. */
  until(document: OrderDocument, reached: (order: OrderProgress) => boolean): Promise<OrderProgress>
  stop(): Promise<void>
}

const namespace = 'default'

/** Servers of its own, so that a recording disturbs nobody and its limits may be moved. */
export async function startRecordingSystem(
  options: OwnServersOptions = {},
): Promise<RecordingSystem> {
  const servers = await startOwnServers(options)
  const database = await servers.newDatabase()
  await foundCompany(database.admin, {
    MUG: { east: 1000 },
    LAMP: { east: 500, west: 500 },
    CHAIR: { west: 5 },
    TEA: {},
  })
  await addDesk(database)
  const address = servers.temporal.address
  const connection = await Connection.connect({ address })
  const native = await NativeConnection.connect({ address })
  // An identity names the machine and its user, which nobody needs to know later.
  const client = new Client({ connection, namespace, identity: 'recorder' })
  const outside: Partial<Gateways> = {}
  const suppliers: Partial<SupplierGateway> = {}
  const workers = await startWorkers({ native, client, database, outside, suppliers })
  const running = workers.map((worker) => worker.run())
  const system = orderCommands(client, database)
  return {
    servers,
    database,
    client,
    outside,
    suppliers,
    ...system,
    stop: async () => {
      for (const worker of workers) worker.shutdown()
      await Promise.all(running)
      await connection.close()
      await native.close()
      await database.end()
      await servers.stop()
    },
  }
}

/** A channel whose orders go to the warehouse only when somebody says so. */
async function addDesk({ admin }: OwnDatabase): Promise<void> {
  await admin`
    INSERT INTO channel (code, name, kind, entity_id, currency) SELECT 'desk', 'Order desk', 'b2b', id, 'USD' FROM entity`
  await admin`
    INSERT INTO policy (kind, scope, version, owner, body) VALUES ('order', 'desk', 1, 'recorder', '{"autoRelease": false}')`
}

interface Parts {
  native: NativeConnection
  client: Client
  database: OwnDatabase
  outside: Partial<Gateways>
  suppliers: Partial<SupplierGateway>
}

async function startWorkers({
  native,
  client,
  database,
  outside,
  suppliers,
}: Parts): Promise<Worker[]> {
  const gateways: Gateways = {
    pay: (effect) => (outside.pay ?? agreeableGateways.pay)(effect),
    findPayment: (effect) => (outside.findPayment ?? agreeableGateways.findPayment)(effect),
    buyLabel: (effect, route, keep) =>
      (outside.buyLabel ?? agreeableGateways.buyLabel)(effect, route, keep),
    findLabel: (effect) => (outside.findLabel ?? agreeableGateways.findLabel)(effect),
    voidLabel: (effect) => (outside.voidLabel ?? agreeableGateways.voidLabel)(effect),
    findVoid: (effect) => (outside.findVoid ?? agreeableGateways.findVoid)(effect),
    absentIsFinalAfterMs: 0,
    verifyAddress: (to) => (outside.verifyAddress ?? agreeableGateways.verifyAddress)(to),
  }
  const common = { connection: native, namespace, db: database.db, bundle: await bundleWorkflows() }
  return [
    await createOrderWorker({
      ...common,
      gateways,
      suppliers: {
        send: (message) => (suppliers.send ?? agreeableSuppliers.send)(message),
        find: (message) => (suppliers.find ?? agreeableSuppliers.find)(message),
      },
    }),
    await createNotificationWorker({ ...common, gateways, client, mail: null, workMs: 200 }),
  ]
}

function orderCommands(client: Client, { db }: OwnDatabase) {
  const handle = ({ channel, externalId }: OrderDocument) =>
    client.workflow.getHandle(orderToCashId(channel, externalId))
  const store = async (document: OrderDocument, topic: IncomingDocument['topic']) => {
    const { channel, externalId, externalVersion } = document
    const eventId = `${externalId}/${externalVersion}/${topic}`
    return storeDocument(db, { source: `recorder/${channel}`, eventId, topic, document })
  }
  const message = async (document: OrderDocument, topic: OrderMessage['topic']) => {
    const { inboxId } = await store(document, topic)
    return { inboxId, topic, document, actor: 'recorder' }
  }
  const progress = (document: OrderDocument) => handle(document).query(orderProgress)
  const until: RecordingSystem['until'] = async (document, reached) => {
    for (let attempt = 1; attempt <= 300; attempt += 1) {
      const order = await progress(document)
      if (order && reached(order)) return order
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`${document.externalId} stays at ${JSON.stringify(await progress(document))}`)
  }
  return {
    handle,
    until,
    tell: async (document: OrderDocument, topic: OrderMessage['topic'] = 'placed') =>
      tellOrder(client, await message(document, topic)),
    place: async (document: OrderDocument) => placeOrder(client, await message(document, 'placed')),
    ship: async (document: OrderDocument, order: OrderProgress, reference = 'S-1') => {
      const [row] = await db<{ id: bigint }[]>`
        SELECT id FROM fulfilment_order WHERE order_id = ${order.orderId} AND state = 'released' ORDER BY id LIMIT 1`
      const args = { key: `ship/${reference}`, actor: 'picker', reference }
      return handle(document).executeUpdate(confirmShipment, {
        args: [{ ...args, fulfilmentId: row!.id.toString() }],
      })
    },
    resolve: async (
      document: OrderDocument,
      resolution: Resolution,
      params?: Record<string, unknown>,
      key?: string,
    ) => {
      const caseId = (await until(document, (order) => order.cases.length > 0)).cases[0]!.id
      const command = { key: key ?? `resolve/${caseId}`, actor: 'supervisor', caseId, resolution }
      return handle(document).executeUpdate(resolveException, {
        args: [{ ...command, ...(params ? { params } : {}) }],
      })
    },
  }
}
