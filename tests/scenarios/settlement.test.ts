import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { post, runningApi, type RunningApi } from '#tests/api/running-api'
import type { Caller } from '#tests/api/support'
import { disputeOn } from '#tests/support/chargebacks'
import { anOrder, setPolicy } from '#tests/support/company'
import { desk, expectRefused } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { graded, lamp, put, returnsOn } from '#tests/support/returns'
import { entriesOf } from '#tests/support/warehouse'
import { disposeReturn, inspectReturn, receiveReturn } from '#contracts/return-to-refund'
import {
  aStatement,
  aStatementId,
  openUnder,
  postedBy,
  today,
  type WrittenLine,
} from '#tests/support/settlements'

const stripe = { provider: 'stripe', account: '', channel: undefined }

let api: RunningApi
let clerk: Caller
let controller: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { LAMP: { east: 200 }, MUG: { east: 200 } } })
  clerk = await api.as('ap-clerk')
  controller = await api.as('controller')
  const { admin } = api.system
  await setPolicy(
    admin,
    'order',
    { expectedCommissionPpm: 150_000, expectedFeeMinor: '475' },
    'market',
  )
})
afterEach(() => expectProofs(api.system.admin))
afterAll(() => api.close())

const tax = (amountMinor: string) => [
  { jurisdiction: 'US-NJ', ratePpm: 82_500, amountMinor, collectedBy: 'marketplace' as const },
]

/** Order O1 of the design at the marketplace: item 100.00, discount 10.00, shipping 8.00. */
async function sold({ ship = true, ...changes }: { ship?: boolean; externalId?: string } = {}) {
  const order = anOrder({
    ...changes,
    channel: 'market',
    taxCollectedBy: 'marketplace',
    payment: { state: 'marketplace', provider: 'amazon', reference: null, amountMinor: '0' },
    line: { taxes: tax('743') },
    orderDiscounts: [{ code: 'TEN', amountMinor: '1000', fundedBy: 'merchant' }],
    shipping: [{ title: 'Ground', amountMinor: '800', discounts: [], taxes: tax('66') }],
  })
  const { orderId } = await api.place(order)
  if (ship) await desk(api.system, order).ship()
  return { orderId, ref: order.externalId, item: order.lines[0]!.externalLineId, order }
}

type Sold = Awaited<ReturnType<typeof sold>>

/** What Amazon says of that order, line by line; 0.50 more commission than was expected. */
function saleOf({ ref, item }: Pick<Sold, 'ref' | 'item'>, commission = -1520): WrittenLine[] {
  const about = { orderReference: ref, itemReference: item, sku: 'LAMP', quantity: 1 }
  return [
    { class: 'sale', type: 'Order/ItemPrice/Principal', amountMinor: 10000, ...about },
    { class: 'sale', type: 'Order/ItemPrice/Shipping', amountMinor: 800, ...about },
    { class: 'sale-tax', type: 'Order/ItemPrice/Tax', amountMinor: 743, ...about },
    { class: 'withheld-tax', type: 'Order/ItemWithheldTax/MFT', amountMinor: -743, ...about },
    { class: 'promotion', type: 'Order/Promotion/Principal', amountMinor: -1000, ...about },
    { class: 'fee', type: 'Order/ItemFees/Commission', amountMinor: commission, ...about },
    { class: 'fee', type: 'Order/ItemFees/FBAPerUnit', amountMinor: -475, ...about },
  ]
}

async function take(statement: object, by: Caller = clerk) {
  const answer = await post(by, '/v1/settlements/statements', statement)
  expect(answer.statusCode, answer.body).toBe(202)
  return answer.json().items[0] as { id: string; workflowId: string; known: boolean }
}

const read = async (id: string) =>
  (await controller({ method: 'GET', url: `/v1/settlements/statements/${id}` })).json()

/** Waits until a statement is past the phases in which nobody is asked. */
async function settled(statement: object) {
  const { id } = await take(statement)
  return until(id, (now) => ['posted', 'closed', 'exceptions'].includes(now.phase))
}

async function until(id: string, seen: (now: { phase: string }) => boolean) {
  const end = Date.now() + 10_000
  for (;;) {
    const now = await read(id)
    if (seen(now)) return now
    if (Date.now() > end) throw new Error(`the statement stays ${JSON.stringify(now)}`)
    await new Promise((done) => setTimeout(done, 50))
  }
}

async function decide(caseId: string, resolution: string, params?: object, by = controller) {
  const body = { resolution, ...(params ? { params } : {}) }
  const answer = await post(by, `/v1/exceptions/${caseId}/resolution`, body)
  return { status: answer.statusCode, ...answer.json() }
}

const preview = async (caseId: string, resolution: string, params?: object) =>
  (
    await post(controller, `/v1/exceptions/${caseId}/resolution/preview`, {
      resolution,
      ...(params ? { params } : {}),
    })
  ).json()

