import { expect, test } from 'vitest'
import {
  earnedBreakage,
  postBreakageRecognised,
  postCardEscheated,
} from '#domain/ledger/posting-breakage'
import {
  postPayoutReceived,
  postPayoutSent,
  postReserveReleased,
} from '#domain/ledger/posting-payouts'
import './to-post-as.ts'

const books = { entity: 1, currency: 'USD', functionalCurrency: 'USD' }
const run = { ...books, runId: 'run-1' }
const balance = { ...books, provider: 'stripe' }
const sent = {
  ...balance,
  payoutId: 'po_1',
  sentOn: '2026-06-30',
  amountMinor: 92_71n,
  reserveMinor: 10_00n,
  paidOut: [{ openKey: 'stripe/ch_1', amountMinor: 102_71n }],
  unknownMinor: 0n,
  unknownFeeMinor: 0n,
}

test('row 6: a payout takes what its captures have left, and what the processor keeps is a reserve', () => {
  expect(postPayoutSent(sent)).toPostAs(`
    Dr CashInTransit     92.71
    Dr ReservesHeld      10.00
    Cr ProcessorClearing 102.71
  `)
  expect(
    postPayoutReceived({
      ...balance,
      payoutId: 'po_1',
      receivedOn: '2026-07-01',
      amountMinor: 92_71n,
    }),
  ).toPostAs(`
    Dr Bank          92.71
    Cr CashInTransit 92.71
  `)
  expect(
    postReserveReleased({
      ...balance,
      releaseId: 'rel_1',
      releasedOn: '2026-07-30',
      amountMinor: 10_00n,
    }),
  ).toPostAs(`
    Dr ProcessorClearing 10.00
    Cr ReservesHeld      10.00
  `)
})

test('row 8b: what nobody knows waits in suspense with its fee, and holds up no payout', () => {
  const unknown = { unknownMinor: 20_00n, unknownFeeMinor: 88n }
  expect(postPayoutSent({ ...sent, ...unknown, amountMinor: 111_83n })).toPostAs(`
    Dr CashInTransit     111.83
    Dr ReservesHeld       10.00
    Cr ProcessorClearing 102.71
    Cr Suspense           20.00
    Dr ProcessingFee       0.88
  `)
})

test('row 29: money that was booked at another rate realises the difference when it is paid out', () => {
  const entry = postPayoutSent({
    ...sent,
    currency: 'EUR',
    rateE9: 1_050_000_000n,
    amountMinor: 1000_00n,
    reserveMinor: 0n,
    paidOut: [{ openKey: 'stripe/ch_1', amountMinor: 1000_00n, bookedFuncMinor: 1080_00n }],
  })

  expect(entry).toPostAs(`
    Dr CashInTransit     EUR 1000.00 (1050.00)
    Cr ProcessorClearing EUR 1000.00 (1080.00)
    Dr RealisedFx        EUR 0.00 (30.00)
  `)
})

test('row 14: 1,000 issued, 10% expected, 50 used: 5.56 of breakage is earned', () => {
  const used = { issuedMinor: 1000_00n, usedMinor: 50_00n, expectedPpm: 100_000 }
  expect(earnedBreakage(used)).toBe(5_56n)
  expect(
    postBreakageRecognised({
      ...run,
      recognisedOn: '2026-06-30',
      policyVersion: 2,
      changeMinor: 5_56n,
    }),
  ).toPostAs(`
    Dr GiftCards 5.56
    Cr Breakage  5.56
  `)
})

test('breakage is never more than is left on the cards, and goes back when more is spent', () => {
  const portfolio = { issuedMinor: 1000_00n, expectedPpm: 100_000 }
  expect(earnedBreakage({ ...portfolio, usedMinor: 900_00n })).toBe(100_00n)
  expect(earnedBreakage({ ...portfolio, usedMinor: 960_00n })).toBe(40_00n)
  expect(earnedBreakage({ ...portfolio, usedMinor: 1000_00n })).toBe(0n)
  const back = { ...run, recognisedOn: '2026-07-31', policyVersion: 2, changeMinor: -60_00n }
  expect(postBreakageRecognised(back)).toPostAs(`
    Cr GiftCards 60.00
    Dr Breakage  60.00
  `)
})

test('row 14: where cards escheat, what nobody claims is the state’s and no income', () => {
  const entry = postCardEscheated({
    ...books,
    cardId: 5n,
    escheatedOn: '2026-06-30',
    jurisdiction: 'US-DE',
    amountMinor: 30_00n,
  })

  expect(entry).toPostAs(`
    Dr GiftCards         30.00
    Cr UnclaimedProperty 30.00
  `)
})

test('an entry names the version of its rule and of the policy that decided', () => {
  const entry = postBreakageRecognised({
    ...run,
    recognisedOn: '2026-06-30',
    policyVersion: 2,
    changeMinor: 1n,
  })

  expect(entry).toMatchObject({ ruleVersion: 1, causeId: 'policy/breakage@2' })
})
