import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { anOrder } from '#tests/support/company'
import { desk } from '#tests/support/orders'
import { aBill, anOrderOf, aSupplier, receive } from '#tests/support/purchasing'
import { expectProofs } from '#tests/support/proofs'
import { eventually, post, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

const IBAN = 'DE89370400440532013000'
const today = new Date().toISOString().slice(0, 10)

let api: RunningApi
let clerk: Caller
let manager: Caller
let treasurer: Caller
let controller: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { MUG: {} } })
  clerk = await api.as('ap-clerk')
  manager = await api.as('ap-manager')
  treasurer = await api.as('treasurer')
  controller = await api.as('controller')
  const account = { entity: 'ACME-US', holder: 'Acme Inc', iban: IBAN, bic: 'COBADEFFXXX' }
  expect((await post(controller, '/v1/company-bank-accounts', account)).statusCode).toBe(201)
})
afterEach(() => expectProofs(api.database.admin))
afterAll(() => api.close())

type Changes = Parameters<typeof aSupplier>[2]

/** A hundred mugs at 10.00, ordered from a supplier and received. */
async function hundredMugs(changes: Changes = {}) {
  const { admin } = api.database
  const supplier = await aSupplier(admin, api.company, changes)
  const lines = [{ sku: 'MUG', qty: 100, priceMinor: 1000 }]
  const { currency } = changes
  const about = currency ? { currency, lines } : { lines }
  const order = await anOrderOf(admin, api.company, supplier, about)
  const receipt = await receive(admin, api.company, order, [{ qty: 100 }])
  return { supplier, order, receipt }
}

function bodyOf(
  supplier: { code: string },
  order: { poNumber: string },
  netMinor = '100000',
  more: object = {},
) {
  return {
    supplier: supplier.code,
    number: aBill(supplier).number,
    billedOn: today,
    poNumber: order.poNumber,
    lines: [{ sku: 'MUG', description: 'Mug', qty: '100', netMinor }],
    totalMinor: netMinor,
    ...more,
  }
}

/** A bill that is ready to be paid. */
async function payable(changes: Changes = {}, more: object = {}) {
  const { supplier, order } = await hundredMugs(changes)
  const answer = await post(clerk, '/v1/vendor-bills', bodyOf(supplier, order, '100000', more))
  expect(answer.json(), answer.body).toMatchObject({ phase: 'payable' })
  return { supplier, billId: answer.json<{ id: string }>().id }
}

const propose = (caller: Caller, more: object = {}) =>
  post(caller, '/v1/payment-runs', {
    ...{ entity: 'ACME-US', iban: IBAN, payOn: today, until: '2999-01-01' },
    ...more,
  })

/** A run of these bills that the three people have signed. */
async function released(billIds: string[]) {
  const { runId, contentHash } = (await propose(clerk, { billIds })).json<{
    runId: string
    contentHash: string
  }>()
  const at = `/v1/payment-runs/${runId}`
  expect((await post(manager, `${at}/approval`, { contentHash })).statusCode).toBe(204)
  const answer = await post(treasurer, `${at}/release`, {})
  expect(answer.statusCode, answer.body).toBe(200)
  return { runId, at }
}

