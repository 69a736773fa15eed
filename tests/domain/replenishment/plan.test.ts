import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dayNumber } from '#domain/replenishment/calendar'
import type { Lane, SupplierOffer } from '#domain/replenishment/options'
import { compareOptions, priceOf, runsOutOn } from '#domain/replenishment/options'
import { planItem, type NodeFacts } from '#domain/replenishment/plan'
import { isWithinBand, localRight, type ReplenishmentPolicy } from '#domain/replenishment/policy'
import { positionOf } from '#domain/replenishment/position'
import { lotSize } from '#domain/replenishment/quantity'
import { ONE } from '#domain/replenishment/scaled'

const today = dayNumber('2026-07-01')

function policy(changes: Partial<ReplenishmentPolicy> = {}): ReplenishmentPolicy {
  return {
    ...{ id: '1', version: 1, method: 'reorder-point', safety: { kind: 'units', units: 0n } },
    ...{ minUnits: 0n, maxUnits: 0n, coverDays: 0, reviewDays: 7, historyDays: 70 },
    ...{ leadTime: 'planned', leadDays: null, maxCoverDays: null, shelfLifeDays: null },
    ...{ lotRatioPpm: 3n * ONE, spikeScoreE6: 3_500_000n, spikeUnits: 10n, dismissDays: 14 },
    ...{ ownerMode: 'central', bandPpm: 0n },
    ...changes,
  }
}
const offer = (changes: Partial<SupplierOffer> = {}): SupplierOffer => ({
  ...{ supplierId: 7, supplier: 'POTTER', rank: 1, moq: 1n, multiple: 1n, leadDays: 7 },
  ...{ leadVarianceE12: 0n, leadSource: 'planned' },
  prices: [
    { minQty: 1n, priceMinor: 400n, pricePer: 1n },
    { minQty: 100n, priceMinor: 350n, pricePer: 1n },
  ],
  ...changes,
})
const lane = (changes: Partial<Lane> = {}): Lane => ({
  ...{
    fromSiteId: 2,
    fromSite: 'WEST',
    toSiteId: 1,
    days: 3,
    fixedMinor: 2000n,
    perUnitMinor: 20n,
  },
  ...changes,
})
/** Ten units a day for ten weeks, nothing on hand, one supplier. */
function node(changes: Partial<NodeFacts> & { onHand?: bigint; daily?: bigint } = {}): NodeFacts {
  const { onHand = 0n, daily = 10n, ...rest } = changes
  return {
    ...{ itemId: 1, siteId: 1, policy: policy(), events: [], offers: [offer()], lanes: [] },
    stock: { onHand, missing: 0n, reserved: 0n, backordered: 0n, coming: [] },
    history: Array.from({ length: 70 }, (_, n) => ({ day: today - 1 - n, qty: daily })),
    wishes: { transferFirst: false, without: [], airDays: null },
    ...rest,
  }
}
const chosen = (facts: NodeFacts, ...others: NodeFacts[]) =>
  planItem([facts, ...others], today)[0]!.comparison?.chosen

describe('position', () => {
  test('is what is there and to come less what is owed; late goods still count, goods far off do not trigger', () => {
    const coming = [
      { qty: 30n, dueDay: today - 2, kind: 'purchase-order' },
      { qty: 40n, dueDay: today + 5, kind: 'transfer' },
      { qty: 50n, dueDay: today + 60, kind: 'purchase-order' },
      { qty: 5n, dueDay: today + 3, kind: 'draft' },
    ] as const
    const stock = { onHand: 20n, missing: 1n, reserved: 8n, backordered: 4n, coming }
    expect(positionOf(stock, { today, horizonDays: 14 })).toMatchObject({
      ...{ onOrder: 85n, inTransit: 40n, position: 132n, projected: 82n, overdue: 30n },
    })
  })
})

