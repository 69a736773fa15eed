import type { AddressDocument } from '#contracts/order-intake'
import type { Tx } from '#db/client'
import { rateOn } from '#db/queries/rates'
import {
  certificateFor,
  crossBorderSales,
  profileOn,
  registrationsOn,
  stackedRates,
  taxStack,
  validVatId,
  type TaxProfile,
  type TaxedBuyer,
} from '#db/queries/tax-rules'
import type { CategorisedPart, TaxBasis } from '#db/stores/tax-quotes'
import { convertMinor } from '#domain/ledger/fx'
import { divideRounded, sum } from '#domain/money'
import { ratedPlaces } from '#domain/orders/tax-quote'
import { Refusal } from '#domain/refusal'
import { calculateTax, type QuotedPart, type Rate, type TaxTreatment } from '#domain/tax/calculate'
import { MEMBER_STATES, placeOfSupply, type Supply } from '#domain/tax/place-of-supply'
import { joined, ratedParts, untaxedParts } from '#domain/tax/rated-parts'

/** Who sells what to whom, as far as our own rules of tax look at it. */
export interface Sale {
  seller: { entityId: number; seat: string; functionalCurrency: string }
  buyer: TaxedBuyer
  from: AddressDocument
  to: AddressDocument
  taxOn: string
  currency: string
  pricesIncludeTax: boolean
  parts: CategorisedPart[]
}

export interface OwnTax {
  quoted: QuotedPart[]
  basis: TaxBasis
}

/**
 * The tax by the profiles of the jurisdictions that a sale touches (R6–R13, R15); null where
 * neither its destination nor the place of the stock has one.
 * @throws Refusal `TaxUnknown` where the profile taxes and no rate is known.
 */
export async function ownTax(tx: Tx, sale: Sale): Promise<OwnTax | null> {
  const profile = await profileOn(tx, ratedPlaces(sale.to), sale.taxOn)
  if (profile?.system === 'sales-tax') return salesTax(tx, sale, profile)
  const leaves = await profileOn(tx, [sale.from.country ?? ''], sale.taxOn)
  if (!profile && leaves?.system !== 'vat') return null
  return valueAddedTax(tx, sale)
}

/** R11, R12: the stack of the destination, where the company has to collect and the buyer to pay. */
async function salesTax(tx: Tx, sale: Sale, profile: TaxProfile): Promise<OwnTax> {
  const { to, from, taxOn, parts } = sale
  const state = ratedPlaces(to)[0]!
  const named = { profile: `${profile.jurisdiction}@${profile.version}` }
  const registered = await registrationsOn(tx, sale.seller.entityId, taxOn)
  const collects = registered.some(
    (one) => one.scheme === 'domestic' && ratedPlaces(to).includes(one.jurisdiction),
  )
  if (!collects)
    return {
      quoted: untaxedParts(parts, state, 'not-registered'),
      basis: { ...named, rule: 'the company is not registered in this state' },
    }
  const certificate = await certificateFor(tx, sale.buyer, { state, on: taxOn })
  if (certificate?.valid)
    return {
      quoted: untaxedParts(parts, state, 'exempt'),
      basis: {
        ...{ ...named, rule: 'exemption certificate' },
        ...{ certificateId: certificate.id.toString(), certificateNumber: certificate.number },
      },
    }
  const taxedAt = profile.sourcing === 'origin' && ratedPlaces(from)[0] === state ? from : to
  const places = await taxStack(tx, { state, postalCode: taxedAt.postalCode, on: taxOn })
  return {
    quoted: await atRates(tx, sale, profile, places),
    basis: {
      ...{ ...named, rule: `${profile.sourcing}, ${places.join(' + ')}` },
      ...(certificate ? { expiredCertificateId: certificate.id.toString() } : {}),
    },
  }
}

/** R8, R9, R13, R15: one country's rate on it, or none. */
async function valueAddedTax(tx: Tx, sale: Sale): Promise<OwnTax> {
  const supply = await supplyOf(tx, sale)
  const { rateOf, jurisdiction, treatment, rule } = placeOfSupply(supply)
  const vatId = supply.buyerVatId === null ? {} : { vatId: supply.buyerVatId }
  if (rateOf === null)
    return { quoted: untaxedParts(sale.parts, jurisdiction, treatment!), basis: { rule, ...vatId } }
  const profile = await profileOn(tx, [rateOf], sale.taxOn)
  const by = profile ?? USUAL_VAT
  const basis = { rule, ...vatId }
  return {
    quoted: await atRates(tx, sale, by, [rateOf], treatment),
    basis: profile ? { ...basis, profile: `${rateOf}@${profile.version}` } : basis,
  }
}

