import { formatMinor } from '#domain/money'
import { shown, type Field } from '../field.ts'

/**
 * The amount `name` of `parent` in the shop's currency, in minor units: from `{name}_set` where
 * the document has one, else from the plain field, which is in shop currency as well.
 * Null when neither is there.
 */
export function shopMoney(parent: Field, name: string, currency: string): bigint | null {
  const shop = parent.at(`${name}_set`).at('shop_money')
  if (!shop.at('amount').present) return parent.at(name).amount(currency)
  const code = shop.at('currency_code')
  if (code.present && code.value !== currency) {
    code.refuse('currency-mismatch', `must be the shop's ${currency}, got ${shown(code.value)}`)
  }
  return shop.at('amount').amount(currency)
}

/** As {@link shopMoney}, but zero when left out and refused when negative. */
export function shopCharge(parent: Field, name: string, currency: string): bigint {
  const amount = shopMoney(parent, name, currency) ?? 0n
  if (amount >= 0n) return amount
  parent
    .at(name)
    .refuse('negative-amount', `must not be negative: ${formatMinor(amount, currency)}`)
  return 0n
}
