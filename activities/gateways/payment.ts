import type { GatewayConfig } from './outcome.ts'
import type { PaymentGateway } from './payment-terms.ts'
import { stripeClient } from './stripe-client.ts'
import { stripeEffects } from './stripe-effects.ts'
import { stripeFinds } from './stripe-finds.ts'

/** Payments by Stripe's API at `config.baseUrl`. Amounts are ISO minor units. */
export function paymentGateway(config: GatewayConfig): PaymentGateway {
  const stripe = stripeClient(config)
  return { ...stripeEffects(stripe), ...stripeFinds(stripe) }
}
