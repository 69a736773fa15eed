import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchLine, toleranceFor, type MatchableLine } from '#domain/purchasing/bill-match'

const tolerance = { pricePpm: 50_000n, priceMinor: 50_00n, qtyPpm: 0n, qtyUnits: 0n }

/** A hundred ordered and received at 10.00, billed as they were. */
function aBilledLine(changes: Partial<MatchableLine> = {}): MatchableLine {
  return {
    qty: 100n,
    netMinor: 1000_00n,
    ordered: { qty: 100n, billedBefore: 0n, unitPriceMinor: 10_00n, pricePer: 1n },
    receipts: [{ openKey: 'receipt-line/1/1', unmatchedQty: 100n, openMinor: 1000_00n }],
    tolerance,
    ...changes,
  }
}

test('what was ordered, received and billed alike needs nobody', () => {
  expect(matchLine(aBilledLine())).toMatchObject({
    matched: [{ qty: 100n, receivedMinor: 1000_00n, billedMinor: 1000_00n }],
    unreceivedQty: 0n,
    priceOver: null,
    quantityOver: null,
  })
})

test('a price passes only within the percentage and within the amount', () => {
  expect(matchLine(aBilledLine({ netMinor: 1030_00n })).priceOver).toBeNull()
  expect(matchLine(aBilledLine({ netMinor: 1050_01n })).priceOver).toEqual({ byMinor: 50_01n })
  const small = { ...tolerance, pricePpm: 10_000n }
  expect(matchLine(aBilledLine({ netMinor: 1030_00n, tolerance: small })).priceOver).toEqual({
    byMinor: 30_00n,
  })
  const tight = { ...tolerance, priceMinor: 29_99n }
  expect(matchLine(aBilledLine({ netMinor: 1030_00n, tolerance: tight })).priceOver).not.toBeNull()
  expect(matchLine(aBilledLine({ netMinor: 1_00n })).priceOver).toBeNull()
})

test('a price for a hundred pieces is compared as such', () => {
  const ordered = { qty: 1000n, billedBefore: 0n, unitPriceMinor: 3_33n, pricePer: 100n }
  expect(matchLine(aBilledLine({ qty: 1000n, netMinor: 33_30n, ordered })).expectedMinor).toBe(
    33_30n,
  )
})

test('units that are ordered and have not come are billed ahead; units that nobody ordered are too many', () => {
  const receipts = [{ openKey: 'receipt-line/1/1', unmatchedQty: 60n, openMinor: 600_00n }]
  expect(matchLine(aBilledLine({ receipts }))).toMatchObject({
    matched: [{ qty: 60n, billedMinor: 600_00n }],
    unreceivedQty: 40n,
    unreceivedMinor: 400_00n,
    quantityOver: null,
  })
  const ordered = { qty: 100n, billedBefore: 50n, unitPriceMinor: 10_00n, pricePer: 1n }
  expect(matchLine(aBilledLine({ receipts, ordered })).quantityOver).toEqual({ byQty: 40n })
})

test('tolerated units beyond the order make the others dearer and wait for no receipt', () => {
  const loose = { ...tolerance, qtyPpm: 20_000n, qtyUnits: 5n }
  const match = matchLine(aBilledLine({ qty: 102n, netMinor: 1020_00n, tolerance: loose }))
  expect(match).toMatchObject({
    matched: [{ qty: 100n, billedMinor: 1020_00n }],
    unreceivedQty: 0n,
    quantityOver: null,
  })
})

test('without an order the receipts say quantity and price', () => {
  const match = matchLine(aBilledLine({ ordered: null, qty: 50n, netMinor: 600_00n }))
  expect(match).toMatchObject({ expectedMinor: 500_00n, priceOver: { byMinor: 100_00n } })
})

test('the item’s limit goes before the vendor’s, and that before the entity’s, limit by limit', () => {
  const levels = {
    item: { pricePpm: 1n, priceMinor: null },
    vendor: { pricePpm: 2n, priceMinor: 20n },
    entity: { pricePpm: 3n, priceMinor: 30n, qtyPpm: 3n, qtyUnits: 3n },
  }
  expect(toleranceFor(levels)).toEqual({ pricePpm: 1n, priceMinor: 20n, qtyPpm: 3n, qtyUnits: 3n })
})

const receipts = fc.array(
  fc.record({ unmatchedQty: fc.bigInt(1n, 500n), openMinor: fc.bigInt(0n, 10n ** 9n) }),
  { maxLength: 5 },
)

test('whatever is billed, units and money of the parts are those of the line, and no receipt gives more than it has', () => {
  fc.assert(
    fc.property(
      fc.bigInt(1n, 2000n),
      fc.bigInt(0n, 10n ** 9n),
      receipts,
      fc.bigInt(1n, 2000n),
      (qty, netMinor, some, ordered) => {
        const lines = some.map((receipt, n) => ({ ...receipt, openKey: `${n}` }))
        const match = matchLine({
          qty,
          netMinor,
          receipts: lines,
          tolerance,
          ordered: { qty: ordered, billedBefore: 0n, unitPriceMinor: 7n, pricePer: 3n },
        })
        const units = match.matched.reduce((all, part) => all + part.qty, match.unreceivedQty)
        const money = match.matched.reduce((all, p) => all + p.billedMinor, match.unreceivedMinor)
        expect(units).toBe(qty)
        expect(money).toBe(netMinor)
        for (const part of match.matched) {
          const receipt = lines.find(({ openKey }) => openKey === part.openKey)!
          expect(part.qty <= receipt.unmatchedQty).toBe(true)
          expect(part.receivedMinor <= receipt.openMinor).toBe(true)
          if (part.qty === receipt.unmatchedQty) expect(part.receivedMinor).toBe(receipt.openMinor)
        }
      },
    ),
  )
})
