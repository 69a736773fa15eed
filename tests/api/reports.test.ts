import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PDFDocument } from 'pdf-lib'
import { aLine, anOrder } from '#tests/support/company'
import { eventually, post, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let controller: Caller
const today = new Date().toISOString().slice(0, 10)
const year = today.slice(0, 4)

beforeAll(async () => {
  api = await runningApi({ stock: { MUG: { east: 100, west: 20 }, LAMP: { east: 20 } } })
  controller = await api.as('controller')
  const lead = await api.as('warehouse-lead')
  const lines = [
    aLine({ sku: 'MUG', quantity: 3, unitPriceMinor: '1000' }),
    aLine({ sku: 'LAMP', quantity: 2 }),
  ]
  for (let n = 1; n <= 3; n += 1) await api.place(anOrder({ lines }))
  const wholesale = [aLine({ sku: 'MUG', quantity: 5, unitPriceMinor: '1000' })]
  await api.place(anOrder({ channel: 'b2b', lines: wholesale }))
  const market = [aLine({ sku: 'LAMP', quantity: 1 })]
  await api.place(
    anOrder({
      channel: 'market',
      lines: market,
      payment: { state: 'marketplace', provider: 'amazon', reference: null, amountMinor: '0' },
    } as never),
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
  await post(await api.as('receiver'), '/v1/goods-receipts', {
    receiptNo: 'R-1',
    site: 'WEST',
    supplier: 'Potter',
    lines: [{ sku: 'MUG', expectedQty: '9', receivedQty: '9', unitCostMinor: '450' }],
  })
  await eventually(
    () => api.system.admin`SELECT FROM external_effect WHERE state IN ('intended', 'sent')`,
    (open) => open.length === 0,
  )
})
afterAll(() => api.close())

interface Money {
  minor: string
  currency: string
  lines: string | null
  turned?: true
}
interface Answer {
  columns: { key: string; kind: string }[]
  rows: { kind: string; cells: Record<string, string | Money | null> }[]
  checks: { name: string; holds: boolean }[]
}

async function get<T = Answer>(url: string): Promise<T> {
  const answer = await controller({ method: 'GET', url })
  expect(answer.statusCode, `${url} ${answer.body}`).toBe(200)
  return answer.json()
}

const period = `entity=ACME-US&from=${year}-01-01&to=${today}`
const reports: [string, string][] = [
  ['trial-balance', period],
  ['trial-balance', `${period}&channel=web`],
  ['profit-and-loss', `${period}&comparedFrom=2020-01-01&comparedTo=2020-12-31`],
  ...['channel', 'item', 'segment', 'site', 'promotion'].map((by): [string, string] => [
    'profit-and-loss',
    `${period}&by=${by}`,
  ]),
  ['profit-and-loss', `${period}&by=item&channel=web`],
  ['balance-sheet', `entity=ACME-US&asOf=${today}`],
  ['cash-flow', period],
  ['aged-receivables', `entity=ACME-US&asOf=${today}`],
  ['aged-payables', `entity=ACME-US&asOf=${today}`],
  ['clearing', `entity=ACME-US&asOf=${today}`],
  ['settlement-status', `entity=ACME-US&asOf=${today}`],
  ['inventory-roll-forward', period],
  ['inventory-roll-forward', `${period}&site=WEST&sku=MUG`],
  ['order-profit', period],
  ['order-profit', `${period}&limit=2`],
  ['order-profit', `${period}&channel=b2b`],
  ['margin-bridge', `${period}&comparedFrom=2020-01-01&comparedTo=2020-12-31`],
]

describe.each(['before the totals of a day are taken', 'after'])('%s', (when) => {
  beforeAll(async () => {
    if (when === 'after') await api.database.admin`SELECT take_ledger_days(1)`
  })

  test.each(reports)('%s ties, and each cell is the sum of its lines (%s)', async (name, query) => {
    const report = await get(`/v1/reports/${name}?${query}`)
    expect(report.checks.filter(({ holds }) => !holds)).toEqual([])
    expect(report.rows.length).toBeGreaterThan(0)
    let linked = 0
    for (const { cells } of report.rows)
      for (const [key, cell] of Object.entries(cells)) {
        if (cell === null || typeof cell === 'string' || cell.lines === null) continue
        if (!cell.lines.startsWith('/v1/ledger/lines') || isShare(name, key)) continue
        linked += 1
        const { total, totals } = await get<{
          total: Money
          totals: { amount: Money }[]
        }>(`${cell.lines}&limit=1`)
        const sum = key === 'inCurrency' ? (totals[0]?.amount.minor ?? '0') : total.minor
        const wanted = cell.turned ? -BigInt(cell.minor) : BigInt(cell.minor)
        expect(BigInt(sum), `${name} ${key} ${cell.lines}`).toBe(wanted)
      }
    if (!name.startsWith('aged-')) expect(linked, name).toBeGreaterThan(0)
  })
})

/** A cell that is one cause's part of the lines that it names. */
function isShare(name: string, key: string): boolean {
  return name === 'inventory-roll-forward' && !['opening', 'closing'].includes(key)
}

test('from a cell of the order’s margin to the document in three steps', async () => {
  const { rows } = await get(`/v1/reports/order-profit?${period}`)
  const { lines } = rows[0]!.cells['result'] as Money
  const { items } = await get<{ items: { entryId: string; document: string }[] }>(lines!)
  const document = await get<{ entries: { id: string }[] }>(items[0]!.document)
  expect(document.entries.map(({ id }) => id)).toContain(items[0]!.entryId)
})

test('as it was known: what is posted later is not in it', async () => {
  await eventually(
    async () => {
      await api.database.admin`SELECT seal_ledger()`
      return api.database
        .admin`SELECT 1 FROM journal_entry WHERE xid >= (SELECT max(to_xid) FROM seal)`
    },
    (open) => open.length === 0,
  )
  const asKnown = encodeURIComponent(new Date().toISOString())
  const url = `/v1/reports/inventory-roll-forward?${period}&asKnown=${asKnown}`
  const then = await get(url)
  const lead = await api.as('warehouse-lead')
  const adjustment = { sku: 'LAMP', site: 'EAST', qty: '4', reason: 'found' }
  expect((await post(lead, '/v1/stock/adjustments', adjustment)).statusCode).toBe(201)
  expect(await get(url)).toEqual(then)
  const now = await get(`/v1/reports/inventory-roll-forward?${period}`)
  expect(now.rows).not.toEqual(then.rows)
})

test('the same report as CSV, sheet and paper, by format or by what is accepted', async () => {
  const url = `/v1/reports/trial-balance?${period}`
  const { rows } = await get(url)
  const csv = await controller({ method: 'GET', url: `${url}&format=csv` })
  expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8')
  expect(csv.headers['content-disposition']).toContain(`ACME-US-trial-balance-${today}.csv`)
  const lines = csv.body.trim().split('\r\n')
  expect(lines).toHaveLength(rows.length + 1)
  const sheet = await controller({
    method: 'GET',
    url,
    headers: {
      accept: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet, */*;q=0.1',
    },
  })
  expect(sheet.rawPayload.subarray(0, 2).toString()).toBe('PK')
  const paper = await controller({ method: 'GET', url, headers: { accept: 'application/pdf' } })
  expect((await PDFDocument.load(paper.rawPayload)).getPageCount()).toBeGreaterThan(0)
})
