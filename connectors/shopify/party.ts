import type { AddressDocument, CustomerDocument } from '#contracts/order-intake'
import { isCountry } from '../countries.ts'
import type { Field } from '../field.ts'

/** The buyer; a guest has no id. */
export function readCustomer(order: Field): CustomerDocument {
  const customer = order.at('customer')
  return {
    externalId: customer.at('id').id(),
    name: fullName(customer) ?? fullName(order.at('billing_address')),
    email: order.firstOf('email', 'contact_email').text() ?? customer.at('email').text(),
    phone: order.at('phone').text() ?? customer.at('phone').text(),
  }
}

/** Null when the order has no such address, as with digital goods. */
export function readAddress(address: Field): AddressDocument | null {
  if (!address.present) return null
  if (!address.isObject) {
    address.refuse('not-an-address', 'must be an object with address1, city, zip, country_code')
    return null
  }
  return {
    name: address.at('name').text() ?? fullName(address),
    company: address.at('company').text(),
    line1: address.at('address1').text(),
    line2: address.at('address2').text(),
    city: address.at('city').text(),
    region: address.firstOf('province_code', 'province').text(),
    postalCode: address.at('zip').text(),
    country: countryCode(address.firstOf('country_code', 'country')),
  }
}

/** Old documents write the country out; the address check asks for the code then. */
function countryCode(field: Field): string | null {
  const code = field.text()?.toUpperCase() ?? ''
  return isCountry(code) ? code : null
}

function fullName(person: Field): string | null {
  const names = [person.at('first_name').text(), person.at('last_name').text()]
  return names.filter((name) => name !== null).join(' ') || null
}
