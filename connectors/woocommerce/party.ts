import type { AddressDocument, CustomerDocument } from '#contracts/order-intake'
import { isCountry } from '../countries.ts'
import type { Field } from '../field.ts'
import type { Dialect } from './dialect.ts'

/** The buyer; WooCommerce gives guests the id 0. */
export function readCustomer(order: Field, dialect: Dialect): CustomerDocument {
  const billing = order.at(dialect.billing)
  const id = order.at('customer_id').id()
  return {
    externalId: id === '0' ? null : id,
    name: fullName(billing),
    email: billing.at('email').text(),
    phone: billing.at('phone').text(),
  }
}

/** Null when nothing of the address is filled in, as in orders to be collected. */
export function readAddress(address: Field): AddressDocument | null {
  if (!address.present) return null
  if (!address.isObject) {
    address.refuse('not-an-address', 'must be an object with address_1, city, postcode, country')
    return null
  }
  const country = address.at('country').text()?.toUpperCase() ?? ''
  const read = {
    name: fullName(address),
    company: address.at('company').text(),
    line1: address.at('address_1').text(),
    line2: address.at('address_2').text(),
    city: address.at('city').text(),
    region: address.at('state').text(),
    postalCode: address.at('postcode').text(),
    country: isCountry(country) ? country : null,
  }
  return Object.values(read).some((part) => part !== null) ? read : null
}

function fullName(person: Field): string | null {
  const names = [person.at('first_name').text(), person.at('last_name').text()]
  return names.filter((name) => name !== null).join(' ') || null
}
