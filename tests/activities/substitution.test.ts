import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { promiseMail } from '#activities/notifications/promise-mail'
import { anOrder, bringIn, setPolicy } from '#tests/support/company'
import { linesOf } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { stepsOn, type Steps } from '#tests/support/steps'

let steps: Steps

beforeAll(async () => {
  steps = await stepsOn({ MUG: { east: 90 }, TEA: {} })
  const { admin, company } = steps
  await admin`INSERT INTO item_substitute (item_id, substitute_id) VALUES (${company.items.get('TEA')!}, ${company.items.get('MUG')!})`
  await setPolicy(admin, 'order', { substitutionNeedsConsent: true })
})
afterEach(() => expectProofs(steps.admin))
afterAll(() => steps.drop())

/** Two teas that nobody has, and a wish to send a mug instead of each. */
async function asked(line: Parameters<typeof anOrder>[0] & object = {}) {
  const placed = await steps.place(
    anOrder({ ...line, line: { sku: 'TEA', quantity: 2, unitPriceMinor: '250', ...line.line } }),
  )
  const [tea] = await linesOf(steps.db, placed.orderId)
  const params = { orderLineId: tea!.id, qty: 2, sku: 'MUG' }
  const order = await steps.resolve(placed.orderId, 'stock-short', 'substitute', params)
  return { orderId: placed.orderId, order }
}
const goodsOf = async (orderId: string) => {
  const rows = await steps.db<{ said: string }[]>`
    SELECT i.sku || ' ' || goods_minor AS said FROM sales_order_line l JOIN item i ON i.id = l.item_id WHERE order_id = ${orderId} AND qty_cancelled = 0`
  return rows.map((row) => row.said)
}

test('a substitute waits for the customer’s word where the policy asks for it', async () => {
  const { orderId, order } = await asked()
  expect(order).toMatchObject({ phase: 'short', cases: [{ type: 'consent-needed' }] })
  expect(await goodsOf(orderId)).toEqual(['TEA 500'])
  const waiting = await steps.resolve(orderId, 'consent-needed', 'ask-customer')
  expect(waiting.cases).toMatchObject([{ type: 'consent-needed' }])
  const mail = await promiseMail(steps.db, { template: 'consent', orderId })
  expect(mail!.text).toContain('2 × Lamp: may we send mug instead, for 5.00 USD?')
  const agreed = await steps.resolve(orderId, 'consent-needed', 'accept-lower-price')
  expect(agreed).toMatchObject({ phase: 'released', cases: [] })
  expect(await goodsOf(orderId)).toEqual(['MUG 500'])
})

test('its own higher price is charged only when the customer agreed to it', async () => {
  const { orderId } = await asked()
  const held = await steps.resolve(orderId, 'consent-needed', 'customer-agreed')
  expect(held.cases).toMatchObject([{ type: 'payment-pending' }])
  expect(await goodsOf(orderId)).toEqual(['MUG 2000'])
})

test('a no asks for another way, and stock that comes meanwhile ends the question', async () => {
  const no = await asked()
  const after = await steps.resolve(no.orderId, 'consent-needed', 'reject')
  expect(after.cases).toMatchObject([{ type: 'stock-short' }])
  await steps.run('cancelOrder', no.orderId, { reason: 'then nothing' })

  const { orderId } = await asked()
  await bringIn(steps.admin, steps.company, { sku: 'TEA', site: 'east', qty: 2, unitMinor: 100 })
  const found = await steps.run('reviewOrder', orderId, { cause: 'stock arrived', key: '1' })
  expect(found).toMatchObject({ phase: 'released', cases: [] })
})

test('consent that came with the order is enough, and tax is due on what is paid', async () => {
  const { orderId, order } = await asked({
    line: {
      substitutionConsent: true,
      discounts: [{ code: 'TEN', amountMinor: '50', fundedBy: 'merchant' }],
      taxes: [
        { jurisdiction: 'US-NJ', ratePpm: 100_000, amountMinor: '45', collectedBy: 'seller' },
      ],
    },
  })
  expect(order).toMatchObject({ phase: 'released', cases: [] })
  const [tax] = await steps.db`
    SELECT t.base_minor, t.tax_minor FROM order_line_tax t JOIN sales_order_line l ON l.id = t.order_line_id WHERE l.order_id = ${orderId} AND l.substitution_of IS NOT NULL`
  expect(tax).toEqual({ base_minor: 450n, tax_minor: 45n })
})
