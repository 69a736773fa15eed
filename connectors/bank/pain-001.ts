import { formatMinor, minorExponent } from '#domain/money'
import { invariant } from '#domain/refusal'

/** A payment run as the bank is told about it. */
export interface CreditTransfers {
  /** Ours, for life; at most 35 characters. */
  messageId: string
  /** ISO instant. */
  createdAt: string
  executeOn: string
  debtor: { name: string; iban: string; bic: string }
  payments: readonly CreditTransfer[]
}

export interface CreditTransfer {
  /** Comes back on every statement; at most 35 characters. */
  endToEndId: string
  currency: string
  amountMinor: bigint
  creditor: BankParty
  /** What the creditor books it by. */
  remittance: string
}

export interface BankParty {
  name: string
  country: string
  /** IBAN, or the account number that the bank's clearing system knows. */
  accountNo: string
  routingNo: string | null
  bic: string | null
}

const NAMESPACE = 'urn:iso:std:iso:20022:tech:xsd:pain.001.001.09'

/**
 * Customer credit transfer initiation (ISO 20022 pain.001.001.09). Texts are put into the Latin
 * characters that every bank takes, and cut to the lengths of the schema; number of transactions
 * and control sum stand on the message and on its one payment information.
 */
export function creditTransferFile(run: CreditTransfers): string {
  invariant(run.payments.length > 0, 'a payment file has payments')
  invariant(
    [run.messageId, ...run.payments.map(({ endToEndId }) => endToEndId)].every(isMax35),
    'references have at most 35 characters of the bank’s set',
  )
  const totals = [
    tag('NbOfTxs', String(run.payments.length)),
    tag('CtrlSum', controlSum(run.payments)),
  ]
  const header = tag('GrpHdr', [
    tag('MsgId', run.messageId),
    tag('CreDtTm', run.createdAt.replace(/\.\d+Z$/, 'Z')),
    ...totals,
    tag('InitgPty', [tag('Nm', bankText(run.debtor.name, 70))]),
  ])
  const information = tag('PmtInf', [
    tag('PmtInfId', run.messageId),
    tag('PmtMtd', 'TRF'),
    ...totals,
    tag('ReqdExctnDt', [tag('Dt', run.executeOn)]),
    tag('Dbtr', [tag('Nm', bankText(run.debtor.name, 70))]),
    tag('DbtrAcct', [tag('Id', [tag('IBAN', run.debtor.iban)])]),
    tag('DbtrAgt', [tag('FinInstnId', [tag('BICFI', run.debtor.bic)])]),
    tag('ChrgBr', 'SHAR'),
    ...run.payments.map(transfer),
  ])
  const document = `<Document xmlns="${NAMESPACE}">${tag('CstmrCdtTrfInitn', [header, information])}</Document>`
  return `<?xml version="1.0" encoding="UTF-8"?>\n${document}\n`
}

function transfer(payment: CreditTransfer): string {
  const { creditor, currency, amountMinor, endToEndId } = payment
  const amount = formatMinor(amountMinor, currency)
  return tag('CdtTrfTxInf', [
    tag('PmtId', [tag('EndToEndId', endToEndId)]),
    tag('Amt', [`<InstdAmt Ccy="${currency}">${amount}</InstdAmt>`]),
    ...agent(creditor),
    tag('Cdtr', [
      tag('Nm', bankText(creditor.name, 70)),
      tag('PstlAdr', [tag('Ctry', creditor.country)]),
    ]),
    tag('CdtrAcct', [
      tag('Id', [
        isIban(creditor.accountNo)
          ? tag('IBAN', creditor.accountNo)
          : tag('Othr', [tag('Id', creditor.accountNo)]),
      ]),
    ]),
    tag('RmtInf', [tag('Ustrd', bankText(payment.remittance, 140))]),
  ])
}

/** The creditor's bank; an IBAN names it by itself. */
function agent({ bic, routingNo }: BankParty): string[] {
  if (bic) return [tag('CdtrAgt', [tag('FinInstnId', [tag('BICFI', bic)])])]
  if (!routingNo) return []
  const member = tag('ClrSysMmbId', [tag('MmbId', routingNo)])
  return [tag('CdtrAgt', [tag('FinInstnId', [member])])]
}

/** The sum of all amounts, whatever their currencies: it is there to count, not to be paid. */
function controlSum(payments: readonly CreditTransfer[]): string {
  const SCALE = 4
  let total = 0n
  for (const { amountMinor, currency } of payments)
    total += amountMinor * 10n ** BigInt(SCALE - minorExponent(currency))
  const digits = total.toString().padStart(SCALE + 1, '0')
  const fraction = digits.slice(-SCALE).replace(/0{1,2}$/, '')
  return `${digits.slice(0, -SCALE)}.${fraction}`
}

/** ISO 13616: length, shape and check digits. */
export function isIban(text: string): boolean {
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{10,30}$/.test(text)) return false
  const moved = `${text.slice(4)}${text.slice(0, 4)}`
  const digits = moved.replaceAll(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55))
  return BigInt(digits) % 97n === 1n
}

const isMax35 = (text: string) => /^[A-Za-z0-9/\-?:().,'+ ]{1,35}$/.test(text)

const SPELT: Record<string, string> = { ß: 'ss', æ: 'ae', Æ: 'Ae', ø: 'o', Ø: 'O', ł: 'l', Ł: 'L' }

/** The characters that every bank takes (EPC217-08); others become a dot. */
function bankText(text: string, most: number): string {
  const latin = text
    .replaceAll(/[ßæÆøØłŁ]/g, (letter) => SPELT[letter]!)
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll('&', '+')
    .replaceAll(/[^A-Za-z0-9/\-?:().,'+ ]/g, '.')
  return latin.slice(0, most).trim() || '.'
}

/** Content is text of the bank's set, or elements: neither needs escaping but the apostrophe's kin. */
function tag(name: string, content: string | readonly string[]): string {
  const inner =
    typeof content === 'string'
      ? content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
      : content.join('')
  return `<${name}>${inner}</${name}>`
}
