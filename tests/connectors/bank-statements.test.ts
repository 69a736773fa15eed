import { describe, expect, test } from 'vitest'
import { readCamt053 } from '#connectors/bank/camt-053'
import { readMappedCsv } from '#connectors/bank/mapped-csv'
import { readMt940 } from '#connectors/bank/mt940'
import { readOfx } from '#connectors/bank/ofx'
import { readBankStatements } from '#connectors/bank/readers'
import {
  expectAnyEncoding,
  expectBalanced,
  expectNoCutIsRead,
  problemOf,
  valueOf,
} from './settlements/expectations.ts'

const entry = (amount: string, side: string, inner = '', status = '<Sts><Cd>BOOK</Cd></Sts>') =>
  `<Ntry><NtryRef>N${amount}</NtryRef><Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>${side}</CdtDbtInd>${status}` +
  `<BookgDt><Dt>2026-06-03</Dt></BookgDt><ValDt><Dt>2026-06-04</Dt></ValDt>${inner}</Ntry>`
const balance = (code: string, amount: string, day: string) =>
  `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">${amount}</Amt>` +
  `<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>${day}</Dt></Dt></Bal>`
const payer =
  '<NtryDtls><TxDtls><Refs><AcctSvcrRef>B1</AcctSvcrRef><EndToEndId>PAYOUT-9001</EndToEndId></Refs>' +
  '<RltdPties><Dbtr><Nm>Amazon &amp; Co</Nm></Dbtr></RltdPties><RmtInf><Ustrd>Settlement</Ustrd></RmtInf></TxDtls></NtryDtls>'
const part = (amount: string) =>
  `<TxDtls><Refs><EndToEndId>E${amount}</EndToEndId></Refs><Amt Ccy="EUR">${amount}</Amt>` +
  '<CdtDbtInd>DBIT</CdtDbtInd><RltdPties><Cdtr><Pty><Nm>Supplier</Nm></Pty></Cdtr></RltdPties></TxDtls>'
const camt = (
  entries = [
    entry('83.52', 'CRDT', payer),
    entry('30.00', 'DBIT', `<NtryDtls>${part('10.00')}${part('20.00')}</NtryDtls>`),
    entry('9.00', 'CRDT', '', '<Sts>PDNG</Sts>'),
  ],
) =>
  '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>' +
  '<GrpHdr><MsgId>M</MsgId></GrpHdr><Stmt><Id>S-1</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>' +
  `${balance('OPBD', '100.00', '2026-06-02')}${balance('CLBD', '153.52', '2026-06-03')}${entries.join('')}` +
  '</Stmt></BkToCstmrStmt></Document>\n'

describe('a bank statement by camt.053', () => {
  test('leads from balance to balance, a batch by its transactions', () => {
    const [statement] = valueOf(readCamt053(camt()))
    expect(statement).toEqual({
      account: 'DE89370400440532013000',
      statementId: 'S-1',
      currency: 'EUR',
      from: '2026-06-03',
      to: '2026-06-03',
      openingMinor: 100_00n,
      closingMinor: 153_52n,
      lines: [
        {
          lineNo: 1,
          bookedOn: '2026-06-03',
          valueOn: '2026-06-04',
          amountMinor: 83_52n,
          bankReference: 'B1',
          reference: 'PAYOUT-9001',
          counterparty: 'Amazon & Co',
          purpose: 'Settlement',
        },
        expect.objectContaining({
          amountMinor: -10_00n,
          reference: 'E10.00',
          counterparty: 'Supplier',
        }),
        expect.objectContaining({ amountMinor: -20_00n, reference: 'E20.00' }),
      ],
    })
    expectBalanced([statement!])
  })

  test('may be of another version, with a prefix, in another encoding', () => {
    const old = camt()
      .replace('.08', '.02')
      .replaceAll(/<(\/?)(?=[A-Z])/g, '<$1ns:')
      .replace('xmlns=', 'xmlns:ns=')
    expect(valueOf(readCamt053(old))).toEqual(valueOf(readCamt053(camt())))
    const latin = camt().replace('UTF-8', 'ISO-8859-1').replace('Amazon', 'Müller')
    expect(valueOf(readCamt053(Buffer.from(latin, 'latin1')))[0]!.lines[0]!.counterparty).toBe(
      'Müller & Co',
    )
    expectAnyEncoding(camt(), readCamt053)
  })

  test('keeps a batch whole whose transactions do not come to it', () => {
    const [statement] = valueOf(readCamt053(camt().replace('>20.00<', '>19.00<')))
    expect(statement!.lines.map((line) => line.amountMinor)).toEqual([83_52n, -30_00n])
  })

  test.each([
    ['a lost entry', camt([]), 'StatementDoesNotFoot at Stmt[1]/Bal'],
    [
      'a document type',
      camt().replace('<Document', '<!DOCTYPE x [<!ENTITY e "x">]><Document'),
      'not-xml at $',
    ],
    ['an entity', camt().replace('&amp;', '&e;'), 'not-xml at $'],
    [
      'another currency',
      camt().replace('"EUR">83.52', '"USD">83.52'),
      'other-currency at Stmt[1]/Ntry[1]/Amt',
    ],
    [
      'no side',
      camt().replace('CRDT</CdtDbtInd><Sts>', '</CdtDbtInd><Sts>'),
      'not-a-side at Stmt[1]/Ntry[1]/CdtDbtInd',
    ],
    ['another message', '<Document><BkToCstmrAcctRpt/></Document>', 'not-camt-053 at $'],
  ])('with %s is refused by name', (_, text, problem) => {
    expect(problemOf(readCamt053(text))).toBe(problem)
  })

  test('is refused cut at any byte', () => {
    expectNoCutIsRead(camt(), readCamt053)
  })
})

