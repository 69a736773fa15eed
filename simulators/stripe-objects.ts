/** Objects as Stripe's API prints them: the fields that the product reads, and their company. */
export interface PaymentIntent {
  id: string
  object: 'payment_intent'
  amount: number
  amount_capturable: number
  amount_received: number
  canceled_at: number | null
  cancellation_reason: string | null
  capture_method: string
  client_secret: string
  confirmation_method: string
  created: number
  currency: string
  customer: string | null
  description: string | null
  last_payment_error: PaymentError | null
  latest_charge: string | null
  livemode: boolean
  metadata: Record<string, string>
  next_action: { type: string } | null
  payment_method: string | null
  payment_method_types: string[]
  processing: null
  status: string
}

export interface PaymentError {
  type: 'card_error'
  code: string
  decline_code: string
  message: string
  payment_method: { id: string; object: 'payment_method' }
}

export interface Charge {
  id: string
  object: 'charge'
  amount: number
  amount_captured: number
  amount_refunded: number
  balance_transaction: string | null
  captured: boolean
  created: number
  currency: string
  customer: string | null
  disputed: boolean
  failure_code: string | null
  failure_message: string | null
  livemode: boolean
  metadata: Record<string, string>
  paid: boolean
  payment_intent: string
  payment_method: string
  payment_method_details: {
    type: 'card'
    card: { brand: string; last4: string; capture_before?: number; network: string }
  }
  refunded: boolean
  status: string
}

export interface Refund {
  id: string
  object: 'refund'
  amount: number
  balance_transaction: string | null
  charge: string
  created: number
  currency: string
  failure_reason?: string
  metadata: Record<string, string>
  payment_intent: string
  payment_method: string
  reason: string | null
  receipt_number: string | null
  status: string
}

export interface Dispute {
  id: string
  object: 'dispute'
  amount: number
  charge: string
  created: number
  currency: string
  livemode: boolean
  metadata: Record<string, string>
  payment_intent: string
  reason: string
  status: string
  is_charge_refundable: boolean
}

export interface BalanceTransaction {
  id: string
  object: 'balance_transaction'
  amount: number
  available_on: number
  created: number
  currency: string
  description: string | null
  exchange_rate: null
  fee: number
  fee_details: { amount: number; currency: string; type: string; description: string }[]
  net: number
  reporting_category: string
  source: string
  status: 'available' | 'pending'
  type: string
}

/** Test cards that fail, by Stripe's own names, with the decline that each one gives. */
const DECLINES: Record<string, string> = {
  pm_card_chargeDeclined: 'generic_decline',
  pm_card_chargeDeclinedInsufficientFunds: 'insufficient_funds',
  pm_card_chargeDeclinedExpiredCard: 'expired_card',
  pm_card_chargeDeclinedFraudulent: 'fraudulent',
  pm_card_chargeDeclinedProcessingError: 'processing_error',
  pm_card_authenticationRequired: 'authentication_required',
}

export function declineOf(paymentMethod: string): string | undefined {
  return DECLINES[paymentMethod]
}

export function paymentError(declineCode: string, paymentMethod: string): PaymentError {
  const own = ['expired_card', 'processing_error', 'authentication_required']
  return {
    type: 'card_error',
    code: own.includes(declineCode) ? declineCode : 'card_declined',
    decline_code: declineCode,
    message: `Your card was declined (${declineCode}).`,
    payment_method: { id: paymentMethod, object: 'payment_method' },
  }
}

export function listOf(url: string, rows: { id: string }[], query: URLSearchParams) {
  const limit = Number(query.get('limit') ?? 10)
  const after = query.get('starting_after')
  const start = after ? rows.findIndex((row) => row.id === after) + 1 : 0
  const page = rows.slice(start, start + limit)
  return { object: 'list', url, has_more: rows.length > start + limit, data: page }
}
