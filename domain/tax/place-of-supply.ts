import type { TaxTreatment } from './calculate.ts'

/** Where goods that are sold to another country are taxed, and in which return. */
export interface SupplyPlace {
  /** Country whose rate falls on it; null where nothing is charged. */
  rateOf: string | null
  /** Jurisdiction that the tax line names. */
  jurisdiction: string
  treatment?: TaxTreatment
  /** The rule, for the decision that is kept. */
  rule: string
}

export interface Supply {
  /** ISO countries: of the stock that the goods leave, of where they go, of the seller's seat. */
  from: string
  to: string
  seat: string
  /** Schemes that the seller is registered for on the day. */
  schemes: readonly ('oss' | 'ioss')[]
  /** Countries with a registration of their own. */
  registeredIn: readonly string[]
  /** A VAT number that was found valid; its first two letters are the state. */
  buyerVatId: string | null
  /** Net value of this sale, and of earlier sales to consumers of other member states in this year or, if more, the last, in EUR cents. */
  netEurMinor: bigint
  crossBorderEurMinor: bigint
  /** Value of the consignment in the currency that the limit of an import is said in; minor units. */
  consignmentMinor: { EUR: bigint; GBP: bigint }
}

export const MEMBER_STATES = new Set(
  'AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE'.split(' '),
)
function isMemberState(country: string): boolean {
  return MEMBER_STATES.has(country)
}

/** Net sales to consumers in other member states, per calendar year (VAT directive 59c). */
const DISTANCE_SALES_LIMIT = 1_000_000n
/** Intrinsic value of a consignment: VAT directive 369l; HMRC, "VAT and overseas goods sold directly to customers in the UK". */
const IMPORT_LIMIT = { EUR: 15_000n, GBP: 13_500n }

/**
 * The place of supply of goods between VAT countries (R13, R15). Stock in a state that is sold
 * there is that state's own VAT, never OSS; the sale that crosses the threshold is taxed at its
 * destination already.
 */
export function placeOfSupply(supply: Supply): SupplyPlace {
  const { from, to } = supply
  if (from === to) return local(to, 'sold where the stock lies')
  if (!isMemberState(to) && to !== 'GB')
    return untaxed(from, 'export', 'leaves the country of the stock for one without VAT profile')
  if (isMemberState(from) && isMemberState(to)) return withinUnion(supply)
  return imported(supply)
}

function withinUnion(supply: Supply): SupplyPlace {
  const { from, to, seat, schemes, registeredIn, buyerVatId } = supply
  // The number of another member state than that of departure (VAT directive 138); Greece writes EL.
  if (buyerVatId !== null && countryOfVatId(buyerVatId) !== from)
    return untaxed(to, 'reverse-charge', 'intra-Community supply to a business')
  if (schemes.includes('oss'))
    return { rateOf: to, jurisdiction: to, treatment: 'oss', rule: 'distance sale by Union OSS' }
  const year = supply.crossBorderEurMinor + supply.netEurMinor
  if (from === seat && year <= DISTANCE_SALES_LIMIT && !registeredIn.includes(to))
    return local(from, 'distance sale below 10,000 EUR in the year: taxed at home')
  return local(to, 'distance sale taxed in the destination’s own return')
}

/** Goods that cross a border into the Union or the United Kingdom. */
function imported({
  to,
  schemes,
  buyerVatId,
  consignmentMinor,
  registeredIn,
}: Supply): SupplyPlace {
  if (to === 'GB') {
    if (consignmentMinor.GBP > IMPORT_LIMIT.GBP)
      return untaxed(to, 'import', 'consignment above 135 GBP: import VAT at the border')
    if (buyerVatId !== null && countryOfVatId(buyerVatId) === 'GB')
      return untaxed(to, 'reverse-charge', 'consignment to a UK business: reverse charge')
    if (registeredIn.includes('GB')) return local('GB', 'consignment to 135 GBP: UK supply VAT')
    return untaxed(to, 'not-registered', 'consignment to 135 GBP without a UK registration')
  }
  if (schemes.includes('ioss') && consignmentMinor.EUR <= IMPORT_LIMIT.EUR && buyerVatId === null)
    return { rateOf: to, jurisdiction: to, treatment: 'ioss', rule: 'imported by IOSS, to 150 EUR' }
  return untaxed(to, 'import', 'imported without IOSS: import VAT at the border')
}

function local(country: string, rule: string): SupplyPlace {
  return { rateOf: country, jurisdiction: country, rule }
}

function untaxed(jurisdiction: string, treatment: TaxTreatment, rule: string): SupplyPlace {
  return { rateOf: null, jurisdiction, treatment, rule }
}

function countryOfVatId(vatId: string): string {
  const prefix = vatId.slice(0, 2)
  return prefix === 'EL' ? 'GR' : prefix
}
