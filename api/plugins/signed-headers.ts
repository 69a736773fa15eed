/** What each sender signs and how it says what it sends; by the part of the address that names it. */
interface SignedMessage {
  required: Record<string, string>
  optional?: Record<string, string>
  body: string
}

const MESSAGES: Record<string, SignedMessage> = {
  '/webhooks/shopify/': {
    required: {
      'X-Shopify-Hmac-Sha256': 'HMAC-SHA256 of the body under the shop’s secret, in base64.',
      'X-Shopify-Topic': 'orders/create, orders/updated, orders/paid or orders/cancelled.',
    },
    optional: { 'X-Shopify-Webhook-Id': 'The same id is the same message.' },
    body: 'The order resource of the Shopify Admin API.',
  },
  '/webhooks/woocommerce/': {
    required: {
      'X-WC-Webhook-Signature': 'HMAC-SHA256 of the body under the webhook’s secret, in base64.',
      'X-WC-Webhook-Topic': 'order.created or order.updated.',
    },
    optional: { 'X-WC-Webhook-Delivery-Id': 'The same id is the same message.' },
    body: 'The order resource of the WooCommerce REST API.',
  },
  '/webhooks/stripe': {
    required: { 'Stripe-Signature': 't=…,v1=…: HMAC-SHA256 of time and body, in hexadecimal.' },
    body: 'A Stripe event.',
  },
  '/webhooks/carrier': {
    required: { 'X-Hmac-Signature': 'hmac-sha256-hex=… of the body.' },
    body: 'A tracking event of the carrier aggregator.',
  },
}

/** JSON Schemas of the headers and the body of a signed message; nothing for any other route. */
export function signedMessage(url: string): { headers: object; body: object } | undefined {
  const [, message] = Object.entries(MESSAGES).find(([part]) => url.includes(part)) ?? []
  if (!message) return undefined
  const { required, optional, body } = message
  const described = Object.entries({ ...required, ...optional })
  return {
    headers: {
      type: 'object',
      required: Object.keys(required),
      properties: Object.fromEntries(
        described.map(([name, description]) => [name, { type: 'string', description }]),
      ),
    },
    body: { type: 'object', additionalProperties: true, description: body },
  }
}