const MT940 = [
  '{1:F01BANKDEFFXXXX0000000000}{2:I940}{4:',
  ':20:STARTUMS',
  ':25:37040044/0532013000',
  ':28C:00012/001',
  ':60F:C260602EUR100,00',
  ':61:2606030603CR83,52NTRFNONREF//B1',
  ':86:166?00GUTSCHRIFT?20EREF+PAYOUT-9001?21SVWZ+Settlement?32AMAZON?33 PAYMENTS',
  ':61:2512310102D30,00NMSCO-77',
  ':86:/TRTP/SEPA/NAME/Supplier BV/REMI/Bill 12/EREF/E2E/',
  ':61:260604RC1,5NTRFX',
  ':62F:C260604EUR152,02',
  '-}',
  '',
].join('\r\n')

describe('a bank statement by MT940', () => {
  test('leads from balance to balance, whatever the bank writes behind', () => {
    const [statement] = valueOf(readMt940(MT940))
    expect(statement).toMatchObject({
      account: '37040044/0532013000',
      statementId: '00012/001/2026-06-04',
      currency: 'EUR',
      openingMinor: 100_00n,
      closingMinor: 152_02n,
      lines: [
        {
          bookedOn: '2026-06-03',
          amountMinor: 83_52n,
          bankReference: 'B1',
          reference: 'PAYOUT-9001',
          counterparty: 'AMAZON PAYMENTS',
        },
        {
          valueOn: '2025-12-31',
          bookedOn: '2026-01-02',
          amountMinor: -30_00n,
          reference: 'E2E',
          counterparty: 'Supplier BV',
          purpose: 'Bill 12',
        },
        { bookedOn: '2026-06-04', amountMinor: -1_50n, reference: 'X' },
      ],
    })
    expectBalanced([statement!])
  })

  test.each([
    ['a lost line', MT940.replace(/:61:2512.*\r\n/, ''), 'StatementDoesNotFoot at line 10, :62:'],
    ['no end', MT940.replace(/:62F.*\r\n/, ''), 'truncated at line 2'],
    ['half a line', MT940.replace('D30,00', 'D'), 'not-a-line at line 8, :61:'],
    ['no message', 'hello', 'empty at $'],
  ])('with %s is refused by name', (_, text, problem) => {
    expect(problemOf(readMt940(text))).toBe(problem)
  })

  test('is refused cut before its closing balance', () => {
    expectNoCutIsRead(MT940, readMt940)
    expectAnyEncoding(MT940, readMt940)
  })
})

const OFX1 = `OFXHEADER:100
DATA:OFXSGML
VERSION:102
CHARSET:1252

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>USD
<BANKACCTFROM><BANKID>0123<ACCTID>4567<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20260601000000[-5:EST]<DTEND>20260630
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260603120000[-5:EST]<TRNAMT>83.52<FITID>F1<NAME>AMAZON &amp; CO<MEMO>Settlement</STMTTRN>
<STMTTRN><TRNTYPE>CHECK<DTPOSTED>20260604<TRNAMT>-30.00<FITID>F2<CHECKNUM>77<NAME></STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>153.52<DTASOF>20260701</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
`
const OFX2 = `<?xml version="1.0"?><?OFX OFXHEADER="200" VERSION="211"?>${OFX1.slice(
  OFX1.indexOf('<OFX>'),
)
  .replaceAll('\n', '')
  .replaceAll(/<(\w+)>([^<]+)(?=<)/g, '<$1>$2</$1>')}`

