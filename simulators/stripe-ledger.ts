import type { World } from './http-simulator.ts'
import { declineOf, paymentError } from './stripe-objects.ts'
import type {
  BalanceTransaction,
  Charge,
  Dispute,
  PaymentIntent,
  Refund,
} from './stripe-objects.ts'

/** An authorisation on a card lasts seven days. */
const AUTHORISATION_SECONDS = 7 * 24 * 3600

export interface NewPayment {
  amount: number
  currency: string
  paymentMethod: string | null
  captureMethod: string
  customer: string | null
  description: string | null
  metadata: Record<string, string>
}

/** What Stripe answers instead of doing it: HTTP status and error object. */
export class StripeSaysNo extends Error {
  readonly status: number
  readonly body: Record<string, unknown>

  constructor(status: number, body: { type: string; message: string; [more: string]: unknown }) {
    super(body.message)
    this.status = status
    this.body = body
  }
}

export type Emit = (type: string, object: object) => void
export type StripeLedger = ReturnType<typeof createStripeLedger>

/** The money side of the simulator: payments, charges, refunds and what they do to the balance. */
export function createStripeLedger(world: World, emit: Emit) {
  const state = {
    payments: new Map<string, PaymentIntent>(),
    charges: new Map<string, Charge>(),
    refunds: new Map<string, Refund>(),
    disputes: new Map<string, Dispute>(),
    balance: [] as BalanceTransaction[],
  }
  const book: Book = { world, emit, ...state, seconds: () => Math.floor(world.now() / 1000) }
  return {
    ...state,
    open: (wanted: NewPayment) => openPayment(book, wanted),
    confirm: (payment: PaymentIntent, method: string | null, key: string, decline?: string) =>
      confirmPayment(book, payment, method, key, decline),
    capture: (id: string, amount: number | null, final: boolean, key: string) =>
      capturePayment(book, payment(book, id), amount, final, key),
    cancel: (id: string, reason: string | null, key: string) =>
      cancelPayment(book, payment(book, id), reason, key),
    refund: (wanted: NewRefund) => refundPayment(book, wanted),
    dispute: (id: string, reason: string) => disputePayment(book, payment(book, id), reason),
    payment: (id: string) => payment(book, id),
    chargeOf: (held: PaymentIntent) => book.charges.get(held.latest_charge ?? ''),
  }
}

interface Book {
  world: World
  emit: Emit
  seconds: () => number
  payments: Map<string, PaymentIntent>
  charges: Map<string, Charge>
  refunds: Map<string, Refund>
  disputes: Map<string, Dispute>
  balance: BalanceTransaction[]
}

export interface NewRefund {
  paymentIntent: string
  amount: number | null
  reason: string | null
  metadata: Record<string, string>
  key: string
}

function payment(book: Book, id: string): PaymentIntent {
  const held = book.payments.get(id)
  if (!held) throw noSuch('payment_intent', id)
  expireIfDue(book, held)
  return held
}

/** Stripe cancels a payment by itself once the bank's authorisation has run out. */
function expireIfDue(book: Book, held: PaymentIntent): void {
  const before = book.charges.get(held.latest_charge ?? '')?.payment_method_details.card
    .capture_before
  if (held.status !== 'requires_capture' || !before || book.seconds() < before) return
  held.status = 'canceled'
  held.cancellation_reason = 'automatic'
  held.canceled_at = before
  held.amount_capturable = 0
  book.world.journal.add({ kind: 'effect', operation: 'payment.expired', reference: held.id })
  book.emit('payment_intent.canceled', held)
}

function openPayment(book: Book, wanted: NewPayment): PaymentIntent {
  const id = book.world.nextId('pi_')
  const opened: PaymentIntent = {
    id,
    object: 'payment_intent',
    amount: wanted.amount,
    amount_capturable: 0,
    amount_received: 0,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: wanted.captureMethod,
    client_secret: `${id}_secret_${book.world.nextId('')}`,
    confirmation_method: 'automatic',
    created: book.seconds(),
    currency: wanted.currency,
    customer: wanted.customer,
    description: wanted.description,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    metadata: wanted.metadata,
    next_action: null,
    payment_method: wanted.paymentMethod,
    payment_method_types: ['card'],
    processing: null,
    status: wanted.paymentMethod ? 'requires_confirmation' : 'requires_payment_method',
  }
  book.payments.set(id, opened)
  book.emit('payment_intent.created', opened)
  return opened
}