/** The bank's statement of one day, with lines that close it. */
function bankDay(lines: { amountMinor: number; reference?: string }[]) {
  const closing = lines.reduce((sum, line) => sum + line.amountMinor, 0)
  return {
    ...{ entity: 'ACME-US', account: 'US-1', statementId: aStatementId('B'), currency: 'USD' },
    ...{ from: today, to: today, openingMinor: '0', closingMinor: `${closing}` },
    lines: lines.map(({ amountMinor, ...line }, n) => ({
      ...{ lineNo: n + 1, bookedOn: today, amountMinor: `${amountMinor}` },
      ...line,
    })),
  }
}

test('row 8: a statement closes its order, books what was not expected, and the bank closes the payout', async () => {
  const one = await sold()
  expect(await openUnder(api.system.db, 1120, `order/${one.orderId}`)).toBe(7855n)
  const statement = aStatement([
    ...saleOf(one),
    { class: 'storage', type: 'FBA Storage Fee', amountMinor: -1200 },
    { class: 'reserve', type: 'Current Reserve Amount', amountMinor: -2000 },
  ])
  const now = await settled(statement)
  expect(await postedBy(api.system.db, now.id)).toEqual([
    'order-settled: Dr MarketplaceClearing 78.05, Cr MarketplaceClearing 78.55, Dr Commission 0.50',
    'statement-settled: Cr MarketplaceClearing 32.00, Dr ReservesHeld 20.00, Dr StorageAndSubscription 12.00',
    'statement-paid: Dr CashInTransit 46.05, Cr MarketplaceClearing 46.05',
  ])
  expect(await openUnder(api.system.db, 1120, `order/${one.orderId}`)).toBe(0n)
  expect(now).toMatchObject({
    phase: 'posted',
    approvedBy: 'rule/held-share@1',
    unexplainedMinor: '0',
    tie: {
      ...{ openingMinor: '0', linesMinor: '6605', payoutMinor: '4605' },
      ...{ reserveChangeMinor: '2000', closingMinor: '0', differenceMinor: '0' },
    },
    fees: {
      expectedCommissionMinor: '1470',
      actualCommissionMinor: '1520',
      overchargedMinor: '50',
    },
    bank: { inTransitMinor: '4605' },
  })
  expect(now.matches).toContainEqual(
    expect.objectContaining({ rule: 'item-id', treatment: 'order', lines: 5 }),
  )
  const url = `/v1/settlements/statements/${now.id}`
  const claim = await controller({ method: 'GET', url: `${url}/claim-file` })
  expect(claim.body).toContain(`${one.ref},`)
  expect(claim.body).toContain(',commission,98.00,14.70,15.20,0.50,USD')
  const work = await controller({ method: 'GET', url: `${url}/progress` })
  expect(work.json()).toMatchObject({ phase: 'posted', lines: 9, matchedLines: 9, percent: 100 })

  // A line that names the statement is its payout; another one is nobody's yet.
  const day = bankDay([
    { amountMinor: 4605, reference: `AMZN ${statement.statementId}` },
    { amountMinor: 777, reference: 'cash deposit' },
  ])
  expect((await post(clerk, '/v1/bank/statements', day)).statusCode).toBe(202)
  expect(await read(now.id)).toMatchObject({ phase: 'closed', bank: { inTransitMinor: '0' } })
  const lines = await controller({ method: 'GET', url: '/v1/bank/lines' })
  expect(lines.json().items).toMatchObject([
    { amount: { minor: '777' }, owner: 'treasury', statementId: day.statementId },
  ])
  const again = await post(clerk, '/v1/bank/statements', day)
  expect(again.json().items).toMatchObject([{ known: true }])
})

test('the same statement again, in whatever order, is known; cut short or changed it is refused', async () => {
  const one = await sold()
  const statement = aStatement(saleOf(one), { account: 'TWICE' })
  const lines = statement['lines'] as { amountMinor: string }[]
  const first = await take(statement)
  await until(first.id, ({ phase }) => phase === 'posted')
  const posted = await postedBy(api.system.db, first.id)
  const turned = lines.toReversed().map((line, n) => ({ ...line, lineNo: n + 1 }))
  expect(await take({ ...statement, lines: turned })).toMatchObject({ id: first.id, known: true })

  const cut = await post(clerk, '/v1/settlements/statements', {
    ...statement,
    lines: lines.slice(0, 6),
  })
  expect(cut.json()).toMatchObject({ code: 'StatementDoesNotFoot' })
  expect(cut.json().detail).toContain('4.75')
  const doubled = [...lines, ...lines].map((line, n) => ({ ...line, lineNo: n + 1 }))
  const twice = await post(clerk, '/v1/settlements/statements', { ...statement, lines: doubled })
  expect(twice.json()).toMatchObject({ code: 'StatementDoesNotFoot' })
  const other = lines.map((line, n) => (n === 0 ? { ...line, sku: 'MUG' } : line))
  const changed = await post(clerk, '/v1/settlements/statements', { ...statement, lines: other })
  expect(changed.json()).toMatchObject({ code: 'StatementDiffers' })
  const untied = { ...statement, openingMinor: '5', closingMinor: '0' }
  expect((await post(clerk, '/v1/settlements/statements', untied)).json().code).toBe(
    'StatementDoesNotTie',
  )
  expect(await postedBy(api.system.db, first.id)).toEqual(posted)
})

