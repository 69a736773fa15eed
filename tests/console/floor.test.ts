import { randomUUID } from 'node:crypto'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Role } from '#domain/access'
import { eventually, post, runningApi, type RunningApi } from '#tests/api/running-api'
import { PASSWORD, type Caller } from '#tests/api/support'
import { aLine, anOrder } from '#tests/support/company'
import { fulfilmentsOf } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { aSupplier, inDays } from '#tests/support/purchases'
import { onHand } from '#tests/support/warehouse'
import { expectAccessible, openBrowser } from './browser.ts'
import { logIn, openWindow, serve } from './visit.ts'

const GTIN = '9501101530003'
let api: RunningApi
let browser: Browser
let origin: string
let lead: Caller
let hands: Caller
let context: BrowserContext
let page: Page
let complaints: string[]

beforeAll(async () => {
  api = await runningApi({
    stock: { MUG: { east: 100 }, LAMP: { east: 30 }, TEA: { east: 60 }, CHAIR: { east: 10 } },
  })
  lead = await api.as('warehouse-lead')
  hands = await api.as(['picker', 'receiver'])
  const buyer = await api.as('buyer')
  const put = (caller: Caller, url: string, payload: object) =>
    caller({ method: 'PUT', url, payload: { reason: 'set up', ...payload } })
  await put(lead, '/v1/sites/EAST/bins/A-01', { zone: 'A', pickSeq: 1 })
  await put(lead, '/v1/sites/EAST/bins/B-01', { zone: 'B', pickSeq: 2 })
  await put(lead, '/v1/sites/EAST/gs1-prefix', { prefix: '39501101' })
  const box = { lengthMm: 320, widthMm: 320, heightMm: 320, tareG: 320, maxWeightG: 10_000 }
  await put(lead, '/v1/sites/EAST/package-types/L', box)
  await put(buyer, `/v1/items/TEA/gtins/${GTIN}`, {})
  await put(buyer, '/v1/items/TEA/lots/NEW', { expiresOn: '2099-01-31' })
  for (const move of [
    { sku: 'MUG', qty: '20', toBin: 'A-01' },
    { sku: 'LAMP', qty: '10', toBin: 'A-01' },
    { sku: 'TEA', qty: '20', toBin: 'B-01', toLot: 'NEW' },
  ]) {
    const moved = await post(hands, '/v1/stock/bin-moves', { site: 'EAST', ...move })
    expect(moved.statusCode, moved.body).toBe(201)
  }
  origin = await serve(api)
  browser = await openBrowser()
}, 120_000)
afterAll(async () => {
  await browser?.close()
  if (api) await expectProofs(api.system.db)
  await api?.close()
})
beforeEach(async () => {
  await context?.close()
  await open({})
})

/** A phone of its own: nothing is on it. */
async function open(options: Parameters<Browser['newContext']>[0]): Promise<void> {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, ...options }
  ;({ context, page, complaints } = await openWindow(browser, phone))
}

async function enter(caller: Caller, path: string): Promise<void> {
  if (path !== '') await page.goto(origin + path)
  await logIn(page, api, caller.id)
  await page.getByRole('link', { name: 'Queue' }).waitFor()
}

/** Somebody at EAST, on a device that could lose its network from now on. */
async function onTheFloor(role: Role | Role[]): Promise<Caller> {
  const caller = await api.as(role)
  await enter(caller, '/floor')
  await page.getByText('Opens without a network.').waitFor()
  await page.getByRole('combobox', { name: 'Where this device is' }).click()
  await page.getByRole('option', { name: /^EAST/ }).click()
  return caller
}

const go = async (...names: (string | RegExp)[]) => {
  for (const name of names) await page.getByRole('link', { name }).first().click()
}
const scan = async (label: string | RegExp, ...codes: string[]) => {
  for (const code of codes) {
    const field = page.getByLabel(label)
    await field.fill(code)
    await field.press('Enter')
  }
}
const press = (name: string | RegExp) => page.getByRole('button', { name }).click()
const waits = (count: number) => page.getByText(`${count} waiting`, { exact: true }).waitFor()
const width = () => page.evaluate<number>('document.documentElement.scrollWidth')

