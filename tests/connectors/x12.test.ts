import { expect, test } from 'vitest'
import { priceInMinor, readAcknowledgement } from '#connectors/edi/acknowledgement-855'
import { purchaseOrder850 } from '#connectors/edi/purchase-order-850'
import { readChangeAnswer } from '#connectors/edi/change-answer-865'
import { readShipNotice } from '#connectors/edi/ship-notice-856'
import { writeX12 } from '#connectors/edi/x12-writer'
import { readX12 } from '#connectors/edi/x12-reader'

const from = { sender: 'POTTERS', receiver: 'ACME', at: '2026-01-31T10:00:00Z', controlNumber: 77 }
const an855 = (...segments: string[][]) => writeX12({ ...from, group: 'PR' }, '855', segments)

test('an order is an 850 whose envelope, counts and total agree', () => {
  const text = purchaseOrder850(
    {
      ...{ poNumber: 'PO-1', revision: 1, orderedOn: '2026-01-31', currency: 'USD' },
      ...{ buyer: { code: 'ACME', name: 'Acme' }, termsDays: 30, incoterm: 'FOB', note: null },
      supplier: { code: 'P', name: 'Potters', ediId: 'POTTERS' },
      lines: [
        {
          ...{ lineNo: 1, sku: 'MUG', vendorSku: 'P-1', title: 'Mug*~', site: 'EAST', qty: 100n },
          ...{ unitPriceMinor: 475n, pricePer: 100n, amountMinor: 475n, neededOn: '2026-02-14' },
        },
      ],
      totalMinor: 475n,
    },
    { sender: 'ACME', at: from.at, controlNumber: 5 },
  )
  const read = readX12(text)
  expect(read).toMatchObject({ sender: 'ACME', controlNumber: '000000005', set: '850' })
  const of = (id: string) => read.segments.filter(([name]) => name === id)
  expect(of('BEG')).toEqual([['BEG', '00', 'SA', 'PO-1', '', '20260131']])
  expect(of('PO1')).toEqual([['PO1', '1', '100', 'EA', '0.0475', 'PE', 'BP', 'MUG', 'VN', 'P-1']])
  expect(of('PID')).toEqual([['PID', 'F', '', '', '', 'Mug']])
  expect(of('AMT')).toEqual([['AMT', 'TT', '4.75']])
})

test('an 855 says per line how many, for how much and when', () => {
  const read = readAcknowledgement(
    readX12(
      an855(
        ['BAK', '00', 'AC', 'PO-1', '20260201'],
        ['PO1', '1', '100', 'EA', '4.205'],
        ['ACK', 'IA', '80', 'EA', '067', '20260214'],
        ['ACK', 'IB', '15', 'EA', '067', '20260220'],
        ['ACK', 'IR', '5', 'EA'],
        ['PO1', '2', '10', 'EA'],
      ),
    ),
  )
  expect(read).toEqual({
    ...{ poNumber: 'PO-1', ackNo: '000000077', rejected: false },
    lines: [
      { lineNo: 1, qty: 95n, price: '4.205', promisedOn: '2026-02-20' },
      { lineNo: 2, qty: 10n, price: null, promisedOn: null },
    ],
  })
  expect(priceInMinor('4.205', 2)).toEqual({ unitPriceMinor: '4205', pricePer: '10' })
  expect(priceInMinor('4.2', 2)).toEqual({ unitPriceMinor: '420', pricePer: '1' })
  expect(priceInMinor('420', 0)).toEqual({ unitPriceMinor: '420', pricePer: '1' })
})

test('an 856 says what lies in which package and when it comes', () => {
  const text = writeX12({ ...from, group: 'SH' }, '856', [
    ['BSN', '00', 'SHIP-9', '20260210', '1000'],
    ['HL', '1', '', 'S'],
    ['TD5', '', '2', 'UPSN', '', 'UPS Freight'],
    ['REF', 'BM', 'BOL-1'],
    ['DTM', '011', '20260209'],
    ['DTM', '017', '20260213'],
    ['HL', '2', '1', 'O'],
    ['PRF', 'PO-1'],
    ['HL', '3', '2', 'P'],
    ['MAN', 'GM', '00012345678901234567'],
    ['HL', '4', '3', 'I'],
    ['LIN', '1', 'VN', 'P-1', 'LT', 'L-5'],
    ['SN1', '', '100', 'EA'],
  ])
  expect(readShipNotice(readX12(text))).toEqual({
    ...{ poNumber: 'PO-1', asnNo: 'SHIP-9', shippedOn: '2026-02-09', expectedOn: '2026-02-13' },
    ...{ carrier: 'UPS Freight', billOfLading: 'BOL-1', trackingNumber: null },
    lines: [{ lineNo: 1, qty: 100n, lot: 'L-5', packageNo: '00012345678901234567' }],
  })
})

test.each([
  ['a letter', 'Dear Sirs, we confirm your order.', 'ISA'],
  ['a wrong count', an855(['BAK', '00', 'AC', 'PO-1']).replace('SE*3', 'SE*9'), 'SE counts 9'],
  ['another end', an855(['BAK']).replace('IEA*1*000000077', 'IEA*1*000000078'), 'belong together'],
  ['no order', an855(['BAK', '00', 'AC', '']), 'purchase order number'],
  ['half a unit', an855(['BAK', '00', 'AC', 'PO-1'], ['PO1', '1', '0.5', 'EA']), 'whole quantity'],
])('%s is refused and says why', (_what, text, why) => {
  expect(() => readAcknowledgement(readX12(text))).toThrow(why)
})

test('an 865 agrees to a change, refuses it, or offers other terms line by line', () => {
  const answer = (type: string, ...rest: string[][]) =>
    readChangeAnswer({
      ...{ sender: 'POTTERS', controlNumber: '1', set: '865' },
      segments: [['BCA', '00', type, 'PO-1', '', '1001', '20260201'], ...rest],
    })
  expect(answer('AT')).toEqual({
    ...{ poNumber: 'PO-1', changeNo: '1001', answer: 'accepted', lines: [] },
  })
  expect(answer('RD')).toMatchObject({ answer: 'refused', lines: [] })
  const poc = ['POC', '1', 'QD', '8', '8', 'EA', '4.20']
  expect(answer('AC', poc, ['ACK', 'IC', '8', 'EA', '068', '20260301'])).toMatchObject({
    answer: 'refused',
    lines: [{ lineNo: 1, qty: 8n, price: '4.20', neededOn: '2026-03-01' }],
  })
  expect(() => answer('AC')).toThrow('it offers other terms and has no POC')
})
