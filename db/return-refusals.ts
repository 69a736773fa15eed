/** What the guards of customers' returns refuse, by their constraint. */
export const returnRefusals = {
  returned_unit_once: {
    code: 'NotReturnable',
    message:
      'Another return has one of these units meanwhile: read the order’s returns, then ask for what is left.',
  },
  customer_return_no: {
    code: 'RmaExists',
    message: 'A return has this number: take another one.',
  },
  customer_return_approved_by_another: {
    code: 'OwnReturn',
    message: 'You asked for this return yourself: somebody else agrees to it.',
  },
  payment_refund_bound: {
    code: 'CreditExceedsPaid',
    message: 'More would be given back by a tender than remains of it: give back less.',
  },
}
