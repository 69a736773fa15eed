import { shown } from '../field.ts'
import { accepted, refused, type Translated } from '../result.ts'
import { verifyBase64Hmac } from '../signature.ts'

/** Whether `X-WC-Webhook-Signature` signs this very body; see {@link verifyBase64Hmac}. */
export const verifyWoocommerceSignature = verifyBase64Hmac

/** What the `X-WC-Webhook-Topic` header announces; topics without a whole order are refused. */
export function woocommerceTopic(topic: string | undefined): Translated<'placed' | 'updated'> {
  if (topic === 'order.created') return accepted('placed')
  if (topic === 'order.updated' || topic === 'order.restored') return accepted('updated')
  const message = `${shown(topic)} is not handled here; handled are order.created, order.updated`
  return refused('topic-not-handled', 'X-WC-Webhook-Topic', message)
}
