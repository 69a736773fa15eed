import { SHOPIFY, WHOLESALE, WOOCOMMERCE } from './company.ts'
import { KNOWN_CUSTOMERS } from './customers.ts'
import type { Random } from './random.ts'

export interface Place {
  city: string
  region: string
  postalCode: string
  country: string
  /** Sales tax or VAT of a sale there. */
  taxPpm: number
  taxName: string
}

export interface Buyer extends Place {
  /** The channel's customer id; null for a guest. */
  externalId: string | null
  first: string
  last: string
  company: string | null
  email: string
  phone: string
  line1: string
}

const us = (city: string, region: string, postalCode: string, taxPpm: number): Place => ({
  city,
  region,
  postalCode,
  country: 'US',
  taxPpm,
  taxName: `${region} State Tax`,
})
const eu = (city: string, postalCode: string, country: string, taxPpm: number): Place => ({
  city,
  region: '',
  postalCode,
  country,
  taxPpm,
  taxName: `${country}-VAT`,
})

/** The first ones are drawn most often. */
const US_PLACES: Place[] = [
  us('Brooklyn', 'NY', '11215', 88_750),
  us('Los Angeles', 'CA', '90026', 95_000),
  us('Jersey City', 'NJ', '07302', 66_250),
  us('Chicago', 'IL', '60614', 102_500),
  us('Austin', 'TX', '78704', 82_500),
  us('Seattle', 'WA', '98103', 103_500),
  us('Portland', 'OR', '97214', 0),
  us('Boston', 'MA', '02118', 62_500),
  us('Denver', 'CO', '80211', 88_100),
  us('Philadelphia', 'PA', '19125', 80_000),
  us('Miami', 'FL', '33137', 70_000),
  us('Minneapolis', 'MN', '55408', 90_250),
  us('Honolulu', 'HI', '96816', 45_000),
]
const ABROAD: Place[] = [
  { ...us('Toronto', 'ON', 'M6J 1H4', 0), country: 'CA' },
  { ...us('Vancouver', 'BC', 'V6B 2W9', 0), country: 'CA' },
  { ...us('London', '', 'E8 3RH', 0), country: 'GB' },
]
const EU_PLACES: Place[] = [
  eu('Berlin', '10999', 'DE', 190_000),
  eu('Hamburg', '20357', 'DE', 190_000),
  eu('Leipzig', '04229', 'DE', 190_000),
  eu('München', '80469', 'DE', 190_000),
  eu('Köln', '50674', 'DE', 190_000),
  eu('Wien', '1070', 'AT', 200_000),
  eu('Amsterdam', '1053 PJ', 'NL', 210_000),
  eu('Paris', '75011', 'FR', 200_000),
  eu('Antwerpen', '2018', 'BE', 210_000),
  eu('Kraków', '31-056', 'PL', 230_000),
]
const STREETS: Record<string, string[]> = {
  US: ['Maple Street', 'Union Avenue', 'Prospect Place', 'Cedar Lane', 'Grand Street'],
  DE: ['Lindenstraße', 'Kastanienallee', 'Am Markt', 'Goethestraße', 'Hafenweg'],
}
const FIRST = ['Emma', 'Liam', 'Ava', 'Mateo', 'Zoe', 'Omar', 'Nina', 'Jonas', 'Ruth', 'Kenji']
const LAST = [
  'Larsen',
  'Okoye',
  'Bennett',
  'Keller',
  'Romano',
  'Nguyen',
  'Sharma',
  'Novak',
  'Reyes',
]

/** Somebody who buys on the channel: now and then a known customer, often the same ones again. */
export function buyerOf(channel: string, random: Random): Buyer {
  const place = placeOf(channel, random)
  const known = KNOWN_CUSTOMERS.filter((customer) => customer.channel === channel)
    // The blocked one comes only when a blocked one is asked for.
    .filter((customer) => customer.blockedReason === null)
  if (channel === WHOLESALE) return shopOf(random.pick(known), place, random)
  const regular = known.length > 0 && random.chance(0.1) ? random.pick(known) : null
  const [first, last] = regular
    ? (regular.person.name.split(' ') as [string, string])
    : [random.pick(FIRST), random.pick(LAST)]
  const guest = random.chance(0.3)
  return {
    ...place,
    externalId: regular?.externalId ?? (guest ? null : newId(channel, random)),
    first,
    last,
    company: null,
    email: regular?.person.email ?? `${first}.${last}${random.whole(1, 999)}@mail.example`,
    phone: `+1555${random.whole(1_000_000, 9_999_999)}`,
    line1: line1(place, random),
  }
}

/** A wholesale customer, given by its known row. */
export function shopOf(
  shop: (typeof KNOWN_CUSTOMERS)[number],
  place: Place,
  random: Random,
): Buyer {
  return {
    ...place,
    externalId: shop.externalId,
    first: '',
    last: shop.person.name,
    company: shop.person.name,
    email: shop.person.email,
    phone: '+15550100100',
    line1: line1(place, random),
  }
}

export function placeOf(channel: string, random: Random): Place {
  if (channel === WOOCOMMERCE) return random.popular(EU_PLACES)
  if (channel === SHOPIFY && random.chance(0.06)) return random.popular(ABROAD)
  return random.popular(US_PLACES)
}

function line1(place: Place, random: Random): string {
  const european = !['US', 'CA', 'GB'].includes(place.country)
  const street = random.pick(STREETS[european ? 'DE' : 'US']!)
  const number = random.whole(1, 240)
  return european ? `${street} ${number}` : `${number} ${street}`
}

/** Ids of 13 digits at Shopify; one pool of a few hundred, so that people come back. */
function newId(channel: string, random: Random): string {
  return String((channel === SHOPIFY ? 7_200_000_000_000 : 500) + random.whole(1, 400))
}
