import { readFile } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { post, runningApi, type RunningApi } from '#tests/api/running-api'
import { closingCompany, closingOn, setClosePolicy } from '#tests/support/closing'
import { aLine, anOrder, setPolicy } from '#tests/support/company'
import { startBill } from '#tests/support/bills'
import { disputeOn } from '#tests/support/chargebacks'
import { desk } from '#tests/support/orders'
import { aBill, anOrderOf, aSupplier, receive } from '#tests/support/purchasing'
import { aStatement } from '#tests/support/settlements'
import * as contract from '#contracts/period-close'
import { credit, debit } from '#domain/ledger/journal'
import { entry, post as book } from '../db/ledger-books.ts'
import { expectAccessible, openBrowser } from './browser.ts'
import { serve, visit, type Visit } from './visit.ts'

let api: RunningApi
let browser: Browser
let origin: string
const visits: Visit[] = []

beforeAll(async () => {
  api = await runningApi({ stock: { LAMP: { east: 100 }, MUG: { east: 100 } } })
  origin = await serve(api)
  browser = await openBrowser()
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await api?.close()
})

async function enter(
  ...who: Parameters<typeof visit> extends [unknown, ...infer Rest] ? Rest : never
) {
  const visited = await visit({ browser, api, origin }, ...who)
  visits.push(visited)
  return visited
}

