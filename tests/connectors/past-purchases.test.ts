import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAdventureWorks } from '#connectors/adventureworks/adventureworks'
import { ADVENTUREWORKS_TABLES } from '#connectors/adventureworks/tables'
import { readScms } from '#connectors/scms/scms'
import { sum } from '#domain/money'
import type { PurchaseHistory } from '#domain/purchasing/past-purchase'
import {
  adventureWorksTables,
  scmsFile,
  scmsRow,
  scmsShipments,
} from '#tests/fixtures/past-purchases'

const shared = join(import.meta.dirname, '../../../shared/data')
const why = ({ rejected }: PurchaseHistory) =>
  rejected.map(({ file, row, field, code }) => `${file}:${row} ${field} ${code}`)

/** What must hold of any reading: nothing is lost, and every order is the sum of its lines. */
function expectWhole({ rows, rejected, purchases }: PurchaseHistory): void {
  expect(rows.taken + rows.rejected).toBe(rows.total)
  expect(new Set(rejected.map(({ file, row }) => `${file}:${row}`)).size).toBe(rows.rejected)
  for (const one of purchases) {
    expect(sum(one.lines.map((line) => line.goodsMinor))).toBe(one.goodsMinor)
    expect(sum(one.lines.map((line) => line.freightMinor))).toBe(one.freightMinor)
    expect(one.goodsMinor + one.taxMinor + one.freightMinor + one.insuranceMinor).toBe(
      one.totalMinor,
    )
  }
}

