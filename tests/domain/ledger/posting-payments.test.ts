import { describe, expect, test } from 'vitest'
import {
  postDepositCancelled,
  postGiftCardSold,
  postPaymentCaptured,
  postProcessorFee,
  postRefundReturned,
  postRefundSettled,
} from '#domain/ledger/posting-payments'
import { moneyOfO1 } from './orders.ts'
import './to-post-as.ts'

const capture = {
  ...moneyOfO1,
  provider: 'stripe',
  captureId: 'ch_1',
  capturedOn: '2026-06-28',
  amountMinor: 106_09n,
  settles: 'deposit' as const,
}

describe('money of an order', () => {
  test('row 2: captured before shipment it is the customer’s deposit', () => {
    const entry = postPaymentCaptured(capture)

    expect(entry).toPostAs(`
      Dr ProcessorClearing 106.09
      Cr CustomerDeposits  106.09
    `)
    expect(entry.key).toBe('payment-captured/stripe/ch_1')
    expect(entry.lines.map((line) => line.openKey)).toEqual(['stripe/ch_1', 'order/1'])
  })

  test('R17: where payment is the tax point its VAT is due at once', () => {
    const entry = postPaymentCaptured({
      ...capture,
      currency: 'EUR',
      functionalCurrency: 'EUR',
      amountMinor: 120_00n,
      prepaymentTaxes: [
        { jurisdiction: 'DE', taxCode: 'standard', amountMinor: 20_00n, collectedBy: 'seller' },
      ],
    })

    expect(entry).toPostAs(`
      Dr ProcessorClearing 120.00
      Cr CustomerDeposits  100.00
      Cr OutputVat          20.00
    `)
  })

  test('row 3a: captured after shipment it settles the receivable', () => {
    expect(postPaymentCaptured({ ...capture, settles: 'receivable' })).toPostAs(`
      Dr ProcessorClearing 106.09
      Cr Receivables       106.09
    `)
  })

  test('a receivable captured at another rate realises the difference', () => {
    const entry = postPaymentCaptured({
      ...capture,
      currency: 'EUR',
      functionalCurrency: 'USD',
      rateE9: 1_050_000_000n,
      amountMinor: 1000_00n,
      settles: 'receivable',
      bookedFuncMinor: 1080_00n,
    })

    expect(entry).toPostAs(`
      Dr ProcessorClearing EUR 1000.00 (1050.00)
      Cr Receivables       EUR 1000.00 (1080.00)
      Dr RealisedFx        EUR 0.00 (30.00)
    `)
  })

  test('row 4: cancelled before shipment it is owed back, and settled when the refund left', () => {
    const cancelled = {
      ...moneyOfO1,
      cancellationId: 3n,
      cancelledOn: '2026-06-29',
      amountMinor: 106_09n,
      refundId: 8n,
    }

    expect(postDepositCancelled(cancelled)).toPostAs(`
      Dr CustomerDeposits 106.09
      Cr RefundsPayable   106.09
    `)
    expect(
      postRefundSettled({
        ...moneyOfO1,
        refundId: 8n,
        provider: 'stripe',
        settledOn: '2026-06-30',
        amountMinor: 106_09n,
      }),
    ).toPostAs(`
      Dr RefundsPayable    106.09
      Cr ProcessorClearing 106.09
    `)
  })

  test('a refund that the bank sent back is owed again, and its second attempt posts anew', () => {
    const settled = {
      ...moneyOfO1,
      refundId: 'refund/8',
      provider: 'stripe',
      settledOn: '2026-06-30',
      amountMinor: 106_09n,
    }
    const returned = postRefundReturned(settled)
    expect(returned).toPostAs(`
      Dr ProcessorClearing 106.09
      Cr RefundsPayable    106.09
    `)
    const first = postRefundSettled(settled)
    expect(returned.lines.map((line) => line.openKey)).toEqual(
      [...first.lines].reverse().map((line) => line.openKey),
    )
    const second = postRefundSettled({ ...settled, settlementId: 'refund/8/again/1' })
    expect(new Set([first.key, returned.key, second.key]).size).toBe(3)
  })

  test('row 5: the processor’s fee', () => {
    const fee = {
      ...moneyOfO1,
      provider: 'stripe',
      captureId: 'ch_1',
      chargedOn: '2026-06-28',
      amountMinor: 3_38n,
    }

    expect(postProcessorFee(fee)).toPostAs(`
      Dr ProcessingFee      3.38
      Cr ProcessorClearing  3.38
    `)
  })

  test('row 14: a gift card is sold without revenue, and pays a part of an order later', () => {
    const sold = {
      ...moneyOfO1,
      cardId: 5n,
      provider: 'stripe',
      captureId: 'ch_0',
      soldOn: '2026-06-01',
      amountMinor: 50_00n,
    }

    expect(postGiftCardSold(sold)).toPostAs(`
      Dr ProcessorClearing 50.00
      Cr GiftCards         50.00
    `)
    expect(
      postPaymentCaptured({
        ...capture,
        amountMinor: 56_09n,
        giftCards: [{ cardId: 5n, amountMinor: 50_00n }],
      }),
    ).toPostAs(`
      Dr GiftCards          50.00
      Dr ProcessorClearing  56.09
      Cr CustomerDeposits  106.09
    `)
  })
})
