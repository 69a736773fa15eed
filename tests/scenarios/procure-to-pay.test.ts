import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { SupplierMessage } from '#activities/gateways/supplier'
import * as p2p from '#contracts/procure-to-pay'
import type { PurchaseProgress } from '#contracts/procure-to-pay'
import type { Reader } from '#db/client'
import { runProofs } from '#db/queries/proofs'
import { purchaseProofs } from '#db/queries/purchase-proofs'
import { anOrder, foundCompany, type Company } from '#tests/support/company'
import { agreeableGateways, startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'
import {
  aSupplier,
  inDays,
  purchasingOn,
  setPurchasing,
  type Purchasing,
} from '#tests/support/purchases'

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
  company = await foundCompany(system.admin, { MUG: { east: 5 } })
  buy = purchasingOn(system)
})
afterAll(() => system.stop())
afterEach(() => expectProofs(system.db))

const line = (qty: string, more: object = {}) => ({
  ...{ sku: 'MUG', site: 'EAST', qty, neededOn: inDays(14) },
  ...more,
})

/** An order of this many mugs that the supplier has. */
async function ordered(
  qty: string,
  more: object = {},
  supplier: Record<string, string | number | null> = {},
): Promise<PurchaseProgress> {
  const code = await aSupplier(system.admin, company, supplier)
  const drafted = await buy.draft({ supplier: code, lines: [line(qty, more)] })
  await buy.tell(drafted, p2p.submitPurchase, {})
  await approve(drafted)
  return buy.until(drafted, ({ phase }) => phase === 'sent')
}

const approve = (order: PurchaseProgress, actor = 'mia') =>
  buy.tell(order, p2p.decidePurchase, {
    ...{ decision: 'approved', revision: 1, roles: ['purchasing-manager'], actor },
  })
let receipts = 0
const receive = (order: PurchaseProgress, lines: p2p.ReceivedLine[], more: object = {}) => {
  receipts += 1
  return buy.tell(order, p2p.receivePurchase, {
    ...{ receiptNo: `R-${receipts}`, site: 'EAST', actor: 'rob', lines },
    ...more,
  })
}
const resolve = (order: PurchaseProgress, resolution: string, params?: Record<string, unknown>) =>
  buy.tell(order, p2p.resolvePurchaseCase, {
    ...{ caseId: order.cases[0]!.id, resolution: resolution as never, actor: 'mia' },
    ...(params ? { params } : {}),
  })
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: { cause?: { type?: string } }) => error.cause?.type,
  )
/** Debits above zero, credits below, of what this order's receipts and inspections have posted. */
async function posted(order: PurchaseProgress): Promise<Record<string, string>> {
  const rows = await system.db<{ account: number; minor: string }[]>`
    SELECT l.account_id AS account, sum(l.func_minor)::text AS minor FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id
    WHERE (e.source_type = 'receipt' AND e.source_id IN (SELECT id::text FROM goods_receipt WHERE purchase_order_id = ${order.purchaseId}))
      OR (e.source_type = 'inspection' AND e.source_id IN (SELECT i.id::text FROM goods_inspection i JOIN goods_receipt r ON r.id = i.receipt_id WHERE r.purchase_order_id = ${order.purchaseId}))
    GROUP BY 1 HAVING sum(l.func_minor) <> 0 ORDER BY 1`
  return Object.fromEntries(rows.map(({ account, minor }) => [account, minor]))
}
/** What its supplier was sent last. */
const toldOf = (order: PurchaseProgress) =>
  sent.filter(({ poNumber }) => poNumber === order.poNumber).at(-1)
const supplyOf = (order: PurchaseProgress) =>
  system.db<{ open: string; dueOn: string; state: string }[]>`
    SELECT (qty - received)::text AS open, due_on AS "dueOn", state FROM expected_supply WHERE source_id LIKE ${`${order.poNumber}/%`} ORDER BY id`

