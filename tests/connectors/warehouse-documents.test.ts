import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readAdjustmentAdvice } from '#connectors/edi/adjustment-advice-947'
import { readInventoryAdvice } from '#connectors/edi/inventory-advice-846'
import { readReceiptAdvice } from '#connectors/edi/receipt-advice-944'
import { readShippingAdvice } from '#connectors/edi/shipping-advice-945'
import { readShippingOrder, shippingOrder940 } from '#connectors/edi/shipping-order-940'
import { interchangeOf } from '#connectors/edi/x12-reader'
import { Refusal } from '#domain/refusal'

const SAMPLES = '/work/shared/data/edi-x12'
const samples = ['940', '945'].flatMap((set) => {
  try {
    return readdirSync(`${SAMPLES}/${set}`).map((name) => ({ set, name }))
  } catch {
    return []
  }
})

/** What is made of a real file: what it tells of, or why it is refused. */
function made({ set, name }: { set: string; name: string }): string {
  const text = readFileSync(`${SAMPLES}/${set}/${name}`, 'latin1')
  try {
    const { sets } = interchangeOf(text, { lenient: true })
    const lines = sets.map((one) =>
      set === '940' ? readShippingOrder(one).lines : readShippingAdvice(one.segments).lines,
    )
    return `${sets.length} read, ${lines.flat<unknown[]>().length} lines`
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return error.message
  }
}

describe.skipIf(samples.length === 0)('real documents of warehouses', () => {
  test.each(samples)('$set $name is read, or refused with the segment that is wrong', (sample) => {
    expect(made(sample)).toMatch(/^\d+ read, [1-9]|cannot be read: .*\b[A-Z][A-Z0-9]{1,2}(\d\d)?\b/)
  })

  test('whole ones are read to the last line, damaged ones say where they break', () => {
    expect(Object.fromEntries(samples.map((one) => [one.name, made(one)]))).toMatchInlineSnapshot(`
      {
        "EdiEngine__940.OK.edi": "1 read, 3 lines",
        "EdiEngine__940.W05.Only.edi": "The document cannot be read: it asks for no item (W01).",
        "EdiEngine__940_Failed_SE01.edi": "The document cannot be read: SE01: SE counts 12 segments, there are 9: something was lost on the way.",
        "EdiEngine__AckTest.edi": "3 read, 3 lines",
        "EdiEngine__MultipleInterchangesAndGroups.edi": "The document cannot be read: IEA02: IEA says 3439, ISA 000003438: they do not belong together.",
        "x12-types___945_test_02.edi": "The document cannot be read: SE01: SE counts 4 segments, there are 5: something was lost on the way.",
        "x12-types___945_test_03.edi": "The document cannot be read: SE01: SE counts 12 segments, there are 16: something was lost on the way.",
        "x12-types__test_940_01.edi": "The document cannot be read: IEA02: IEA says 3317, ISA 000003438: they do not belong together.",
        "x12-types__test_940_02.edi": "1 read, 1 lines",
        "x12-types__test_940_03.edi": "1 read, 2 lines",
        "x12-types__test_940_07.edi": "The document cannot be read: IEA: the file ends before IEA.",
        "x12-types__test_940_08.edi": "The document cannot be read: IEA: the file ends before IEA.",
        "x12-types__test_940_10.edi": "The document cannot be read: IEA: the file ends before IEA.",
        "x12-types__test_940_11.edi": "The document cannot be read: IEA: the file ends before IEA.",
        "x12-types__test_940_13.edi": "The document cannot be read: IEA: the file ends before IEA.",
        "x12-types__test_940_14.edi": "The document cannot be read: IEA: the file ends before IEA.",
        "x12-types__test_940_17.edi": "The document cannot be read: SE01: SE counts 2 segments, there are 3: something was lost on the way.",
        "x12-types__test_940_19.edi": "The document cannot be read: IEA02: IEA says 000000001~, ISA 000000001: they do not belong together.",
        "x12-types__test_940_20.edi": "The document cannot be read: IEA: the file ends before IEA.",
      }
    `)
  })
})

const order = {
  number: '17',
  orderNumber: 'SO-1001',
  site: 'WEST',
  shipOn: '2026-06-10',
  carrier: 'UPS',
  service: 'Ground',
  shipTo: {
    ...{ name: 'Ann * Smith', street: ['1 Main St'], city: 'Reno' },
    ...{ region: 'NV', postalCode: '89501', country: 'US' },
  },
  lines: [
    { sku: 'MUG', qty: 3 },
    { sku: 'LAMP', qty: 1 },
  ],
}

test('a fulfilment order goes out as a 940 that reads back as it was', () => {
  const envelope = { sender: 'ACME', receiver: 'THREEPL', at: '2026-06-09T10:00:00Z' }
  const text = shippingOrder940(order, { ...envelope, controlNumber: 17 })
  const { sender, receiver, sets } = interchangeOf(text)
  expect([sender, receiver]).toEqual(['ACME', 'THREEPL'])
  expect(readShippingOrder(sets[0]!)).toEqual({
    ...{ number: '17', shipOn: '2026-06-10' },
    lines: [
      { sku: 'MUG', qty: 3, unit: 'EA' },
      { sku: 'LAMP', qty: 1, unit: 'EA' },
    ],
  })
})

