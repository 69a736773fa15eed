import fc from 'fast-check'
import { expect, test } from 'vitest'
import { creditTransferFile, isIban, type CreditTransfer } from '#connectors/bank/pain-001'

const debtor = { name: 'Acme Inc', iban: 'DE89370400440532013000', bic: 'COBADEFFXXX' }
const run = {
  messageId: 'TL-RUN-1001',
  createdAt: '2026-06-10T10:00:00.123Z',
  executeOn: '2026-06-12',
  debtor,
}
const payment = (changes: Partial<CreditTransfer> = {}): CreditTransfer => ({
  endToEndId: 'BILL-1001',
  currency: 'EUR',
  amountMinor: 1211_28n,
  creditor: {
    name: 'Töpferei Müller & Söhne',
    country: 'DE',
    accountNo: 'GB33BUKB20201555555555',
    routingNo: null,
    bic: 'BUKBGB22',
  },
  remittance: 'INV-0012',
  ...changes,
})

/** Elements in document order, as `a/b/c`; with the texts of the leaves. */
function parsed(xml: string): { path: string; text: string }[] {
  const open: string[] = []
  const found: { path: string; text: string }[] = []
  for (const [, close, name, text] of xml.matchAll(/<(\/?)([A-Za-z0-9]+)[^>?]*>([^<]*)/g)) {
    if (close) {
      expect(open.pop(), 'elements close in order').toBe(name)
      continue
    }
    open.push(name!)
    found.push({ path: open.join('/'), text: text!.trim() })
  }
  expect(open).toEqual([])
  return found
}

test('the file follows the order of the schema, element by element', () => {
  const names = parsed(creditTransferFile({ ...run, payments: [payment()] }))
  expect(names.map(({ path }) => path.replace('Document/CstmrCdtTrfInitn/', ''))).toEqual([
    'Document',
    'Document/CstmrCdtTrfInitn',
    'GrpHdr',
    'GrpHdr/MsgId',
    'GrpHdr/CreDtTm',
    'GrpHdr/NbOfTxs',
    'GrpHdr/CtrlSum',
    'GrpHdr/InitgPty',
    'GrpHdr/InitgPty/Nm',
    'PmtInf',
    'PmtInf/PmtInfId',
    'PmtInf/PmtMtd',
    'PmtInf/NbOfTxs',
    'PmtInf/CtrlSum',
    'PmtInf/ReqdExctnDt',
    'PmtInf/ReqdExctnDt/Dt',
    'PmtInf/Dbtr',
    'PmtInf/Dbtr/Nm',
    'PmtInf/DbtrAcct',
    'PmtInf/DbtrAcct/Id',
    'PmtInf/DbtrAcct/Id/IBAN',
    'PmtInf/DbtrAgt',
    'PmtInf/DbtrAgt/FinInstnId',
    'PmtInf/DbtrAgt/FinInstnId/BICFI',
    'PmtInf/ChrgBr',
    'PmtInf/CdtTrfTxInf',
    'PmtInf/CdtTrfTxInf/PmtId',
    'PmtInf/CdtTrfTxInf/PmtId/EndToEndId',
    'PmtInf/CdtTrfTxInf/Amt',
    'PmtInf/CdtTrfTxInf/Amt/InstdAmt',
    'PmtInf/CdtTrfTxInf/CdtrAgt',
    'PmtInf/CdtTrfTxInf/CdtrAgt/FinInstnId',
    'PmtInf/CdtTrfTxInf/CdtrAgt/FinInstnId/BICFI',
    'PmtInf/CdtTrfTxInf/Cdtr',
    'PmtInf/CdtTrfTxInf/Cdtr/Nm',
    'PmtInf/CdtTrfTxInf/Cdtr/PstlAdr',
    'PmtInf/CdtTrfTxInf/Cdtr/PstlAdr/Ctry',
    'PmtInf/CdtTrfTxInf/CdtrAcct',
    'PmtInf/CdtTrfTxInf/CdtrAcct/Id',
    'PmtInf/CdtTrfTxInf/CdtrAcct/Id/IBAN',
    'PmtInf/CdtTrfTxInf/RmtInf',
    'PmtInf/CdtTrfTxInf/RmtInf/Ustrd',
  ])
})

test('number of transactions and control sum are those of the payments, in yen and dinars too', () => {
  const payments = [
    payment(),
    payment({ currency: 'JPY', amountMinor: 1000n }),
    payment({ currency: 'KWD', amountMinor: 1_001n }),
  ]
  const all = parsed(creditTransferFile({ ...run, payments }))
  const said = (name: string) => all.filter(({ path }) => path.endsWith(name)).map((e) => e.text)
  expect(said('NbOfTxs')).toEqual(['3', '3'])
  expect(said('CtrlSum')).toEqual(['2212.281', '2212.281'])
  expect(said('InstdAmt')).toEqual(['1211.28', '1000', '1.001'])
})

test('names are written as every bank takes them', () => {
  const [name] = parsed(creditTransferFile({ ...run, payments: [payment()] }))
    .filter(({ path }) => path.endsWith('Cdtr/Nm'))
    .map(({ text }) => text)
  expect(name).toBe('Topferei Muller + Sohne')
})

test('whatever a supplier is called, the file stays well-formed and within the schema’s lengths', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const creditor = { ...payment().creditor, name: text }
      const all = parsed(
        creditTransferFile({ ...run, payments: [payment({ creditor, remittance: text })] }),
      )
      const texts = all.filter(({ path }) => /Nm$|Ustrd$/.test(path)).map((each) => each.text)
      for (const each of texts) expect(each).toMatch(/^[A-Za-z0-9/\-?:().,'+ ]{1,140}$/)
    }),
  )
})

test('an account that is no IBAN is named with its bank’s clearing number', () => {
  const creditor = {
    ...payment().creditor,
    accountNo: '12345678',
    routingNo: '021000021',
    bic: null,
  }
  const xml = creditTransferFile({ ...run, payments: [payment({ creditor })] })
  expect(xml).toContain('<Othr><Id>12345678</Id></Othr>')
  expect(xml).toContain('<ClrSysMmbId><MmbId>021000021</MmbId></ClrSysMmbId>')
})

test.each([
  ['DE89370400440532013000', true],
  ['GB33BUKB20201555555555', true],
  ['DE89370400440532013001', false],
  ['12345678', false],
])('%s is an IBAN: %s', (text, is) => expect(isIban(text)).toBe(is))