const prices: Record<string, string> = { MUG: '1000', LAMP: '10000', TEA: '250' }
async function released(...wanted: [sku: string, quantity: number][]): Promise<string> {
  const lines = wanted.map(([sku, quantity], n) =>
    aLine({ sku, quantity, unitPriceMinor: prices[sku]!, externalLineId: `${n + 1}` }),
  )
  const order = await api.place(anOrder({ lines }))
  const [fulfilment] = await fulfilmentsOf(api.system.db, order.orderId)
  return String(fulfilment!.id)
}
async function startedWave(): Promise<string> {
  const waveNo = `W-${randomUUID().slice(0, 8)}`
  const body = { waveNo, site: 'EAST', shipUntil: '2099-12-31' }
  const planned = await post(lead, '/v1/waves', body)
  expect(planned.statusCode, planned.body).toBe(201)
  await post(lead, `/v1/waves/${waveNo}/start`, {})
  return waveNo
}
/** What went into totes, as `3 × MUG A-01 → TOTE/1`; each movement a row. */
const intoTotes = async (...fulfilments: string[]) => {
  const rows = await api.system.db<{ said: string }[]>`
    SELECT m.qty || ' × ' || i.sku || ' ' || m.from_bin AS said FROM stock_movement m JOIN item i ON i.id = m.item_id
    WHERE m.to_bin = ANY(${fulfilments.map((id) => `TOTE/${id}`)}::text[]) ORDER BY m.id`
  return rows.map(({ said }) => said)
}

test('the network goes in the middle of a pick: work goes on, a reload loses nothing, and each pick happens once', async () => {
  const one = await released(['MUG', 3], ['LAMP', 2])
  const other = await released(['TEA', 6])
  const waveNo = await startedWave()
  await onTheFloor('picker')
  await go(/^Pick/, `Wave ${waveNo} 3 tasks to pick`)
  await page.getByText('0 of 3 picked').waitFor()

  // Another bin, another item: refused by the device itself.
  await scan('Scan the bin', 'B-01')
  await page.getByText('B-01 is the wrong bin: go to A-01.').waitFor()
  await scan('Scan the bin', 'A-01')
  await scan('Scan the item', 'MUG')
  await page.getByText('MUG is the wrong item: LAMP is wanted. Put it back.').waitFor()
  await expectAccessible(page)

  await context.setOffline(true)
  await scan('Scan the item', 'LAMP')
  await press('2 into')
  await waits(1)
  await page.getByText('No network. Go on', { exact: false }).waitFor()

  // The battery, the browser, the thumb: the page comes back without a network, with all that was done.
  await page.reload()
  await page.getByText('1 of 3 picked').waitFor()
  await page.getByText(/No answer from the server: as of/).waitFor()
  await waits(1)
  await scan('Scan the bin', 'A-01')
  await scan('Scan the item', 'MUG')
  await page.getByLabel('How many').fill('1')
  await page.getByRole('combobox', { name: 'Why fewer' }).click()
  await page.getByRole('option', { name: 'fewer than booked' }).click()
  await press('1 into')
  await scan('Scan the bin', 'B-01')
  await scan('Scan the item', `]C101${GTIN.padStart(14, '0')}10OLD`)
  await page.getByText('Lot OLD is the wrong one: take lot NEW.').waitFor()
  await scan('Scan the item', `]C101${GTIN.padStart(14, '0')}10NEW`)
  await press('6 into')
  await page.getByText('All picked.').waitFor()
  await waits(3)
  expect(await intoTotes(one, other)).toEqual([])
  expect(await width()).toBeLessThanOrEqual(390)

  await context.setOffline(false)
  await waits(0)
  expect(await intoTotes(one, other)).toEqual(['2 × LAMP A-01', '1 × MUG A-01', '6 × TEA B-01'])
  const tasks = await api.system.db`
    SELECT t.state, t.picked::int, t.reason FROM pick_task t JOIN wave w ON w.id = t.wave_id WHERE w.wave_no = ${waveNo} ORDER BY t.qty`
  expect(tasks).toMatchObject([
    { picked: 2, state: 'picked', reason: null },
    { picked: 1, reason: 'fewer than booked' },
    { picked: 6, state: 'picked', reason: null },
  ])
  await go('Queue')
  await page.getByRole('article').nth(2).waitFor()
  expect(complaints).toEqual([])
})

