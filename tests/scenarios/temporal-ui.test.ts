import type { temporal } from '@temporalio/proto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OrderDocument } from '#contracts/order-intake'
import { requestCancellation } from '#contracts/order-to-cash'
import { aLine, anOrder, foundCompany } from '#tests/support/company'
import { aKey, desk, linesOf } from '#tests/support/orders'
import { API_URL, startSystem, type TestSystem } from '#tests/support/process'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
  await foundCompany(system.admin)
  await system.admin`INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('CAD', 'USD', '2000-01-01', 740000000, 'test')`
})
afterAll(() => system.stop())

test('an order says what it is, what it waits for, until when, who may act, and where to decide', async () => {
  const order = anOrder({ lines: [aLine({ sku: 'TEA', quantity: 3, unitPriceMinor: '250' })] })
  const placed = await system.place(order)
  const described = await system.order(order).describe()
  expect(await described.staticSummary()).toBe(
    `Order ${order.orderNumber} · web · 1 lines · 7.50 USD`,
  )
  expect(await described.staticDetails()).toMatch(/From a placed order .* through the API/)
  expect(await attributesOf(order)).toEqual({
    Process: 'order-to-cash',
    Channel: 'web',
    BusinessId: order.orderNumber,
    Phase: 'short',
    WaitingFor: 'a decision: stock-short',
    ExceptionType: ['stock-short'],
    MoneyAtRisk: 750,
    Entity: 'ACME-US',
  })
  const [open] = placed.cases
  const details = await currentDetailsOf(order)
  expect(details.split('\n')).toEqual([
    `**${order.orderNumber}** is **short**`,
    '- waits for: a decision: stock-short',
    '- who may act: order-desk',
    `- until: ${placed.nextDeadline}`,
    '- open value: 7.50 USD',
    `- case ${open!.id} \`stock-short\`, due ${open!.dueAt}`,
    `- [order in the API](${API_URL}/v1/orders/${placed.orderId}) · [why](${API_URL}/v1/decisions?subjectType=order&subjectId=${placed.orderId})`,
  ])
})

test('what is stuck is found by type, company, value and site, and no longer when it is decided', async () => {
  const order = anOrder({
    lines: [
      aLine({ sku: 'TEA', quantity: 2, unitPriceMinor: '250' }),
      aLine({ sku: 'MUG', quantity: 2, unitPriceMinor: '1000' }),
    ],
  })
  await system.place(order)
  const stuck = `BusinessId = "${order.orderNumber}" AND ExecutionStatus = "Running" AND ExceptionType = "stock-short" AND Entity = "ACME-US" AND MoneyAtRisk >= 2500 AND Site = "EAST"`
  await expect.poll(() => found(stuck), { timeout: 10_000 }).toHaveLength(1)
  await desk(system, order).resolve('stock-short', 'cancel')
  await expect.poll(() => found(stuck), { timeout: 10_000 }).toEqual([])
})

test('money at risk follows the order while its phase and its cases stay the same', async () => {
  const order = anOrder({
    lines: [
      aLine({ sku: 'LAMP', unitPriceMinor: '40000' }),
      aLine({ sku: 'MUG', unitPriceMinor: '1000' }),
    ],
  })
  const placed = await system.place(order)
  const before = await attributesOf(order)
  expect(before).toMatchObject({ Phase: 'held', MoneyAtRisk: 41_000 })
  const mug = (await linesOf(system.db, placed.orderId)).find(({ sku }) => sku === 'MUG')!
  const after = await system.order(order).executeUpdate(requestCancellation, {
    args: [
      { key: aKey(), actor: 'ann', reason: 'no mug', lines: [{ orderLineId: mug.id, qty: 1 }] },
    ],
  })
  expect(after.cases).toEqual(placed.cases)
  await expect.poll(() => attributesOf(order)).toMatchObject({ Phase: 'held', MoneyAtRisk: 40_000 })
})

test('a split order is found at each of its sites', async () => {
  const order = anOrder({
    lines: [
      aLine({ sku: 'MUG', unitPriceMinor: '1000' }),
      aLine({ sku: 'CHAIR', unitPriceMinor: '22500' }),
    ],
  })
  await system.place(order)
  expect(await attributesOf(order)).toMatchObject({ Phase: 'released', Site: ['EAST', 'WEST'] })
})

test('orders of every currency are ranked in that of their company', async () => {
  await system.admin`INSERT INTO channel (code, name, kind, entity_id, currency) SELECT 'ca', 'Canada', 'shopify', id, 'CAD' FROM entity`
  const order = anOrder({
    channel: 'ca',
    currency: 'CAD',
    lines: [aLine({ sku: 'TEA', quantity: 4, unitPriceMinor: '250' })],
  })
  await system.place(order)
  expect(await attributesOf(order)).toMatchObject({ MoneyAtRisk: 740 })
  expect(await currentDetailsOf(order)).toContain('- open value: 10.00 CAD')
})

test('every step and every timer says in words what it is for, and nothing holds a person’s data', async () => {
  const order = anOrder({
    lines: [
      aLine({ sku: 'TEA', unitPriceMinor: '250' }),
      aLine({ sku: 'MUG', unitPriceMinor: '1000' }),
    ],
    payment: { state: 'captured', provider: 'stripe', reference: 'pi_ui', amountMinor: 'all' },
  })
  await system.place(order)
  const web = desk(system, order)
  await web.resolve('stock-short', 'cancel')
  await web.until(({ effects }) => effects.length === 0)
  await web.ship()
  await system.order(order).result()
  const { events } = await system.order(order).fetchHistory()
  const said = (events ?? []).flatMap((event) => {
    const kind = kindOf(event)
    return kind ? [`${kind}: ${summaryOf(event)}`] : []
  })
  expect(said).toContain('step: Take the order in')
  expect(said).toContain('step: Resolve: cancel')
  expect(said).toContain('call: payment: refund')
  expect(said).toContain('timer: Deadline of: a decision: stock-short')
  expect(said.filter((line) => /: (undefined)?$/.test(line))).toEqual([])
  const text = JSON.stringify(events, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
  )
  const { name, email } = order.customer!
  for (const personal of [name, email!, order.shipTo!.line1, order.shipTo!.city])
    expect(text).not.toContain(personal)
})

type HistoryEvent = temporal.api.history.v1.IHistoryEvent

function kindOf(event: HistoryEvent): 'step' | 'call' | 'timer' | undefined {
  if (event.timerStartedEventAttributes) return 'timer'
  if (event.activityTaskScheduledEventAttributes) return 'call'
  return event.markerRecordedEventAttributes?.markerName === 'core_local_activity'
    ? 'step'
    : undefined
}

function summaryOf({ userMetadata }: HistoryEvent): string | undefined {
  const data = userMetadata?.summary?.data
  return data ? (JSON.parse(Buffer.from(data).toString('utf8')) as string) : undefined
}

async function attributesOf(order: OrderDocument): Promise<Record<string, unknown>> {
  const { typedSearchAttributes } = await system.order(order).describe()
  const pairs = typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value])
  const ours = pairs.filter(([name]) => !/^(Temporal|BuildIds)/.test(String(name)))
  return Object.fromEntries(ours) as Record<string, unknown>
}

async function currentDetailsOf(order: OrderDocument): Promise<string> {
  const metadata = await system
    .order(order)
    .query<{ currentDetails: string }>('__temporal_workflow_metadata')
  return metadata.currentDetails
}

async function found(query: string): Promise<string[]> {
  const ids: string[] = []
  for await (const { workflowId } of system.client.workflow.list({ query })) ids.push(workflowId)
  return ids
}