const openCase = (now: { open: { type: string; caseId: string }[] }, type: string) => {
  const found = now.open.find((one) => one.type === type)
  if (!found) throw new Error(`no ${type} among ${JSON.stringify(now.open)}`)
  return found.caseId
}

test('a type that nobody knows waits in suspense until a controller maps it, for now and for later', async () => {
  const type = `Fee of ${aStatementId()}`
  const lines = [
    ...saleOf(await sold(), -1470),
    { class: 'unknown' as const, type, amountMinor: -300 },
  ]
  const now = await settled(aStatement(lines))
  expect(await postedBy(api.system.db, now.id)).toContain(
    'statement-settled: Cr MarketplaceClearing 3.00, Dr Suspense 3.00',
  )
  expect(now).toMatchObject({ unexplainedMinor: '-300', open: [{ owner: 'finance' }] })
  const caseId = openCase(now, 'settlement-type-unknown')
  const mapped = { treatment: 'advertising', reason: 'a new kind of advert' }
  expect(await decide(caseId, 'map-type', mapped, clerk)).toMatchObject({ status: 403 })
  expect(await preview(caseId, 'map-type', mapped)).toMatchObject({
    casesLeft: [],
    entries: [{ eventType: 'suspense-released' }],
  })
  // Put off, it stays with somebody until a day.
  expect(
    await decide(caseId, 'suspense', { owner: 'user:7', until: '2999-01-31' }, clerk),
  ).toMatchObject({ status: 200 })
  expect(await read(now.id)).toMatchObject({
    open: [{ owner: 'user:7', dueAt: '2999-01-31T23:59:59.000Z' }],
  })
  expect(await decide(caseId, 'map-type', mapped)).toMatchObject({ status: 200, cases: [] })
  expect((await postedBy(api.system.db, now.id)).at(-1)).toBe(
    'suspense-released: Cr Suspense 3.00, Dr Advertising 3.00',
  )
  expect(await read(now.id)).toMatchObject({ unexplainedMinor: '0', open: [] })
  const next = await settled(aStatement([{ class: 'unknown', type, amountMinor: -200 }]))
  expect(await postedBy(api.system.db, next.id)).toContain(
    'statement-settled: Cr MarketplaceClearing 2.00, Dr Advertising 2.00',
  )
})

test('an order that is not ours: much of it asks for approval, imported it settles, else an account is named', async () => {
  const unknown = { ref: `X-${aStatementId()}`, item: '1' }
  const stranger = { ref: `Y-${aStatementId()}`, item: '1' }
  const statement = aStatement([...saleOf(unknown, -1470), ...saleOf(stranger, -1470)])
  const now = await settled(statement)
  expect(now).toMatchObject({ phase: 'exceptions', approvedBy: null })
  const approval = `/v1/settlements/statements/${now.id}/approval`
  const reason = 'orders of before our time'
  expect((await post(clerk, approval, { reason })).statusCode).toBe(403)
  expect((await post(controller, approval, { reason })).statusCode).toBe(200)
  const posted = await until(now.id, ({ phase }) => phase === 'posted')
  expect(posted).toMatchObject({
    approvedBy: expect.stringMatching(/^user:/),
    unexplainedMinor: '15710',
  })
  const caseId = openCase(posted, 'settlement-order-unknown')
  expect(await decide(caseId, 'import')).toMatchObject({ code: 'StillUnknown' })

  const known = await sold({ externalId: unknown.ref })
  const later = await decide(caseId, 'import')
  expect(later).toMatchObject({ status: 200, cases: [{ type: 'settlement-order-unknown' }] })
  expect((await postedBy(api.system.db, now.id)).at(-1)).toBe(
    'order-settled: Dr Suspense 78.55, Cr MarketplaceClearing 78.55',
  )
  expect(await openUnder(api.system.db, 1120, `order/${known.orderId}`)).toBe(0n)
  const rest = openCase(await read(now.id), 'settlement-order-unknown')
  const named = { treatment: 'settlement-difference' }
  expect(await decide(rest, 'map-account', named)).toMatchObject({ status: 200, cases: [] })
  expect(await read(now.id)).toMatchObject({ unexplainedMinor: '0' })
  expect((await post(controller, approval, { reason })).json().code).toBe('SettlementNotWaiting')
})