describe('finance', () => {
  test('a period is closed in the cockpit: evidence opened, a difference accepted, a judgement signed, an area locked', async () => {
    const { admin, db } = api.system
    const { entityId, entity } = await closingCompany(admin)
    await setClosePolicy(admin, entityId, { materialityMinor: '5000' })
    await book(db, entry({ entityId, effectiveOn: '2026-10-05' }, 1_000_00n))
    const lines = [debit('Suspense', 30_00n), credit('Capital', 30_00n)]
    await book(db, {
      ...entry({ entityId, effectiveOn: '2026-10-20', currency: 'USD' }),
      lines: entry({ entityId, lines }).lines,
    })
    const { page, go, complaints } = await enter('controller')
    await go(`/finance/close?entity=${entity}`, 'Close')
    await page.getByRole('textbox', { name: 'Period' }).fill('2026-10')
    await page.getByRole('textbox', { name: 'Reason' }).fill('month end')
    await page.getByRole('button', { name: 'Begin a close' }).click()
    await page.getByRole('link', { name: `${entity} 2026-10` }).click()
    await page.getByRole('button', { name: 'Ask every question again' }).click()
    const task = (title: RegExp) => page.getByRole('row').filter({ hasText: title })
    const suspense = task(/9090 is zero/)
    await suspense.getByRole('button', { name: /^Show/ }).click()
    await suspense
      .getByText(/SHA-256/)
      .first()
      .waitFor()
    await suspense.getByRole('button', { name: 'Accept the difference' }).click()
    await suspense.getByRole('textbox', { name: 'Reason' }).fill('thirty dollars')
    await suspense.getByRole('button', { name: 'Accept the difference' }).click()
    await page.getByText('thirty dollars').waitFor()

    const close = closingOn(api.system, { entity, period: '2026-10' })
    await close.tell(contract.prepareTask, { task: 'cut-off-sample', note: 'three days' }, 'paula')
    const cutOff = task(/Three days on each side/)
    await cutOff.getByRole('button', { name: 'Sign', exact: true }).click()
    await page
      .getByRole('row')
      .filter({ hasText: /Three days on each side/ })
      .getByText('Signed')
      .waitFor()

    const receivables = page
      .getByRole('region', { name: 'Locks' })
      .getByRole('row')
      .filter({ hasText: 'Receivables' })
    await receivables.getByRole('button', { name: 'Lock AR softly' }).click()
    await receivables.getByRole('textbox', { name: 'Reason' }).fill('month end')
    await receivables.getByRole('button', { name: 'Lock AR softly' }).click()
    await receivables.getByText('Locked softly').waitFor()
    await expectAccessible(page)
    expect(complaints).toEqual([])

    const phone = await enter('ap-clerk', { viewport: { width: 390, height: 844 } })
    await phone.go(`/finance/close/${entity}/2026-10`, `Close of ${entity} 2026-10`)
    await phone.fits()
    expect(await phone.page.getByRole('button', { name: /^Lock/ }).count()).toBe(0)
  })

  test('a statement says what is unexplained, line by line, and its case is one click away', async () => {
    const written = aStatement([
      { class: 'sale', amountMinor: 10_000, orderReference: 'NOBODY-KNOWS', sku: 'LAMP' },
    ])
    const clerk = await api.as('ap-clerk')
    const taken = await post(clerk, '/v1/settlements/statements', written)
    expect(taken.statusCode, taken.body).toBe(202)
    const { page, go, complaints } = await enter('controller')
    await go('/finance/statements', 'Statements')
    await page.getByText('Every bank line is explained.').waitFor()
    await page.getByRole('link', { name: new RegExp(written.statementId) }).click()
    await page.getByText('$100.00 is unexplained.').waitFor()
    await page.getByRole('cell', { name: 'NOBODY-KNOWS' }).waitFor()
    await expectAccessible(page)
    const unexplained = page.getByRole('region', { name: 'Unexplained' })
    await unexplained.getByRole('button', { name: 'Let it be posted all the same' }).click()
    await unexplained.getByRole('textbox', { name: 'Reason' }).fill('Amazon is asked')
    await unexplained.getByRole('button', { name: 'Let it be posted all the same' }).click()
    await unexplained.getByRole('link').first().click()
    await page.getByRole('heading', { name: 'Exceptions' }).waitFor()
    expect(complaints).toEqual([])
  })

  test('the margin bridge opens into lines, the entry and the order in three clicks; a report is also a file', async () => {
    const order = anOrder({ lines: [aLine({ sku: 'LAMP' })] })
    const { orderId } = await api.place(order)
    await desk(api.system, order).ship()
    const { page, go, complaints, fits } = await enter('controller')
    await go('/finance/bridge', 'Margin bridge')
    const bridge = page.getByRole('list', { name: 'Margin bridge' })
    expect(await bridge.getByRole('listitem').count()).toBe(13)
    await page.getByRole('button', { name: 'Show as a table' }).click()
    await page.getByRole('cell', { name: 'Result', exact: true }).waitFor()
    await page.getByRole('button', { name: 'Show as a plot' }).click()
    await bridge.getByRole('link', { name: /Cost of goods/ }).click()
    await page.getByRole('row').filter({ hasText: orderId }).getByRole('link').first().click()
    await page.getByRole('heading', { name: /Journal entry/ }).waitFor()
    await page.getByRole('link', { name: orderId }).first().click()
    await page.getByText('Where it stands').waitFor()

    await go('/finance/clearing', 'Clearing')
    await page
      .getByRole('region', { name: /Clearing/ })
      .getByRole('link')
      .first()
      .waitFor()
    await go('/finance/reports', 'Profit and loss')
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV' }).click(),
    ])
    expect(file.suggestedFilename()).toBe('profit-and-loss.csv')
    expect(await readFile(await file.path(), 'utf8')).toContain('4010')
    await page.getByRole('combobox', { name: 'Report' }).click()
    await page.getByRole('option', { name: 'Balance sheet' }).click()
    await page.getByRole('heading', { level: 1, name: 'Balance sheet' }).waitFor()
    await page
      .getByText(/: holds/)
      .first()
      .waitFor()
    await go('/finance/tax', 'Taxes')
    await page.getByText('Ledger and documents say the same.').waitFor()
    await fits()
    expect(complaints).toEqual([])
  })
})