describe('a lot', () => {
  const lot = fc.record({
    need: fc.bigInt(0n, 100_000n),
    more: fc.bigInt(0n, 1_000n),
    moq: fc.bigInt(1n, 5_000n),
    multiple: fc.bigInt(1n, 500n),
    cap: fc.option(fc.bigInt(-100n, 50_000n)),
  })

  test('is nothing for no need, else whole packs of at least the minimum, and never below zero', () => {
    fc.assert(
      fc.property(lot, ({ need, moq, multiple, cap }) => {
        const { qty, overCap } = lotSize(need, { moq, multiple, cap })
        if (need === 0n) {
          expect(qty).toBe(0n)
          return
        }
        expect(qty % multiple).toBe(0n)
        expect(qty).toBeGreaterThanOrEqual(moq)
        if (cap === null) expect(qty).toBeGreaterThanOrEqual(need)
        else if (!overCap) expect(qty).toBeLessThanOrEqual(cap)
      }),
    )
  })

  test('never shrinks when the need grows', () => {
    fc.assert(
      fc.property(lot, ({ need, more, ...rules }) => {
        expect(lotSize(need + more, rules).qty).toBeGreaterThanOrEqual(lotSize(need, rules).qty)
      }),
    )
  })

  test('that can only be bought above the cap is left to a person, at its minimum', () => {
    expect(lotSize(30n, { moq: 100n, multiple: 12n, cap: 50n })).toEqual({
      qty: 108n,
      capped: false,
      overCap: true,
    })
    expect(lotSize(300n, { moq: 24n, multiple: 12n, cap: 50n })).toEqual({
      qty: 48n,
      capped: true,
      overCap: false,
    })
  })
})

describe('an item at its sites', () => {
  test('is bought up to its level in the packs of its supplier, at the price of the lot', () => {
    // Lead time and review of seven days each at ten a day: 140 units, in packs of 12.
    const buy = chosen(node({ offers: [offer({ multiple: 12n })] }))
    expect(buy).toMatchObject({
      kind: 'buy',
      qty: 144n,
      costMinor: 144n * 350n,
      arrivesDay: today + 7,
    })
  })

  test('that has enough is left alone', () => {
    const [plan] = planItem([node({ onHand: 140n })], today)
    expect([plan!.need, plan!.comparison]).toEqual([0n, null])
  })

  test('comes from a site that has too much where that is cheaper and in time, once', () => {
    const west = { ...node({ onHand: 300n }), siteId: 2 }
    const [east, , north] = planItem(
      [node({ lanes: [lane()] }), west, { ...node({ lanes: [lane({ toSiteId: 3 })] }), siteId: 3 }],
      today,
    )
    expect(east!.comparison).toMatchObject({
      chosen: { kind: 'transfer', qty: 140n, source: 'WEST', costMinor: 2000n + 2800n },
      lost: [{ option: { kind: 'buy' } }],
    })
    // West keeps 140 for itself and had 160 to spare: 20 are left, and North needs 140.
    expect(north!.comparison!.chosen.kind).toBe('buy')
  })

  test('is not moved away from a site that needs it, nor what somebody is promised already', () => {
    const west = { ...node({ onHand: 200n }), siteId: 2 }
    expect(chosen(node({ lanes: [lane()] }), west)!.kind).toBe('buy')
    const rich = { ...node({ onHand: 300n }), siteId: 2 }
    const plans = planItem([node({ lanes: [lane()] }), rich], today, new Map([[2, 100n]]))
    expect(plans[0]!.comparison!.chosen.kind).toBe('buy')
  })

  test('asks when the least that can be bought is far more than is needed', () => {
    const [plan] = planItem(
      [
        node({
          onHand: 139n,
          offers: [offer({ moq: 500n })],
          policy: policy({ maxCoverDays: 20 }),
        }),
      ],
      today,
    )
    expect(plan).toMatchObject({ need: 1n, lotAsks: true, lot: { cap: 61n } })
    expect(plan!.comparison!.chosen).toMatchObject({ qty: 500n, overCap: true })
  })

  test('asks when it runs out before anything can be here', () => {
    const [late] = planItem([node({ onHand: 30n })], today)
    expect([late!.runsOut, late!.runsOutFirst]).toEqual([today + 3, true])
    const [fine] = planItem([node({ onHand: 80n })], today)
    expect(fine!.runsOutFirst).toBe(false)
  })

  test('passes over a supplier, or flies, where a person has said so', () => {
    const offers = [offer(), offer({ supplierId: 8, supplier: 'KILN', rank: 2 })]
    const wishes = { transferFirst: false, without: [7], airDays: null }
    expect(chosen(node({ offers, wishes }))!.source).toBe('KILN')
    expect(chosen(node({ wishes: { ...wishes, without: [], airDays: 2 } }))!.arrivesDay).toBe(
      today + 2,
    )
  })

  test('to order is bought as customers wait for it', () => {
    const stock = { ...node().stock, backordered: 9n, onHand: 2n }
    expect(chosen(node({ stock, policy: policy({ method: 'to-order' }) }))!.qty).toBe(7n)
  })

  test('needs no less when more is sold, and never a negative quantity', () => {
    const amounts = fc.record({
      onHand: fc.bigInt(0n, 2_000n),
      daily: fc.bigInt(0n, 200n),
      more: fc.bigInt(0n, 50n),
      moq: fc.bigInt(1n, 300n),
      method: fc.constantFrom('reorder-point', 'cover-days', 'order-up-to'),
    })
    fc.assert(
      fc.property(amounts, ({ onHand, daily, more, moq, method }) => {
        const facts = (units: bigint) =>
          node({
            ...{ onHand, daily: units, offers: [offer({ moq })] },
            policy: policy({ method: method as ReplenishmentPolicy['method'] }),
          })
        const [less] = planItem([facts(daily)], today)
        const [grown] = planItem([facts(daily + more)], today)
        expect(less!.need).toBeGreaterThanOrEqual(0n)
        expect(grown!.need).toBeGreaterThanOrEqual(less!.need)
      }),
    )
  })
})