describe('a vendor’s bill', () => {
  test('is written down by a clerk, matched, and shown with what it was matched with', async () => {
    const { supplier, order, receipt } = await hundredMugs()
    const body = bodyOf(supplier, order)
    const answer = await post(clerk, '/v1/vendor-bills', body, 'bill-once-1')
    expect(answer.statusCode, answer.body).toBe(201)
    expect(answer.json()).toMatchObject({
      phase: 'payable',
      owed: { minor: '100000' },
      lines: [{ poNumber: order.poNumber, matches: [{ receipt: receipt.receiptNo, qty: '100' }] }],
    })
    const again = await post(clerk, '/v1/vendor-bills', body, 'bill-once-1')
    expect(again.json()).toEqual(answer.json())
    const known = await post(clerk, '/v1/vendor-bills', body)
    expect(known.json()).toMatchObject({ id: answer.json<{ id: string }>().id })
    const other = { ...body, totalMinor: '90000', lines: [{ ...body.lines[0], netMinor: '90000' }] }
    const used = await post(clerk, '/v1/vendor-bills', other)
    expect([used.statusCode, used.json<{ code: string }>().code]).toEqual([409, 'BillNumberUsed'])
  })

  test.each([
    ['no supplier of ours', { supplier: 'NOBODY' }, 'UnknownSupplier'],
    ['for another entity', { entity: 'ACME-DE' }, 'BillForAnotherEntity'],
    ['that does not foot', { totalMinor: '1' }, 'BillDoesNotFoot'],
  ])('%s is refused by name, and nothing is left of it', async (_, change, name) => {
    const { supplier, order } = await hundredMugs()
    const body = { ...bodyOf(supplier, order), ...change }
    const answer = await post(clerk, '/v1/vendor-bills', body)
    expect(answer.json<{ code: string }>().code).toBe(name)
    const left = await api.database.db`SELECT 1 FROM vendor_bill WHERE bill_number = ${body.number}`
    expect(left).toEqual([])
  })

  test('too dear is previewed, and decided by a manager who did not write it down', async () => {
    const { supplier, order } = await hundredMugs()
    const answer = await post(clerk, '/v1/vendor-bills', bodyOf(supplier, order, '150000'))
    const { id, phase } = answer.json<{ id: string; phase: string }>()
    expect(phase).toBe('in-question')
    const queue = await manager({ method: 'GET', url: '/v1/exceptions?type=bill-price-over' })
    const found = queue
      .json<{ items: { id: string; subjectId: string }[] }>()
      .items.find(({ subjectId }) => subjectId === id)!
    const at = `/v1/exceptions/${found.id}/resolution`
    const preview = await post(manager, `${at}/preview`, { resolution: 'dispute' })
    expect(preview.json(), preview.body).toMatchObject({
      phase: 'payable',
      owed: { minor: '100000' },
      disputedMinor: '50000',
      entries: [{ eventType: 'bill-posted' }],
    })
    expect((await post(clerk, at, { resolution: 'approve-once' })).statusCode).toBe(403)
    const decided = await post(manager, at, { resolution: 'approve-once' })
    expect(decided.json(), decided.body).toMatchObject({ phase: 'payable', cases: [] })
    const twice = await post(manager, at, { resolution: 'dispute' })
    expect(twice.json<{ code: string }>().code).toBe('CaseNotOpen')
  })

  test('bills come by file: each is taken or refused by itself', async () => {
    const { supplier, order } = await hundredMugs()
    const header = 'supplier,bill_no,billed_on,currency,po,sku,qty,unit_price,total'
    const row = (number: string, total: string) =>
      `${supplier.code},${number},${today},USD,${order.poNumber},MUG,50,10,${total}`
    const content = [header, row('CSV-1', '500'), row('CSV-2', '501')].join('\n')
    const answer = await post(clerk, '/v1/vendor-bills/files', { format: 'csv', content })
    expect(answer.json()).toMatchObject({
      items: [
        { outcome: 'captured' },
        { outcome: 'refused', problems: [{ code: 'total-mismatch' }] },
      ],
    })
    const damaged = await post(clerk, '/v1/vendor-bills/files', { format: 'x12-810', content })
    expect([damaged.statusCode, damaged.json<{ code: string }>().code]).toEqual([
      422,
      'BillFileRefused',
    ])
    const stop = await api.notify()
    const { billId } = answer.json<{ items: { billId: string }[] }>().items[0]!
    await eventually(
      async () => (await clerk({ method: 'GET', url: `/v1/vendor-bills/${billId}` })).json(),
      (bill: { phase: string }) => bill.phase === 'payable',
    )
    await stop()
  })
})