describe('AdventureWorks', () => {
  const read = (change: (tables: ReturnType<typeof adventureWorksTables>) => void = () => {}) => {
    const tables = adventureWorksTables()
    change(tables)
    const history = readAdventureWorks(tables)
    expectWhole(history)
    return history
  }

  test('lines of four decimals are split so that they sum to the heading to the cent', () => {
    const [order] = read().purchases
    expect(order).toMatchObject({
      goodsMinor: 251_30n,
      taxMinor: 20_11n,
      freightMinor: 6_28n,
      totalMinor: 277_69n,
    })
    expect(order!.lines.map((line) => line.goodsMinor)).toEqual([100_52n, 150_78n])
  })

  test('a price of four decimals is kept exactly', () => {
    const { terms } = read()
    expect(terms.map(({ price }) => price)).toEqual([
      { priceMinor: 4787n, pricePer: 1n },
      { priceMinor: 5n, pricePer: 1n },
    ])
    const finer = read(
      (tables) => (tables.ProductVendor = tables.ProductVendor.replace('47.8700', '47.8705')),
    )
    expect(finer.terms[0]!.price).toEqual({ priceMinor: 478_705n, pricePer: 100n })
  })

  test('what came over, short and rejected stands in the lines; an open order has no day of receipt', () => {
    const lines = read().purchases.flatMap((one) => one.lines)
    expect(
      lines.map((line) => [line.qtyOrdered, line.qtyReceived, line.qtyRejected, line.receivedOn]),
    ).toEqual([
      [2, 2, 0, '2022-03-08'],
      [3, 2, 1, '2022-03-20'],
      [1000, 1100, 0, '2022-03-09'],
      [1, 0, 0, null],
    ])
  })

  test('a vendor without an order is taken too, and one that has ended says so', () => {
    expect(read().suppliers).toMatchObject([
      { code: 'KILN0001', standing: 'preferred', ended: false },
      { code: 'WICK0001', standing: 'regular', ended: true },
    ])
  })

  test('tables with a heading, in another order of columns, read the same', () => {
    const swapped = read((tables) => {
      tables.ShipMethod =
        'Name\tShipMethodID\tShipBase\tShipRate\trowguid\tModifiedDate\nCARGO\t5\t1\t1\tX\t2022-01-01\n'
    })
    expect(swapped.purchases).toEqual(read().purchases)
  })

  test('a heading that its lines do not sum to is rejected with the difference, and its order alone', () => {
    const history = read((tables) => {
      tables.PurchaseOrderHeader = tables.PurchaseOrderHeader.replace(
        '251.3025',
        '251.3225',
      ).replace('277.6893', '277.7093')
    })
    expect(why(history)).toEqual([
      'PurchaseOrderHeader.csv:1 SubTotal does-not-foot',
      'PurchaseOrderDetail.csv:1 PurchaseOrderID order-rejected',
      'PurchaseOrderDetail.csv:2 PurchaseOrderID order-rejected',
    ])
    expect(history.rejected[0]!.message).toContain(
      'is 251.32, LineTotal of the lines is 251.30: 0.02 apart',
    )
    expect(history.purchases.map(({ externalId }) => externalId)).toEqual(['2', '3'])
  })

  const damages: [string, RegExp, string, string][] = [
    ['a due day that is none', /2022-03-16/, '2022-02-30', 'DueDate not-a-date'],
    ['a quantity that is a word', /\t1000\t/, '\tmany\t', 'OrderQty not-an-integer'],
    ['half a unit', /1100\.00/, '1100.50', 'ReceivedQty not-an-integer'],
    ['a negative quantity', /\t1000\t/, '\t-1000\t', 'OrderQty quantity-out-of-range'],
    ['a line total that is another', /50\.0000\t1100/, '51.0000\t1100', 'LineTotal does-not-foot'],
    [
      'stock that is not received less rejected',
      /\.00\t1100\.00\t2022/,
      '.00\t1000.00\t2022',
      'StockedQty does-not-foot',
    ],
    ['a product that is unknown', /\t1000\t2\t/, '\t1000\t77\t', 'ProductID unknown-product'],
    ['a cell too many', /2\t3\t/, '2\t3\textra\t', 'row malformed-row'],
  ]
  test.each(damages)('%s rejects its order alone', (_, from, to, reason) => {
    const history = read((tables) => {
      const lines = tables.PurchaseOrderDetail.split('\r\n')
      lines[2] = lines[2]!.replace(from, to)
      tables.PurchaseOrderDetail = lines.join('\r\n')
    })
    expect(why(history)).toEqual([
      'PurchaseOrderHeader.csv:2 PurchaseOrderID order-rejected',
      `PurchaseOrderDetail.csv:3 ${reason}`,
    ])
    expect(history.purchases.map(({ externalId }) => externalId)).toEqual(['1', '3'])
  })

  test('a vendor whose row is damaged takes what hangs on it along, and nothing else', () => {
    const history = read((tables) => (tables.Vendor = tables.Vendor.replace('Wick Ltd', '')))
    expect(why(history)).toEqual([
      'Vendor.csv:2 Name missing-field',
      'ProductVendor.csv:2 BusinessEntityID unknown-vendor',
      'PurchaseOrderHeader.csv:2 VendorID unknown-vendor',
      'PurchaseOrderDetail.csv:3 PurchaseOrderID order-rejected',
    ])
  })

  test('the same order, and the same line, twice are rejected, and lines without a heading too', () => {
    const history = read((tables) => {
      const [, second] = tables.PurchaseOrderHeader.split('\r\n')
      tables.PurchaseOrderHeader += `${second}\r\n`
      const lines = tables.PurchaseOrderDetail.split('\r\n')
      tables.PurchaseOrderDetail += `${lines[3]!.replace(/^3\t/, '9\t').replace('\t4\t', '\t5\t')}\r\n${lines[3]}\r\n`
    })
    expect(why(history)).toEqual([
      'PurchaseOrderHeader.csv:3 PurchaseOrderID order-rejected',
      'PurchaseOrderHeader.csv:4 PurchaseOrderID duplicate-row',
      'PurchaseOrderDetail.csv:4 PurchaseOrderID order-rejected',
      'PurchaseOrderDetail.csv:5 PurchaseOrderID no-header',
      'PurchaseOrderDetail.csv:6 PurchaseOrderDetailID duplicate-row',
    ])
  })

  test.skipIf(!existsSync(join(shared, 'adventureworks-oltp')))(
    'the real tables are taken whole, and their headings foot',
    () => {
      const texts = ADVENTUREWORKS_TABLES.map((table) => [
        table,
        readFileSync(join(shared, 'adventureworks-oltp', `${table}.csv`), 'utf8'),
      ])
      const history = readAdventureWorks(Object.fromEntries(texts))
      expectWhole(history)
      expect(why(history)).toEqual([])
      expect(history.purchases.length).toBeGreaterThan(2000)
    },
  )
})