test('row 9b: a refund of the marketplace is a return whose goods are awaited, or goodwill', async () => {
  const one = await sold()
  const about = { orderReference: one.ref, itemReference: one.item, sku: 'LAMP' }
  const now = await settled(
    aStatement([
      ...saleOf(one, -1470),
      { class: 'refund', type: 'Refund/ItemPrice/Principal', amountMinor: -9000, ...about },
      { class: 'fee-refund', type: 'Refund/ItemFees/Commission', amountMinor: 1350, ...about },
      { class: 'fee', type: 'Refund/ItemFees/RefundCommission', amountMinor: -270, ...about },
    ]),
  )
  expect(await postedBy(api.system.db, now.id)).toContain(
    'order-settled: Cr MarketplaceClearing 0.65, Cr MarketplaceClearing 78.55, Cr Commission 10.80, Dr Returns 90.00, Cr RefundsPayable 90.00, Dr RefundsPayable 90.00',
  )
  const caseId = openCase(now, 'settlement-refund-unasked')
  const shown = await preview(caseId, 'goodwill')
  expect(shown.entries).toMatchObject([{ eventType: 'refund-was-goodwill' }])
  expect(await decide(caseId, 'goodwill')).toMatchObject({ status: 200, cases: [] })
  expect((await postedBy(api.system.db, now.id)).at(-1)).toBe(
    'refund-was-goodwill: Dr Goodwill 90.00, Cr Returns 90.00',
  )
})

/** The marketplace gave the buyer of a lamp 90.00 back. */
const refundOf = ({ ref, item }: Sold): WrittenLine => ({
  ...{ class: 'refund', type: 'Refund/ItemPrice/Principal', amountMinor: -9000 },
  ...{ orderReference: ref, itemReference: item, sku: 'LAMP' },
})

test('a refund that the channel had told is credited once, and the statement settles it', async () => {
  const one = await sold()
  const fact = { kind: 'channel-refund', source: 'channel', reason: 'other' } as const
  const told = await returnsOn(api.system).ask(one.orderId, { ...fact, amountMinor: '9000' })
  const now = await settled(aStatement([...saleOf(one, -1470), refundOf(one)]))
  expect(now.open).toEqual([])
  expect(await entriesOf(api.system.db, told.no)).toEqual([
    'return-credited: Dr Returns 90.00, Cr RefundsPayable 90.00',
    'marketplace-refunded: Dr RefundsPayable 90.00, Cr MarketplaceClearing 90.00',
  ])
  expect(await postedBy(api.system.db, now.id)).toContain(
    'order-settled: Cr MarketplaceClearing 11.45, Dr MarketplaceClearing 11.45',
  )
  expect(await openUnder(api.system.db, 1120, `order/${one.orderId}`)).toBe(0n)
})

test('goods of a refund that a statement told come back without a second credit', async () => {
  const [late, early] = [await sold(), await sold()]
  const returns = returnsOn(api.system)
  const back = await returns.ask(early.orderId)
  await returns.tell(back, receiveReturn, lamp())
  await returns.tell(back, inspectReturn, graded('A'))
  expect(await returns.tell(back, disposeReturn, put('restock'))).toMatchObject({
    phase: 'to-credit',
  })
  const now = await settled(
    aStatement([late, early].flatMap((one) => [...saleOf(one, -1470), refundOf(one)])),
  )
  // Of the one a return is here already, which has waited for the money; of the other somebody is asked.
  await returns.until(back, ({ phase }) => phase === 'closed')
  expect((await entriesOf(api.system.db, back.no)).join()).not.toContain('credited')
  const asked = openCase(now, 'settlement-refund-unasked')
  const [kept] = await api.system.db`SELECT evidence FROM exception_case WHERE id = ${asked}`
  expect(kept).toMatchObject({ evidence: { refunds: [{ order: late.ref }] } })
  const fact = { kind: 'channel-refund', source: 'channel', reason: 'other' } as const
  const again = returns.ask(late.orderId, { ...fact, amountMinor: '9000' })
  await expectRefused(again, 'RefundOnStatement')
  await decide(asked, 'open-return')
  const awaited = await returns.ask(late.orderId)
  expect(awaited).toMatchObject({ phase: 'approved', open: true })
  await returns.tell(awaited, receiveReturn, lamp())
  await returns.tell(awaited, inspectReturn, graded('A'))
  expect(await returns.tell(awaited, disposeReturn, put('restock'))).toMatchObject({
    ...{ phase: 'closed', open: false },
  })
})