describe('a payment run', () => {
  test('takes the discount in time, and three people and the bank to pay a bill', async () => {
    const terms = { discountPpm: 20_000, discountDays: 10 }
    const taxes = [{ jurisdiction: 'GB', amountMinor: '20000' }]
    const more = { taxes, totalMinor: '120000' }
    const { billId } = await payable(terms, more)
    const proposed = await propose(clerk, { billIds: [billId] })
    expect(proposed.statusCode, proposed.body).toBe(201)
    const { runId, contentHash } = proposed.json<{ runId: string; contentHash: string }>()
    const at = `/v1/payment-runs/${runId}`
    const changed = await post(manager, `${at}/approval`, { contentHash: '0'.repeat(64) })
    expect(changed.json<{ code: string }>().code).toBe('PaymentRunChanged')
    expect((await post(treasurer, `${at}/release`, {})).statusCode).toBe(409)
    expect((await post(manager, `${at}/approval`, { contentHash })).statusCode).toBe(204)
    expect((await post(treasurer, `${at}/release`, {})).statusCode).toBe(200)
    const file = await treasurer({ method: 'GET', url: `${at}/file` })
    expect(file.json<{ body: string }>().body).toContain('<InstdAmt Ccy="USD">1176.00</InstdAmt>')
    expect(file.json<{ body: string }>().body).toContain('<CtrlSum>1176.00</CtrlSum>')
    const settled = await post(treasurer, `${at}/settlement`, { settledOn: today, reference: 'S1' })
    expect(settled.statusCode, settled.body).toBe(204)
    const lines = await api.database.db`
      SELECT l.account_id AS account, sum(l.amount_minor)::bigint AS minor FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
      WHERE e.event_type IN ('bill-paid', 'payment-run-settled') AND (e.source_id = ${billId} OR e.source_id = ${runId}) GROUP BY 1 HAVING sum(l.amount_minor) <> 0 ORDER BY 1`
    expect(lines).toEqual([
      { account: 1010, minor: -117_600n },
      { account: 1300, minor: -2_000n },
      { account: 1420, minor: -400n },
      { account: 2010, minor: 120_000n },
    ])
    const stop = await api.notify()
    await eventually(
      async () => (await clerk({ method: 'GET', url: `/v1/vendor-bills/${billId}` })).json(),
      (bill: { phase: string }) => bill.phase === 'paid',
    )
    await stop()
  })

  test('that the bank sends back makes the bill owed again, and nobody pays it before somebody has looked', async () => {
    const { billId } = await payable()
    const run = async () => {
      const proposed = await propose(clerk, { billIds: [billId] })
      return proposed.json<{ runId: string; contentHash: string; code?: string }>()
    }
    const { runId, contentHash } = await run()
    const at = `/v1/payment-runs/${runId}`
    await post(manager, `${at}/approval`, { contentHash })
    expect((await post(treasurer, `${at}/release`, {})).statusCode).toBe(200)
    await post(treasurer, `${at}/settlement`, { settledOn: today, reference: 'S2' })
    const document = `<?xml version="1.0"?><Document><BkToCstmrDbtCdtNtfctn><Ntfctn><Ntry><Amt Ccy="USD">1000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><BookgDt><Dt>${today}</Dt></BookgDt>
      <NtryDtls><TxDtls><Refs><EndToEndId>BILL-${billId}</EndToEndId></Refs><RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>account closed</AddtlInf></RtrInf></TxDtls></NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>`
    const taken = () =>
      post(treasurer, '/v1/payment-returns/files', { entity: 'ACME-US', document })
    expect((await taken()).json()).toEqual({
      ...{ returned: [`BILL-${billId}`], known: [], unknown: [] },
    })
    expect((await taken()).json()).toMatchObject({ known: [`BILL-${billId}`] })
    const lines = await api.database.db`
      SELECT l.account_id AS account, l.func_minor AS minor FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
      WHERE e.event_type = 'payment-returned' AND e.source_id = ${billId} ORDER BY 1`
    expect(lines).toEqual([
      { account: 1010, minor: 100_000n },
      { account: 2010, minor: -100_000n },
    ])
    expect((await run()).code).toBe('NothingToPay')
    const stop = await api.notify()
    const bill = await eventually(
      async () => (await clerk({ method: 'GET', url: `/v1/vendor-bills/${billId}` })).json(),
      (one: { phase: string }) => one.phase === 'payable',
    )
    expect(bill).toMatchObject({ phase: 'payable' })
    const [found] = await api.database.db<{ id: string }[]>`
      SELECT id::text FROM exception_case WHERE key = ${`vendor-bill/${billId}/bill-payment-returned`} AND state = 'open'`
    const decided = await post(manager, `/v1/exceptions/${found!.id}/resolution`, {
      resolution: 'retry',
    })
    await stop()
    expect(decided.statusCode, decided.body).toBe(200)
    const again = await run()
    expect(again.runId).toBeDefined()
    await post(manager, `/v1/payment-runs/${again.runId}/approval`, {
      contentHash: again.contentHash,
    })
    const released = await post(treasurer, `/v1/payment-runs/${again.runId}/release`, {})
    expect(released.statusCode, released.body).toBe(200)
    const rejected = `<Document><CstmrPmtStsRpt><GrpHdr><CreDtTm>${today}T10:00:00</CreDtTm></GrpHdr><OrgnlPmtInfAndSts><TxInfAndSts>
      <OrgnlEndToEndId>BILL-${billId}</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC01</Cd></Rsn></StsRsnInf></TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>`
    await post(treasurer, '/v1/payment-returns/files', { entity: 'ACME-US', document: rejected })
    const after = await treasurer({ method: 'GET', url: `/v1/payment-runs/${again.runId}` })
    expect(after.json()).toMatchObject({ state: 'settled', paid: { minor: '0' }, bills: 0 })
  })

  test('is not signed by one person twice, nor by who changed or verified where a supplier is paid', async () => {
    const { billId } = await payable()
    expect((await propose(controller, { billIds: [billId] })).statusCode).toBe(403)
    const one = (await propose(clerk, { billIds: [billId] })).json<{
      runId: string
      contentHash: string
    }>()
    const at = `/v1/payment-runs/${one.runId}`
    const approved = await post(controller, `${at}/approval`, { contentHash: one.contentHash })
    expect(approved.statusCode, approved.body).toBe(204)
    const same = await post(controller, `${at}/release`, {})
    expect(same.json<{ code: string }>().code).toBe('SameSigner')
    await api.database.admin.begin(async (tx) => {
      await tx`SET LOCAL session_replication_role = replica`
      await tx`UPDATE supplier_bank_account SET requested_by = ${treasurer.actor} WHERE supplier_id = (SELECT supplier_id FROM vendor_bill WHERE id = ${billId})`
    })
    const editor = await post(treasurer, `${at}/release`, {})
    expect(editor.json<{ code: string }>().code).toBe('BankEditorSigns')
    const paid = await api.database
      .db`SELECT 1 FROM journal_entry WHERE event_type = 'bill-paid' AND source_id = ${billId}`
    expect(paid).toEqual([])
    expect((await post(clerk, `${at}/cancellation`, { reason: 'editor signs' })).statusCode).toBe(
      204,
    )
    expect((await propose(clerk, { billIds: [billId] })).statusCode).toBe(201)
  })

  test.each([
    ['unverified bank details', { bank: false }, 'no bank details are verified'],
    [
      'bank details that are new',
      { bank: { usableFrom: '2999-01-01T00:00:00Z' } },
      'its bank details are new and may be used from 2999-01-01',
    ],
  ] as const)('a supplier with %s is not paid', async (_, changes, blockedBy) => {
    const { billId } = await payable(changes)
    const answer = await propose(clerk, { billIds: [billId] })
    expect(answer.json(), answer.body).toMatchObject({
      code: 'NothingToPay',
      details: { skipped: [{ billId, blockedBy }] },
    })
  })

  test('a bank detail that changes between approval and release stops it', async () => {
    const { billId, supplier } = await payable()
    const { runId, contentHash } = (await propose(clerk, { billIds: [billId] })).json<{
      runId: string
      contentHash: string
    }>()
    const at = `/v1/payment-runs/${runId}`
    await post(manager, `${at}/approval`, { contentHash })
    await api.database.admin`
      INSERT INTO supplier_change (supplier_id, kind, based_on, body, reason, requested_by) VALUES (${supplier.id}, 'bank', 1, '{}', 'a mail said so', 'somebody')`
    const stopped = await post(treasurer, `${at}/release`, {})
    expect(stopped.json<{ code: string }>().code).toBe('BankDetailsChanged')
  })

  test('two runs at once pay nothing twice', async () => {
    const bills = await Promise.all([payable(), payable(), payable()])
    const billIds = bills.map(({ billId }) => billId)
    const runs = await Promise.all(Array.from({ length: 4 }, () => propose(clerk, { billIds })))
    expect(runs.map(({ statusCode }) => statusCode).sort()).toEqual([201, 409, 409, 409])
    const held = await api.database.db`
      SELECT bill_id FROM payment_run_line WHERE bill_id = ANY(${billIds}::bigint[]) AND dropped_because IS NULL`
    expect(held).toHaveLength(3)
    const { runId, contentHash } = runs
      .find(({ statusCode }) => statusCode === 201)!
      .json<{ runId: string; contentHash: string }>()
    const at = `/v1/payment-runs/${runId}`
    await post(manager, `${at}/approval`, { contentHash })
    const two = await Promise.all([1, 2].map(() => post(treasurer, `${at}/release`, {})))
    expect(two.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409])
    const paid = await api.database.db`
      SELECT count(*)::int AS paid FROM journal_entry WHERE event_type = 'bill-paid' AND source_id = ANY(${billIds})`
    expect(paid).toEqual([{ paid: 3 }])
  })

  test('row 28c: a foreign bill is paid at the rate of its day, and the difference is realised', async () => {
    await api.database.admin`
      INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('EUR', 'USD', '2026-01-01', 910000000, 'test')`
    const { billId } = await payable({ currency: 'EUR' })
    await api.database.admin`
      INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source) VALUES ('EUR', 'USD', ${today}, 920000000, 'later')`
    await released([billId])
    const lines = await api.database.db`
      SELECT l.account_id AS account, l.currency, l.amount_minor AS minor, l.func_minor AS func FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
      WHERE e.event_type = 'bill-paid' AND e.source_id = ${billId} AND l.account_id <> 9010 ORDER BY 1`
    expect(lines).toEqual([
      { account: 1050, currency: 'USD', minor: -92_000n, func: -92_000n },
      { account: 2010, currency: 'EUR', minor: 100_000n, func: 91_000n },
      { account: 7010, currency: 'EUR', minor: 0n, func: 1_000n },
    ])
  })

  test('averaged goods bought abroad: the average takes each receipt’s rate, bills and payments realise what the rate did', async () => {
    const { company, database, system } = api
    await database.admin`
      INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate_e9, source)
      VALUES ('EUR', 'USD', '2026-01-31', 910000000, 'averaged'), ('EUR', 'USD', ${today}, 920000000, 'averaged')`
    await database.admin`UPDATE item SET cost_method = 'moving-average' WHERE sku = 'LAMP'`
    const supplier = await aSupplier(database.admin, company, { currency: 'EUR' })
    const billIds: string[] = []
    for (const [n, rateE9] of [900_000_000n, 940_000_000n].entries()) {
      const qty = 100 + n
      const lines = [{ sku: 'LAMP', qty, priceMinor: 1000 }]
      const order = await anOrderOf(database.admin, company, supplier, { currency: 'EUR', lines })
      await receive(database.admin, company, order, [{ qty, rateE9 }])
      const answer = await post(clerk, '/v1/vendor-bills', {
        ...{ supplier: supplier.code, number: aBill(supplier).number, billedOn: '2026-02-01' },
        poNumber: order.poNumber,
        lines: [{ sku: 'LAMP', description: 'Lamp', qty: `${qty}`, netMinor: `${qty * 1000}` }],
        totalMinor: `${qty * 1000}`,
      })
      expect(answer.json(), answer.body).toMatchObject({ phase: 'payable' })
      billIds.push(answer.json<{ id: string }>().id)
    }
    const sale = anOrder({ line: { sku: 'LAMP', quantity: 20, unitPriceMinor: '10000' } })
    await api.place(sale)
    await desk(system, sale).ship()
    await released(billIds)
    const rows = await database.db<{ account: number; func: bigint }[]>`
      SELECT l.account_id AS account, sum(l.func_minor)::bigint AS func FROM journal_line l
      WHERE l.entry_id IN (SELECT entry_id FROM journal_line WHERE party = ${`supplier/${supplier.code}`} OR item_id = ${company.items.get('LAMP')!})
        AND l.account_id IN (1300, 2010, 2020, 5010, 7010) GROUP BY 1 ORDER BY 1`
    // 100 at 9.00 and 101 at 9.40 are 1,849.40; twenty of them cost 184.02.
    // Billed at 0.91 (−20.30 against the receipts), paid at 0.92 (+20.10).
    expect(rows).toEqual([
      { account: 1300, func: 166_538n },
      { account: 2010, func: 0n },
      { account: 2020, func: 0n },
      { account: 5010, func: 18_402n },
      { account: 7010, func: -20n },
    ])
  })
})
