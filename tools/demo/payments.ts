import type { PaymentGateway } from '#activities/gateways/payment-terms'
import { SHOPIFY, WOOCOMMERCE } from './company.ts'
import { isPaidLater, type Payments } from './channel-messages.ts'
import type { Sale } from './sale.ts'
import { shopifyTotalMinor } from './shopify-document.ts'
import { woocommerceTotalMinor } from './woocommerce-document.ts'

/**
 * What happens at the shop's check-out: the card is authorised or charged at the processor, so
 * that our later captures and refunds meet a payment that is there. The key is the order's, so
 * that asking twice charges once.
 */
export async function checkOut(gateway: PaymentGateway, sale: Sale): Promise<Payments> {
  if (sale.channel !== SHOPIFY && sale.channel !== WOOCOMMERCE)
    return { reference: null, lateReference: null }
  const pay = (captureNow: boolean) => payment(gateway, sale, captureNow)
  if (sale.payment === 'pending')
    return { reference: null, lateReference: isPaidLater(sale) ? await pay(true) : null }
  return { reference: await pay(sale.payment === 'captured'), lateReference: null }
}

async function payment(gateway: PaymentGateway, sale: Sale, captureNow: boolean): Promise<string> {
  const total = sale.channel === SHOPIFY ? shopifyTotalMinor(sale) : woocommerceTotalMinor(sale)
  const key = `demo-checkout/${sale.channel}/${sale.number}`
  const answer = await gateway.authorise({
    key,
    orderKey: key,
    amountMinor: BigInt(total),
    currency: sale.currency,
    paymentMethod: 'pm_card_visa',
    captureNow,
  })
  if (answer.outcome !== 'confirmed') throw new Error(`${key}: ${answer.message}`)
  return answer.reference
}
