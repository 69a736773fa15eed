import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { SupplierMessage } from '#activities/gateways/supplier'
import { requestCancellation } from '#contracts/order-to-cash'
import * as p2p from '#contracts/procure-to-pay'
import type { PurchaseProgress } from '#contracts/procure-to-pay'
import { startBill } from '#tests/support/bills'
import { anOrder, foundCompany, type Company } from '#tests/support/company'
import { aKey, desk, expectRefused, linesOf, postedFor } from '#tests/support/orders'
import { agreeableGateways, startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'
import { aBill } from '#tests/support/purchasing'
import { aSupplier, inDays, purchasingOn, type Purchasing } from '#tests/support/purchases'

let system: TestSystem
let company: Company
let buy: Purchasing
const sent: SupplierMessage[] = []

beforeAll(async () => {
  system = await startSystem(agreeableGateways, {
    send: (message) => {
      sent.push(message)
      return Promise.resolve({ outcome: 'confirmed', reference: `<${message.key}>` })
    },
    find: () => Promise.resolve({ outcome: 'absent' }),
  })
  company = await foundCompany(system.admin, { LAMP: { east: 5 } })
  await system.admin`
    INSERT INTO site (entity_id, code, name, kind, country) VALUES (${company.entityId}, 'DIRECT', 'From suppliers', 'dropship', 'US')`
  buy = purchasingOn(system)
})
afterAll(() => system.stop())
afterEach(() => expectProofs(system.admin))

/** Mugs that nobody has, and a purchase of them that ships to their buyer. */
async function soldAndBought(quantity: number, supplier: Record<string, string> = {}) {
  const document = anOrder({ line: { sku: 'MUG', quantity, unitPriceMinor: '1000' } })
  const placed = await system.place(document)
  expect(placed).toMatchObject({ phase: 'short', cases: [{ type: 'stock-short' }] })
  const [line] = await linesOf(system.db, placed.orderId)
  const code = await aSupplier(system.admin, company, supplier)
  const draft = (qty: string) => ({
    ...{ supplier: code, shipsToOrder: placed.orderId },
    lines: [{ ...{ sku: 'MUG', site: 'DIRECT', qty, neededOn: inDays(4) }, orderLineId: line!.id }],
  })
  return { document, orderId: placed.orderId, draft, supplier: code }
}

/** The supplier has it. */
async function sentOff(purchase: PurchaseProgress): Promise<PurchaseProgress> {
  await buy.tell(purchase, p2p.submitPurchase, {})
  await buy.tell(purchase, p2p.decidePurchase, {
    ...{ decision: 'approved', revision: 1, roles: ['purchasing-manager'], actor: 'mia' },
  })
  return buy.until(purchase, ({ phase }) => phase === 'sent')
}

const shipped = (purchase: PurchaseProgress, qty: string, more: object = {}) =>
  buy.tell(purchase, p2p.announceShipment, {
    ...{ asnNo: `ASN-${randomUUID()}`, source: 'person', shippedOn: inDays(0), actor: 'rob' },
    ...{ carrier: 'UPS', trackingNumber: `1Z-${randomUUID()}`, lines: [{ lineNo: 1, qty }] },
    ...more,
  })

/** What the outbox holds for processes is told to them. */
async function deliver(): Promise<void> {
  const rows = await system.admin<{ body: { workflowId: string; cause: string } }[]>`
    UPDATE outbox SET delivered_at = clock_timestamp() WHERE topic = 'look-again' AND delivered_at IS NULL RETURNING body`
  for (const { body } of rows)
    await system.client.workflow
      .getHandle(body.workflowId)
      .signal('lookAgain', { cause: body.cause })
      .catch(() => undefined)
}

test('what the supplier ships to the buyer is sold, costed and owed at that moment, and never on our shelf', async () => {
  const { document, orderId, draft, supplier } = await soldAndBought(3, {
    ...{ send_by: 'edi', edi_id: 'POTTERS' },
  })
  const purchase = await buy.draft(draft('3'))
  const [waits] = await system.db`
    SELECT qty_backordered, qty_drop_ship, promise_on FROM sales_order_line WHERE order_id = ${orderId}`
  expect(waits).toEqual({ qty_backordered: 3, qty_drop_ship: 3, promise_on: inDays(4) })
  await deliver()
  const web = desk(system, document)
  await web.until(({ phase, cases }) => phase === 'backordered' && cases.length === 0)
  await sentOff(purchase)
  const told = sent.find(({ poNumber }) => poNumber === purchase.poNumber)!
  expect(told.by === 'edi' && told.document).toMatch(
    /N1\*ST\*Ada Jones~\s*N3\*1 Main St~\s*N4\*Newark\*NJ\*07102\*US~/,
  )
  const [kept] = await system.db<{ body: Buffer }[]>`
    SELECT d.body FROM purchase_order_document d WHERE d.purchase_order_id = ${purchase.purchaseId} AND kind = 'x12-850'`
  expect(kept!.body.toString('latin1')).not.toContain('Ada Jones')
  await expectRefused(
    buy.tell(purchase, p2p.receivePurchase, {
      ...{ receiptNo: 'R-1', site: 'DIRECT', actor: 'rob', lines: [{ lineNo: 1, qty: '3' }] },
    }),
    'GoodsGoToBuyer',
  )
  await buy.tell(purchase, p2p.acknowledgePurchase, {
    ...{ ackNo: 'A-1', source: 'person', actor: 'rob' },
    lines: [{ lineNo: 1, qty: '3', promisedOn: inDays(5) }],
  })
  const [promised] = await system.db`
    SELECT promise_on FROM sales_order_line WHERE order_id = ${orderId}`
  expect(promised).toEqual({ promise_on: inDays(5) })

  expect(await shipped(purchase, '1')).toMatchObject({ phase: 'part-received' })
  await expectRefused(shipped(purchase, '3'), 'DropShipNotAwaited')
  expect(await shipped(purchase, '2')).toMatchObject({ phase: 'closed', open: false })
  await deliver()
  await web.until(({ phase }) => phase === 'shipped' || phase === 'closed')
  expect(await postedFor(system.db, orderId)).toEqual(
    expect.arrayContaining(['Dr CostOfGoodsSold 12.60', 'Cr ProductSales 30.00']),
  )
  const onHand = await system.db`
    SELECT on_hand FROM stock_position p JOIN site s ON s.id = p.site_id WHERE s.code = 'DIRECT' AND on_hand <> 0`
  expect(onHand).toEqual([])

  const { poNumber } = purchase
  const line = { qty: 3n, netMinor: 1260n, poNumber }
  const bill = await startBill(system, aBill({ code: supplier }, { poNumber, line }))
  expect(await bill.until(({ phase }) => phase === 'payable')).toMatchObject({ cases: [] })
})

test('a buyer who cancels takes the units off the purchase; a supplier who lets down brings the case back', async () => {
  const { document, orderId, draft } = await soldAndBought(5)
  const purchase = await buy.draft(draft('5'))
  await expectRefused(buy.draft(draft('1')), 'QuantityNotOpen')
  await sentOff(purchase)
  const web = desk(system, document)
  const [line] = await linesOf(system.db, orderId)
  await web.update(requestCancellation, {
    ...{ key: aKey(), actor: 'csr', reason: 'two are enough' },
    lines: [{ orderLineId: line!.id, qty: 3 }],
  })
  await deliver()
  await buy.until(purchase, ({ openValue }) => openValue.minor === '840')
  await buy.until(purchase, ({ effects }) => effects.length === 0)
  const told = sent.filter(({ poNumber }) => poNumber === purchase.poNumber).at(-1)
  expect(told).toMatchObject({ by: 'mail' })
  expect(told!.by === 'mail' && told!.text).toContain('3 units less')

  await buy.tell(purchase, p2p.cancelPurchase, { reason: 'they cannot make them' })
  await deliver()
  const short = await web.until(({ cases }) => cases.some(({ type }) => type === 'stock-short'))
  expect(short).toMatchObject({ phase: 'short' })
  expect(await linesOf(system.db, orderId)).toMatchObject([{ backordered: 0, cancelled: 3 }])
  const again = await buy.draft(draft('2'))
  await web.update(requestCancellation, { ...{ key: aKey(), actor: 'csr', reason: 'no more' } })
  await deliver()
  await buy.until(again, ({ phase, open }) => phase === 'cancelled' && !open)
})