test('an answer that is lost is asked for again; what others did first is refused, said why, and put right', async () => {
  const lost = await released(['MUG', 2])
  await onTheFloor(['picker', 'receiver'])
  const [order] = await api.system.db<{ no: string }[]>`
    SELECT o.order_number AS no FROM fulfilment_order f JOIN sales_order o ON o.id = f.order_id WHERE f.id = ${lost}`
  await go(/^Pick/, new RegExp(`Order ${order!.no}`))
  let answers = 0
  await context.route('**/picks', async (route) => {
    answers += 1
    if (answers > 1) return route.continue()
    // The server has done it; nobody hears of it.
    await route.fetch()
    return route.abort('connectionreset')
  })
  await scan('Scan the item', 'MUG')
  await press('2 into')
  await page.getByText('All picked.').waitFor()
  await waits(0)
  expect(answers).toBe(2)
  const picked = await api.system
    .db`SELECT picked::int FROM fulfilment_line WHERE fulfilment_id = ${lost}`
  expect(picked).toEqual([{ picked: 2 }])

  // More than there is, without a network that could say so; another one behind it.
  await page.goto(`${origin}/floor/put-away`)
  await context.setOffline(true)
  for (const [qty, bin] of [
    ['400', 'A-01'],
    ['3', 'B-01'],
  ]) {
    await scan('Scan the item', 'CHAIR')
    await page.getByLabel('How many').fill(qty!)
    await press('Go on')
    await scan('Scan the bin where they lie now', bin!)
    await page.getByText(`Kept: ${qty} × CHAIR → ${bin}`).waitFor()
  }
  await waits(2)
  await context.setOffline(false)
  await page.getByText('1 refused', { exact: true }).waitFor()
  await go('Queue')
  await page.getByText(/Waits behind what was refused: CHAIR 400 × CHAIR → A-01/).waitFor()
  await expectAccessible(page)
  await page.getByLabel('Units').fill('4')
  await press('Send again')
  await waits(0)
  const lying = await api.system.db`
    SELECT q.bin, q.qty::int FROM stock_quant q JOIN item i ON i.id = q.item_id WHERE i.sku = 'CHAIR' AND q.qty > 0 ORDER BY 1`
  expect(lying).toEqual([
    { bin: '', qty: 3 },
    { bin: 'A-01', qty: 4 },
    { bin: 'B-01', qty: 3 },
  ])
  expect(complaints).toEqual([])
})

test('a second picker is told that the first was quicker, and who logs in next does not send what is not theirs', async () => {
  const fulfilment = await released(['TEA', 1])
  const waveNo = await startedWave()
  const picker = await onTheFloor('picker')
  await go(/^Pick/, new RegExp(`Wave ${waveNo}`))
  await page.getByText('0 of 1 picked').waitFor()
  await context.setOffline(true)
  await scan('Scan the bin', 'B-01')
  await scan('Scan the item', GTIN)
  await press('1 into')
  await waits(1)
  const [task] = await api.system.db<{ id: string }[]>`
    SELECT id::text FROM pick_task WHERE fulfilment_id = ${fulfilment}`
  const first = await post(hands, `/v1/pick-tasks/${task!.id}/pick`, { bin: 'B-01', scan: 'TEA' })
  expect(first.statusCode, first.body).toBe(200)

  await page.getByRole('button', { name: 'Menu' }).click()
  await press('Log out')
  await context.setOffline(false)
  await enter(await api.as('warehouse-lead'), '')
  await go('Queue')
  await page.getByText(/1 action waits until picker-.* logs in on this device/).waitFor()
  expect(await page.getByRole('article').count()).toBe(0)
  await page.getByRole('button', { name: 'Menu' }).click()
  await press('Log out')
  await enter(picker, '')
  await page.getByText('PickTaskDone').waitFor()
  await press('Remove')
  await press('Really remove it')
  await page.getByText('Nothing was done on this device yet.').waitFor()
  expect(await intoTotes(fulfilment)).toEqual(['1 × TEA B-01'])
})

