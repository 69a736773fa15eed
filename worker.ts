import { Client, Connection } from '@temporalio/client'
import { fileURLToPath } from 'node:url'
import {
  bundleWorkflowCode,
  NativeConnection,
  Worker,
  type WorkerOptions,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker'
import { complianceGateway } from '#activities/gateways/compliance'
import { carrierGateway } from '#activities/gateways/carrier'
import { mailGateway, type MailGateway } from '#activities/gateways/mail'
import { taxGateway } from '#activities/gateways/tax'
import { paymentGateway } from '#activities/gateways/payment'
import { orderActivities } from '#activities/orders/index'
import { orderGateways, type Gateways } from '#activities/orders/gateways'
import { channelStockActivities } from '#activities/channel-stock/index'
import { channelSyncActivities } from '#activities/channel-sync/index'
import { chargebackActivities } from '#activities/chargebacks/index'
import { cycleCountActivities } from '#activities/counts/index'
import { transferActivities } from '#activities/transfers/index'
import { returnActivities } from '#activities/returns/index'
import { recallActivities } from '#activities/recalls/index'
import { vendorReturnActivities } from '#activities/vendor-returns/index'
import { settlementActivities } from '#activities/settlements/index'
import { shopGateway, type ShopGateway } from '#activities/gateways/shop'
import { amazonLister, SHOPIFY_LISTER, WOOCOMMERCE_LISTER } from '#activities/gateways/shop-lists'
import { stockGateway, type StockGateway } from '#activities/gateways/shop-stock'
import { SHOPIFY_STOCK } from '#activities/gateways/shopify-stock'
import { WOOCOMMERCE_STOCK } from '#activities/gateways/woocommerce-stock'
import { notificationActivities } from '#activities/notifications/index'
import { replenishmentActivities } from '#activities/replenishment/index'
import type { MailLinks } from '#activities/notifications/mails'
import {
  ediNetwork,
  supplierGateway,
  type SupplierGateway,
  type WarehouseGateway,
} from '#activities/gateways/supplier'
import { expectedInvoiceActivities } from '#activities/expected-invoices/index'
import { continuousCloseActivities } from '#activities/period-close/continuous'
import { periodCloseActivities } from '#activities/period-close/index'
import { purchaseActivities } from '#activities/purchasing/index'
import { vendorBillActivities } from '#activities/vendor-bills/index'
import { refusalsAreAnswers } from '#activities/refusal-interceptor'
import { exitIfWrong, loadConfig, type Config } from '#config'
import { keepStartingNotification, startNotification } from '#clients/notification'
import { NOTIFICATION_TASK_QUEUE } from '#contracts/notification'
import { ORDER_TASK_QUEUE } from '#contracts/order-to-cash'
import { connect, type Db } from '#db/client'
import { openComingPeriods } from '#db/stores/ledger-periods'
import { freezeLastWeek } from '#db/stores/scorecard'
import { outliveLostConnections } from '#db/transaction'
import { temporalAt } from '#temporal-connection'
import { verifyConfig } from '#verify-config'

export interface OrderWorkerDeps {
  connection: NativeConnection
  namespace: string
  db: Db
  gateways: Gateways
  /** How documents reach suppliers; nothing is connected without. */
  suppliers?: SupplierGateway | undefined
  bundle: WorkflowBundleWithSourceMap
  taskQueue?: string
  /** Where people reach the API, for links in Temporal UI. */
  apiUrl?: string | undefined
  /** Which release this is, among those of one deployment; any worker takes every task without. */
  release?: Release | undefined
}

export interface Release {
  deployment: string
  buildId: string
}

/** All our workers are one deployment to Temporal; its versions are our releases. */
export const DEPLOYMENT = 'throughline'

/** All workflow code as one bundle, made once a process. */
export function bundleWorkflows(): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./workflows/index.ts', import.meta.url)),
  })
}

export function createOrderWorker({
  connection,
  namespace,
  db,
  gateways,
  suppliers = supplierGateway({ mail: null, edi: null }),
  bundle,
  taskQueue,
  apiUrl,
  release,
}: OrderWorkerDeps): Promise<Worker> {
  return Worker.create({
    connection,
    namespace,
    taskQueue: taskQueue ?? ORDER_TASK_QUEUE,
    workflowBundle: bundle,
    activities: {
      ...orderActivities({ db, gateways, apiUrl }),
      ...purchaseActivities({ db, suppliers, apiUrl }),
      ...vendorBillActivities({ db }),
      ...transferActivities({ db, apiUrl }),
      ...vendorReturnActivities({ db, apiUrl }),
      ...recallActivities({ db, apiUrl }),
      ...settlementActivities({ db, apiUrl }),
      ...chargebackActivities({ db, apiUrl }),
      ...returnActivities({ db, apiUrl }),
      ...cycleCountActivities({ db, apiUrl }),
      ...replenishmentActivities({ db }),
      ...periodCloseActivities({ db, apiUrl }),
      ...continuousCloseActivities({ db }),
      ...expectedInvoiceActivities({ db, apiUrl }),
    },
    ...versioned(release),
    interceptors: { activity: [refusalsAreAnswers] },
    maxConcurrentWorkflowTaskExecutions: 40,
    maxConcurrentActivityTaskExecutions: 20,
    maxConcurrentLocalActivityExecutions: 20,
    maxCachedWorkflows: 2000,
    shutdownGraceTime: '10s',
  })
}

