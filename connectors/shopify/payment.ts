import type { PaymentDocument } from '#contracts/order-intake'
import { shown, type Field } from '../field.ts'
import { shopMoney } from './shop-money.ts'

const STATES: Record<string, PaymentDocument['state']> = {
  paid: 'captured',
  partially_refunded: 'captured',
  refunded: 'captured',
  authorized: 'authorised',
  pending: 'pending',
  partially_paid: 'pending',
  voided: 'pending',
  expired: 'pending',
}

/**
 * How the order is paid, refunds left aside. `amountMinor` is what has come in so far without
 * gift cards, which stand in `otherTenders` where the document carries its transactions.
 */
export function readPayment(order: Field, currency: string, total: bigint): PaymentDocument {
  const status = order.at('financial_status')
  const name = status.present ? String(status.text()) : 'pending'
  const state = Object.hasOwn(STATES, name) ? STATES[name]! : null
  if (state === null) {
    status.refuse('unknown-status', `must be one of ${Object.keys(STATES).join(', ')}`)
  }
  const tenders = giftCardTenders(order, currency)
  const byGiftCard = tenders.reduce((all, tender) => all + BigInt(tender.amountMinor), 0n)
  const due = total > byGiftCard ? total - byGiftCard : 0n
  const amount = name === 'partially_paid' ? paidSoFar(order, currency, due) : due
  return {
    state: state ?? 'pending',
    provider: provider(order),
    reference: reference(order),
    amountMinor: (state === 'pending' && name !== 'partially_paid' ? 0n : amount).toString(),
    ...(tenders.length > 0 ? { otherTenders: tenders } : {}),
  }
}

/** What is outstanding tells best; else the payments that went through are added up. */
function paidSoFar(order: Field, currency: string, due: bigint): bigint {
  const outstanding = shopMoney(order, 'total_outstanding', currency)
  if (outstanding !== null && outstanding >= 0n) return due > outstanding ? due - outstanding : 0n
  return receipts(order)
    .filter((payment) => payment.at('gateway').value !== 'gift_card')
    .reduce((paid, payment) => paid + payment.at('amount').charge(currency), 0n)
}

function receipts(order: Field): Field[] {
  return order
    .at('transactions')
    .list()
    .filter((payment) => payment.at('status').value === 'success')
    .filter((payment) => ['sale', 'capture'].includes(shown(payment.at('kind').value).slice(1, -1)))
}

function giftCardTenders(order: Field, currency: string) {
  return receipts(order)
    .filter((payment) => payment.at('gateway').value === 'gift_card')
    .map((payment) => ({
      kind: 'gift-card' as const,
      // The card itself; the transaction's id says nothing about which card it spends.
      reference:
        payment.at('receipt').at('gift_card_id').id() ?? payment.at('id').id() ?? 'gift_card',
      amountMinor: payment.at('amount').charge(currency).toString(),
    }))
}

function provider(order: Field): string {
  const names = order
    .at('payment_gateway_names')
    .list()
    .map((name) => name.id())
  const money = names.find((name) => name !== null && name !== 'gift_card')
  return money ?? order.at('gateway').id() ?? names.find((name) => name !== null) ?? 'unknown'
}

function reference(order: Field): string | null {
  const payments = order
    .at('transactions')
    .list()
    .filter((payment) => payment.at('status').value === 'success')
    .filter((payment) => payment.at('gateway').value !== 'gift_card')
  const last = payments.at(-1)
  return last?.at('authorization').text() ?? last?.at('id').id() ?? null
}