test('goods are ordered, approved by another person, sent, confirmed, announced and received', async () => {
  const supplier = await aSupplier(system.admin, company)
  const drafted = await buy.draft({
    supplier,
    lines: [line('100', { landedEstimateMinor: '120', unitPriceMinor: '1000' })],
  })
  expect(drafted).toMatchObject({ phase: 'draft', total: { currency: 'USD', minor: '100000' } })

  const submitted = await buy.tell(drafted, p2p.submitPurchase, {})
  expect(submitted).toMatchObject({ phase: 'pending-approval', waitingFor: 'an approval' })
  await approve(drafted)
  await buy.until(drafted, ({ phase }) => phase === 'sent')
  const letter = sent.find(({ poNumber }) => poNumber === drafted.poNumber)!
  expect(letter).toMatchObject({ by: 'mail', to: 'orders@potters.example' })
  expect(letter.by === 'mail' && letter.pdf!.subarray(0, 5).toString()).toBe('%PDF-')
  expect(await supplyOf(drafted)).toMatchObject([{ open: '100', dueOn: inDays(14) }])

  const confirmed = await buy.tell(drafted, p2p.acknowledgePurchase, {
    ...{
      ackNo: 'A-1',
      source: 'person',
      lines: [{ lineNo: 1, qty: '100', promisedOn: inDays(16) }],
    },
  })
  expect(confirmed.phase).toBe('acknowledged')
  expect(await supplyOf(drafted)).toMatchObject([{ dueOn: inDays(16) }])
  const announced = await buy.tell(drafted, p2p.announceShipment, {
    ...{ asnNo: `N-${drafted.poNumber}`, source: 'person', shippedOn: inDays(0) },
    ...{ expectedOn: inDays(5), lines: [{ lineNo: 1, qty: '100' }] },
  })
  expect(announced.phase).toBe('in-transit')
  expect(await supplyOf(drafted)).toMatchObject([{ dueOn: inDays(5) }])

  const part = await receive(drafted, [{ lineNo: 1, qty: '40' }])
  expect(part.phase).toBe('part-received')
  expect(await supplyOf(drafted)).toMatchObject([{ open: '60' }])
  const rest = await receive(drafted, [{ lineNo: 1, qty: '60' }])
  expect(rest).toMatchObject({ phase: 'closed', open: false })
  // Row 20 of the ledger's design: Dr 1300 1,120.00, Cr 2020 1,000.00, Cr 2030 120.00.
  expect(await posted(drafted)).toEqual({ 1300: '112000', 2020: '-100000', 2030: '-12000' })
  expect(await supplyOf(drafted)).toMatchObject([{ open: '0', state: 'closed' }])
  const outcome = await system.client.workflow
    .getHandle(p2p.procureToPayId(drafted.poNumber))
    .result()
  expect(outcome).toMatchObject({ phase: 'closed' })
})

test('whoever wrote an order neither approves nor receives it, whatever roles they hold', async () => {
  const supplier = await aSupplier(system.admin, company)
  const order = await buy.draft({ supplier })
  await buy.tell(order, p2p.submitPurchase, {})
  expect(await code(approve(order, 'ben'))).toBe('SelfApproval')
  await approve(order)
  await buy.until(order, ({ phase }) => phase === 'sent')
  expect(await code(receive(order, [{ lineNo: 1, qty: '10' }], { actor: 'ben' }))).toBe(
    'SelfReceipt',
  )
  expect((await receive(order, [{ lineNo: 1, qty: '10' }])).phase).toBe('closed')
})