test('picked units are scanned into a box that is weighed, numbered and shipped', async () => {
  const fulfilment = await released(['MUG', 2])
  const url = `/v1/fulfilment-orders/${fulfilment}`
  const { lines } = (await hands({ method: 'GET', url })).json()
  await post(hands, `${url}/picks`, { lines: [{ orderLineId: lines[0].orderLineId, picked: 2 }] })
  await onTheFloor('picker')
  await go(/^Pack/)
  await scan('Scan the tote', `TOTE/${fulfilment}`)
  await scan('Scan the item', 'MUG')
  await page.getByText('Choose the type of the box first.').waitFor()
  await page.getByRole('combobox', { name: 'Type of box 1' }).click()
  await page.getByRole('option', { name: 'L' }).click()
  await scan('Scan the item', 'LAMP')
  await page.getByText('LAMP is not part of this. Put it back.').waitFor()
  await scan('Scan the item', 'MUG')
  await page.getByText('1 packed · 2 picked · 2 asked').waitFor()
  await context.setOffline(true)
  await scan('Scan the item', 'MUG')
  await page.getByText('2 packed · 2 picked · 2 asked').waitFor()
  await scan('Scan the item', 'MUG')
  await page.getByText('All picked units of MUG are packed.').waitFor()
  await page.getByLabel('Weight in grams').fill('1320')
  await press('Close the box')
  await page.getByText('2 × MUG · 1320 g').waitFor()
  await expectAccessible(page)
  await context.setOffline(false)
  await waits(0)
  await press('SSCC and label')
  await page.getByText(/^SSCC 39501101\d{10}$/).waitFor()
  await press('Boxes have left')
  await eventually(
    () =>
      api.system.db`SELECT shipped::int FROM fulfilment_line WHERE fulfilment_id = ${fulfilment}`,
    ([line]) => line?.['shipped'] === 2,
  )
  const parcels = await api.system.db`
    SELECT b.weight_g::int AS weight, (SELECT sum(l.qty)::int FROM pack_line l WHERE l.box_id = b.id) AS units FROM pack_box b WHERE b.fulfilment_id = ${fulfilment}`
  expect(parcels).toEqual([{ weight: 1320, units: 2 }])
  expect(complaints).toEqual([])
})

async function ordered(qty: string): Promise<string> {
  const [buyer, manager] = [await api.as('buyer'), await api.as('purchasing-manager')]
  const supplier = await aSupplier(api.system.admin, api.company)
  const line = { sku: 'MUG', site: 'EAST', qty, neededOn: inDays(9) }
  const drafted = await post(buyer, '/v1/purchase-orders', { supplier, lines: [line] })
  const url = `/v1/purchase-orders/${drafted.json().poNumber}`
  await post(buyer, `${url}/submission`, {})
  await post(manager, `${url}/approval`, { decision: 'approved', revision: 1 })
  for (let phase = ''; phase !== 'sent';)
    phase = (await buyer({ method: 'GET', url })).json<{ phase: string }>().phase
  return drafted.json().poNumber
}

/** Runs in the page: this machine has neither a camera nor a mug. */
const aCameraThatSeesAMug = `
  window.BarcodeDetector = class { async detect() { return [{ rawValue: 'MUG' }] } }
  navigator.mediaDevices.getUserMedia = async () => {
    const canvas = document.createElement('canvas')
    canvas.getContext('2d')
    return canvas.captureStream()
  }`

