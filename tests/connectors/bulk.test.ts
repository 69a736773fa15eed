import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCsvOrders } from '#connectors/bulk/csv-orders'
import { readNdjsonOrders, type BulkOrder } from '#connectors/bulk/ndjson-orders'
import { orderOf } from './expectations.ts'

const neutral = (externalId: string) => ({
  channel: 'import',
  externalId,
  orderNumber: externalId,
  placedAt: '2026-01-31T10:00:00Z',
  currency: 'EUR',
  customer: {},
  lines: [{ externalLineId: '1', quantity: 1, unitPriceMinor: '500' }],
  payment: { state: 'pending', provider: 'unknown', amountMinor: '0' },
  total: { currency: 'EUR', minor: '500' },
})

async function all(orders: AsyncIterable<BulkOrder>): Promise<BulkOrder[]> {
  const collected: BulkOrder[] = []
  for await (const order of orders) collected.push(order)
  return collected
}

/** `row ok` or `row code field` of each result. */
const outcomes = (orders: BulkOrder[]) =>
  orders.map(({ row, result }) =>
    result.ok ? `${row} ${result.value.externalId}` : `${row} ${result.problems[0]!.code}`,
  )

const csv = (text: string | Uint8Array) => all(readCsvOrders([text], { channel: 'import' }))

describe('a file of JSON lines', () => {
  test('loses only the line that is wrong', async () => {
    const lines = [
      JSON.stringify(neutral('1')),
      '',
      '{"channel":',
      '{}',
      JSON.stringify(neutral('5')),
    ]
    const text = `\uFEFF${lines.join('\r\n')}`
    expect(outcomes(await all(readNdjsonOrders([text])))).toEqual([
      '1 1',
      '3 not-json',
      '4 missing-field',
      '5 5',
    ])
  })

  test('reads the same however the stream is cut, also within a character', async () => {
    const bytes = Buffer.from(
      `${JSON.stringify({ ...neutral('1'), note: 'Grüße ☕' })}\n`.repeat(3),
    )
    const expected = await all(readNdjsonOrders([bytes]))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 97 }), async (size) => {
        const chunks = []
        for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
        expect(await all(readNdjsonOrders(chunks))).toEqual(expected)
      }),
      { numRuns: 20 },
    )
  })

  test('refuses a line that never ends without holding it', async () => {
    async function* endless() {
      for (let n = 0; n < 10; n++) yield Buffer.alloc(1024 * 1024, 'x')
      yield `\n${JSON.stringify(neutral('2'))}`
    }
    expect(outcomes(await all(readNdjsonOrders(endless())))).toEqual(['1 line-too-long', '2 2'])
  })
})

describe('a CSV file of orders', () => {
  const HEADER =
    'Order ID,Placed-At,CURRENCY,total,ship_name,sku,quantity,unit_price,discount,tax,note'

  test('groups rows, takes quoted line breaks and any end of line', async () => {
    const text = [
      HEADER,
      'A,2026-01-31T10:00:00Z,EUR,21.90,Ann,MUG,2,10.00,1.00,1.90,"two\r\nlines, ""quoted"""',
      'A,,,,,CUP,1,1.00,,,',
      'B,2026-01-31T10:00:00Z,JPY,100,Bo,CUP,1,100,,,',
    ].join('\r\n')
    const [first, second] = await csv(`\uFEFF${text}`)
    const order = orderOf(first!.result)
    expect(order).toMatchObject({
      externalId: 'A',
      channel: 'import',
      note: 'two\nlines, "quoted"',
      total: { currency: 'EUR', minor: '2190' },
      shipTo: { name: 'Ann' },
    })
    expect(order.lines.map((line) => line.sku)).toEqual(['MUG', 'CUP'])
    expect(second).toMatchObject({ row: 5, result: { ok: true } })
  })

  test('is read as Windows-1252 where it is no UTF-8', async () => {
    const text = `${HEADER}\nA,2026-01-31T10:00:00Z,EUR,1.00,J\u00fcrgen \u00a3,MUG,1,1.00,,,\n`
    const [order] = await csv(Buffer.from(text, 'latin1'))
    expect(orderOf(order!.result).shipTo!.name).toBe('Jürgen £')
  })

  const row = (id: string, total: string, price = '1.00', rest = ',,') =>
    `${id},2026-01-31T10:00:00Z,EUR,${total},,MUG,1,${price},${rest}`

  test('loses only the orders whose rows are wrong', async () => {
    const text = [
      HEADER,
      row('A', '1.00'),
      row('B', '2.00'),
      'B,2026-01-31',
      row('C', '1.00', '1.005'),
      row('D', '9.00'),
      'E,2026-01-31T10:00:00Z,EUR,1.00,"open,MUG,1,1.00,,,',
      row('F', '1.00', '1.00', ',,"fine"'),
      row('A', '1.00'),
      row('G', '2.00'),
      row('G', '3.00'),
      ',,,,,,,,,,',
      row('H', '1.00'),
    ].join('\n')
    expect(outcomes(await csv(text))).toEqual([
      '2 A',
      '3 malformed-row',
      '5 too-many-decimals',
      '6 totals-do-not-foot',
      '7 malformed-row',
      '8 F',
      '9 order-not-together',
      '12 malformed-row',
      '10 conflicting-value',
      '13 H',
    ])
  })

  test('an order with an unreadable row between its rows is refused as a whole', async () => {
    const text = [HEADER, row('A', '2.00'), '"', row('A', '2.00'), row('B', '1.00')].join('\n')
    expect(outcomes(await csv(text))).toEqual(['3 malformed-row', '2 malformed-row', '5 B'])
  })

  test('without the columns that every order needs is refused once', async () => {
    expect(outcomes(await csv('order_id,sku\nA,MUG\n'))).toEqual(['1 missing-column'])
    expect(await csv('')).toEqual([])
  })

  test('throws at no garbage', async () => {
    const cell = fc.oneof(fc.string(), fc.constantFrom('A', 'EUR', '1', '1.00', '"', '2026-01-31'))
    const line = fc.array(cell, { maxLength: 12 }).map((cells) => cells.join(','))
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.boolean(), async (lines, headed) => {
        const text = (headed ? [HEADER, ...lines] : lines).join('\n')
        await csv(text)
        await all(readNdjsonOrders([text]))
      }),
    )
  })
})