/** Orders outlive releases: each goes on under the release that is current, with its next step. */
function versioned(release: Release | undefined): Partial<WorkerOptions> {
  if (!release) return {}
  return {
    workerDeploymentOptions: {
      useWorkerVersioning: true,
      version: { deploymentName: release.deployment, buildId: release.buildId },
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    },
  }
}

type GatewayConfig = Config & {
  STRIPE_API_KEY: string
  CARRIER_BASE_URL: string
  CARRIER_API_KEY: string
}

export function gatewaysFrom(config: GatewayConfig): Gateways {
  return orderGateways({
    tax: taxFrom(config),
    screening: screeningFrom(config),
    payment: paymentGateway({
      baseUrl: config.STRIPE_BASE_URL,
      apiKey: config.STRIPE_API_KEY,
      timeoutMs: 15_000,
    }),
    paymentProviders: ['stripe'],
    carrier: carrierGateway({
      baseUrl: config.CARRIER_BASE_URL,
      apiKey: config.CARRIER_API_KEY,
      timeoutMs: 15_000,
    }),
  })
}

/** Each of our companies is one at the engine, under its code. */
function taxFrom({ TAX_BASE_URL, TAX_API_KEY }: Config): Gateways['tax'] {
  if (!TAX_BASE_URL) return undefined
  const account = { baseUrl: TAX_BASE_URL, apiKey: TAX_API_KEY ?? '', timeoutMs: 15_000 }
  return (companyCode) => taxGateway({ ...account, companyCode })
}

function screeningFrom({ COMPLIANCE_BASE_URL, COMPLIANCE_API_KEY }: Config): Gateways['screening'] {
  if (!COMPLIANCE_BASE_URL) return undefined
  const apiKey = COMPLIANCE_API_KEY ?? ''
  return complianceGateway({ baseUrl: COMPLIANCE_BASE_URL, apiKey, timeoutMs: 15_000 })
}

type WorkerConfig = GatewayConfig & { DATABASE_URL: string; TEMPORAL_ADDRESS: string }

async function main(): Promise<void> {
  outliveLostConnections()
  const config = loadConfig(process.env, [
    'DATABASE_URL',
    'TEMPORAL_ADDRESS',
    'STRIPE_API_KEY',
    'CARRIER_BASE_URL',
    'CARRIER_API_KEY',
  ])
  await verifyConfig(config, { log: (line) => console.error(`worker: ${line}`) })
  await runWorkers(config)
}

/** Both workers of one process, until a signal stops them; the ledger is sealed meanwhile. */
async function runWorkers(config: WorkerConfig): Promise<void> {
  const { DATABASE_URL, THROUGHLINE_APP_ROLE, DATABASE_POOL, TEMPORAL_NAMESPACE } = config
  const db = connect(DATABASE_URL, {
    role: THROUGHLINE_APP_ROLE,
    max: DATABASE_POOL,
    applicationName: 'throughline-worker',
  })
  const at = temporalAt(config)
  const connection = await NativeConnection.connect(at)
  const client = new Client({
    connection: await Connection.connect(at),
    namespace: TEMPORAL_NAMESPACE,
  })
  const gateways = gatewaysFrom(config)
  const bundle = await bundleWorkflows()
  const release = config.BUILD_ID && { deployment: DEPLOYMENT, buildId: config.BUILD_ID }
  const common = {
    connection,
    namespace: TEMPORAL_NAMESPACE,
    db,
    bundle,
    release: release || undefined,
  }
  const workers = await Promise.all([
    createOrderWorker({
      ...common,
      gateways,
      suppliers: suppliersFrom(config),
      apiUrl: config.PUBLIC_URL?.replace(/\/+$/, ''),
    }),
    createNotificationWorker({
      ...common,
      client,
      gateways,
      mail: mailFrom(config),
      links: linksFrom(config),
      warehouses: warehousesFrom(config),
    }),
  ])
  const stopping = new AbortController()
  const started = keepStartingNotification(() => startNotification(client), {
    log: (line) => console.error(line),
    stopping: stopping.signal,
  })
  const stopKeeping = keepBooks(db)
  await Promise.all(workers.map((worker) => worker.run()))
  stopKeeping()
  stopping.abort()
  await started
  await Promise.allSettled([client.connection.close(), connection.close(), db.end({ timeout: 5 })])
}

