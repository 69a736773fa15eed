import type { AddressDocument } from '#contracts/order-intake'
import { isCountry } from '../countries.ts'
import { shown, type Field } from '../field.ts'

/** What the two Orders APIs call the parts of an address. */
export interface PlaceNames {
  name: string
  company: string
  lines: [string, string, string]
  city: string
  region: string
  postalCode: string
  country: string
}

/** An address, or null when Amazon withholds it, as it does before an order is ready. */
export function readPlace(address: Field, names: PlaceNames): AddressDocument | null {
  if (!address.isObject) return null
  const country = address.at(names.country).text()?.toUpperCase() ?? ''
  const [first, second, third] = names.lines.map((line) => address.at(line).text())
  return {
    name: address.at(names.name).text(),
    company: address.at(names.company).text(),
    line1: first ?? null,
    line2: [second, third].filter(Boolean).join(', ') || null,
    city: address.at(names.city).text(),
    region: address.at(names.region).text(),
    postalCode: address.at(names.postalCode).text(),
    country: isCountry(country) ? country : null,
  }
}

/**
 * The minor units of an Amazon money object in either spelling (`Amount` and `CurrencyCode`, or
 * `amount` and `currencyCode`); zero when left out. Reductions come with or without a sign in
 * Amazon's documents, so callers state what an amount does by where they put it.
 */
export function amazonMoney(money: Field, currency: string): bigint {
  if (!money.present) return 0n
  if (!money.isObject) {
    money.refuse('not-money', 'must be an object of an amount and a currency code')
    return 0n
  }
  const code = money.firstOf('CurrencyCode', 'currencyCode')
  if (code.present && code.value !== currency) {
    code.refuse('currency-mismatch', `must be ${currency}, got ${shown(code.value)}`)
  }
  return money.firstOf('Amount', 'amount').charge(currency)
}