/** Where a country's rate is known and nobody has stated how it rounds. */
const USUAL_VAT = {
  basis: 'line',
  rounding: 'half-up',
  stack: 'separate',
  shipping: 'as-goods',
} as const

async function supplyOf(tx: Tx, sale: Sale): Promise<Supply> {
  const { seller, taxOn, buyer, from, to } = sale
  const seat = seller.seat
  const registered = await registrationsOn(tx, seller.entityId, taxOn)
  const schemes = registered.flatMap(({ scheme }) => (scheme === 'domestic' ? [] : [scheme]))
  const states = [...MEMBER_STATES]
  const asked = { entityId: seller.entityId, seat, states, on: taxOn }
  const crossBorder = await crossBorderSales(tx, asked)
  const goods = sum(sale.parts.filter(isGoods).map((part) => part.amountMinor))
  const everything = sum(sale.parts.map((part) => part.amountMinor))
  return {
    ...{ from: from.country ?? seat, to: to.country ?? seat, seat, schemes },
    registeredIn: registered.flatMap((one) =>
      one.scheme === 'domestic' ? [one.jurisdiction] : [],
    ),
    buyerVatId: await validVatId(tx, buyer, taxOn),
    netEurMinor: await inCurrency(tx, await netAtHome(tx, sale, everything), sale, 'EUR'),
    crossBorderEurMinor: await inCurrency(
      tx,
      crossBorder,
      { currency: seller.functionalCurrency, taxOn },
      'EUR',
    ),
    // Intrinsic value: without carriage that is charged separately.
    consignmentMinor: {
      EUR: await inCurrency(tx, goods, sale, 'EUR'),
      GBP: await inCurrency(tx, goods, sale, 'GBP'),
    },
  }
}

/** The limit is of net sales: what the price holds without the VAT of the seller's seat. */
async function netAtHome(tx: Tx, sale: Sale, grossMinor: bigint): Promise<bigint> {
  if (!sale.pricesIncludeTax) return grossMinor
  const ask = { places: [sale.seller.seat], categories: ['standard'], on: sale.taxOn }
  const [rate] = (await stackedRates(tx, ask)).get('standard') ?? []
  return divideRounded(grossMinor * 1_000_000n, 1_000_000n + BigInt(rate?.ratePpm ?? 0))
}

/** At the day's rate; where none is loaded the amount counts as it stands, so that a sale need not wait for a rate. */
async function inCurrency(
  tx: Tx,
  minor: bigint,
  { currency, taxOn }: Pick<Sale, 'currency' | 'taxOn'>,
  to: string,
): Promise<bigint> {
  const rateE9 = await rateOn(tx, { from: currency, to, on: taxOn })
  return rateE9 === undefined ? minor : convertMinor(minor, currency, to, rateE9)
}

async function atRates(
  tx: Tx,
  { parts, taxOn, pricesIncludeTax }: Sale,
  by: Pick<TaxProfile, 'basis' | 'rounding' | 'stack' | 'shipping'>,
  places: readonly string[],
  treatment?: TaxTreatment,
): Promise<QuotedPart[]> {
  const goods = parts.filter(isGoods)
  const categories = [...new Set([...goods.map((part) => part.taxCategory), 'standard'])]
  const rates = await stackedRates(tx, { places, categories, on: taxOn })
  const ratesOf = (category: string): Rate[] => {
    const found = rates.get(category)
    if (found) return found
    throw new Refusal(
      'TaxUnknown',
      `No tax rate is known for ${places[0]} on ${taxOn}. State it with the profile of the jurisdiction, then send the document again.`,
    )
  }
  const rated = ratedParts(parts, { shipping: by.shipping, treatment }, ratesOf)
  return joined(calculateTax(rated, by, pricesIncludeTax))
}

function isGoods({ lineId }: CategorisedPart): boolean {
  return !lineId.startsWith('S')
}