test('an edit voids what was submitted, and another revision is not what was approved', async () => {
  const supplier = await aSupplier(system.admin, company)
  const order = await buy.draft({ supplier })
  await buy.tell(order, p2p.submitPurchase, {})
  const edited = await buy.tell(order, p2p.changePurchase, {
    ...{ draft: { supplier, lines: [line('200')] }, reason: 'twice as many', actor: 'mia' },
  })
  expect(edited).toMatchObject({ phase: 'draft', revision: 2, total: { minor: '78000' } })
  expect(await code(approve(order, 'max'))).toBe('NothingToApprove')
  await buy.tell(order, p2p.submitPurchase, {})
  expect(await code(approve(order, 'max'))).toBe('StaleVersion')
  // Mia wrote a part of it now.
  const second = { decision: 'approved' as const, revision: 2, roles: ['purchasing-manager'] }
  expect(await code(buy.tell(order, p2p.decidePurchase, { ...second, actor: 'mia' }))).toBe(
    'SelfApproval',
  )
  await buy.tell(order, p2p.decidePurchase, { ...second, actor: 'max' })
  expect((await buy.until(order, ({ phase }) => phase === 'sent')).revision).toBe(2)
})

test('units beyond the order are kept apart until somebody takes or returns them', async () => {
  const order = await ordered('10')
  const over = await receive(order, [{ lineNo: 1, qty: '12', note: 'two too many' }])
  expect(over).toMatchObject({ phase: 'received', cases: [{ type: 'receipt-over' }] })
  expect(await posted(order)).toEqual({ 1300: '4200', 1320: '840', 2020: '-5040' })
  const returned = await resolve(over, 'return')
  expect(returned).toMatchObject({ phase: 'closed', cases: [] })
  expect(await posted(order)).toEqual({ 1300: '4200', 2020: '-4200' })

  const other = await ordered('10')
  const taken = await resolve(await receive(other, [{ lineNo: 1, qty: '12' }]), 'accept')
  expect(taken.phase).toBe('closed')
  expect(await posted(other)).toEqual({ 1300: '5040', 2020: '-5040' })
})

test('the supplier’s tolerance lets a little more or less pass', async () => {
  const over = await ordered('100', {}, { over_receipt_ppm: 50_000 })
  expect(await receive(over, [{ lineNo: 1, qty: '105' }])).toMatchObject({
    phase: 'closed',
    cases: [],
  })
  const short = await ordered('100', {}, { under_receipt_ppm: 20_000 })
  expect(await receive(short, [{ lineNo: 1, qty: '97' }])).toMatchObject({ phase: 'part-received' })
  expect(await receive(short, [{ lineNo: 1, qty: '1' }])).toMatchObject({ phase: 'closed' })
  const noted = await system.db<{ kind: string; qty: string; resolution: string }[]>`
    SELECT d.kind, d.qty::text, d.resolution FROM receipt_discrepancy d JOIN goods_receipt r ON r.id = d.receipt_id
    WHERE r.purchase_order_id IN (${over.purchaseId}, ${short.purchaseId}) ORDER BY d.id`
  expect(noted).toMatchObject([
    { kind: 'over', qty: '5', resolution: 'tolerated' },
    { kind: 'short', qty: '2', resolution: 'tolerated' },
  ])
})

test('damaged goods are sent again, go back, or are lost, and the books say which', async () => {
  const order = await ordered('10')
  const damaged = await receive(order, [{ lineNo: 1, qty: '8', damaged: '2' }])
  expect(damaged).toMatchObject({ phase: 'received', cases: [{ type: 'receipt-damaged' }] })
  expect(await posted(order)).toEqual({ 1300: '3360', 1320: '840', 2020: '-4200' })
  const replaced = await resolve(damaged, 'replace')
  expect(replaced.phase).toBe('part-received')
  expect(await posted(order)).toEqual({ 1300: '3360', 2020: '-3360' })
  expect(await supplyOf(order)).toMatchObject([{ open: '2', state: 'open' }])
  expect((await receive(order, [{ lineNo: 1, qty: '2' }])).phase).toBe('closed')
  expect(await posted(order)).toEqual({ 1300: '4200', 2020: '-4200' })

  const lost = await ordered('10')
  await resolve(await receive(lost, [{ lineNo: 1, qty: '9', damaged: '1' }]), 'scrap')
  expect(await posted(lost)).toEqual({ 1300: '3780', 2020: '-4200', 5080: '420' })
})