const segments = (text: string) => text.split('~').map((segment) => segment.split('*'))

describe('a 945', () => {
  test('tells what left, by whom, and what will not come', () => {
    const read = readShippingAdvice(
      segments(
        'W06*F*17*20260610*SH-1~W27*M*UPS~MAN*CP*1Z999~MAN*GM*0001~LX*1~W12*CC*3*2*1*EA**VN*MUG~W12*SS*4*1*3*EA**VN*LAMP',
      ),
    )
    expect(read).toEqual({
      ...{ fulfilmentId: '17', number: 'SH-1', shippedOn: '2026-06-10', carrier: 'UPS' },
      trackingNumbers: ['1Z999'],
      lines: [
        { sku: 'MUG', shipped: 2, short: 1 },
        { sku: 'LAMP', shipped: 1, short: 0 },
      ],
    })
  })
  test.each([
    ['ships more than was ordered', 'W06*F*17~W12*CC*3*4**EA**VN*MUG', /W12 of MUG ships 4 of 3/],
    ['does not add up', 'W06*F*17~W12*CC*3*2*2*EA**VN*MUG', /W1204/],
    ['names no item', 'W06*F*17~W12*CC*3*3', /W12 names no item/],
    ['counts in cases', 'W06*F*17~W12*CC*3*3*0*CA**VN*MUG', /W12 counts in CA/],
    ['has no item', 'W06*F*17', /no item \(W12\)/],
    ['has no heading', 'W12*CC*3*3*0*EA**VN*MUG', /0 W06 segments/],
  ])('that %s is refused', (_, text, why) => {
    expect(() => readShippingAdvice(segments(text))).toThrow(why)
  })
})

test('a 944 tells what came, whole, broken and short', () => {
  const text = 'W17*F*20260610*R-1*PO-7~W07*10*EA**VN*MUG~W13*2*EA*01~W07*0*EA**VN*LAMP~W13*1*EA*02'
  expect(readReceiptAdvice(segments(text))).toEqual({
    ...{ number: 'R-1', orderNo: 'PO-7', receivedOn: '2026-06-10' },
    lines: [
      { sku: 'MUG', qty: 10, damaged: 2, short: 0 },
      { sku: 'LAMP', qty: 0, damaged: 0, short: 1 },
    ],
  })
  expect(() => readReceiptAdvice(segments(`${text}~W13*1*EA*44`))).toThrow(/W13 of LAMP.*44/)
})

test('a 944 tells the lot of what came, with its date, or the serial of each unit', () => {
  const text =
    'W17*F*20260610*R-1*PO-7~W07*10*EA**VN*TEA~N9*LT*T1**20270131~W07*2*EA**VN*CHAIR~N9*SE*C1~N9*SE*C2'
  expect(readReceiptAdvice(segments(text)).lines).toMatchObject([
    { sku: 'TEA', lot: 'T1', expiresOn: '2027-01-31' },
    { sku: 'CHAIR', serials: ['C1', 'C2'] },
  ])
  expect(() => readReceiptAdvice(segments(text.replace('N9*SE*C1', 'N9*LT*A~N9*LT*B')))).toThrow(
    /two lots/,
  )
})

test('a 947 tells what was found and what is missing, with a reason each', () => {
  const text = 'W15*20260610*A-1~W19*AA*-2*EA**VN*MUG~W19*05*1*EA**VN*LAMP'
  expect(readAdjustmentAdvice(segments(text))).toEqual({
    ...{ number: 'A-1', adjustedOn: '2026-06-10' },
    lines: [
      { sku: 'MUG', qty: -2n, code: 'AA' },
      { sku: 'LAMP', qty: 1n, code: '05' },
    ],
  })
  expect(() => readAdjustmentAdvice(segments('W15*20260610*A-1~W19*AA*0*EA**VN*MUG'))).toThrow(
    /W19 of MUG corrects nothing/,
  )
})

test('an 846 tells what is there, by condition, at one instant', () => {
  const text =
    'BIA*00*DD*S-1*20260610*1705~LIN*1*VN*MUG~QTY*33*5*EA~QTY*20*2*EA~LIN*2*VN*LAMP~QTY*17*1*EA'
  expect(readInventoryAdvice(segments(text))).toEqual({
    ...{ number: 'S-1', asOf: '2026-06-10 17:05:00' },
    lines: [
      { sku: 'MUG', condition: 'sellable', qty: 5 },
      { sku: 'MUG', condition: 'damaged', qty: 2 },
      { sku: 'LAMP', condition: 'sellable', qty: 1 },
    ],
  })
  expect(() => readInventoryAdvice(segments('BIA*00*DD*S-1*20260610'))).toThrow(/BIA05/)
})
