import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aLine, anOrder } from '#tests/support/company'
import { eventually, post, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let controller: Caller
let orderId: string
beforeAll(async () => {
  api = await runningApi({ stock: { MUG: { east: 100, west: 20 }, LAMP: { east: 20 } } })
  controller = await api.as('controller')
  const lead = await api.as('warehouse-lead')
  const receiver = await api.as('receiver')
  const lines = [
    aLine({ sku: 'MUG', quantity: 3, unitPriceMinor: '1000' }),
    aLine({ sku: 'LAMP', quantity: 2 }),
  ]
  for (let n = 1; n <= 3; n += 1) orderId = (await api.place(anOrder({ lines }))).orderId
  await api.place(
    anOrder({
      channel: 'b2b',
      lines: [aLine({ sku: 'MUG', quantity: 5, unitPriceMinor: '1000' })],
    }),
  )
  const { items } = (await lead({ method: 'GET', url: '/v1/fulfilment-orders' })).json()
  for (const { id } of items) {
    const shipped = await post(lead, `/v1/fulfilment-orders/${id}/shipments`, {
      reference: `S-${id}`,
      parcels: [{ trackingNumber: `1Z${id}`, carrier: 'UPS' }],
    })
    expect(shipped.statusCode, shipped.body).toBe(200)
  }
  for (const qty of ['-2', '3'])
    await post(lead, '/v1/stock/adjustments', { sku: 'MUG', site: 'EAST', qty, reason: 'counted' })
  const receipt = { sku: 'MUG', expectedQty: '9', receivedQty: '9', unitCostMinor: '450' }
  await post(receiver, '/v1/goods-receipts', {
    receiptNo: 'R-1',
    site: 'WEST',
    supplier: 'Potter',
    lines: [receipt],
  })
  await eventually(
    () => api.system.admin`SELECT FROM external_effect WHERE state IN ('intended', 'sent')`,
    (open) => open.length === 0,
  )
})
afterAll(() => api.close())

const get = async (url: string) => {
  const answer = await controller({ method: 'GET', url })
  expect(answer.statusCode, `${url} ${answer.body}`).toBe(200)
  return answer.json()
}

interface Line {
  entryId: string
  lineNo: number
  accountId: number
  document: string | null
  functional: { minor: string }
  amount: { minor: string }
}

/** All pages of a cell's lines, two a page. */
async function linesOf(url: string): Promise<{ items: Line[]; total: string; count: number }> {
  const items: Line[] = []
  let cursor: string | null = null
  for (;;) {
    const page: {
      items: Line[]
      nextCursor: string | null
      total: { minor: string }
      lines: number
    } = await get(`${url}&limit=7${cursor === null ? '' : `&cursor=${cursor}`}`)
    items.push(...page.items)
    cursor = page.nextCursor
    if (cursor === null) return { items, total: page.total.minor, count: page.lines }
  }
}

const summed = (lines: Line[], of: 'functional' | 'amount') =>
  lines.reduce((all, line) => all + BigInt(line[of].minor), 0n).toString()
const asOf = new Date().toISOString().slice(0, 10)
const report = `entity=ACME-US&asOf=${asOf}`

describe('a figure drills down', () => {
  test('each cell of the trial balance is the sum of its lines', async () => {
    const { rows } = await get(`/v1/ledger/trial-balance?${report}`)
    expect(rows.length).toBeGreaterThan(8)
    for (const cell of rows) {
      const { items, total, count } = await linesOf(cell.lines)
      expect(items, cell.name).toHaveLength(count)
      expect(summed(items, 'functional'), cell.name).toBe(cell.functional.minor)
      expect(summed(items, 'amount'), cell.name).toBe(cell.amount.minor)
      expect(total, cell.name).toBe(cell.functional.minor)
    }
  })

  test('as it was known at an instant, too', async () => {
    const knownAt = encodeURIComponent(new Date().toISOString())
    await api.database.admin`SELECT seal_ledger()`
    const { rows } = await get(`/v1/ledger/trial-balance?${report}&knownAt=${knownAt}`)
    for (const cell of rows)
      expect((await linesOf(cell.lines)).total, cell.name).toBe(cell.functional.minor)
  })

  test.each(['channel', 'item', 'segment', 'site', 'promotion'])(
    'each cell of the result by %s is the sum of its lines',
    async (by) => {
      const { rows, total } = await get(`/v1/ledger/profit?${report}&by=${by}`)
      expect(rows.length).toBeGreaterThan(2)
      let all = 0n
      for (const cell of rows) {
        const { items } = await linesOf(cell.lines)
        expect(`${-BigInt(summed(items, 'functional'))}`, cell.lines).toBe(cell.result.minor)
        expect(cell.of === null, cell.lines).toBe(cell.code === null)
        all += BigInt(cell.result.minor)
      }
      expect(all.toString()).toBe(total.minor)
    },
  )

  test('and so is each cell of one order’s result', async () => {
    const { rows } = await get(`/v1/ledger/orders/${orderId}/profit`)
    expect(rows.length).toBeGreaterThan(2)
    for (const cell of rows)
      expect((await linesOf(cell.lines)).total).toBe(`${-BigInt(cell.result.minor)}`)
  })

  test('says SKU, channel and site beside their ids', async () => {
    const { items } = await get('/v1/ledger/lines?entity=ACME-US&account=5010&channel=b2b')
    expect(items).toMatchObject([{ sku: 'MUG', channel: 'b2b', site: 'EAST' }])
    const entry = await get(`/v1/ledger/entries/${items[0].entryId}`)
    expect(entry.lines).toContainEqual(
      expect.objectContaining({ accountId: 5010, sku: 'MUG', channel: 'b2b', site: 'EAST' }),
    )
  })

  test('filters of the entries are about one line', async () => {
    const { items } = await get('/v1/ledger/entries?entity=ACME-US&account=5010&sku=LAMP')
    expect(items.length).toBeGreaterThan(0)
    const none = await get('/v1/ledger/entries?entity=ACME-US&account=2100&sku=LAMP')
    for (const { id } of none.items) {
      const { lines } = await get(`/v1/ledger/entries/${id}`)
      const both = (line: { accountId: number; sku: string }) =>
        line.accountId === 2100 && line.sku === 'LAMP'
      expect(lines.some(both)).toBe(true)
    }
  })

  test('to the document in three requests, for every line of the books', async () => {
    const { rows } = await get(`/v1/ledger/trial-balance?${report}`)
    const seen = new Set<string>()
    for (const cell of rows)
      for (const line of (await linesOf(cell.lines)).items) {
        expect(line.document, JSON.stringify(line)).not.toBeNull()
        seen.add(line.document!)
      }
    const types = new Set([...seen].map((url) => url.split('/')[3]))
    expect([...types].sort()).toEqual(['adjustment', 'opening', 'order', 'receipt', 'shipment'])
    for (const url of seen) {
      const found = await get(url)
      expect(found.entries.length, url).toBeGreaterThan(0)
    }
  })
})

describe('a document drills both ways', () => {
  test('down to its lines, and each of them names it again', async () => {
    const order = await get(`/v1/documents/order/${orderId}`)
    const shipment = await get(
      order.children.find((child: { type: string }) => child.type === 'shipment').url,
    )
    expect(shipment).toMatchObject({
      parent: { type: 'order', id: orderId },
      site: 'EAST',
      lines: [
        { sku: 'MUG', qty: '3', net: { minor: '3000' }, cost: { minor: '1200' } },
        { sku: 'LAMP', qty: '2' },
      ],
    })
    const { items } = await linesOf(shipment.ledgerLines)
    expect(items.length).toBeGreaterThan(4)
    for (const line of items) expect(line.document).toBe(`/v1/documents/shipment/${shipment.id}`)
  })

  test('from the order to shipment, invoice and payment, and up again', async () => {
    const order = await get(`/v1/documents/order/${orderId}`)
    const types = order.children.map((child: { type: string }) => child.type)
    expect(new Set(types)).toEqual(new Set(['shipment', 'invoice', 'payment']))
    for (const { url } of order.children) {
      const child = await get(url)
      expect(child.entries.length, url).toBeGreaterThan(0)
      const parent = await get(child.parent.url)
      const above = child.parent.type === 'order' ? parent : await get(parent.parent.url)
      expect(above.id).toBe(orderId)
    }
  })

  test('an adjustment keeps its key as its id, slashes and all', async () => {
    const { items } = await get('/v1/ledger/lines?entity=ACME-US&account=5060')
    const found = await get(items[0].document)
    expect(found).toMatchObject({ type: 'adjustment', site: 'EAST', number: 'counted' })
    expect(found.id).toMatch(/^http\/user-\d+\//)
  })

  test.each(['order/999999', 'shipment/x', 'invoice/0', 'adjustment/none', 'receipt/123456'])(
    '%s is not there',
    async (path) => {
      const answer = await controller({ method: 'GET', url: `/v1/documents/${path}` })
      expect(answer.statusCode, answer.body).toBe(404)
    },
  )
})