test('goods that are inspected are sold only when somebody has accepted them', async () => {
  const order = await ordered('10', { inspect: true })
  const waiting = await receive(order, [{ lineNo: 1, qty: '10' }])
  expect(waiting).toMatchObject({ phase: 'received', waitingFor: 'goods to be inspected' })
  expect(await posted(order)).toEqual({ 1320: '4200', 2020: '-4200' })
  const judged = (accepted: string, rejected: string) =>
    buy.tell(order, p2p.inspectGoods, {
      receiptNo: `R-${receipts}`,
      actor: 'ida',
      lines: [{ receiptLineNo: 1, accepted, rejected, reason: 'hairline cracks' }],
    })
  await judged('4', '1')
  expect(await code(judged('5', '1'))).toBe('InspectedTooMuch')
  expect((await judged('5', '0')).phase).toBe('closed')
  expect(await posted(order)).toEqual({ 1300: '3780', 2020: '-3780' })
})

test('another item than was ordered waits, worth nothing, until it is priced or goes back', async () => {
  const order = await ordered('10')
  const wrong = await receive(order, [
    { lineNo: 1, qty: '10' },
    { sku: 'LAMP', qty: '3', note: 'not ours' },
  ])
  expect(wrong.cases).toMatchObject([{ type: 'receipt-wrong' }])
  expect(await code(resolve(wrong, 'accept'))).toBe('PriceMissing')
  expect((await resolve(wrong, 'accept', { unitCostMinor: '2500' })).phase).toBe('closed')
  const [lamps] = await system.db<{ onHand: string; value: string }[]>`
    SELECT p.on_hand::text AS "onHand", (SELECT sum(remaining_minor) FROM cost_layer WHERE item_id = p.item_id)::text AS value
    FROM stock_position p WHERE p.item_id = ${company.items.get('LAMP')!} AND p.condition = 'sellable'`
  expect(lamps).toEqual({ onHand: '3', value: '7500' })
})

test('what a supplier changes beyond the policy waits for somebody who did not write the order', async () => {
  const order = await ordered('10')
  const changed = await buy.tell(order, p2p.acknowledgePurchase, {
    ...{ ackNo: 'A-2', source: 'person' },
    lines: [{ lineNo: 1, qty: '8', unitPriceMinor: '500' }],
  })
  expect(changed).toMatchObject({ phase: 'sent', cases: [{ type: 'purchase-changed' }] })
  const accept = (actor: string) =>
    buy.tell(changed, p2p.resolvePurchaseCase, {
      ...{ caseId: changed.cases[0]!.id, resolution: 'accept-change', actor },
    })
  expect(await code(accept('ben'))).toBe('SelfApproval')
  const accepted = await accept('mia')
  expect(accepted).toMatchObject({ phase: 'acknowledged', revision: 2, total: { minor: '4000' } })
  expect(await supplyOf(order)).toMatchObject([{ open: '8' }])
  expect((await receive(order, [{ lineNo: 1, qty: '8' }])).phase).toBe('closed')
  expect(await posted(order)).toEqual({ 1300: '4000', 2020: '-4000' })
})

test('what will not come is closed short, and nobody is promised it any more', async () => {
  const order = await ordered('10')
  await receive(order, [{ lineNo: 1, qty: '6' }])
  const closed = await buy.tell(order, p2p.closePurchaseShort, { reason: 'out of clay' })
  expect(closed.phase).toBe('closed')
  expect(await supplyOf(order)).toMatchObject([{ state: 'closed' }])
  await buy.until(order, ({ open }) => !open)
  expect(toldOf(order)).toMatchObject({
    subject: `Change of purchase order ${order.poNumber}`,
    text: expect.stringContaining(': 4 units less') as string,
  })
})