describe('buying', () => {
  test('a bill stands beside its order and receipt, and the difference is decided there', async () => {
    const { admin } = api.system
    const supplier = await aSupplier(admin, api.company)
    const lines = [{ sku: 'MUG', qty: 100, priceMinor: 1000 }]
    const order = await anOrderOf(admin, api.company, supplier, { lines })
    const { receiptNo } = await receive(admin, api.company, order, [{ qty: 100 }])
    const document = aBill(supplier, { poNumber: order.poNumber, line: { netMinor: 1200_00n } })
    await startBill(api.system, document, { actor: 'clerk' })
    const { page, go, complaints, fits } = await enter(['ap-manager', 'buyer'])
    await go('/buying/bills', 'Bills')
    await page.getByRole('link', { name: document.number }).click()
    const side = page.getByRole('row').filter({ hasText: receiptNo })
    await side.getByText('100 × $10.00').waitFor()
    await side.getByText('100 · $1,200.00').waitFor()
    await side.getByText('Price $200.00: too much').waitFor()
    await page.getByRole('radio', { name: /Approve once/ }).check()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Decide: Approve once' }).click()
    await page.getByText('Payable', { exact: true }).waitFor()
    await side.getByText(/approved once by/).waitFor()

    await side.getByRole('link', { name: order.poNumber }).click()
    await page.getByRole('heading', { name: order.poNumber }).waitFor()
    await page.getByRole('region', { name: 'Receipts' }).getByText(receiptNo).first().waitFor()
    await expectAccessible(page)
    await go('/buying/suppliers', 'Suppliers, the worst first')
    await page.getByRole('link', { name: `${supplier.code} Ltd` }).click()
    await page.getByRole('link', { name: 'Lines: 1', exact: true }).click()
    await page.getByRole('link', { name: new RegExp(order.poNumber) }).waitFor()
    await expectAccessible(page)
    await fits()
    expect(complaints).toEqual([])
  })

  test('a dispute is read by who said what, and given up with a reason', async () => {
    const order = anOrder({ lines: [aLine({ sku: 'LAMP' })] })
    await api.place(order)
    await desk(api.system, order).ship()
    const dispute = disputeOn(api.system, order)
    await dispute.says('opened', { reason: 'product_not_received', feeMinor: '1500' })
    const { page, go, complaints } = await enter('risk-analyst')
    await go('/disputes', 'Disputes')
    await page.getByRole('link', { name: dispute.no.replace('/', ' ') }).click()
    await page
      .getByText(/Product not received/i)
      .first()
      .waitFor()
    await page.getByRole('button', { name: 'Give up' }).click()
    await page.getByRole('textbox', { name: 'Reason' }).fill('the parcel was lost')
    await page.getByRole('button', { name: 'Give up' }).click()
    await page.getByText('Accepted', { exact: true }).first().waitFor()
    await expectAccessible(page)
    expect(complaints).toEqual([])
  })
})