test('goods come in: too many, broken and wrong ones are said so, and a draft survives a reload', async () => {
  const poNumber = await ordered('3')
  await page.addInitScript(aCameraThatSeesAMug)
  await onTheFloor('receiver')
  await go(/^Receive/, new RegExp(poNumber))
  await scan('Scan the item', 'MUG')
  await press('Scan with the camera')
  await page.getByText('2 of 3').waitFor()
  await context.setOffline(true)
  await page.reload()
  await page.getByText('2 of 3').waitFor()
  await scan('Scan the item', 'MUG', 'MUG', 'LAMP')
  await page.getByText('1 too many').waitFor()
  await page.getByText('Not ordered', { exact: true }).waitFor()
  await page.getByLabel('Damaged: MUG').fill('1')
  await page.getByLabel('Why: MUG').fill('crushed corner')
  await page.getByText('Say why units are damaged, missing or were not ordered.').waitFor()
  await page.getByLabel('Why: LAMP').fill('was in the same box')
  await expectAccessible(page)
  await page.getByLabel('Blind: do not show what is expected').check({ force: true })
  await page.getByText('2 too many').waitFor({ state: 'detached' })
  await press('Receive these')
  await page.waitForURL('**/floor/receive')
  await waits(1)
  await context.setOffline(false)
  await waits(0)
  const got = await api.system.db`
    SELECT i.sku, l.received_qty::int AS qty, l.condition FROM goods_receipt_line l JOIN goods_receipt r ON r.id = l.receipt_id JOIN item i ON i.id = l.item_id
    JOIN purchase_order p ON p.id = r.purchase_order_id WHERE p.po_number = ${poNumber} ORDER BY l.line_no`
  expect(got).toEqual([
    { sku: 'MUG', qty: 2, condition: 'sellable' },
    { sku: 'MUG', qty: 1, condition: 'damaged' },
    { sku: 'MUG', qty: 2, condition: 'quarantine' },
    { sku: 'LAMP', qty: 1, condition: 'quarantine' },
  ])
  const cases = await api.system.db<{ type: string }[]>`
    SELECT type FROM exception_case WHERE subject_type = 'purchase-order' AND subject_id IN (SELECT id::text FROM purchase_order WHERE po_number = ${poNumber}) ORDER BY 1`
  expect(cases.map(({ type }) => type)).toEqual([
    'receipt-damaged',
    'receipt-over',
    'receipt-wrong',
  ])
  expect(complaints).toEqual([])
})