test('an order that nobody has received can be cancelled, one of which goods came cannot', async () => {
  const order = await ordered('10')
  const cancelled = await buy.tell(order, p2p.cancelPurchase, { reason: 'not needed' })
  expect(cancelled).toMatchObject({ phase: 'cancelled' })
  await buy.until(order, ({ open }) => !open)
  expect(toldOf(order)).toMatchObject({
    text: `Please note that we cancel our purchase order ${order.poNumber}.`,
  })
  const other = await ordered('10')
  await receive(other, [{ lineNo: 1, qty: '1' }])
  expect(await code(buy.tell(other, p2p.cancelPurchase, { reason: 'too late' }))).toBe(
    'PurchaseReceived',
  )
})

test('a supplier by EDI is told by an 860 what is not taken any more', async () => {
  const order = await ordered('10', {}, { send_by: 'edi', edi_id: 'POTTERS' })
  await receive(order, [{ lineNo: 1, qty: '6' }])
  await buy.tell(order, p2p.closePurchaseShort, { reason: 'out of clay' })
  await buy.until(order, ({ open }) => !open)
  const { document } = toldOf(order) as SupplierMessage & { by: 'edi' }
  expect(document).toContain('ST*860*0001')
  expect(document).toContain(`BCH*04*SA*${order.poNumber}`)
  expect(document).toContain('POC*1*QD*6*0*EA*4.20*PE*BP*MUG*VN*P-1')
})

test('two receivers at once count every unit once', async () => {
  const order = await ordered('100')
  const parts = Array.from({ length: 10 }, () => receive(order, [{ lineNo: 1, qty: '10' }]))
  const stands = await Promise.all(parts)
  expect(stands.filter(({ phase }) => phase === 'closed')).toHaveLength(1)
  expect(await posted(order)).toEqual({ 1300: '39000', 2020: '-39000' })
})

test('each proof of purchases finds what it is about', async () => {
  const order = await ordered('10')
  await receive(order, [{ lineNo: 1, qty: '4' }])
  const { orderId } = await system.place(anOrder({ line: { sku: 'CHAIR' } }))
  const ours = await ordered('10', {}, { incoterm: 'FOB' })
  await buy.tell(ours, p2p.announceShipment, {
    ...{ asnNo: `N-${ours.poNumber}`, source: 'person', shippedOn: inDays(0) },
    lines: [{ lineNo: 1, qty: '10' }],
  })
  const breaks: Record<string, string> = {
    'TITLE-OWED': `UPDATE cost_layer SET remaining_minor = 1 WHERE source_type = 'asn'`,
    'DROP-SHIP': `UPDATE sales_order_line SET qty_backordered = 1, qty_drop_ship = 1 WHERE order_id = ${orderId}`,
    'PO-RECEIVED': `UPDATE purchase_order_line SET qty_received = 5 WHERE purchase_order_id = ${order.purchaseId}`,
    'PO-SUPPLY': `UPDATE expected_supply SET qty = 11 WHERE source_id = '${order.poNumber}/1'`,
    'GRNI-LINE': `UPDATE open_item SET balance_minor = 1 WHERE id = (SELECT max(id) FROM open_item WHERE key LIKE 'receipt-line/%')`,
    'PO-RECEIPT-VALUE': `UPDATE goods_receipt_line SET goods_func_minor = 1, value_minor = 1 WHERE receipt_id = (SELECT max(id) FROM goods_receipt)`,
    'PO-APPROVED': `UPDATE purchase_order SET authors = '{mia}' WHERE id = ${order.purchaseId}`,
  }
  expect(Object.keys(breaks).sort()).toEqual(purchaseProofs.map(({ name }) => name).sort())
  for (const proof of purchaseProofs)
    await system.admin
      .begin(async (tx) => {
        await tx`SET LOCAL session_replication_role = replica`
        await tx.unsafe(breaks[proof.name]!)
        const [result] = await runProofs(tx as unknown as Reader, [proof])
        expect(result!.broken, proof.name).not.toEqual([])
        throw new Error('taken back')
      })
      .catch((error: Error) => expect(error.message).toBe('taken back'))
})

