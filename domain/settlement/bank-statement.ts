export interface BankStatementLine {
  lineNo: number
  /** ISO dates: booked, and with value. */
  bookedOn: string
  valueOn?: string
  /** In minor units of the statement's currency; above zero has come in. */
  amountMinor: bigint
  /** The bank's own id of the entry, where it gives one. */
  bankReference?: string
  /** End-to-end id, cheque or customer reference, as the payer or we gave it. */
  reference?: string
  counterparty?: string
  purpose?: string
}

/** Which columns of a bank's CSV mean what, by their headers. */
export interface BankCsvColumns {
  bookedOn: string
  valueOn?: string
  /** One column with a sign, or one for each side without. */
  amount: string | { credit: string; debit: string }
  /** The balance that a row leads to. */
  balance?: string
  bankReference?: string
  reference?: string
  counterparty?: string
  purpose?: string
  /** Where the file alone does not tell them. */
  delimiter?: ',' | ';' | '|' | '\t'
  decimalMark?: '.' | ','
  dayOrder?: 'dmy' | 'mdy'
}

/** Whatever a bank says has moved on one account, in one currency; it foots: opening + lines = closing, where both are stated. */
export interface BankStatement {
  /** IBAN or account number as the file names it. */
  account: string
  statementId: string
  currency: string
  from: string
  to: string
  openingMinor?: bigint
  closingMinor?: bigint
  lines: BankStatementLine[]
}
