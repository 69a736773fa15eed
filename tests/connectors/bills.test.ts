import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCsvBills } from '#connectors/bills/csv-bills'
import { readX12Bills } from '#connectors/edi/x12-bill'
import type { BillDocument } from '#domain/purchasing/bill-document'

const ISA =
  'ISA*00*          *00*          *ZZ*ACMEPOTTERY    *ZZ*THROUGHLINE    *260610*1059*U*00401*000000001*0*T*>~'

/** An interchange around one transaction set; counts and control numbers agree. */
function interchange(segments: string[], changes: (text: string) => string = (text) => text) {
  const set = ['ST*810*0001', ...segments, `SE*${segments.length + 2}*0001`]
  const group = ['GS*IN*ACME*TL*20260610*1059*1*X*004010', ...set, 'GE*1*1']
  return changes(`${ISA}${[...group, 'IEA*1*000000001'].join('~\n')}~`)
}

const segments = [
  'BIG*20260610*INV-0012*20260601*PO-77***DI',
  'CUR*SE*EUR',
  'ITD*01*3*2**10**30',
  'IT1*1*100*EA*10.30**VP*AC-MUG*BP*MUG',
  'PID*F****Mug, blue',
  'IT1*2*500*EA*2.505*HP*BP*NAIL',
  'TDS*126853',
  'TXI*VA*206.00*20*CD*DE',
  'SAC*C*D240***2000**********Freight',
  'CTT*2',
]

function bills(text: string, lenient = false): BillDocument[] {
  const read = readX12Bills(text, { lenient })
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return read.value.map(({ bill }) => {
    if (!bill.ok) throw new Error(JSON.stringify(bill.problems))
    return bill.value
  })
}

/** The code of the first problem, of the file or of its first bill. */
function problemIn(text: string, lenient = false): string | undefined {
  const read = readX12Bills(text, { lenient })
  if (!read.ok) return read.problems[0]?.code
  const bill = read.value[0]?.bill
  return bill && !bill.ok ? bill.problems[0]?.code : undefined
}

describe('a bill by EDI (X12 810)', () => {
  test('is read with its lines, terms, charges and VAT', () => {
    expect(bills(interchange(segments))).toMatchObject([
      {
        supplierEdiId: 'ACMEPOTTERY',
        number: 'INV-0012',
        billedOn: '2026-06-10',
        currency: 'EUR',
        poNumber: 'PO-77',
        terms: { termsDays: 30, discountPpm: 20_000, discountDays: 10 },
        totalMinor: 1268_53n,
        lines: [
          { kind: 'goods', sku: 'MUG', vendorSku: 'AC-MUG', qty: 100n, netMinor: 1030_00n },
          { kind: 'goods', sku: 'NAIL', qty: 500n, netMinor: 12_53n },
          { kind: 'charge', description: 'Freight', netMinor: 20_00n },
        ],
        taxes: [{ jurisdiction: 'DE', amountMinor: 206_00n }],
      },
    ])
  })

  test('takes its separators from ISA', () => {
    const odd = interchange(segments, (text) => text.replaceAll('*', '^').replaceAll('~', '|'))
    expect(bills(odd)).toEqual(bills(interchange(segments)))
  })

  test.each([
    ['a lost segment', (t: string) => t.replace('PID*F****Mug, blue~\n', ''), 'control-total'],
    [
      'a set of another number',
      (t: string) => t.replace('SE*12*0001', 'SE*12*2'),
      'control-number',
    ],
    ['a lost set', (t: string) => t.replace('GE*1*1', 'GE*2*1'), 'control-total'],
    [
      'a file of another number',
      (t: string) => t.replace('IEA*1*000000001', 'IEA*1*7'),
      'control-number',
    ],
    ['a file that ends early', (t: string) => t.slice(0, -25), 'envelope-incomplete'],
    ['no envelope', (t: string) => t.slice(110), 'envelope-missing'],
    ['padding that got lost', (t: string) => t.replaceAll(/ {2,}/g, ' '), 'envelope-damaged'],
    ['a line too few', (t: string) => t.replace('CTT*2', 'CTT*3'), 'control-total'],
    ['another total', (t: string) => t.replace('TDS*126853', 'TDS*126854'), 'total-mismatch'],
    ['half a piece', (t: string) => t.replace('*100*EA', '*0.5*EA'), 'quantity'],
    ['no piece', (t: string) => t.replace('*100*EA', '*0*EA'), 'quantity'],
    ['minus pieces', (t: string) => t.replace('*100*EA', '*-100*EA'), 'quantity'],
    ['words for a price', (t: string) => t.replace('10.30', 'cheap'), 'price'],
    ['no number', (t: string) => t.replace('*INV-0012*', '**'), 'number-missing'],
    ['no day', (t: string) => t.replace('BIG*20260610', 'BIG*20261341'), 'date'],
    ['a credit', (t: string) => t.replace('***DI', '***CR'), 'document-type'],
    ['another document', (t: string) => t.replace('ST*810', 'ST*850'), 'document-type'],
  ])('%s is refused by name', (_, damage, code) => {
    expect(problemIn(interchange(segments, damage))).toBe(code)
  })

  test('what is cut anywhere is refused, never read as less', () => {
    const whole = interchange(segments)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 3 }), (length) => {
        expect(problemIn(whole.slice(0, length))).toMatch(/./)
      }),
    )
  })
})