test('what was not paid as booked is claimed, or given up by whoever may give up so much', async () => {
  const [short, less] = [await sold(), await sold()]
  const without = (lines: WrittenLine[], cut: bigint) =>
    lines.map((line, n) =>
      n === 0 ? { ...line, amountMinor: BigInt(line.amountMinor) - cut } : line,
    )
  const now = await settled(
    aStatement([...without(saleOf(short, -1470), 40_00n), ...without(saleOf(less, -1470), 3_00n)]),
  )
  const caseId = openCase(now, 'settlement-short-paid')
  expect(await decide(caseId, 'accept', undefined, clerk)).toMatchObject({ status: 403 })
  const openKey = `order/${short.orderId}`
  expect(await decide(caseId, 'claim', { openKey }, clerk)).toMatchObject({ status: 200 })
  expect((await postedBy(api.system.db, now.id)).at(-1)).toBe(
    'rest-settled: Dr Claims 40.00, Cr MarketplaceClearing 40.00',
  )
  const left = openCase(await read(now.id), 'settlement-short-paid')
  expect(await decide(left, 'accept', undefined, clerk)).toMatchObject({ status: 200, cases: [] })
  expect((await postedBy(api.system.db, now.id)).at(-1)).toBe(
    'rest-settled: Dr SettlementDifference 3.00, Cr MarketplaceClearing 3.00',
  )

  // The marketplace pays what was claimed of it, and more.
  const paid = await settled(
    aStatement(
      [
        ...saleOf(await sold(), -1470),
        {
          class: 'reimbursement',
          type: 'Reimbursement/ORDER',
          amountMinor: 4200,
          orderReference: short.ref,
        },
      ],
      { account: 'CLAIMS' },
    ),
  )
  if (paid.phase === 'exceptions') {
    const url = `/v1/settlements/statements/${paid.id}/approval`
    await post(controller, url, { reason: 'a claim is paid' })
  }
  const asked = await until(paid.id, ({ phase }) => phase === 'posted')
  const about = openCase(asked as never, 'settlement-reimbursement')
  expect(await decide(about, 'match-claim', { claim: 'claim/none' }, clerk)).toMatchObject({
    code: 'ClaimUnknown',
  })
  const claim = `claim/${now.id}/${openKey}`
  expect(await decide(about, 'match-claim', { claim }, clerk)).toMatchObject({
    status: 200,
    cases: [],
  })
  expect((await postedBy(api.system.db, paid.id)).at(-1)).toBe(
    'suspense-released: Dr Suspense 42.00, Cr Claims 40.00, Cr ClaimsGain 2.00',
  )
})

test('the bank shows another amount than was sent: a part of it, less a fee, or nothing at all', async () => {
  const send = async () => {
    const statement = aStatement(saleOf(await sold(), -1470))
    return { ...(await settled(statement)), name: statement.statementId }
  }
  const [parted, feed] = [await send(), await send()]
  await post(
    clerk,
    '/v1/bank/statements',
    bankDay([
      { amountMinor: 5000, reference: parted.name },
      { amountMinor: 7805, reference: feed.name },
    ]),
  )
  const first = openCase(await read(parted.id), 'payout-difference')
  expect(await decide(first, 'split', undefined, clerk)).toMatchObject({
    phase: 'posted',
    cases: [],
  })
  expect(await read(parted.id)).toMatchObject({ bank: { inTransitMinor: '2855' } })
  await post(clerk, '/v1/bank/statements', bankDay([{ amountMinor: 2855, reference: parted.name }]))
  expect(await read(parted.id)).toMatchObject({ phase: 'closed' })

  const second = openCase(await read(feed.id), 'payout-difference')
  expect(await decide(second, 'bank-fee', undefined, clerk)).toMatchObject({ phase: 'closed' })
  expect((await postedBy(api.system.db, feed.id)).at(-1)).toBe(
    'payout-banked: Dr Bank 78.05, Dr ProcessingFee 0.50, Cr CashInTransit 78.55',
  )

  const late = await settled(
    aStatement(saleOf(await sold(), -1470), { depositedOn: `${today.slice(0, 4)}-01-05` }),
  )
  const missing = openCase(late, 'payout-difference')
  expect(await decide(missing, 'bank-fee')).toMatchObject({ code: 'BankLineMissing' })
  expect(await decide(missing, 'wait', { until: '2999-01-01' })).toMatchObject({ status: 200 })
})

test('rows 5 and 6: a processor’s statement takes its fees and pays what single payments brought', async () => {
  const order = anOrder({ line: { unitPriceMinor: '10609' } })
  const { orderId } = await api.place(order)
  await desk(api.system, order).ship()
  const reference = order.payment.reference!
  const lines: WrittenLine[] = [
    {
      class: 'sale',
      type: 'charge',
      amountMinor: 10609,
      paymentReference: reference,
      externalId: `txn_${reference}`,
    },
    {
      class: 'fee',
      type: 'charge/fee',
      amountMinor: -338,
      paymentReference: reference,
      externalId: `txn_${reference}`,
    },
    { class: 'reserve', type: 'reserve_hold', amountMinor: -1000 },
  ]
  const of = { provider: 'stripe', account: '', channel: undefined }
  const now = await settled(aStatement(lines, of))
  expect(await postedBy(api.system.db, now.id)).toEqual([
    'order-settled: Dr ProcessorClearing 102.71, Cr ProcessorClearing 106.09, Dr ProcessingFee 3.38',
    'statement-settled: Cr ProcessorClearing 10.00, Dr ReservesHeld 10.00',
    'statement-paid: Dr CashInTransit 92.71, Cr ProcessorClearing 92.71',
  ])
  const [line] = await api.system.db`
    SELECT provider FROM journal_line WHERE order_id = ${orderId} AND account_id = 6040`
  expect(line).toEqual({ provider: 'stripe' })
  // The same entry of the processor's books in another report would be counted twice.
  const again = await post(clerk, '/v1/settlements/statements', aStatement(lines.slice(0, 2), of))
  expect(again.json()).toMatchObject({ code: 'StatementLineKnown' })
})

