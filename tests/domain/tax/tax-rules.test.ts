import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { calculateTax, type RatedPart, type TaxRounding } from '#domain/tax/calculate'
import { placeOfSupply, type Supply } from '#domain/tax/place-of-supply'
import { joined, ratedParts } from '#domain/tax/rated-parts'
import { withTax } from '#domain/orders/tax-quote'
import { freezeOrder } from '#domain/orders/freeze'
import { taxAccount } from '#domain/ledger/sales-terms'
import { moneyOfUnits } from '#domain/orders/shares'
import { anOrder } from '#tests/support/company'

const usual: TaxRounding = { basis: 'line', rounding: 'half-up', stack: 'separate' }
const part = (amountMinor: bigint, ...ppm: number[]): RatedPart => ({
  lineId: 'L0',
  amountMinor,
  rates: ppm.map((ratePpm, n) => ({ jurisdiction: n === 0 ? 'US-XX' : `US-XX/${n}`, ratePpm })),
})
const taxes = (parts: RatedPart[], by: Partial<TaxRounding> = {}, inclusive = false) =>
  calculateTax(parts, { ...usual, ...by }, inclusive).map(({ taxMinor }) => taxMinor)

describe('rounding', () => {
  test('R6: three lines at 9.99 and 7.25% are 2.16 by line, and 2.17 by document, split so that the lines sum to it', () => {
    const lines = [part(999n, 72_500), part(999n, 72_500), part(999n, 72_500)]
    expect(taxes(lines)).toEqual([72n, 72n, 72n])
    expect(taxes(lines, { basis: 'document' })).toEqual([73n, 72n, 72n])
  })

  test('R7: 10.00 at 6.35% and 1.15% is 0.76 rounded one by one, and 0.75 summed, split back 0.64 and 0.11', () => {
    // Streamlined Sales and Use Tax Agreement, section 324: to the third decimal, up above 4; a seller may sum state and local first.
    const [one] = calculateTax([part(1000n, 63_500, 11_500)], usual, false)
    expect(one!.jurisdictions.map(({ taxMinor }) => taxMinor)).toEqual([64n, 12n])
    const [both] = calculateTax([part(1000n, 63_500, 11_500)], { ...usual, stack: 'summed' }, false)
    expect(both!.taxMinor).toBe(75n)
    expect(both!.jurisdictions.map(({ taxMinor }) => taxMinor)).toEqual([64n, 11n])
  })

  test('R8: a country that lists it rounds down, every other half up, on the line and on the document', () => {
    // CJEU C-484/06 Ahold and C-302/07 Wetherspoon: no right to round down per item; HMRC VAT notice 700 §17.5: to a whole penny down, on the invoice's total.
    const lines = [part(1098n, 200_000), part(1098n, 200_000), part(1098n, 200_000)]
    expect(taxes(lines)).toEqual([220n, 220n, 220n])
    expect(taxes(lines, { basis: 'document' })).toEqual([220n, 220n, 219n])
    expect(taxes(lines, { basis: 'document', rounding: 'down' })).toEqual([220n, 219n, 219n])
  })

  test('R9: 9.99 with 20% in it holds 1.67 of tax and 8.32 net, on whatever basis', () => {
    expect(taxes([part(999n, 200_000)], {}, true)).toEqual([167n])
    expect(taxes([part(999n, 200_000)], { basis: 'document' }, true)).toEqual([167n])
  })

  test('lines sum to the document, jurisdictions to their line, and document basis is never a cent off', () => {
    const amounts = fc.array(fc.bigInt({ min: 1n, max: 10_000_000n }), {
      minLength: 1,
      maxLength: 12,
    })
    const stack = fc.array(fc.integer({ min: 0, max: 120_000 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(amounts, stack, fc.boolean(), fc.boolean(), (nets, ppm, summed, inclusive) => {
        const parts = nets.map((amount) => part(amount, ...ppm))
        const by = { basis: 'document', stack: summed ? 'summed' : 'separate' } as const
        const found = calculateTax(parts, { ...usual, ...by }, inclusive)
        for (const line of found)
          expect(line.taxMinor).toBe(
            line.jurisdictions.reduce((all, one) => all + one.taxMinor, 0n),
          )
        const rate = ppm.reduce((all, one) => all + one, 0)
        const net = nets.reduce((all, one) => all + one, 0n)
        const exact = (Number(net) * rate) / (inclusive ? 1_000_000 + rate : 1_000_000)
        const tax = Number(found.reduce((all, line) => all + line.taxMinor, 0n))
        const allowed = (summed || inclusive ? 0.5 : ppm.length / 2) + 1e-6
        expect(Math.abs(tax - exact)).toBeLessThanOrEqual(allowed)
      }),
    )
  })
})

describe('R12: the same cart to two states', () => {
  const cart = [
    { lineId: 'L0', amountMinor: 10_000n, taxCategory: 'standard' },
    { lineId: 'S0', amountMinor: 800n, taxCategory: 'FR020100' },
  ]

  test('has other tax lines and the same revenue', () => {
    const newYork = [
      { jurisdiction: 'US-NY', ratePpm: 40_000 },
      { jurisdiction: 'US-NY/NEW YORK CITY', ratePpm: 45_000 },
      { jurisdiction: 'US-NY/MCTD', ratePpm: 3_750 },
    ]
    const california = [{ jurisdiction: 'US-CA', ratePpm: 72_500 }]
    // NY: Tax Bulletin ST-838, shipping is part of the receipt; CA: Regulation 1628, separately stated carriage is not taxed.
    const inNewYork = calculateTax(
      ratedParts(cart, { shipping: 'as-goods' }, () => newYork),
      usual,
      false,
    )
    const inCalifornia = calculateTax(
      ratedParts(cart, { shipping: 'untaxed' }, () => california),
      usual,
      false,
    )
    expect(inNewYork.map(({ taxMinor }) => taxMinor)).toEqual([888n, 71n])
    expect(inCalifornia.map(({ taxMinor }) => taxMinor)).toEqual([725n, 0n])
    const revenue = [inNewYork, inCalifornia].map((quoted) => {
      const order = anOrder({
        shipping: [{ title: 'Post', amountMinor: '800', discounts: [], taxes: [] }],
      })
      const lines = freezeOrder(withTax(order, quoted), () => [
        { itemId: 1, kitItemId: null, packFactor: 1, weight: 1n },
      ])
      return lines[0]!.goodsMinor + lines[0]!.shippingMinor
    })
    expect(revenue).toEqual([10_800n, 10_800n])
  })

  test('shipping of a mixed parcel has the rates of its goods in proportion', () => {
    const mixed = [
      { lineId: 'L0', amountMinor: 7_500n, taxCategory: 'standard' },
      { lineId: 'L1', amountMinor: 2_500n, taxCategory: 'food' },
      { lineId: 'S0', amountMinor: 1_000n, taxCategory: 'FR020100' },
    ]
    const rates = (category: string) => [
      { jurisdiction: 'DE', ratePpm: category === 'food' ? 70_000 : 190_000 },
    ]
    // Abschnitt 10.1 UStAE: carriage shares the fate of the main supply, at mixed rates in proportion.
    const quoted = joined(
      calculateTax(ratedParts(mixed, { shipping: 'as-goods' }, rates), usual, false),
    )
    expect(quoted[2]).toMatchObject({
      lineId: 'S0',
      taxMinor: 161n,
      jurisdictions: [
        { ratePpm: 190_000, taxMinor: 143n },
        { ratePpm: 70_000, taxMinor: 18n },
      ],
    })
  })
})

describe('R13 and R15: where goods are taxed between VAT countries', () => {
  const german: Supply = {
    ...{ from: 'DE', to: 'FR', seat: 'DE', schemes: [], registeredIn: ['DE'], buyerVatId: null },
    ...{ netEurMinor: 10_000n, crossBorderEurMinor: 0n },
    consignmentMinor: { EUR: 10_000n, GBP: 8_500n },
  }
  const place = (changes: Partial<Supply>) => {
    const { rateOf, jurisdiction, treatment } = placeOfSupply({ ...german, ...changes })
    return `${rateOf ?? 'none'} ${jurisdiction}${treatment ? ` ${treatment}` : ''}`
  }

  test('R13: consumers of other states pay home VAT to 10,000 EUR a year; the sale that crosses it is the destination’s already', () => {
    // EU Commission, "VAT e-commerce: One Stop Shop", explanatory notes 3.2: threshold of Article 59c.
    expect(place({ crossBorderEurMinor: 989_999n })).toBe('DE DE')
    expect(place({ crossBorderEurMinor: 990_000n })).toBe('DE DE')
    expect(place({ crossBorderEurMinor: 990_001n })).toBe('FR FR')
    expect(place({ schemes: ['oss'] })).toBe('FR FR oss')
  })

  test('R13: stock in Poland that is sold there is Polish VAT, not OSS; from there to France it is OSS', () => {
    expect(place({ from: 'PL', to: 'PL', schemes: ['oss'] })).toBe('PL PL')
    expect(place({ from: 'PL', to: 'FR', schemes: ['oss'] })).toBe('FR FR oss')
    // The threshold holds for goods from the state of the seat only.
    expect(place({ from: 'PL', to: 'FR' })).toBe('FR FR')
  })

  test('a business with a valid number of another state pays none, one of the state of departure does', () => {
    expect(place({ buyerVatId: 'FR40303265045' })).toBe('none FR reverse-charge')
    expect(place({ to: 'GR', buyerVatId: 'EL123456789' })).toBe('none GR reverse-charge')
    expect(place({ buyerVatId: 'DE129273398' })).toBe('DE DE')
    expect(place({ to: 'DE', buyerVatId: 'DE129273398' })).toBe('DE DE')
  })

  test('R15: imports to 150 EUR go by IOSS; above it, or without it, the border collects; exports are free', () => {
    const fromChina = { from: 'CN', to: 'FR' } as const
    const worth = (EUR: bigint) => ({ consignmentMinor: { EUR, GBP: EUR } })
    expect(place({ ...fromChina, schemes: ['ioss'], ...worth(15_000n) })).toBe('FR FR ioss')
    expect(place({ ...fromChina, schemes: ['ioss'], ...worth(15_001n) })).toBe('none FR import')
    expect(place(fromChina)).toBe('none FR import')
    expect(place({ to: 'CH' })).toBe('none DE export')
  })

  test('goods for the United Kingdom to 135 GBP are UK supplies, for its businesses reverse charged', () => {
    // HMRC, "VAT and overseas goods sold directly to customers in the UK".
    const toBritain = { to: 'GB', registeredIn: ['DE', 'GB'] } as const
    const worth = (GBP: bigint) => ({ consignmentMinor: { EUR: GBP, GBP } })
    expect(place({ ...toBritain, ...worth(13_500n) })).toBe('GB GB')
    expect(place({ ...toBritain, ...worth(13_501n) })).toBe('none GB import')
    expect(place({ ...toBritain, ...worth(5_000n), buyerVatId: 'GB999999973' })).toBe(
      'none GB reverse-charge',
    )
  })
})

describe('frozen tax', () => {
  const sold = (treatment?: 'oss') => {
    const order = anOrder({ pricesIncludeTax: true, line: { unitPriceMinor: '12000' } })
    const rates = [{ jurisdiction: 'FR', ratePpm: 200_000 }]
    const parts = [
      { lineId: 'L0', amountMinor: 12_000n, rates, ...(treatment ? { treatment } : {}) },
    ]
    const quoted = calculateTax(parts, usual, true)
    return freezeOrder(withTax(order, quoted), () => [
      { itemId: 1, kitItemId: null, packFactor: 1, weight: 1n },
    ])[0]!
  }

  test('R13: 120.00 from Germany to a French consumer is 100.00 net and 20.00 on the OSS account of FR', () => {
    const line = sold('oss')
    expect(line.goodsMinor).toBe(10_000n)
    expect(line.taxes).toMatchObject([{ jurisdiction: 'FR', taxMinor: 2_000n }])
    const share = { ...line.taxes[0]!, amountMinor: 2_000n }
    expect(taxAccount(share)).toBe('OssVat')
    expect(taxAccount({ ...share, taxCode: sold().taxes[0]!.taxCode })).toBe('OutputVat')
  })

  test('R10: parts of a sale have shares of its frozen tax that net to it exactly, however it is cut', () => {
    const line = {
      ...{ ordered: 7, goodsMinor: 9_800n, shippingMinor: 0n, discounts: [] },
      taxes: [
        { jurisdiction: 'US-CA', taxMinor: 743n },
        { jurisdiction: 'US-CA/LA', taxMinor: 66n },
      ].map((tax) => ({
        ...{ ...tax, component: 'goods' as const, taxCode: 'x', collectedBy: 'seller' as const },
      })),
    }
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 7 }), (cut) => {
        const [one, other] = [moneyOfUnits(line, 0, cut), moneyOfUnits(line, cut, 7)]
        const both = one.taxes.map((tax, n) => tax.amountMinor + other.taxes[n]!.amountMinor)
        expect(both).toEqual([743n, 66n])
        expect(one.taxMinor + other.taxMinor).toBe(809n)
      }),
    )
  })
})