test('a place is counted blind, and goods of a transfer leave here and arrive there, each once', async () => {
  const countNo = `C-${randomUUID().slice(0, 8)}`
  const places = [
    { sku: 'LAMP', bin: 'A-01' },
    { sku: 'TEA', bin: 'B-01', lot: 'NEW' },
  ]
  const count = { countNo, site: 'EAST', reason: 'weekly round', places }
  const asked = await post(lead, '/v1/cycle-counts', count)
  expect(asked.statusCode, asked.body).toBe(201)
  const transferNo = `T-${randomUUID().slice(0, 8)}`
  const lines = [{ sku: 'LAMP', qty: '5' }]
  const wish = { transferNo, from: 'EAST', to: 'WEST', reason: 'WEST runs low', lines }
  expect((await post(lead, '/v1/transfers', wish)).statusCode).toBe(201)

  await onTheFloor(['picker', 'receiver'])
  await go(/^Count/, new RegExp(countNo))
  await page.getByLabel('Scan the bin').waitFor()
  await context.setOffline(true)
  for (const [bin, code, units] of [
    ['A-01', 'LAMP', '8'],
    ['B-01', GTIN, '12'],
  ]) {
    await scan('Scan the bin', bin!)
    await scan('Scan the item', code!)
    await page.getByLabel('How many lie there').fill(units!)
    await press('Counted')
  }
  await page.getByText('Every place is counted.').waitFor()
  await expectAccessible(page)
  await context.setOffline(false)
  await waits(0)
  const entries = await api.system.db`
    SELECT i.sku, n.counted::int FROM count_entry n JOIN count_line l ON l.id = n.line_id JOIN item i ON i.id = l.item_id JOIN count_task t ON t.id = l.task_id
    WHERE t.count_no = ${countNo} ORDER BY n.id`
  expect(entries).toEqual([
    { sku: 'LAMP', counted: 8 },
    { sku: 'TEA', counted: 12 },
  ])

  await page.goto(`${origin}/floor/transfer`)
  await go(new RegExp(`Send ${transferNo}`))
  await scan('Scan the item', 'MUG')
  await page.getByText('MUG is not part of this. Put it back.').waitFor()
  await page.getByLabel('Good: LAMP').fill('5')
  await press('They have left')
  await page.waitForURL('**/floor/transfer')
  await waits(0)
  await page.goto(`${origin}/floor`)
  await page.getByRole('combobox', { name: 'Where this device is' }).click()
  await page.getByRole('option', { name: /^WEST/ }).click()
  await go(/^Transfers/, new RegExp(`Receive ${transferNo}`))
  await page.getByText('0 of 5').waitFor()
  await page.getByLabel('Good: LAMP').fill('4')
  await page.getByLabel('Damaged: LAMP').fill('1')
  await page.getByLabel('Why: LAMP').fill('fell off the fork')
  await press('They have arrived')
  await page.waitForURL('**/floor/transfer')
  await waits(0)
  expect(await onHand(api.system.db, 'LAMP')).toMatchObject({ 'WEST sellable': 4 })
  expect(complaints).toEqual([])

  await page.goto(`${origin}/stock/transfers`)
  await go(transferNo)
  await page.getByRole('heading', { name: `Transfer ${transferNo}` }).waitFor()
  await page.getByText('fell off the fork').waitFor()
  await expectAccessible(page)
  await go('Counts', countNo)
  await page
    .getByText('What was expected and found is shown to those who approve counts.')
    .waitFor()
})

test('layers, lots and confidence of an item, counts for who approves them, and the floor in German and in the dark', async () => {
  await context.close()
  await open({ viewport: { width: 1280, height: 900 }, colorScheme: 'dark' })
  await enterOffFloor(await api.as('controller'), '/stock/items/TEA')
  await page.getByRole('cell', { name: 'NEW' }).waitFor()
  await page.getByRole('region', { name: 'Cost layers' }).first().getByText('$').first().waitFor()
  await page
    .getByRole('region', { name: 'EAST' })
    .getByText(/counted/)
    .first()
    .waitFor()
  await expectAccessible(page)
  await go('Counts', /^C-/)
  await page.getByRole('cell', { name: 'LAMP' }).waitFor()
  await expectAccessible(page)

  await context.close()
  await open({ colorScheme: 'dark', locale: 'de-DE' })
  const receiver = await api.as('warehouse-lead')
  const [user] = await api.system.admin<
    { email: string }[]
  >`SELECT email FROM app_user WHERE id = ${receiver.id}`
  await page.goto(`${origin}/floor`)
  await page.getByLabel('E-Mail-Adresse').fill(user!.email)
  await page.locator('input[type=password]').fill(PASSWORD)
  await press('Anmelden')
  await page.getByRole('heading', { name: 'Lagerfläche' }).waitFor()
  await page.getByText('Öffnet sich auch ohne Netz.').waitFor()
  await expectAccessible(page)
  for (const path of ['pick', 'pack', 'receive', 'put-away', 'count', 'transfer', 'queue']) {
    await page.goto(`${origin}/floor/${path}`)
    await page.getByText('Wählen Sie zuerst den Standort').waitFor()
  }
  expect(await width()).toBeLessThanOrEqual(390)
  expect(complaints).toEqual([])
})

async function enterOffFloor(caller: Caller, path: string): Promise<void> {
  const [user] = await api.system.admin<
    { email: string }[]
  >`SELECT email FROM app_user WHERE id = ${caller.id}`
  await page.goto(origin + path)
  await page.getByLabel('Mail address').fill(user!.email)
  await page.locator('input[type=password]').fill(PASSWORD)
  await press('Log in')
}
