import { gzipSync } from 'node:zlib'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CONSOLE_FOLDER } from '#api/plugins/pages'
import type { Role } from '#domain/access'
import { eventually, post, runningApi, type RunningApi } from '#tests/api/running-api'
import { PASSWORD } from '#tests/api/support'
import { aLine, anOrder } from '#tests/support/company'
import { shipToOf } from '#tests/support/orders'
import { expectAccessible, openBrowser } from './browser.ts'
import { logIn, openWindow, serve } from './visit.ts'

const HOSTILE = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>"'&`

let api: RunningApi
let browser: Browser
let origin: string
let context: BrowserContext
let page: Page
let complaints: string[]

beforeAll(async () => {
  api = await runningApi({ stock: { MUG: { east: 500, west: 3 }, LAMP: { east: 100 } } })
  await api.system.admin`
    INSERT INTO item_substitute (item_id, substitute_id) SELECT a.id, b.id FROM item a, item b WHERE a.sku = 'TEA' AND b.sku = 'MUG'`
  origin = await serve(api)
  browser = await openBrowser()
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await api?.close()
})
beforeEach(async () => {
  await context?.close()
  await open({})
})

async function open(options: Parameters<Browser['newContext']>[0]): Promise<void> {
  const opened = await openWindow(browser, { timezoneId: 'Europe/Berlin', ...options })
  ;({ context, page, complaints } = opened)
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith('data:'))
      complaints.push(`a request to ${request.url()}`)
  })
}

/** Logs in by the form, as somebody with these roles. */
async function enterAs(role: Role | Role[], path = '/'): Promise<{ id: number }> {
  const caller = await api.as(role)
  await page.goto(origin + path)
  await logIn(page, api, caller.id)
  await page.getByRole('button', { name: 'Log out' }).waitFor({ state: 'attached' })
  return caller
}

const shortOrder = (quantity = 1) =>
  anOrder({ lines: [aLine({ sku: 'TEA', quantity, unitPriceMinor: '250' })] })
const caseRow = (id: string) => page.locator(`#row-${id}`)