test('a supplier who says nothing is reminded, and late goods name the orders that wait', async () => {
  await setPurchasing(system.admin, { acknowledgeHours: 0 })
  const silent = await ordered('10')
  const { cases } = await buy.until(silent, (progress) => progress.cases.length > 0)
  expect(cases).toMatchObject([{ type: 'purchase-unconfirmed' }])
  await setPurchasing(system.admin, {})
  await resolve(await buy.now(silent), 'remind')
  await buy.until(silent, ({ effects }) => effects.length === 0)
  expect(sent.filter(({ poNumber }) => poNumber === silent.poNumber)).toMatchObject([
    { by: 'mail', subject: `Purchase order ${silent.poNumber}` },
    { by: 'mail', subject: `Reminder: purchase order ${silent.poNumber}` },
  ])

  const late = await ordered('10', { neededOn: inDays(-3) })
  const overdue = await buy.until(late, (progress) => progress.cases.length > 0)
  expect(overdue.cases).toMatchObject([{ type: 'purchase-late' }])
  expect(await code(resolve(overdue, 'new-date'))).toBe('DateMissing')
  const dated = await resolve(overdue, 'new-date', { promisedOn: inDays(6) })
  expect(dated.cases).toEqual([])
  expect(await supplyOf(late)).toMatchObject([{ dueOn: inDays(6), open: '10' }])
})

test('small orders from a known supplier at the usual price need nobody, a price jump does', async () => {
  const supplier = await aSupplier(system.admin, company)
  const first = await buy.draft({ supplier })
  await buy.tell(first, p2p.submitPurchase, {})
  await approve(first)
  await buy.until(first, ({ phase }) => phase === 'sent')
  await receive(first, [{ lineNo: 1, qty: '10' }])

  const usual = await buy.draft({ supplier, lines: [line('10')] })
  await buy.tell(usual, p2p.submitPurchase, {})
  await buy.until(usual, ({ phase }) => phase === 'sent')
  const dearer = await buy.draft({ supplier, lines: [line('10', { unitPriceMinor: '900' })] })
  const asked = await buy.tell(dearer, p2p.submitPurchase, {})
  expect(asked.phase).toBe('pending-approval')
  const [why] = await system.db<{ choice: { reasons: string[] } }[]>`
    SELECT choice FROM decision_record WHERE subject_type = 'purchase-order' AND subject_id = ${dearer.purchaseId} AND kind = 'approval'`
  expect(why!.choice.reasons).toEqual(['price jump of MUG'])
})