test('row 13: a dispute that a statement tells of is the one that its process knows, round by round', async () => {
  const order = anOrder({ line: { sku: 'LAMP', quantity: 1, unitPriceMinor: '10000' } })
  await api.place(order)
  await desk(api.system, order).ship()
  const { db } = api.system
  const disputeId = `dp_${order.externalId}_${process.pid}`
  const about = { paymentReference: disputeId, orderReference: order.orderNumber }
  const told = async (lines: WrittenLine[]) => {
    const id = aStatementId('balance/50% a')
    return settled(aStatement(lines, { ...stripe, statementId: id }))
  }
  const moved = (amountMinor: number): WrittenLine =>
    amountMinor < 0
      ? { class: 'chargeback', type: 'dispute/adjustment', amountMinor, ...about }
      : { class: 'chargeback-reversal', type: 'dispute/adjustment', amountMinor, ...about }
  const stands = async (phase: string, round: number) => {
    // The sweep need not wait for the pause in which a receiver of its own would tell it.
    await api.system
      .admin`UPDATE provider_event SET next_at = clock_timestamp() WHERE state = 'waiting'`
    await expect
      .poll(
        () =>
          db`SELECT phase, round FROM chargeback WHERE dispute_id = ${disputeId} AND order_id IS NOT NULL`,
        { timeout: 8_000 },
      )
      .toEqual([{ phase, round }])
    return {
      disputed: await openUnder(db, 1140, `chargeback/stripe/${disputeId}`),
      clearing: await openUnder(db, 1110, `stripe/${disputeId}`),
    }
  }
  const fee = { class: 'fee' as const, type: 'dispute/adjustment/fee', ...about }
  const stop = await api.notify()
  const first = await told([moved(-10000), { ...fee, amountMinor: -1500 }])
  expect(first.open).toEqual([])
  expect(await stands('opened', 1)).toEqual({ disputed: 10000n, clearing: 0n })
  // What the processor's event tells later, or had told before, is the same dispute.
  const later = disputeOn(api.system, order, { disputeId })
  await later.says('opened', { feeMinor: '1500' })
  const analyst = await api.as('risk-analyst')
  const packs = `/v1/chargebacks/stripe/${disputeId}/evidence-packs`
  const { number, sha256 } = (await post(analyst, packs, {})).json()
  const [json, pdf] = await Promise.all(
    ['json', 'pdf'].map((format) =>
      analyst({ method: 'GET', url: `${packs}/${number}?format=${format}` }),
    ),
  )
  expect(createHash('sha256').update(json!.body).digest('hex')).toBe(sha256)
  expect(json!.json()).toMatchObject({
    ...{ order: { number: order.orderNumber, lines: [{ shipped: 1 }] }, refunds: [] },
    customer: { shipTo: { line1: order.shipTo!.line1 } },
    payments: [{ kind: 'captured', amountMinor: '10000' }],
  })
  expect(pdf!.rawPayload.subarray(0, 5).toString()).toBe('%PDF-')
  const [found] = await db<{ id: bigint }[]>`
    SELECT id FROM exception_case WHERE type = 'chargeback-evidence' AND state = 'open' AND evidence->>'amountMinor' = '10000' ORDER BY id DESC LIMIT 1`
  const previews = `/v1/exceptions/${found!.id}/resolution/preview`
  expect((await post(analyst, previews, { resolution: 'accept' })).json()).toMatchObject({
    phase: 'accepted',
    entries: [{ eventType: 'chargeback-lost' }],
  })
  await told([moved(10000)])
  expect(await stands('won', 1)).toEqual({ disputed: 0n, clearing: 0n })
  await told([moved(-10000)])
  expect(await stands('opened', 2)).toEqual({ disputed: 10000n, clearing: 0n })
  expect(await later.says('lost')).toMatchObject({ phase: 'lost', cases: [] })
  const [fees] = await db<{ minor: bigint }[]>`
    SELECT sum(amount_minor)::bigint AS minor FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id WHERE account_id = 6050 AND e.source_id = ${`stripe/${disputeId}`}`
  expect(fees).toEqual({ minor: 1500n })
  await stop()
})

