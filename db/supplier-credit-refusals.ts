/** What the guards of suppliers' credit notes and prepayments refuse, by their constraint. */
export const supplierCreditRefusals = {
  payment_run_credit_within: {
    code: 'CreditTakenTwice',
    message:
      'More of a credit note would be taken off than there is of it: propose the payment run again.',
  },
  vendor_prepayment_maker_not_checker: {
    code: 'SelfApproval',
    message: 'You asked for this prepayment: somebody else has to approve it.',
  },
  payment_run_prepayment_once: {
    code: 'BillInAnotherRun',
    message: 'Another payment run holds one of these prepayments: look at it, then propose again.',
  },
  payment_run_line_once: {
    code: 'BillInAnotherRun',
    message: 'Another payment run holds one of these bills: look at it, then propose again.',
  },
} as const