export interface NotificationWorkerDeps extends OrderWorkerDeps {
  client: Client
  mail: MailGateway | null
  links?: MailLinks
  warehouses?: WarehouseGateway | null
  orderTaskQueue?: string
  workMs?: number
  untoldAfterMs?: number
  /** How channels are asked for their orders; over HTTP unless told. */
  shops?: ShopGateway
  /** How channels are told what they may sell; over HTTP unless told. */
  stock?: StockGateway
  /** The value of a variable that a channel names; of the environment unless told. */
  secretOf?: (variable: string) => string | undefined
}

function listedShops(): ShopGateway {
  return shopGateway({
    shopify: SHOPIFY_LISTER,
    woocommerce: WOOCOMMERCE_LISTER,
    amazon: amazonLister(),
  })
}

function toldShops(): StockGateway {
  return stockGateway({ shopify: SHOPIFY_STOCK, woocommerce: WOOCOMMERCE_STOCK })
}

export function createNotificationWorker(deps: NotificationWorkerDeps): Promise<Worker> {
  const { connection, namespace, db, gateways, bundle, client, mail, release } = deps
  const taskQueue = deps.taskQueue ?? NOTIFICATION_TASK_QUEUE
  const common = { db, temporal: client, orderTaskQueue: deps.orderTaskQueue ?? ORDER_TASK_QUEUE }
  const secretOf = deps.secretOf ?? ((variable: string) => process.env[variable])
  const workMs = deps.workMs ?? 20_000
  return Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowBundle: bundle,
    ...versioned(release),
    activities: {
      ...notificationActivities({
        ...common,
        mail,
        links: deps.links ?? null,
        warehouses: deps.warehouses ?? null,
        orders: orderActivities({ db, gateways }),
        taskQueue,
        workMs,
        untoldAfterMs: deps.untoldAfterMs ?? 15_000,
      }),
      ...channelSyncActivities({
        ...common,
        shops: deps.shops ?? listedShops(),
        secretOf,
      }),
      ...channelStockActivities({
        db,
        secretOf,
        stock: deps.stock ?? toldShops(),
        watchMs: workMs,
      }),
    },
    interceptors: { activity: [refusalsAreAnswers] },
    maxConcurrentActivityTaskExecutions: 20,
    maxCachedWorkflows: 100,
  })
}

function suppliersFrom(config: Config): SupplierGateway {
  return supplierGateway({ mail: mailFrom(config), edi: ediFrom(config) })
}

function warehousesFrom(config: Config): WarehouseGateway | null {
  const edi = ediFrom(config)
  return edi && ediNetwork(edi)
}

function ediFrom({ EDI_BASE_URL: baseUrl, EDI_API_KEY: apiKey }: Config) {
  return baseUrl && apiKey ? { baseUrl, apiKey, timeoutMs: 15_000 } : null
}

function mailFrom(config: Config): MailGateway | null {
  if (!config.SMTP_URL) return null
  const from = config.MAIL_FROM
  return mailGateway({
    url: config.SMTP_URL,
    from,
    domain: from.replace(/^.*@|>$/g, ''),
    timeoutMs: 10_000,
  })
}

/** Links in mails need an address that customers can reach, and a secret that the API shares. */
function linksFrom({ PUBLIC_URL, JWT_SECRET }: Config): MailLinks {
  return PUBLIC_URL && JWT_SECRET ? { publicUrl: PUBLIC_URL, secret: JWT_SECRET } : null
}

/**
 * Every second what has settled below the snapshot horizon is sealed; balances, and totals of days
 * for reports, are kept every ten minutes; every hour the periods of the coming year are opened,
 * should it be time.
 */
function keepBooks(db: Db): () => void {
  const quietly = (work: PromiseLike<unknown>) =>
    void work.then(undefined, (error: unknown) => console.error(`books: ${String(error)}`))
  const openPeriods = () => quietly(openComingPeriods(db, new Date().toISOString().slice(0, 10)))
  const freeze = () => quietly(freezeLastWeek(db, new Date().toISOString().slice(0, 10)))
  openPeriods()
  freeze()
  const sealing = setInterval(() => quietly(db`SELECT seal_ledger(), seal_audit()`), 1000)
  const counting = setInterval(
    () => quietly(db`SELECT take_balance_snapshot(), take_ledger_days()`),
    600_000,
  )
  const opening = setInterval(() => {
    openPeriods()
    freeze()
  }, 3_600_000)
  return () => {
    clearInterval(sealing)
    clearInterval(counting)
    clearInterval(opening)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main().catch(exitIfWrong)