test('row 29: what a processor changes into another currency joins the statements of both', async () => {
  await api.system.admin`
    INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('CAD', 'USD', ${today}, 750000000, 'test') ON CONFLICT DO NOTHING`
  const account = aStatementId('A')
  const of = { provider: 'paypal', account, channel: undefined }
  const deal = { class: 'conversion' as const, type: 'T0200', paymentReference: aStatementId('D') }
  const key = `conversion/paypal/${account}/${deal.paymentReference}`
  const [cad, usd] = await Promise.all([
    settled(aStatement([{ ...deal, amountMinor: -10000 }], { ...of, currency: 'CAD' })),
    settled(aStatement([{ ...deal, amountMinor: 7300 }], of)),
  ])
  expect([cad.phase, usd.phase, cad.open, usd.open]).toEqual(['posted', 'posted', [], []])
  expect(await openUnder(api.system.db, 1110, key)).toBe(0n)
  const lines = await api.system.db`
    SELECT l.account_id AS account, l.currency, l.amount_minor::text AS amount, l.func_minor::text AS func FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id
    WHERE e.event_type = 'conversion-joined' AND e.idem_key LIKE ${`conversion-joined/${key}/%`} ORDER BY l.line_no`
  // 100.00 CAD were worth 75.00, and brought 73.00.
  expect(lines).toEqual([
    { account: 1110, currency: 'CAD', amount: '-10000', func: '-7500' },
    { account: 1110, currency: 'USD', amount: '7300', func: '7300' },
    { account: 7010, currency: 'CAD', amount: '0', func: '200' },
    { account: 9010, currency: 'CAD', amount: '10000', func: '7300' },
    { account: 9010, currency: 'USD', amount: '-7300', func: '-7300' },
  ])
})

test('names of a provider may hold slashes, percents and spaces, and no two statements share a process', async () => {
  const [one, other] = [aStatementId(), aStatementId()]
  const of = (account: string, statementId: string) =>
    take(aStatement([{ class: 'reserve', amountMinor: 5 }], { ...stripe, account, statementId }))
  const taken = await Promise.all([
    of(one, `${other}/100% of June`),
    of(`${one}/${other}`, '100% of June'),
  ])
  expect(new Set(taken.map(({ workflowId }) => workflowId)).size).toBe(2)
  for (const { id, workflowId } of taken) {
    await until(id, ({ phase }) => phase === 'posted')
    const url = `/v1/processes/${encodeURIComponent(workflowId)}/waiting-for`
    expect((await controller({ method: 'GET', url })).json()).toMatchObject({ phase: 'posted' })
  }
})

test('a statement over a month end leaves in either month what belongs there, and in euros at each day’s rate', async () => {
  const { admin, db } = api.system
  const year = today.slice(0, 4)
  await admin`
    INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES
      ('EUR', 'USD', ${`${year}-01-01`}, 1100000000, 'test'), ('EUR', 'USD', ${`${year}-02-01`}, 1200000000, 'test')`
  const [january, february] = [`${year}-01-30`, `${year}-02-03`]
  const statement = aStatement(
    [
      { class: 'adjustment', type: 'old sales', amountMinor: 100_000, postedOn: january },
      { class: 'subscription', type: 'Subscription', amountMinor: -4000, postedOn: january },
      { class: 'advertising', type: 'Ads', amountMinor: -1000, postedOn: february },
    ],
    {
      ...{ provider: 'paypal', account: 'EU', channel: undefined, currency: 'EUR' },
      ...{
        depositedOn: february,
        openingMinor: '500',
        closingMinor: '10500',
        payoutMinor: '85000',
      },
    },
  )
  const { id } = await settled(statement)
  const url = `/v1/settlements/statements/${id}/approval`
  await post(controller, url, { reason: 'sales of the old system' })
  const now = await until(id, ({ phase }) => phase === 'posted')
  expect(now).toMatchObject({
    tie: { openingMinor: '500', closingMinor: '10500', differenceMinor: '0' },
  })
  const byMonth = await db`
    SELECT to_char(l.effective_on, 'MM') AS month, sum(l.func_minor) FILTER (WHERE l.account_id = 6030)::text AS storage,
      sum(l.func_minor) FILTER (WHERE l.account_id = 6070)::text AS ads, sum(l.func_minor) FILTER (WHERE l.account_id = 1050)::text AS sent,
      sum(l.func_minor) FILTER (WHERE l.account_id = 7010)::text AS fx
    FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id WHERE e.source_id = ${id} AND e.source_type = 'settlement' GROUP BY 1 ORDER BY 1`
  // 960.00 euros were booked at 1.10 in January; what is paid in February is worth 1.20.
  expect(byMonth).toEqual([
    { month: '01', storage: '4400', ads: null, sent: null, fx: null },
    { month: '02', storage: null, ads: '1200', sent: '102000', fx: '-9600' },
  ])
  expect(await openUnder(db, 1110, 'carried/paypal/EU')).toBe(10_000n)
})

