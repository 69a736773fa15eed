import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { paymentGateway } from '#activities/gateways/payment'
import { loadConfig } from '#config'
import { apiClient, type ApiAnswer, type ApiClient } from './api-client.ts'
import { channelMessages, type ChannelMessage, type Secrets } from './channel-messages.ts'
import { checkOut } from './payments.ts'
import { AMAZON_KEY, channelSecrets, demoApiKey, WAREHOUSE_KEY } from './people.ts'
import { purchases } from './purchases.ts'
import { seededRandom } from './random.ts'
import { nextSale } from './sale.ts'
import { Warehouse } from './warehouse.ts'

/**
 * The world outside: buyers who order on four channels, and warehouses that ship. It speaks
 * HTTP only, as real channels do, and survives restarts of everything.
 *
 * `--every-ms 2000` between orders at first, `--fast 300` orders before it slows down to
 * `--slow-ms 20000`, `--count` orders in all, `--seed`, `--no-warehouse`.
 */
const { values } = parseArgs({
  options: {
    'every-ms': { type: 'string', default: '2000' },
    fast: { type: 'string', default: '300' },
    'slow-ms': { type: 'string', default: '20000' },
    count: { type: 'string', default: '0' },
    seed: { type: 'string', default: 'harbor-and-pine' },
    'no-warehouse': { type: 'boolean', default: false },
    'ship-from-ms': { type: 'string', default: '10000' },
    'ship-to-ms': { type: 'string', default: '60000' },
  },
})
const config = loadConfig(process.env, ['PUBLIC_URL', 'JWT_SECRET', 'STRIPE_API_KEY'])
const secrets: Secrets = {
  jwtSecret: config.JWT_SECRET,
  signing: channelSecrets(process.env),
}
const gateway = paymentGateway({
  baseUrl: config.STRIPE_BASE_URL,
  apiKey: config.STRIPE_API_KEY,
  timeoutMs: 10_000,
})
const stopping = new AbortController()
const underway = new Set<Promise<unknown>>()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort())

const api = apiClient(config.PUBLIC_URL, stopping.signal)
await Promise.all([
  quietly(() => buyers(api)),
  quietly(() => purchases(api, new Date().toISOString().slice(0, 10))),
  ...(values['no-warehouse'] ? [] : [quietly(() => warehouses(api)), quietly(() => carriers())]),
])

async function buyers(to: ApiClient): Promise<void> {
  const before = await ordersBefore(to)
  const count = Number(values.count)
  const pace = seededRandom(`pace/${values.seed}`)
  let number = 0
  for (let nth = before; count === 0 || nth < before + count; nth += 1) {
    // Milliseconds since 2025: rising, and never the same again after a restart.
    number = Math.max(number + 1, Date.now() - Date.UTC(2025, 0, 1))
    await placeOne(to, `${values.seed}/${nth}`, number).catch((cause: unknown) => {
      if (stopping.signal.aborted) throw cause
      say(`order ${number}: ${String(cause)}`)
    })
    const every = Number(nth < Number(values.fast) ? values['every-ms'] : values['slow-ms'])
    await wait(every * (0.5 + pace.next()), undefined, { signal: stopping.signal })
  }
  await Promise.allSettled(underway)
  if (count > 0) stopping.abort()
}

async function placeOne(to: ApiClient, seed: string, number: number): Promise<void> {
  const sale = nextSale(seed, number, new Date().toISOString())
  const payments = await checkOut(gateway, sale)
  const [first, ...later] = channelMessages(sale, payments, secrets)
  await deliver(to, first!)
  for (const message of later) {
    const delivery = wait(message.afterMs, undefined, { signal: stopping.signal })
      .then(() => deliver(to, message))
      .catch(() => undefined)
      .finally(() => underway.delete(delivery))
    underway.add(delivery)
  }
}

async function deliver(to: ApiClient, message: ChannelMessage): Promise<void> {
  const { what, request } = message
  if (message.shop && (await viaShop(message))) return
  const answer = await to.send(request)
  if (answer.status >= 300) say(`${what}: ${answer.status} ${shortly(answer)}`)
}

/** The shop keeps the order and sends the webhook itself, or loses it; false when it is away. */
async function viaShop({ shop: kind, request, what }: ChannelMessage): Promise<boolean> {
  const port = process.env['SIM_SHOP_PORT']
  if (port === undefined) return false
  const { path, headers, body = '' } = request
  const webhook = { url: `${config.PUBLIC_URL}${path}`, headers, body }
  const answer = await fetch(`http://127.0.0.1:${port}/_orders`, {
    method: 'POST',
    body: JSON.stringify({ kind, order: JSON.parse(body) as unknown, webhook }),
    signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(10_000)]),
  }).catch(() => undefined)
  if (!answer?.ok) return false
  const told = (await answer.json()) as { webhook: string }
  if (told.webhook === 'lost') say(`${what}: its webhook is lost; the sweep must find it`)
  return true
}

async function warehouses(to: ApiClient): Promise<void> {
  const simulated = process.env['SIM_STRIPE_PORT'] !== undefined && config.CARRIER_BASE_URL
  const warehouse = new Warehouse({
    api: to,
    apiKey: demoApiKey(secrets.jwtSecret, WAREHOUSE_KEY),
    fromMs: Number(values['ship-from-ms']),
    toMs: Number(values['ship-to-ms']),
    simulators: simulated
      ? { stripeUrl: config.STRIPE_BASE_URL, carrierUrl: simulated }
      : undefined,
    log: say,
  })
  while (!stopping.signal.aborted) {
    await warehouse.walk()
    await wait(2_000, undefined, { signal: stopping.signal })
  }
}

async function carriers(): Promise<void> {
  if (process.env['SIM_CARRIER_PORT'] === undefined || !config.CARRIER_BASE_URL) return
  while (!stopping.signal.aborted) {
    await wait(20_000, undefined, { signal: stopping.signal })
    await fetch(`${config.CARRIER_BASE_URL}/_scan`, { method: 'POST', body: '{}' }).catch(
      () => undefined,
    )
  }
}

/** About how many orders there are, so that a restart goes on with the story and not from its start. */
async function ordersBefore(to: ApiClient): Promise<number> {
  const answer = await to.send({
    method: 'GET',
    path: '/v1/orders?limit=1',
    headers: { 'x-api-key': demoApiKey(secrets.jwtSecret, AMAZON_KEY) },
  })
  const items = (answer.json as { items?: { id: string }[] }).items ?? []
  return items[0] ? Math.max(0, Number(items[0].id) - 1000) : 0
}

/** Being told to stop is no failure. */
async function quietly(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    if (!stopping.signal.aborted) throw cause
  }
}

function shortly({ json }: ApiAnswer): string {
  return (typeof json === 'string' ? json : JSON.stringify(json)).slice(0, 300)
}

function say(line: string): void {
  console.log(`${new Date().toISOString()} ${line}`)
}