describe('SCMS', () => {
  const read = (text: string) => {
    const history = readScms(text)
    expectWhole(history)
    return history
  }

  test.each(['\r', '\n', '\r\n'])('reads its rows whatever ends a line: %j', (end) => {
    const history = read(scmsFile([scmsRow({ id: 1 })], end))
    expect(why(history)).toEqual([])
    expect(history.purchases[0]!.lines).toHaveLength(1)
    expect(history.suppliers).toMatchObject([
      { code: 'TRINITY-BIOTECH-PLC', name: 'Trinity Biotech, Plc' },
    ])
    expect(history.items).toMatchObject([{ sku: 'HIV-KIT-20-TESTS', name: 'HIV kit, 20 Tests' }])
  })

  test('freight of a shipment is shared to the cent over the rows that refer to it, also of other orders', () => {
    const lines = read(scmsShipments()).purchases.flatMap((one) => one.lines)
    expect(
      lines.map((line) => [line.externalLineId, line.freightMinor, line.freightTerms]),
    ).toEqual([
      ['1', 334n, 'shared'],
      ['2', 333n, 'shared'],
      ['3', 333n, 'shared'],
      ['4', 0n, 'included'],
      ['5', 0n, 'separate'],
    ])
  })

  test('a day that was not captured is told as such', () => {
    const lines = read(scmsShipments()).purchases.flatMap((one) => one.lines)
    expect(lines.map((line) => [line.orderedOn, line.orderedGap, line.incoterm])).toEqual([
      ['2006-05-20', null, 'EXW'],
      ['2006-05-20', null, 'EXW'],
      [null, 'Date Not Captured', 'EXW'],
      [null, 'N/A - From RDC', null],
      ['2006-05-20', null, 'EXW'],
    ])
  })

  test('insurance of fractions of a cent is rounded once, and the order is the sum', () => {
    const order = read(scmsShipments()).purchases.find(({ externalId }) => externalId === 'SO-6')
    expect(order).toMatchObject({ goodsMinor: 199_50n, insuranceMinor: 1_26n, totalMinor: 200_76n })
  })

  test('the same order number at two vendors is two orders', () => {
    const rows = [scmsRow({ id: 1 }), scmsRow({ id: 2, vendor: 'HUMAN GMBH' })]
    expect(read(scmsFile(rows)).purchases.map(({ supplier }) => supplier)).toEqual([
      'TRINITY-BIOTECH-PLC',
      'HUMAN-GMBH',
    ])
  })

  const damages: [string, Parameters<typeof scmsRow>[0], string][] = [
    [
      'a day that is none',
      { id: 9, po: 'X', promised: '31-Feb-06' },
      'Scheduled Delivery Date not-a-date',
    ],
    ['a month 13', { id: 9, po: 'X', sent: '13/13/06' }, 'PO Sent to Vendor Date not-a-date'],
    ['no vendor', { id: 9, po: 'X', vendor: '' }, 'Vendor missing-field'],
    ['a value in words', { id: 9, po: 'X', value: 'lots' }, 'Line Item Value not-a-decimal'],
    [
      'a value beyond all measure',
      { id: 9, po: 'X', value: '99999999999' },
      'Line Item Value amount-out-of-range',
    ],
    ['a negative value', { id: 9, po: 'X', value: '-5' }, 'Line Item Value negative-amount'],
    ['no quantity', { id: 9, po: 'X', qty: '0' }, 'Line Item Quantity quantity-out-of-range'],
    ['freight in words', { id: 9, po: 'X', freight: 'a lot' }, 'Freight Cost (USD) not-a-decimal'],
    [
      'freight of no row',
      { id: 9, po: 'X', freight: 'See ASN-7 (ID#:77)' },
      'Freight Cost (USD) unknown-shipment',
    ],
    [
      'freight of another shipment',
      { id: 9, po: 'X', freight: 'See ASN-7 (ID#:1)' },
      'Freight Cost (USD) other-shipment',
    ],
    [
      'freight of itself',
      { id: 9, po: 'X', freight: 'See ASN-8 (ID#:9)' },
      'Freight Cost (USD) freight-in-a-circle',
    ],
    [
      'an incoterm that is none',
      { id: 9, po: 'X', term: 'XYZ' },
      'Vendor INCO Term unknown-incoterm',
    ],
    ['an ID that is taken', { id: 1, po: 'X' }, 'ID duplicate-row'],
  ]
  test.each(damages)('%s rejects its row, and the others are taken', (_, damaged, reason) => {
    const history = read(scmsFile([scmsRow({ id: 1 }), scmsRow(damaged)]))
    expect(why(history)).toEqual([`scms_shipments.csv:3 ${reason}`])
    expect(history.purchases).toHaveLength(1)
  })

  test('a quote that is never closed costs its row alone', () => {
    const history = read(
      scmsFile([
        scmsRow({ id: 1 }),
        scmsRow({ id: 2, po: 'X' }).replace('Direct', '"Direct'),
        scmsRow({ id: 3, po: 'Y' }),
      ]),
    )
    expect(why(history)).toEqual(['scms_shipments.csv:3 row malformed-row'])
    expect(history.purchases).toHaveLength(2)
  })

  test('a damaged row rejects its order and who shares freight with it, with the reason', () => {
    const history = read(
      scmsFile([
        scmsRow({ id: 1, freight: '10.00' }),
        scmsRow({ id: 2, promised: 'soon' }),
        scmsRow({ id: 3, po: 'SCMS-5', freight: 'See ASN-8 (ID#:1)' }),
        scmsRow({ id: 4, po: 'SCMS-6' }),
      ]),
    )
    expect(why(history)).toEqual([
      'scms_shipments.csv:2 PO / SO # order-rejected',
      'scms_shipments.csv:3 Scheduled Delivery Date not-a-date',
      'scms_shipments.csv:4 PO / SO # order-rejected',
    ])
    expect(history.purchases.map(({ externalId }) => externalId)).toEqual(['SCMS-6'])
  })

  test.each(['', 'nothing\rof this\ris known', '\0\0,\uD800\r"', 'ID,PO / SO #\r1,2\r'])(
    'never throws, whatever the file is: %j',
    (text) => {
      expect(read(text).purchases).toEqual([])
      expect(readAdventureWorks({ PurchaseOrderHeader: text, Vendor: text }).purchases).toEqual([])
    },
  )

  test('headings in small letters are the same columns', () => {
    const [heading, ...rows] = scmsShipments().split('\r')
    const small = [heading!.toLowerCase(), ...rows].join('\r')
    expect(read(small)).toEqual(read(scmsShipments()))
  })

  test('whatever is damaged in whatever place, no row is lost and every order foots', () => {
    const place = fc.record({ at: fc.nat(), cut: fc.nat(12), text: fc.string({ maxLength: 6 }) })
    const damaged = (text: string, damages: { at: number; cut: number; text: string }[]) =>
      damages.reduce((all, { at, cut, text: put }) => {
        const from = at % all.length
        return all.slice(0, from) + put + all.slice(from + cut)
      }, text)
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 4 }), (damages) => {
        read(damaged(scmsShipments(), damages))
        const tables = adventureWorksTables()
        for (const table of ADVENTUREWORKS_TABLES) {
          const broken = { ...tables, [table]: damaged(tables[table], damages) }
          expectWhole(readAdventureWorks(broken))
        }
      }),
      { numRuns: 300 },
    )
  })

  test.skipIf(!existsSync(join(shared, 'scms-shipments')))(
    'the real shipments are taken whole, and all freight that was charged is shared out',
    () => {
      const text = readFileSync(join(shared, 'scms-shipments/scms_shipments.csv'), 'utf8')
      const history = read(text)
      expect(why(history)).toEqual([])
      expect(history.rows.total).toBeGreaterThan(6000)
      const charged = [...text.matchAll(/,([\d.]+),[\d.]*\r?$/gm)].map(([, freight]) => {
        const [whole, cents = ''] = freight!.split('.')
        return BigInt(whole + cents.padEnd(2, '0'))
      })
      expect(sum(history.purchases.map(({ freightMinor }) => freightMinor))).toBe(sum(charged))
    },
  )
})