test('an order that ships in parts is settled by two statements, each with its share of the fees', async () => {
  const order = anOrder({
    channel: 'market',
    taxCollectedBy: 'marketplace',
    payment: { state: 'marketplace', provider: 'amazon', reference: null, amountMinor: '0' },
    line: { unitPriceMinor: '10000', quantity: 2 },
  })
  const { orderId } = await api.place(order)
  await desk(api.system, order).ship()
  const key = `order/${orderId}`
  // 200.00 less 30.00 commission and 4.75.
  expect(await openUnder(api.system.db, 1120, key)).toBe(16525n)
  const about = { orderReference: order.externalId, sku: 'LAMP', quantity: 1 }
  const half = () =>
    aStatement(
      [
        { class: 'sale', type: 'Principal', amountMinor: 10000, ...about },
        { class: 'fee', type: 'Commission', amountMinor: -1500, ...about },
      ],
      { account: 'PARTS' },
    )
  const first = await settled(half())
  expect(first.open).toEqual([])
  expect(await openUnder(api.system.db, 1120, key)).toBe(8263n)
  expect(first.fees).toMatchObject({
    expectedCommissionMinor: '1500',
    actualCommissionMinor: '1500',
  })
  const second = await settled(half())
  expect(await openUnder(api.system.db, 1120, key)).toBe(0n)
  expect(second.fees).toMatchObject({ overchargedOrders: 0, expectedFulfilmentMinor: '237' })
})

test('files are read by whoever knows their format, and a file that cannot be read is refused', async () => {
  const { entity, channel, ...statement } = aStatement([{ class: 'reserve', amountMinor: -100 }])
  const send = (url: string, payload: string) =>
    clerk({
      ...{ method: 'POST', url, payload },
      headers: { 'content-type': 'application/octet-stream', 'idempotency-key': aStatementId() },
    })
  const of = `entity=${String(entity)}&channel=${String(channel)}`
  const files = '/v1/settlements/statements/files'
  const good = await send(
    `${files}?provider=neutral&format=json&${of}`,
    JSON.stringify([statement]),
  )
  expect(good.json()).toMatchObject({ items: [{ known: false, lines: 1 }] })
  const broken = await send(`${files}?provider=neutral&format=json&${of}`, '[{')
  expect([broken.statusCode, broken.json().code]).toEqual([422, 'DocumentRefused'])
  const unknown = await send(`${files}?provider=amazon&format=v9&${of}`, '')
  expect(unknown.json()).toMatchObject({ code: 'FormatUnknown' })
  const bank = await send(
    '/v1/bank/statements/files?format=json&entity=ACME-US',
    JSON.stringify({ ...bankDay([]), entity: undefined }),
  )
  expect(bank.json()).toMatchObject({ items: [{ known: false, lines: 0 }] })
  // A bank that gives a CSV: its columns are mapped once, tried on a sample, and a controller's.
  const csv = (account: string) =>
    `/v1/bank/statements/files?format=csv&entity=ACME-US&account=${account}`
  const account = aStatementId('CSV')
  const rows = `Day;Amount;Balance;Text\n${today};12,50;112,50;PAYOUT\n${today};-2,50;110,00;Fee\n`
  expect((await send(csv(account), rows)).json()).toMatchObject({ code: 'BankMappingMissing' })
  const columns = { bookedOn: 'Day', amount: 'Amount', balance: 'Balance', purpose: 'Words' }
  const mapping = { entity: 'ACME-US', account, currency: 'USD', columns }
  const previews = '/v1/bank/csv-mappings/preview'
  const wrong = await post(clerk, previews, { ...mapping, sample: rows })
  expect(wrong.json().errors).toMatchObject([{ field: 'Words' }])
  const right = { ...mapping, columns: { ...columns, purpose: 'Text' } }
  expect((await post(clerk, previews, { ...right, sample: rows })).json()).toMatchObject({
    ...{ openingMinor: '10000', closingMinor: '11000', lines: 2 },
    shown: [{ amountMinor: '1250', purpose: 'PAYOUT' }, { amountMinor: '-250' }],
  })
  const mappings = '/v1/bank/csv-mappings'
  const version = { ...right, basedOn: 0, reason: 'their new export' }
  expect((await post(clerk, mappings, version)).statusCode).toBe(403)
  expect((await post(controller, mappings, version)).json()).toEqual({ account, version: 1 })
  expect((await post(controller, mappings, version)).json()).toMatchObject({
    code: 'VersionConflict',
  })
  expect((await send(csv(account), rows)).json()).toMatchObject({ items: [{ lines: 2 }] })
  const listed = await clerk({
    method: 'GET',
    url: `${mappings}?entity=ACME-US&account=${account}`,
  })
  expect(listed.json().items).toMatchObject([{ version: 1, columns: { purpose: 'Text' } }])
})
