import Stripe from 'stripe'
import { exchange } from './exchange.ts'
import type { HttpAnswer } from './exchange.ts'
import { GatewayHiccup, NoAnswer } from './outcome.ts'
import type { GatewayConfig, NotDone } from './outcome.ts'

/** Stripe's SDK over our own exchange: its built-in client hides a retry after a reset. */
export function stripeClient(config: GatewayConfig): Stripe {
  const base = new URL(config.baseUrl)
  const secure = base.protocol === 'https:'
  return new Stripe(config.apiKey, {
    host: base.hostname,
    port: base.port || (secure ? '443' : '80'),
    protocol: secure ? 'https' : 'http',
    timeout: config.timeoutMs,
    maxNetworkRetries: 0,
    telemetry: false,
    httpClient: {
      getClientName: () => 'throughline',
      async makeRequest(host, port, path, method, headers, body, protocol, timeoutMs) {
        const answer = await exchange({
          url: `${protocol}://${host}:${port}${path}`,
          method,
          headers: plainHeaders(headers),
          ...(body ? { body } : {}),
          timeoutMs,
        })
        return asSdkAnswer(answer)
      },
    },
  })
}

function plainHeaders(headers: object): Record<string, string> {
  const present = Object.entries(headers).filter(([, value]) => value != null)
  return Object.fromEntries(present.map(([name, value]) => [name.toLowerCase(), String(value)]))
}

function asSdkAnswer(answer: HttpAnswer) {
  return {
    getStatusCode: () => answer.status,
    // A provider's wish to be retried must not make the SDK do it behind the effect row.
    getHeaders: () => ({ ...onlyText(answer.headers), 'stripe-should-retry': 'false' }),
    getRawResponse: () => ({ headers: answer.headers, statusCode: answer.status }),
    toStream: () => {
      throw new Error('no call of ours streams')
    },
    toJSON: async () => JSON.parse(answer.body) as unknown,
  }
}

function onlyText(headers: HttpAnswer['headers']): Record<string, string> {
  const text = Object.entries(headers).filter((header): header is [string, string] => {
    return typeof header[1] === 'string'
  })
  return Object.fromEntries(text)
}

const DECLINES: Record<string, string> = {
  insufficient_funds: 'insufficient-funds',
  expired_card: 'expired-card',
  authentication_required: 'authentication-required',
  fraudulent: 'suspected-fraud',
  stolen_card: 'suspected-fraud',
  lost_card: 'suspected-fraud',
  processing_error: 'processing-error',
  incorrect_cvc: 'incorrect-security-code',
}

const REFUSALS: Record<string, string> = {
  amount_too_large: 'amount-too-large',
  amount_too_small: 'amount-too-small',
  charge_already_captured: 'already-captured',
  charge_already_refunded: 'already-refunded',
  charge_disputed: 'disputed',
  charge_expired_for_capture: 'authorisation-expired',
  capture_charge_authorization_expired: 'authorisation-expired',
  resource_missing: 'not-found',
}

/** What a bank's "no" means to us; `providerCode` is Stripe's decline code. */
export function declined(providerCode: string | null | undefined, message: string): NotDone {
  const code = DECLINES[providerCode ?? ''] ?? 'card-declined'
  return { outcome: 'declined', code, message, ...(providerCode ? { providerCode } : {}) }
}

/**
 * Sorts what the SDK threw: a "no" is answered, the rest is thrown in our own two kinds.
 * @throws GatewayHiccup when nothing was done: no connection, throttled, our key not accepted.
 * @throws NoAnswer when the outcome is unknown.
 */
export function saidNo(error: unknown): NotDone {
  if (!(error instanceof Stripe.errors.StripeError)) throw error
  if (error instanceof Stripe.errors.StripeConnectionError) throw connectionFailure(error)
  const status = error.statusCode ?? 0
  if (status === 401 || status === 403)
    throw new GatewayHiccup(`our credentials were not accepted (${status})`, { cause: error })
  if (status === 429) throw new GatewayHiccup('the provider asks us to slow down', { cause: error })
  if (status === 402) return declined(error.decline_code || error.code, error.message)
  if (status === 400 || status === 404) return refused(error)
  throw new NoAnswer(`answered ${status || 'what is not JSON'}: ${error.message}`, { cause: error })
}

function connectionFailure(error: Stripe.errors.StripeConnectionError): Error {
  const detail: unknown = error.detail
  if (detail instanceof GatewayHiccup || detail instanceof NoAnswer) return detail
  return new NoAnswer(error.message, { cause: error })
}

function refused(error: Stripe.errors.StripeError): NotDone {
  const providerCode = error.code ?? error.rawType
  return {
    outcome: 'refused',
    code: refusalCode(error),
    message: error.message,
    ...(providerCode ? { providerCode } : {}),
  }
}

function refusalCode(error: Stripe.errors.StripeError): string {
  if (error.rawType === 'idempotency_error') return 'key-used-for-other-input'
  if (error.code === 'payment_intent_unexpected_state') return unexpectedState(error)
  return REFUSALS[error.code ?? ''] ?? 'invalid-request'
}

/** A payment that Stripe cancelled by itself is an authorisation that ran out. */
function unexpectedState(error: Stripe.errors.StripeError): string {
  const payment = error.payment_intent
  if (payment?.status === 'succeeded') return 'already-captured'
  if (payment?.status !== 'canceled') return 'wrong-state'
  const expired = payment.cancellation_reason === 'automatic'
  return expired ? 'authorisation-expired' : 'already-cancelled'
}
