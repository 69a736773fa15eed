import type { EffectAnswer, FindAnswer } from './outcome.ts'

/** Money the customer's bank set aside, or has already handed over when `captured`. */
export interface Authorisation {
  /** The provider's id of the payment; captures, voids and refunds name it. */
  reference: string
  status: 'authorised' | 'captured' | 'cancelled' | 'expired'
  amountMinor: bigint
  capturableMinor: bigint
  capturedMinor: bigint
  currency: string
  /** ISO instant after which a capture is refused; null when the provider does not tell. */
  expiresAt: string | null
  orderKey: string | null
}

export interface Capture {
  reference: string
  /** The provider's id of the charge: what balance transactions and disputes name. */
  captureReference: string | null
  amountMinor: bigint
  capturedTotalMinor: bigint
  currency: string
}

export interface Cancellation {
  reference: string
}

export interface Refund {
  reference: string
  refundReference: string
  amountMinor: bigint
  currency: string
  /** False while the bank still works on it; a `refund.settled` or `refund.failed` event follows. */
  settled: boolean
}

export interface AuthoriseRequest {
  /** One for life; at most 255 characters. */
  key: string
  orderKey: string
  amountMinor: bigint
  currency: string
  /** The provider's token of the customer's card. */
  paymentMethod: string
  customer?: string
  /** Take the money at once, for a charge that no shipment follows. */
  captureNow?: boolean
}

export interface ReauthoriseRequest extends Omit<AuthoriseRequest, 'paymentMethod' | 'customer'> {
  /** The earlier payment, whose card and customer are taken. */
  previousReference: string
}

export interface CaptureRequest {
  key: string
  reference: string
  amountMinor: bigint
  currency: string
  /** False keeps the rest authorised, where the card network allows several captures. */
  final?: boolean
}

export interface RefundRequest {
  key: string
  orderKey: string
  reference: string
  amountMinor: bigint
  currency: string
  reason?: 'duplicate' | 'fraudulent' | 'requested_by_customer'
}

/**
 * Every effect answers `confirmed`, `declined`, `refused` or `unknown`, and throws
 * `GatewayHiccup` when nothing can have happened. An `unknown` is settled with the matching
 * `find…`, which throws while the provider cannot be reached. Stripe forgets an idempotency
 * key after a day, so an effect older than that is looked for before it is sent again; and
 * `absent` is final only once the provider can no longer be working on the first request,
 * so ask two minutes after it was sent or later.
 */
export interface PaymentGateway {
  authorise(request: AuthoriseRequest): Promise<EffectAnswer<Authorisation>>
  /**
   * A new authorisation with the payment method of an earlier one, usually expired. Does not
   * void the earlier one: that is an effect of its own.
   */
  reauthorise(request: ReauthoriseRequest): Promise<EffectAnswer<Authorisation>>
  capture(request: CaptureRequest): Promise<EffectAnswer<Capture>>
  /** Voids an authorisation; one that is already void is confirmed again. */
  cancel(request: { key: string; reference: string }): Promise<EffectAnswer<Cancellation>>
  refund(request: RefundRequest): Promise<EffectAnswer<Refund>>
  /** @param sentAt ISO instant at which the request was first sent. */
  findAuthorisation(ask: { key: string; sentAt: string }): Promise<FindAnswer<Authorisation>>
  findPayment(ask: { reference: string }): Promise<FindAnswer<Authorisation>>
  findCapture(ask: { key: string; reference: string }): Promise<FindAnswer<Capture>>
  findCancellation(ask: { reference: string }): Promise<FindAnswer<Cancellation>>
  findRefund(ask: { key: string; reference: string }): Promise<FindAnswer<Refund>>
}
