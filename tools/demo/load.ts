import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { setStockSync } from '#db/stores/channel-stock'
import { transaction } from '#db/transaction'
import type { DemoContext, DemoSummary } from '../demo-hooks.ts'
import { demoCatalogue, type Catalogue } from './catalogue.ts'
import { loadAccess } from './load-access.ts'
import { loadCatalogue } from './load-catalogue.ts'
import { loadCustomers, loadPolicies } from './load-rules.ts'
import { loadBooks, loadEntities, loadPlaces } from './load-masters.ts'
import { loadSuppliers } from './load-suppliers.ts'
import { loadOpeningBalances, loadOpeningStock, loadStockRules } from './load-stock.ts'
import {
  channelSecrets,
  DEMO_PASSWORD,
  pollCredentials,
  pollVariable,
  SIGNED_CHANNELS,
  USERS,
} from './people.ts'

/** What each step of the loading stands on. */
export interface Loading {
  tx: Tx
  catalogue: Catalogue
  env: NodeJS.ProcessEnv
  /** `YYYY-MM-DD` in UTC. */
  today: string
}

interface Step {
  /** Part of the step's key for life: a changed step takes another name. */
  name: string
  says: string
  load(loading: Loading): Promise<string>
}

/** In this order, each in one transaction, each once. */
const STEPS: readonly Step[] = [
  { name: 'entities', says: 'companies', load: loadEntities },
  { name: 'places', says: 'warehouses, channels, carriers and tax rates', load: loadPlaces },
  { name: 'books', says: 'accounting periods and exchange rates', load: loadBooks },
  { name: 'catalogue', says: 'items and listings', load: loadCatalogue },
  { name: 'policies', says: 'policies', load: loadPolicies },
  { name: 'customers', says: 'customers', load: loadCustomers },
  { name: 'access', says: 'people and API keys', load: loadAccess },
  { name: 'opening-stock', says: 'opening stock', load: loadOpeningStock },
  { name: 'stock-rules', says: 'safety stock, pools and expected supply', load: loadStockRules },
  { name: 'suppliers', says: 'suppliers', load: loadSuppliers },
  { name: 'opening-balances', says: 'opening balances', load: loadOpeningBalances },
]

/**
 * Loads the demonstration's company. What is there already stays: a second start finds it in
 * one query, and a first one that died goes on with the step at which it died.
 */
export async function loadDemo(context: DemoContext): Promise<DemoSummary> {
  const { db, env, log } = context
  Object.assign(env, channelSecrets(env), pollCredentials(env))
  warnIfOpen(context)
  const done = await stepsDone(db)
  const missing = STEPS.filter((step) => !done.has(keyOf(step)))
  if (missing.length === 0) log('the demonstration’s company is there')
  const catalogue = demoCatalogue()
  const today = new Date().toISOString().slice(0, 10)
  for (const step of missing) {
    const command = { key: keyOf(step), request: { step: step.name }, actor: 'demo' }
    const what = await commitOnce(db, command, (tx) => step.load({ tx, catalogue, env, today }))
    log(`loaded ${step.says}: ${what}`)
  }
  await pointChannels(context)
  return summary()
}

/** The simulated shops listen on another port at each start, and have forgotten what they had for sale. */
async function pointChannels({ admin, db, env }: DemoContext): Promise<void> {
  const port = env['SIM_SHOP_PORT']
  if (port === undefined) return
  for (const code of SIGNED_CHANNELS) {
    await admin`
      UPDATE channel SET poll_url = ${`http://127.0.0.1:${port}`}, poll_secret_ref = ${pollVariable(code)}, poll_seconds = 20
      WHERE code = ${code}`
    await transaction(db, async (tx) => {
      const told = { location: '1', actor: 'demo' }
      await setStockSync(tx, code, { ...told, state: 'off' })
      await setStockSync(tx, code, { ...told, state: 'on' })
    })
  }
}

function keyOf(step: Step): string {
  return `demo/1/${step.name}`
}

async function stepsDone(db: Db): Promise<Set<string>> {
  const rows = await db<{ key: string }[]>`
    SELECT key FROM command WHERE key = ANY (${STEPS.map(keyOf)}::text[])`
  return new Set(rows.map((row) => row.key))
}

function warnIfOpen({ env, log }: DemoContext): void {
  const host = env['API_HOST'] ?? '127.0.0.1'
  if (host.startsWith('127.') || host === 'localhost' || host === '::1') return
  log(`the API listens on ${host}, and everybody knows the demonstration's passwords`)
}

function summary(): DemoSummary {
  return {
    logins: USERS.map(({ email, what }) => ({ email, password: DEMO_PASSWORD, what })),
    tryThis: [
      'log in as Olivia and resolve an exception: see its effect first, then decide',
      'open an order in Temporal UI: its details say what it waits for and who may act',
      'as Carl, read the trial balance and drill from a figure down to the order line',
      'npm run import -- tools/demo/sample-orders.csv --channel wholesale-us   (files of your own: docs/operations.md)',
    ],
  }
}