describe('the office', () => {
  test('the scorecard names target, owner and action, and a leak opens into the order behind it', async () => {
    const order = anOrder({ lines: [aLine({ sku: 'LAMP' })] })
    const { orderId } = await api.place(order)
    await desk(api.system, order).until(({ phase }) => phase === 'released')
    await api.system
      .admin`UPDATE fulfilment_order SET ship_on = ship_on - 9 WHERE order_id = ${orderId}`
    const { page, go, complaints, fits } = await enter('controller', {
      viewport: { width: 390, height: 844 },
    })
    await go('/scorecard?entity=ACME-US', 'Scorecard')
    const leaks = page.getByRole('table', { name: 'Six leaks' })
    expect(await leaks.getByRole('row').count()).toBe(7)
    await leaks.getByRole('link', { name: 'Late fulfilment' }).click()
    await page.getByRole('link', { name: order.orderNumber }).waitFor()
    const margin = page.getByRole('region', { name: 'Gross margin', exact: true })
    await margin.getByText(/Target at least 35/).waitFor()
    await margin.getByRole('img', { name: /Gross margin over 1 weeks/ }).waitFor()
    await margin.getByRole('button', { name: 'Show as a table' }).click()
    await margin.getByRole('columnheader', { name: 'Week from' }).waitFor()
    await fits()
    await expectAccessible(page)
    await page.getByRole('link', { name: order.orderNumber }).click()
    await page.getByRole('heading', { name: order.orderNumber }).waitFor()
    expect(complaints).toEqual([])
  })

  test('what waits for a signature is signed in one place, but not by who asked for it', async () => {
    const code = `NEW-${process.pid}`
    const buyer = await api.as('buyer')
    const proposed = await post(buyer, '/v1/suppliers', {
      ...{ code, entity: 'ACME-US', name: 'New Potters', country: 'US', currency: 'USD' },
      reason: 'cheaper mugs',
    })
    expect(proposed.statusCode, proposed.body).toBe(201)
    const { page, go, complaints } = await enter('ap-manager')
    await go('/approvals', 'Approvals')
    const change = page.getByRole('row').filter({ hasText: code })
    await change.getByText('cheaper mugs').waitFor()
    await change.getByRole('button', { name: 'Approve' }).click()
    await change.getByRole('textbox', { name: 'Reason' }).fill('known from the fair')
    await change.getByRole('button', { name: 'Approve' }).click()
    await change.waitFor({ state: 'detached' })
    await expectAccessible(page)
    expect(complaints).toEqual([])
  })

  test('rules, people, keys and channels are changed with a reason, and the audit log tells it', async () => {
    await setPolicy(api.system.admin, 'order', { expectedCommissionPpm: 150_000 }, 'market')
    await setPolicy(api.system.admin, 'order', { expectedCommissionPpm: 120_000 }, 'market')
    const writer = await enter('pricing-manager')
    await writer.go('/admin', 'Policies')
    await writer.page.getByRole('link', { name: /Order · market/ }).click()
    const second = writer.page.getByRole('table', { name: 'What version 2 changed' })
    await second.getByRole('cell', { name: '150000' }).waitFor()
    await second.getByRole('cell', { name: '120000' }).waitFor()
    await expectAccessible(writer.page)

    const { actor, id } = await api.as('picker')
    const { page, go, complaints, fits } = await enter('administrator')
    await go('/admin/users', 'Users')
    const [picker] = await api.system.admin<
      { email: string }[]
    >`SELECT email FROM app_user WHERE id = ${id}`
    const person = page.getByRole('row').filter({ hasText: picker!.email })
    await person.getByRole('button', { name: 'Disable' }).click()
    await person.getByRole('textbox', { name: 'Reason' }).fill('has left')
    await person.getByRole('button', { name: 'Disable' }).click()
    await person.getByText('disabled').waitFor()
    expect(actor).toBe(`user:${id}`)
    await go('/admin/channels', 'Channels')
    await page.getByRole('link', { name: 'Web shop' }).click()
    await page.getByText('No listing is mapped.').waitFor()
    await go('/admin/keys', 'API keys')
    await go(`/admin/audit?subjectId=${id}`, 'Audit log')
    await page.locator('details > summary').first().click()
    await page.getByText('Reason: has left').waitFor()
    await expectAccessible(page)
    await fits()
    expect([...complaints, ...writer.complaints]).toEqual([])
  })

  test('all of it reads in German and in the dark', async () => {
    const { page, complaints } = await enter('controller', { colorScheme: 'dark' })
    await page.getByRole('combobox', { name: 'Language' }).click()
    await page.getByRole('option', { name: 'Deutsch' }).click()
    for (const [link, heading] of [
      ['Kennzahlen', 'Kennzahlen'],
      ['Rückbuchungen', 'Rückbuchungen'],
      ['Genehmigungen', 'Genehmigungen'],
      ['Verwaltung', 'Richtlinien'],
      ['Finanzen', 'Finanzen'],
    ] as const) {
      await page.getByRole('navigation').getByRole('link', { name: link, exact: true }).click()
      await page.getByRole('heading', { level: 1, name: heading }).waitFor()
      await page.getByRole('status', { name: 'Lädt' }).first().waitFor({ state: 'detached' })
      await expectAccessible(page)
    }
    expect(complaints).toEqual([])
  })
})
