import { describe, expect, test } from 'vitest'
import {
  postDepositCancelled,
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
    const receivables = [{ openKey: 'shipment/4711', amountMinor: 106_09n, party: 'customer/9' }]
    expect(postPaymentCaptured({ ...capture, receivables })).toPostAs(`
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
      receivables: [{ openKey: 'shipment/1', amountMinor: 1000_00n, bookedFuncMinor: 1080_00n }],
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

  test('one payment settles an old invoice and leaves a deposit', () => {
    const entry = postPaymentCaptured({
      ...capture,
      receivables: [{ openKey: 'shipment/1', amountMinor: 100_00n }],
    })

    expect(entry).toPostAs(`
      Dr ProcessorClearing 106.09
      Cr Receivables       100.00
      Cr CustomerDeposits    6.09
    `)
  })

  test('a foreign deposit that is owed back is money again, at the rate of the day', () => {
    const money = { ...moneyOfO1, currency: 'EUR', amountMinor: 100_00n, refundId: 8n }
    const granted = postDepositCancelled({
      ...money,
      cancellationId: 3n,
      cancelledOn: '2026-06-29',
      rateE9: 1_200_000_000n,
      bookedFuncMinor: 110_00n,
    })
    const settled = postRefundSettled({
      ...money,
      provider: 'stripe',
      settledOn: '2026-06-30',
      rateE9: 1_150_000_000n,
      bookedFuncMinor: 120_00n,
    })

    expect(granted).toPostAs(`
      Dr CustomerDeposits EUR 100.00 (110.00)
      Cr RefundsPayable   EUR 100.00 (120.00)
      Dr RealisedFx       EUR 0.00 (10.00)
    `)
    expect(settled).toPostAs(`
      Dr RefundsPayable    EUR 100.00 (120.00)
      Cr ProcessorClearing EUR 100.00 (115.00)
      Cr RealisedFx        EUR 0.00 (5.00)
    `)
  })
})