describe('a bank statement by OFX', () => {
  test('is read from SGML as from XML', () => {
    const [statement] = valueOf(readOfx(OFX1))
    expect(statement).toMatchObject({
      account: '0123/4567',
      currency: 'USD',
      from: '2026-06-01',
      to: '2026-06-30',
      closingMinor: 153_52n,
      lines: [
        {
          bookedOn: '2026-06-03',
          amountMinor: 83_52n,
          bankReference: 'F1',
          counterparty: 'AMAZON & CO',
          purpose: 'Settlement',
        },
        { bookedOn: '2026-06-04', amountMinor: -30_00n, reference: '77' },
      ],
    })
    expect(valueOf(readOfx(OFX2))).toEqual([statement])
  })

  test.each([
    [
      'an entry twice',
      OFX1.replace(/(<STMTTRN>.*F1.*\n)/, '$1$1'),
      'duplicate-row at statement 1, STMTTRN',
    ],
    ['no end', OFX1.replace('</OFX>', ''), 'truncated at $'],
    ['no amount', OFX1.replace('83.52', ''), 'not-a-decimal at statement 1, STMTTRN 1, TRNAMT'],
    ['no OFX', 'hello', 'not-ofx at $'],
  ])('with %s is refused by name', (_, text, problem) => {
    expect(problemOf(readOfx(text))).toBe(problem)
  })

  test('is refused cut at any byte', () => {
    expectNoCutIsRead(OFX1, readOfx)
    expectAnyEncoding(OFX1, readOfx)
  })
})

const CSV = [
  'Konto;DE89',
  '',
  'Buchungstag;Wertstellung;Empfänger;Verwendungszweck;Betrag;Saldo',
  '04.06.2026;04.06.2026;Supplier;Bill 12;-1.030,00;-846,48',
  '03.06.2026;04.06.2026;Amazon;Settlement;83,52;183,52',
  '',
].join('\n')
const mapping = {
  account: 'DE89',
  currency: 'EUR',
  bookedOn: 'Buchungstag',
  valueOn: 'Wertstellung',
  amount: 'Betrag',
  balance: 'Saldo',
  counterparty: 'Empfänger',
  purpose: 'Verwendungszweck',
}

describe('a bank statement by CSV', () => {
  test('is read by the mapping of its columns, newest first or last', () => {
    const [statement] = valueOf(readMappedCsv(CSV, mapping))
    expect(statement).toMatchObject({
      account: 'DE89',
      from: '2026-06-03',
      to: '2026-06-04',
      openingMinor: 100_00n,
      closingMinor: -846_48n,
      lines: [
        { amountMinor: -1030_00n, counterparty: 'Supplier', purpose: 'Bill 12' },
        { amountMinor: 83_52n, bookedOn: '2026-06-03', valueOn: '2026-06-04' },
      ],
    })
    expectBalanced([statement!])
    expectAnyEncoding(CSV, (content) => readMappedCsv(content, mapping))
  })

  test('may have a column for each side', () => {
    const sides = 'Date,Paid in,Paid out\n2026-06-03,83.52,\n2026-06-04,,30.00\n'
    const amount = { credit: 'Paid in', debit: 'Paid out' }
    const read = readMappedCsv(sides, { account: 'A', currency: 'GBP', bookedOn: 'Date', amount })
    expect(valueOf(read)[0]!.lines.map((line) => line.amountMinor)).toEqual([83_52n, -30_00n])
  })

  test('whose balances do not follow is refused', () => {
    expect(problemOf(readMappedCsv(CSV.replace('-1.030,00', '-1.030,01'), mapping))).toBe(
      'StatementDoesNotFoot at Saldo',
    )
  })

  test('whose mapping names a column that is not there is refused by that name', () => {
    const wrong = readMappedCsv(CSV, { ...mapping, amount: 'Umsatz', purpose: 'Zweck' })
    expect(wrong).toMatchObject({
      ok: false,
      problems: [
        { code: 'unknown-column', field: 'Umsatz', message: expect.stringContaining('betrag') },
        { code: 'unknown-column', field: 'Zweck' },
      ],
    })
    expect(problemOf(readMappedCsv('Nothing;of;it\n', mapping))).toBe('columns at $')
  })
})

test('a bank statement is known by its content, and CSV by the mapping of the account', () => {
  expect(valueOf(readBankStatements(camt()))).toEqual(valueOf(readCamt053(camt())))
  expect(valueOf(readBankStatements(MT940))).toEqual(valueOf(readMt940(MT940)))
  expect(valueOf(readBankStatements(OFX1))).toEqual(valueOf(readOfx(OFX1)))
  expect(valueOf(readBankStatements(CSV, mapping))).toEqual(valueOf(readMappedCsv(CSV, mapping)))
  expect(problemOf(readBankStatements(CSV))).toBe('unknown-format at $')
})