function confirmPayment(
  book: Book,
  held: PaymentIntent,
  paymentMethod: string | null,
  key: string,
  forcedDecline?: string,
): PaymentIntent {
  const method = paymentMethod ?? held.payment_method
  if (!method || !held.status.startsWith('requires_') || held.status === 'requires_capture')
    throw unexpectedState(held, 'confirm')
  const decline = forcedDecline ?? declineOf(method)
  const charge = newCharge(book, held, method)
  held.latest_charge = charge.id
  if (decline) {
    charge.status = 'failed'
    charge.paid = false
    charge.failure_code = decline
    held.status = 'requires_payment_method'
    held.payment_method = null
    held.last_payment_error = paymentError(decline, method)
    book.emit('payment_intent.payment_failed', held)
    throw new StripeSaysNo(402, {
      ...held.last_payment_error,
      charge: charge.id,
      payment_intent: held,
    })
  }
  held.payment_method = method
  held.status = 'requires_capture'
  held.amount_capturable = held.amount
  charge.payment_method_details.card.capture_before = charge.created + AUTHORISATION_SECONDS
  noteEffect(book, 'authorise', key, held, held.amount)
  book.emit('payment_intent.amount_capturable_updated', held)
  if (held.capture_method !== 'manual') capturePayment(book, held, null, true, key)
  return held
}

function newCharge(book: Book, held: PaymentIntent, method: string): Charge {
  const charge: Charge = {
    id: book.world.nextId('ch_'),
    object: 'charge',
    amount: held.amount,
    amount_captured: 0,
    amount_refunded: 0,
    balance_transaction: null,
    captured: false,
    created: book.seconds(),
    currency: held.currency,
    customer: held.customer,
    disputed: false,
    failure_code: null,
    failure_message: null,
    livemode: false,
    metadata: {},
    paid: true,
    payment_intent: held.id,
    payment_method: method,
    payment_method_details: {
      type: 'card',
      card: { brand: 'visa', last4: '4242', network: 'visa' },
    },
    refunded: false,
    status: 'succeeded',
  }
  book.charges.set(charge.id, charge)
  return charge
}

function capturePayment(
  book: Book,
  held: PaymentIntent,
  amount: number | null,
  final: boolean,
  key: string,
): PaymentIntent {
  const charge = book.charges.get(held.latest_charge ?? '')
  if (held.status !== 'requires_capture' || !charge) throw unexpectedState(held, 'capture')
  const taken = amount ?? held.amount_capturable
  if (taken > held.amount_capturable) {
    const message = `The amount to capture exceeds the ${held.amount_capturable} authorized.`
    throw invalid('amount_too_large', message, 'amount_to_capture')
  }
  held.amount_received += taken
  held.amount_capturable = final ? 0 : held.amount_capturable - taken
  charge.amount_captured += taken
  charge.captured = true
  charge.balance_transaction = addBalance(book, 'charge', charge.id, taken, charge.currency)
  if (held.amount_capturable === 0) held.status = 'succeeded'
  noteEffect(book, 'capture', key, held, taken)
  book.emit('charge.captured', charge)
  if (held.status === 'succeeded') book.emit('payment_intent.succeeded', held)
  return held
}

function cancelPayment(book: Book, held: PaymentIntent, reason: string | null, key: string) {
  if (held.status === 'canceled' || held.status === 'succeeded')
    throw unexpectedState(held, 'cancel')
  held.status = 'canceled'
  held.cancellation_reason = reason
  held.canceled_at = book.seconds()
  held.amount_capturable = 0
  noteEffect(book, 'cancel', key, held, held.amount)
  book.emit('payment_intent.canceled', held)
  return held
}

