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
