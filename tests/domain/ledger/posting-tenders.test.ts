import { expect, test } from 'vitest'
import {
  postGiftCardIssued,
  postGiftCardTakenOn,
  postTenderApplied,
  postTenderRefunded,
} from '#domain/ledger/posting-tenders'
import { lineOfO1, moneyOfO1 } from './orders.ts'
import './to-post-as.ts'

const issued = {
  ...moneyOfO1,
  cardId: 5n,
  settlement: 'deposit' as const,
  faceMinor: 50_00n,
  discounts: [],
  issuedOn: '2026-06-01',
  line: lineOfO1,
}

test('row 14: a sold gift card is owed without revenue, and pays a part of an order later', () => {
  expect(postGiftCardIssued(issued)).toPostAs(`
    Dr CustomerDeposits 50.00
    Cr GiftCards        50.00
  `)
  expect(
    postTenderApplied({
      ...moneyOfO1,
      tender: 'GiftCards',
      openKey: 'gift-card/5',
      amountMinor: 50_00n,
      appliedOn: '2026-06-02',
      paymentId: 3n,
    }),
  ).toPostAs(`
    Dr GiftCards        50.00
    Cr CustomerDeposits 50.00
  `)
})

test('a card that was sold at a discount is owed at its face value', () => {
  const discounts = [{ promotion: 'TEN', fundedBy: 'merchant' as const, amountMinor: 5_00n }]
  expect(postGiftCardIssued({ ...issued, discounts })).toPostAs(`
    Dr CustomerDeposits 45.00
    Dr Discounts         5.00
    Cr GiftCards        50.00
  `)
})

test('a card that was sold before the books began is an opening balance', () => {
  expect(
    postGiftCardTakenOn({ ...moneyOfO1, cardId: 6n, balanceMinor: 20_00n, takenOn: '2026-06-01' }),
  ).toPostAs(`
    Dr OpeningBalances 20.00
    Cr GiftCards       20.00
  `)
})

test('a foreign card keeps the value that it was booked at, spent and given back', () => {
  const euro = { ...moneyOfO1, currency: 'EUR', rateE9: 1_200_000_000n, amountMinor: 50_00n }
  const card = { tender: 'GiftCards' as const, openKey: 'gift-card/5' }
  expect(
    postTenderApplied({
      ...euro,
      ...card,
      bookedFuncMinor: 55_00n,
      appliedOn: '2026-06-02',
      paymentId: 3n,
    }),
  ).toPostAs(`
    Dr GiftCards        EUR 50.00 (55.00)
    Cr CustomerDeposits EUR 50.00 (55.00)
  `)
  expect(
    postTenderRefunded({
      ...euro,
      ...card,
      bookedFuncMinor: 57_00n,
      refundId: '8',
      refundedOn: '2026-06-03',
    }),
  ).toPostAs(`
    Dr RefundsPayable EUR 50.00 (57.00)
    Cr GiftCards      EUR 50.00 (57.00)
  `)
})