function refundPayment(book: Book, wanted: NewRefund): Refund {
  const held = payment(book, wanted.paymentIntent)
  const charge = book.charges.get(held.latest_charge ?? '')
  if (!charge?.captured) throw unexpectedState(held, 'refund')
  const left = charge.amount_captured - charge.amount_refunded
  const amount = wanted.amount ?? left
  if (left === 0) throw invalid('charge_already_refunded', `Charge ${charge.id} has been refunded.`)
  if (amount > left) {
    const message = `Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`
    throw new StripeSaysNo(400, { type: 'invalid_request_error', message, param: 'amount' })
  }
  charge.amount_refunded += amount
  charge.refunded = charge.amount_refunded === charge.amount_captured
  const refund: Refund = {
    id: book.world.nextId('re_'),
    object: 'refund',
    amount,
    balance_transaction: addBalance(book, 'refund', charge.id, -amount, charge.currency),
    charge: charge.id,
    created: book.seconds(),
    currency: charge.currency,
    metadata: wanted.metadata,
    payment_intent: held.id,
    payment_method: charge.payment_method,
    reason: wanted.reason,
    receipt_number: null,
    status: charge.payment_method === 'pm_card_pendingRefund' ? 'pending' : 'succeeded',
  }
  book.refunds.set(refund.id, refund)
  noteEffect(book, 'refund', wanted.key, held, amount)
  book.emit('refund.created', refund)
  book.emit('charge.refunded', charge)
  if (charge.payment_method === 'pm_card_refundFail') failRefund(book, charge, refund)
  return refund
}

/** The bank sends the refund back: the money is ours again and has to be given another way. */
function failRefund(book: Book, charge: Charge, refund: Refund): void {
  refund.status = 'failed'
  refund.failure_reason = 'expired_or_canceled_card'
  charge.amount_refunded -= refund.amount
  charge.refunded = false
  addBalance(book, 'refund_failure', refund.id, refund.amount, refund.currency)
  book.emit('refund.failed', refund)
}

function disputePayment(book: Book, held: PaymentIntent, reason: string): Dispute {
  const charge = book.charges.get(held.latest_charge ?? '')
  if (!charge?.captured) throw unexpectedState(held, 'dispute')
  const dispute: Dispute = {
    id: book.world.nextId('dp_'),
    object: 'dispute',
    amount: charge.amount_captured - charge.amount_refunded,
    charge: charge.id,
    created: book.seconds(),
    currency: charge.currency,
    livemode: false,
    metadata: {},
    payment_intent: held.id,
    reason,
    status: 'needs_response',
    is_charge_refundable: false,
  }
  charge.disputed = true
  book.disputes.set(dispute.id, dispute)
  addBalance(book, 'adjustment', dispute.id, -dispute.amount, dispute.currency, 1500)
  book.emit('charge.dispute.created', dispute)
  return dispute
}

function addBalance(
  book: Book,
  type: string,
  source: string,
  amount: number,
  currency: string,
  ownFee?: number,
): string {
  // 2.9 % and 30 cents on a charge; Stripe keeps its fee when the charge is refunded.
  const fee = ownFee ?? (type === 'charge' ? Math.round(amount * 0.029) + 30 : 0)
  const row: BalanceTransaction = {
    id: book.world.nextId('txn_'),
    object: 'balance_transaction',
    amount,
    available_on: book.seconds() + 2 * 24 * 3600,
    created: book.seconds(),
    currency,
    description: null,
    exchange_rate: null,
    fee,
    fee_details: fee ? [{ amount: fee, currency, type: 'stripe_fee', description: 'Fees' }] : [],
    net: amount - fee,
    reporting_category: type === 'adjustment' ? 'dispute' : type,
    source,
    status: 'pending',
    type,
  }
  book.balance.unshift(row)
  return row.id
}

function noteEffect(
  book: Book,
  operation: string,
  key: string,
  held: PaymentIntent,
  amount: number,
) {
  const { id: reference, currency } = held
  book.world.journal.add({ kind: 'effect', operation, key, reference, amount, currency })
}

export function noSuch(what: string, id: string): StripeSaysNo {
  return new StripeSaysNo(404, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${what}: '${id}'`,
    param: 'id',
  })
}

export function invalid(code: string, message: string, param?: string): StripeSaysNo {
  return new StripeSaysNo(400, {
    type: 'invalid_request_error',
    code,
    message,
    ...(param ? { param } : {}),
  })
}

function unexpectedState(held: PaymentIntent, verb: string): StripeSaysNo {
  return new StripeSaysNo(400, {
    type: 'invalid_request_error',
    code: 'payment_intent_unexpected_state',
    message: `You cannot ${verb} this PaymentIntent because it has a status of ${held.status}.`,
    payment_intent: { ...held },
  })
}