describe('somebody who comes', () => {
  test('is told a wrong password, gets in by the right one, and sees what their roles open', async () => {
    await page.goto(origin)
    await expectAccessible(page)
    await page.getByLabel('Mail address').fill('nobody@example.com')
    await page.locator('input[type=password]').fill('wrong')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('Mail address or password is wrong.').waitFor()

    await enterAs('picker')
    const menu = page.getByRole('navigation')
    await menu.getByRole('link').first().waitFor()
    expect(await menu.getByRole('link').allTextContents()).toEqual(['Stock', 'Floor'])
    await page.goto(`${origin}/finance`)
    await page.getByText('Your roles do not open this page.').waitFor()
    expect(complaints).toEqual([])
  })

  test('reads it in German, in the dark and on a phone', async () => {
    const { cases } = await api.place(shortOrder())
    await context.close()
    await open({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
    await enterAs('oms-supervisor')
    await page.getByRole('combobox', { name: 'Language' }).click()
    await page.getByRole('option', { name: 'Deutsch' }).click()
    await page.getByRole('heading', { name: 'Ausnahmen' }).waitFor()
    await caseRow(cases[0]!.id).click()
    await page
      .getByText('1. Anderer Standort', { exact: false })
      .or(page.getByText('1. anderer Standort'))
      .waitFor()
    await expectAccessible(page)
    const width = await page.evaluate<number>('document.documentElement.scrollWidth')
    expect(width).toBeLessThanOrEqual(390)
    expect(complaints).toEqual([])
  })
})

describe('the queue', () => {
  test('a short order is resolved on one screen, and it ships', async () => {
    const order = shortOrder()
    const { orderId, cases } = await api.place(order)
    const { caseId } = { caseId: cases[0]!.id }
    await enterAs('oms-supervisor')
    await caseRow(caseId).click()
    await page.getByRole('radio', { name: /Substitute/ }).check()
    await page.getByText('Fill in what is asked').waitFor()
    await page.getByRole('combobox', { name: 'Order line' }).click()
    await page.getByRole('option', { name: /· TEA ·/ }).click()
    await page.getByRole('textbox', { name: 'Units' }).fill('1')
    await page.getByRole('textbox', { name: 'SKU' }).fill('MUG')
    const effect = page.getByRole('region', { name: 'What it would do' })
    await effect.getByText(/MUG @ EAST: \+1/).waitFor()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Decide: Substitute' }).click()
    await caseRow(caseId).waitFor({ state: 'detached' })

    await page.getByRole('link', { name: `Order ${orderId}` }).click()
    await page.getByText('Released', { exact: true }).first().waitFor()
    const [fulfilment] = await api.system.db<
      { id: bigint }[]
    >`SELECT id FROM fulfilment_order WHERE order_id = ${orderId}`
    const shipped = await post(
      await api.as('warehouse-lead'),
      `/v1/fulfilment-orders/${fulfilment!.id}/shipments`,
      { reference: 'S-1', parcels: [{ trackingNumber: '1Z-CONSOLE', carrier: 'UPS' }] },
    )
    expect(shipped.statusCode, shipped.body).toBe(200)
    await page.getByText('1Z-CONSOLE').waitFor()
    await expectAccessible(page)
    expect(complaints).toEqual([])
  })

  test('is worked by the keyboard alone, and many cases of one type at once', async () => {
    const placed = [await api.place(shortOrder(70)), await api.place(shortOrder(60))]
    const [first, second] = placed.map(({ cases }) => cases[0]!.id)
    await enterAs('oms-supervisor', '/exceptions?type=stock-short')
    await caseRow(first!).waitFor()
    await page.getByRole('listbox', { name: 'Exceptions' }).focus()
    await page.keyboard.press('j')
    await page.getByRole('article', { name: 'Stock short' }).waitFor()
    expect(page.url()).toContain(`/exceptions/${first}`)
    await page.keyboard.press('4')
    await page.getByRole('button', { name: 'Decide: Backorder' }).waitFor()
    await page.keyboard.press('Control+Enter')
    await caseRow(first!).waitFor({ state: 'detached' })

    await caseRow(second!).click()
    await page.locator(`#row-${second}[data-chosen=true]`).waitFor()
    await page.getByRole('listbox', { name: 'Exceptions' }).focus()
    await page.keyboard.press('x')
    await page.getByText('1 case selected').waitFor()
    await page.getByRole('combobox', { name: 'Choose what to do' }).click()
    await page.getByRole('option', { name: 'Backorder' }).click()
    await page.getByRole('button', { name: 'Decide all' }).click()
    await page.getByText('1 decided, 0 refused.').waitFor()
    await caseRow(second!).waitFor({ state: 'detached' })
  })

  test('a case comes, is taken and goes before one could reload', async () => {
    await enterAs('oms-supervisor')
    await page.getByText('Live', { exact: true }).waitFor()
    const began = Date.now()
    const { cases } = await api.place(shortOrder(50))
    const placedMs = Date.now() - began
    await caseRow(cases[0]!.id).waitFor({ timeout: 3_000 })
    expect(Date.now() - began - placedMs).toBeLessThan(1_500)
    await caseRow(cases[0]!.id).click()

    const other = await api.as('oms-supervisor', { entities: ['ACME-US'] })
    await post(other, `/v1/exceptions/${cases[0]!.id}/assignment`, { userId: `${other.id}` })
    await page.getByText(/has it$/).waitFor()
    await page.getByRole('radio', { name: /Backorder/ }).check()
    await post(other, `/v1/exceptions/${cases[0]!.id}/resolution`, { resolution: 'cancel' })
    await page
      .getByText('This case is Decided: Cancel.')
      .or(page.getByText(/This case is Resolved: Cancel/))
      .waitFor()
    await caseRow(cases[0]!.id).waitFor({ state: 'detached' })
  })

  test('keeps what was typed while the server is away and when the login expires', async () => {
    const { cases } = await api.place(shortOrder(40))
    const caller = await enterAs('oms-supervisor', `/exceptions/${cases[0]!.id}`)
    await page.getByRole('radio', { name: /Substitute/ }).check()
    await page.getByRole('textbox', { name: 'SKU' }).fill('MUG')
    await page.route('**/v1/**', (route) => route.abort('connectionrefused'))
    api.server.server.closeAllConnections()
    await page
      .getByText(/The server does not answer/)
      .first()
      .waitFor()
    await page.unroute('**/v1/**')
    await page.getByText('Live', { exact: true }).waitFor()
    expect(await page.getByRole('textbox', { name: 'SKU' }).inputValue()).toBe('MUG')

    // Whoever changes their password ends every session.
    await api.system
      .admin`UPDATE app_user SET password_changed_at = clock_timestamp() WHERE id = ${caller.id}`
    await api.place(shortOrder(1))
    await page.getByText(/Your login has expired/).waitFor()
    await page.locator('input[type=password]').fill(PASSWORD)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText(/Your login has expired/).waitFor({ state: 'detached' })
    expect(await page.getByRole('textbox', { name: 'SKU' }).inputValue()).toBe('MUG')
  })
})

describe('an order', () => {
  test('says in one sentence why it has not shipped, and changes only after its effect was seen', async () => {
    const order = anOrder({ lines: [aLine({ sku: 'MUG', quantity: 3 })] })
    const { orderId, orderNo } = await api.place(order)
    await enterAs(['oms-supervisor', 'controller'], '/orders')
    await page.getByRole('textbox', { name: /Order number/ }).fill(orderNo)
    await page.getByRole('option', { name: new RegExp(orderNo) }).dblclick()
    await page.getByRole('heading', { name: orderNo }).waitFor()
    await page.getByText('Why has this not shipped?').waitFor()
    await page.getByLabel('Cancel units: MUG').fill('1')
    await page.getByRole('button', { name: 'Show what it does' }).click()
    await page.getByText(/MUG @ EAST: -1/).waitFor()
    await api.system.admin`UPDATE sales_order SET version = version + 1 WHERE id = ${orderId}`
    await page.getByRole('button', { name: 'Change the order' }).click()
    await page.getByText(/Somebody was quicker/).waitFor()
    await page.getByRole('button', { name: 'Show what it does' }).click()
    await page.getByText(/MUG @ EAST: -1/).waitFor()
    await page.getByRole('button', { name: 'Change the order' }).click()
    await page.getByText('The order is changed.').waitFor()

    // The refund of the unit moves the order once more; the page must have seen it.
    await eventually(
      () => api.system.db`
        SELECT 1 FROM external_effect WHERE subject_id = ${orderId} AND state IN ('intended', 'sent')`,
      (open) => open.length === 0,
    )
    await page.reload()
    const line = page.getByRole('group', { name: 'Add a line' })
    await line.getByLabel('SKU').fill('LAMP')
    const show = page.getByRole('button', { name: 'Show what it does' })
    expect(await show.isDisabled()).toBe(true)
    await line.getByLabel('Units').fill('1')
    await line.getByLabel('Unit price').fill('100.00')
    const address = page.getByRole('group', { name: 'Send it to another address' })
    await address.getByLabel('Street').fill('2 Side St')
    await address.getByLabel('City').fill('Boston')
    await address.getByLabel('State or region').fill('MA')
    await address.getByLabel('Postal code').fill('02108')
    await address.getByLabel('Country').fill('us')
    await show.click()
    await page.getByText(/LAMP @ EAST: \+1/).waitFor()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Change the order' }).click()
    await page.getByText('The order is changed.').waitFor()
    expect(await shipToOf(api.system.db, orderId)).toMatchObject({
      ...{ name: order.shipTo!.name, line1: '2 Side St', city: 'Boston', country: 'US' },
    })
  })

  test('hostile names are words on the page and nothing else', async () => {
    const order = anOrder({ lines: [aLine({ sku: 'MUG', title: HOSTILE })] })
    const { orderId } = await api.place(order)
    await enterAs('oms-supervisor', `/orders/${orderId}`)
    await page.getByText(HOSTILE).first().waitFor()
    expect(await page.evaluate<boolean>(`'hacked' in window`)).toBe(false)
    expect(complaints).toEqual([])
  })
})

describe('numbers', () => {
  test('stock opens into what it is made of, and balances into lines, entries and the order', async () => {
    const order = anOrder({ lines: [aLine({ sku: 'LAMP' })] })
    const { orderId } = await api.place(order)
    await enterAs('controller', '/stock?sku=LAMP')
    await page.getByRole('option', { name: /LAMP EAST/ }).click()
    await page.getByText('On hand').waitFor()
    await page
      .getByRole('region', { name: 'Reservations' })
      .first()
      .getByRole('link')
      .first()
      .waitFor()
    await expectAccessible(page)

    await page.getByRole('link', { name: 'Finance' }).click()
    await page.getByText('Everything that must hold does.').waitFor()
    await expectAccessible(page)
    const deposits = page.getByRole('row').filter({ hasText: '2100' })
    await deposits.getByRole('link').click()
    await page.getByRole('heading', { name: 'Journal lines' }).waitFor()
    await page.getByRole('row').filter({ hasText: orderId }).getByRole('link').first().click()
    await page.getByRole('heading', { name: /Journal entry/ }).waitFor()
    await page.getByRole('link', { name: orderId }).first().click()
    await page.getByText('Why has this not shipped?').waitFor()
    await page.getByRole('link', { name: 'Buying' }).click()
    await page.getByText('No purchase order yet.').waitFor()
    await expectAccessible(page)
    expect(complaints).toEqual([])
  })
})

test('what a browser loads first weighs less than 350 kB', async () => {
  const html = await readFile(join(CONSOLE_FOLDER, 'index.html'), 'utf8')
  const files = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(([, name]) => name!)
  expect(files.length).toBeGreaterThan(1)
  const sizes = await Promise.all(
    files.map(async (name) => gzipSync(await readFile(join(CONSOLE_FOLDER, name))).length),
  )
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(350_000)
})
