import { strFromU8, unzipSync } from 'fflate'
import fc from 'fast-check'
import { parse } from 'csv-parse/sync'
import { expect, test } from 'vitest'
import { csvOf } from '#connectors/reports/csv'
import { reportCsv, reportJson, reportXlsx } from '#connectors/reports/report-files'
import { reportPdf } from '#connectors/reports/report-pdf'
import { parseMinor } from '#domain/money'
import { check, money, text, type Report } from '#domain/reports/report'
import { PDFDocument } from 'pdf-lib'

function aReport(rows: Report['rows'], changes: Partial<Report> = {}): Report {
  return {
    ...{ name: 'probe', title: 'Probe', entity: 'ACME', currency: 'USD', from: null },
    ...{ asOf: '2026-01-31', asKnown: null, checks: [], notes: [], rows },
    columns: [text('who', 'Who'), money('amount', 'Amount')],
    ...changes,
  }
}
const line = (who: string, minor: bigint, currency = 'USD') => ({
  kind: 'line' as const,
  cells: { who, amount: { minor, currency, lines: null } },
})

test('amounts are exact decimals in their own digits, with a currency where it is another one', () => {
  const report = aReport([line('a', -5n), line('b', 2n ** 63n - 1n), line('c', 1234n, 'JPY')])
  expect(reportCsv(report)).toBe(
    'Row,Who,Amount,"Amount, currency"\r\nline,a,-0.05,USD\r\nline,b,92233720368547758.07,USD\r\nline,c,1234,JPY\r\n',
  )
  expect(reportJson(report).rows[1]!.cells['amount']).toMatchObject({
    minor: '9223372036854775807',
  })
})

test.each(['=1+1', '+1+1', '-1+1', '@SUM(A1)', '\t=1', '\r=1', '=HYPERLINK("http://x")'])(
  'the text %j is no formula in a spreadsheet',
  (evil) => {
    const [row] = parse(reportCsv(aReport([line(evil, 1n)])), { columns: true }) as {
      Who: string
    }[]
    expect(row!.Who).toBe(`'${evil}`)
  },
)

test('whatever stands in a cell is read again as it was', () => {
  const cells = fc.array(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 2, maxLength: 2 }))
  fc.assert(
    fc.property(cells, (rows) => {
      const read = parse(csvOf(['a', 'b'], rows), { from_line: 2, relax_column_count: true })
      const plain = (cell: string) => cell.replace(/^'(?=[=+\-@\t\r])/, '')
      expect((read as string[][]).map((row) => row.map(plain))).toEqual(
        rows.map((row) => row.map(plain)),
      )
    }),
    { seed: 5 },
  )
})

test('a sheet holds the same decimals as numbers, and as text where a sheet would round', async () => {
  const amounts = [1n, -99_999n, 10n ** 14n + 1n, 2n ** 63n - 1n]
  const file = await reportXlsx(aReport(amounts.map((minor) => line('=1+1', minor))))
  const parts = unzipSync(new Uint8Array(file))
  const sheet = strFromU8(parts['xl/worksheets/sheet1.xml']!)
  const shared = strFromU8(parts['xl/sharedStrings.xml']!)
  for (const written of ['0.01', '-999.99', '1000000000000.01'])
    expect(sheet).toContain(`<v>${written}</v>`)
  expect(parseMinor('1000000000000.01', 'USD')).toBe(amounts[2])
  expect(shared).toContain('92233720368547758.07')
  expect(shared).toContain('=1+1')
  expect(sheet).not.toContain('<f>')
})

test('paper has every row, and says what does not tie', async () => {
  const rows = Array.from({ length: 120 }, (_, n) => line(`Töpferei 陶器 ${n}`, BigInt(n)))
  const report = aReport(rows, { checks: [check('It ties', 7n)] })
  const pdf = await PDFDocument.load(await reportPdf(report))
  expect(pdf.getPageCount()).toBe(3)
  expect(reportJson(report).checks).toEqual([
    { name: 'It ties', holds: false, differenceMinor: '7' },
  ])
})
