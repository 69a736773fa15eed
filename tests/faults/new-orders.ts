import type { Db } from '#db/client'
import type { StripeSimulator } from '#simulators/stripe'
import { aShopifyOrder } from '#tests/api/channel-messages'
import { aLine, anOrder } from '#tests/support/company'
import type { Random } from '#tools/demo/random'
import type { DrivenOrder, Kind } from './driven-order.ts'

const KINDS: Kind[] = [
  'prepaid',
  'authorised',
  'prepaid-labelled',
  'authorised-labelled',
  'shop',
  'refunded',
  'voided',
  'waiting',
]

const PRICES = { MUG: 1_000, LAMP: 10_000, TEA: 250 }
const CHAIR_PRICE = 22_500

/** Orders of every kind in turn, the same for the same seed. */
export async function newOrders(
  stripe: StripeSimulator,
  random: Random,
  count: number,
): Promise<DrivenOrder[]> {
  const orders: DrivenOrder[] = []
  // One after the other, so that the provider's ids are the same at every run.
  for (let n = 0; n < count; n += 1) orders.push(await newOrder(stripe, random, n))
  return orders
}

async function newOrder(stripe: StripeSimulator, random: Random, n: number): Promise<DrivenOrder> {
  const kind = KINDS[n % KINDS.length]!
  const pauses = [1, 2, 3, 4].map(() => random.whole(0, 2_000))
  const [sku, price] = goodsOf(kind, n, random)
  const qty = random.whole(1, 3)
  // Four times the list price is a price that somebody has to look at.
  const unitPrice = price * (kind === 'voided' ? 4 : 1)
  const amountMinor = String(unitPrice * qty)
  const common = { kind, sku, qty, amountMinor, pauses }
  if (kind === 'shop') return { ...common, ...shopOrder(n, sku, qty, unitPrice), reference: null }
  const state = kind.startsWith('authorised') || kind === 'voided' ? 'authorised' : 'captured'
  const reference = await pay(stripe, amountMinor, state)
  const document = anOrder({
    externalId: `F-${n}`,
    lines: [aLine({ sku, quantity: qty, unitPriceMinor: String(unitPrice) })],
    payment: { state, provider: 'stripe', reference, amountMinor: 'all' },
  })
  return { ...common, externalId: document.externalId, document, reference }
}

function goodsOf(kind: Kind, n: number, random: Random): [sku: string, price: number] {
  // Nobody has any tea; a chair of its own arrives for each order that waits for it.
  if (kind === 'waiting') return [`CHAIR-${n}`, CHAIR_PRICE]
  const sku = kind === 'refunded' ? 'TEA' : random.chance(0.5) ? 'MUG' : 'LAMP'
  return [sku, PRICES[sku]]
}

/** The items that will arrive while somebody waits for them. */
export async function stockNothing(admin: Db, orders: readonly DrivenOrder[]): Promise<void> {
  for (const { sku } of orders.filter(({ kind }) => kind === 'waiting'))
    await admin`
      INSERT INTO item (sku, name, status, weight_g, length_mm, width_mm, height_mm, hs_code, origin, list_price_minor, list_currency)
      SELECT ${sku}, name, status, weight_g, length_mm, width_mm, height_mm, hs_code, origin, list_price_minor, list_currency FROM item WHERE sku = 'CHAIR'`
}

function shopOrder(n: number, sku: string, qty: number, unitPrice: number) {
  const price = (unitPrice / 100).toFixed(2)
  const total = ((unitPrice * qty) / 100).toFixed(2)
  const line = { id: 11, variant_id: 21, sku, title: sku, quantity: qty, price }
  const id = 7_000 + n
  const document = aShopifyOrder({
    id,
    subtotal_price: total,
    total_price: total,
    line_items: [line],
  })
  return { externalId: String(id), document }
}

/** What the shop's checkout did before the order came to us. */
async function pay(
  stripe: StripeSimulator,
  amount: string,
  state: 'authorised' | 'captured',
): Promise<string> {
  const answer = await fetch(`${stripe.url}/v1/payment_intents`, {
    method: 'POST',
    body: new URLSearchParams({
      amount,
      currency: 'usd',
      payment_method: 'pm_card_visa',
      capture_method: state === 'captured' ? 'automatic' : 'manual',
      confirm: 'true',
    }),
  })
  const { id } = (await answer.json()) as { id: string }
  return id
}