describe('comparing', () => {
  const option = (kind: 'buy' | 'transfer', costMinor: bigint, arrivesDay: number) => ({
    ...{ kind, costMinor, arrivesDay, qty: 1n, capped: false, overCap: false },
    ...{ supplierId: null, fromSiteId: null, source: kind },
  })
  const buy = option('buy', 100n, today + 10)
  const move = option('transfer', 900n, today + 2)

  test.each([
    ['in time both: the cheaper', today + 20, false, 'buy'],
    ['only one in time: that one', today + 5, false, 'transfer'],
    ['none in time: the earlier', today + 1, false, 'transfer'],
    ['never out: the cheaper', null, false, 'buy'],
    ['somebody wants it moved: moved', today + 20, true, 'transfer'],
  ] as const)('%s', (_, runsOut, transferFirst, kind) => {
    const result = compareOptions([buy, move], { runsOut, transferFirst })!
    expect(result.chosen.kind).toBe(kind)
    expect(result.lost[0]!.because).not.toBe('')
  })

  test('stock lasts until what is sure to come, and further', () => {
    const rate = { today, dailyE6: 10n * ONE }
    const due = (days: number, kind: 'purchase-order' | 'draft' = 'purchase-order') => [
      { qty: 50n, dueDay: today + days, kind },
    ]
    expect(runsOutOn(100n, [], rate)).toBe(today + 10)
    expect(runsOutOn(100n, due(5), rate)).toBe(today + 15)
    expect(runsOutOn(100n, due(12), rate)).toBe(today + 10)
    expect(runsOutOn(100n, due(5, 'draft'), rate)).toBe(today + 10)
    expect(runsOutOn(-5n, [], rate)).toBe(today)
    expect(runsOutOn(100n, [], { today, dailyE6: 0n })).toBeNull()
  })

  test('a price is that of the highest break reached', () => {
    expect([priceOf(offer(), 99n), priceOf(offer(), 100n), priceOf({ prices: [] }, 5n)]).toEqual([
      39_600n,
      35_000n,
      0n,
    ])
  })
})

test('a site decides within its band, and never where the centre does', () => {
  const rule = (ownerMode: ReplenishmentPolicy['ownerMode']) => ({ ownerMode, bandPpm: 100_000n })
  const wish = (wanted: bigint) => ({ computed: 100n, wanted })
  expect(localRight(rule('central'), wish(100n))).toBe('none')
  expect(localRight(rule('local-proposes'), wish(100n))).toBe('needs-approval')
  expect(localRight(rule('local-decides'), wish(110n))).toBe('decides')
  expect(localRight(rule('local-decides'), wish(111n))).toBe('needs-approval')
  expect(isWithinBand(100n, 90n, 100_000n)).toBe(true)
})