const samples = '/work/shared/data/edi-x12/810'
describe.skipIf(!existsSync(samples))('real bills', () => {
  const read = (name: string) => readFileSync(`${samples}/${name}`, 'utf8')
  test('are read where they are whole, and refused by name where they are not', () => {
    expect(problemIn(read('x12-types__test_810_01.edi'))).toBe('envelope-damaged')
    expect(problemIn(read('EDI.Net__x12.810c.edi'), true)).toBe('total-mismatch')
    expect(problemIn(read('x12-types__test_810_03.edi'))).toBe('envelope-missing')
    const short = read('x12-types__test_810_01.edi')
    // Its SE does count a segment too few.
    expect(problemIn(short, true)).toBe('control-total')
    expect(bills(short.replace('SE*44*', 'SE*45*'), true)).toMatchObject([
      { number: '0013833070', totalMinor: 160_00n, lines: [{ qty: 1n, netMinor: 160_00n }] },
    ])
  })
})

const header = 'supplier,bill_no,billed_on,currency,po,sku,qty,unit_price,tax,total,kind'
const row = 'ACME,INV-1,2026-06-10,EUR,PO-77,MUG,100,10.30,206,1256.00,'
const freight = 'ACME,INV-1,2026-06-10,EUR,PO-77,,1,20,,,charge'

function csvProblem(text: string): string | undefined {
  const read = readCsvBills(text)
  if (!read.ok) return read.problems[0]?.code
  const bill = read.value[0]?.bill
  return bill && !bill.ok ? bill.problems[0]?.code : undefined
}

describe('bills by CSV', () => {
  test('are read a row a line, several bills a file', () => {
    const other = row.replace('INV-1', 'INV-2').replace('1256.00', '1236')
    const read = readCsvBills([header, row, freight, other].join('\r\n'))
    const found = read.ok ? read.value.map(({ bill }) => (bill.ok ? bill.value : bill)) : read
    expect(found).toMatchObject([
      { number: 'INV-1', lines: [{ qty: 100n }, { kind: 'charge', netMinor: 20_00n }] },
      { number: 'INV-2', totalMinor: 1236_00n, taxes: [{ amountMinor: 206_00n }] },
    ])
  })

  test.each([
    ['a column too few', `${header.replace('qty,', '')}\n${row}`, 'columns'],
    ['half a piece', `${header}\n${row.replace(',100,', ',0.5,')}`, 'quantity'],
    ['another total', `${header}\n${row}`, 'total-mismatch'],
    ['no currency', `${header}\n${row.replace('EUR', 'euro')}`, 'currency'],
    ['a stray quote', `${header}\n${row}\n"${freight}`, 'row'],
  ])('%s is refused by name', (_, text, code) => {
    expect(csvProblem(text)).toBe(code)
  })
})