test('lots are asked for by name; what lasts too short waits for a person, and leaves by its lot', async () => {
  await system.admin`UPDATE item SET lot_policy = 'lot-expiry', min_shelf_life_days = 30 WHERE sku = 'TEA'`
  const tea = { sku: 'TEA', unitPriceMinor: '200' }
  const order = await ordered('20', tea)
  expect(await code(receive(order, [{ lineNo: 1, qty: '20' }]))).toBe('LotRequired')
  expect(await code(receive(order, [{ lineNo: 1, qty: '20', lot: 'T1' }]))).toBe('ExpiryRequired')
  const short = await receive(order, [
    { lineNo: 1, qty: '12', lot: 'T1', expiresOn: inDays(400) },
    { lineNo: 1, qty: '5', damaged: '3', lot: 'T2', expiresOn: inDays(10) },
  ])
  expect(short.cases.map(({ type }) => type).sort()).toEqual([
    'receipt-damaged',
    'receipt-shelf-life',
  ])
  const lying = async () => {
    const rows = await system.db<{ place: string; qty: number }[]>`
      SELECT q.lot || ' ' || q.condition AS place, q.qty::int AS qty FROM stock_quant q JOIN item i ON i.id = q.item_id WHERE i.sku = 'TEA' AND q.qty > 0 ORDER BY 1`
    return Object.fromEntries(rows.map(({ place, qty }) => [place, qty]))
  }
  expect(await lying()).toEqual({ 'T1 sellable': 12, 'T2 quarantine': 5, 'T2 damaged': 3 })
  const scanned = { lineNo: 1, qty: '24' }
  await system.admin`INSERT INTO item_gtin (gtin, item_id, units) SELECT '09501101530003', id, 12 FROM item WHERE sku = 'TEA'`
  const cases = await ordered('24', tea)
  const code12 = '(01)09501101530003(17)701231(10)T9'
  expect(await code(receive(cases, [{ ...scanned, scans: [code12] }]))).toBe('ScanCountDiffers')
  await receive(cases, [{ ...scanned, scans: [code12, '(02)09501101530003(37)1(10)T9'] }])
  const [read] = await system.db`
    SELECT l.code, l.expires_on AS "expiresOn", g.qty::int AS qty FROM lot l JOIN goods_receipt_lot g ON g.lot = l.code WHERE l.code = 'T9'`
  expect(read).toEqual({ code: 'T9', expiresOn: '2070-12-31', qty: 24 })
  const [aged, broken] = ['receipt-shelf-life', 'receipt-damaged'].map(
    (type) => short.cases.find((one) => one.type === type)!.id,
  )
  const decide = (caseId: string, resolution: string) =>
    buy.tell(order, p2p.resolvePurchaseCase, {
      ...{ caseId, resolution: resolution as never, actor: 'mia' },
    })
  await decide(aged!, 'accept')
  const done = await decide(broken!, 'return')
  expect(done).toMatchObject({ phase: 'closed', open: false })
  expect(await lying()).toEqual({ 'T1 sellable': 12, 'T2 sellable': 5, 'T9 sellable': 24 })
})

test('serials are one a unit, the rejected ones are named, and none is ever here twice', async () => {
  await system.admin`UPDATE item SET lot_policy = 'serial' WHERE sku = 'CHAIR'`
  const order = await ordered('3', { sku: 'CHAIR', unitPriceMinor: '9000', inspect: true })
  const two = { lineNo: 1, qty: '3', serials: ['C1', 'C2'] }
  expect(await code(receive(order, [two]))).toBe('SerialsRequired')
  await receive(order, [{ ...two, serials: ['C1', 'C2', 'C3'] }])
  const inspected = await buy.tell(order, p2p.inspectGoods, {
    ...{ receiptNo: `R-${receipts}`, actor: 'rob' },
    lines: [
      { receiptLineNo: 1, accepted: '2', rejected: '1', reason: 'cracked', rejectedLots: ['C2'] },
    ],
  })
  expect(inspected.phase).toBe('closed')
  const here = await system.db<{ lot: string }[]>`
    SELECT q.lot FROM stock_quant q JOIN item i ON i.id = q.item_id WHERE i.sku = 'CHAIR' AND q.qty > 0 ORDER BY 1`
  expect(here.map(({ lot }) => lot)).toEqual(['C1', 'C3'])
  // Two docks scan one serial at the same moment.
  const orders = [await ordered('1', { sku: 'CHAIR', unitPriceMinor: '9000' })]
  orders.push(await ordered('1', { sku: 'CHAIR', unitPriceMinor: '9000', site: 'WEST' }))
  const outcomes = await Promise.all(
    orders.map((one, n) =>
      code(
        receive(one, [{ lineNo: 1, qty: '1', serials: ['C9'] }], n === 1 ? { site: 'WEST' } : {}),
      ),
    ),
  )
  expect(outcomes.sort()).toEqual(['SerialTwice', 'done'])
})
