import { afterAll, beforeAll, expect, test } from 'vitest'
import { aLine, anOrder } from '#tests/support/company'
import { desk, postedFor } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { post, runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

let api: RunningApi
let controller: Caller
beforeAll(async () => {
  api = await runningApi({ stock: { LAMP: { east: 20 } } })
  controller = await api.as('controller')
})
afterAll(async () => {
  await expectProofs(api.system.db)
  await api.close()
})

const today = new Date().toISOString().slice(0, 10)
const stripe = { entity: 'ACME-US', provider: 'stripe', currency: 'USD' }

async function paid(amount = '10609') {
  const order = anOrder({ line: { unitPriceMinor: amount } })
  const placed = await api.place(order)
  await desk(api.system, order).ship()
  return { orderId: placed.orderId, reference: order.payment.reference! }
}

async function open(account: number): Promise<bigint> {
  const [row] = await api.system.db<{ minor: bigint }[]>`
    SELECT coalesce(sum(balance_minor), 0)::bigint AS minor FROM open_item WHERE account_id = ${account}`
  return row!.minor
}

const payout = (lines: object[], facts: object) =>
  post(controller, '/v1/settlements/payouts', { ...stripe, sentOn: today, lines, ...facts })

test('rows 5 and 6: a payout books its fees, empties what it pays out, and the bank closes it', async () => {
  const { orderId, reference } = await paid()
  const report = { payoutId: 'po_1', amountMinor: '9271', reserveMinor: '1000' }
  const lines = [{ reference, amountMinor: '10609', feeMinor: '338' }]
  const booked = await payout(lines, report)
  expect(booked.statusCode, booked.body).toBe(201)
  expect(booked.json()).toEqual({ known: false, unknownMinor: '0' })
  expect((await payout(lines, report)).json()).toEqual({ known: true, unknownMinor: '0' })
  expect(await open(1110)).toBe(0n)
  expect(await postedFor(api.system.db, orderId)).toContain('Dr ProcessingFee 3.38')
  expect(await open(1050)).toBe(9271n)

  const received = { ...stripe, payoutId: 'po_1', receivedOn: today, amountMinor: '9271' }
  expect((await post(controller, '/v1/settlements/bank-receipts', received)).statusCode).toBe(204)
  const again = await post(controller, '/v1/settlements/bank-receipts', received)
  expect(again.json().code).toBe('PayoutNotOpen')
  expect(await open(1050)).toBe(0n)

  const released = { ...stripe, releaseId: 'rel_1', releasedOn: today, amountMinor: '1000' }
  expect((await post(controller, '/v1/settlements/reserve-releases', released)).statusCode).toBe(
    204,
  )
  const next = await payout([{ reference: 'rel_1', amountMinor: '1000' }], {
    payoutId: 'po_2',
    amountMinor: '1000',
  })
  expect(next.json()).toEqual({ known: false, unknownMinor: '0' })
  expect([await open(1110), await open(1130)]).toEqual([0n, 0n])
})

test('what a payout names and nobody knows waits in suspense, and what does not foot is refused', async () => {
  const lines = [{ reference: 'pi_stranger', amountMinor: '2000', feeMinor: '88' }]
  const wrong = await payout(lines, { payoutId: 'po_3', amountMinor: '2000' })
  expect(wrong.json().code).toBe('PayoutDoesNotFoot')
  const booked = await payout(lines, { payoutId: 'po_3', amountMinor: '1912' })
  expect(booked.json()).toEqual({ known: false, unknownMinor: '2000' })
  const stranger = await api.as('csr')
  expect((await post(stranger, '/v1/settlements/payouts', {})).statusCode).toBe(403)
})

async function sellCard(minor: string, region: string) {
  const order = anOrder({
    lines: [
      aLine({
        sku: null,
        title: 'Gift card',
        requiresShipping: false,
        giftCard: true,
        unitPriceMinor: minor,
      }),
    ],
  })
  order.shipTo = { ...order.shipTo!, region }
  const { orderId } = await api.place(order)
  const url = `/v1/gift-cards?entity=ACME-US&order=${orderId}`
  const [card] = (await controller({ method: 'GET', url })).json().items
  return card as { code: string; leftMinor: string }
}

const spend = (code: string, amountMinor: string) =>
  api.place(
    anOrder({
      line: { unitPriceMinor: amountMinor },
      payment: {
        state: 'captured',
        provider: 'stripe',
        reference: `pi_${code}`,
        amountMinor: '0',
        otherTenders: [{ kind: 'gift-card', reference: code, amountMinor }],
      },
    }),
  )

test('row 14: breakage is earned as cards are spent, and where cards escheat the state gets the rest', async () => {
  await api.system.admin`UPDATE item SET list_price_minor = NULL`
  const kept = await sellCard('100000', 'NJ')
  await sellCard('3000', 'DE')
  await spend(kept.code, '5000')
  const run = () =>
    post(controller, '/v1/ledger/gift-card-breakage', {
      entity: 'ACME-US',
      currency: 'USD',
      recognisedOn: today,
      policyVersion: 2,
      expectedPpm: 100_000,
      escheatIn: ['US-DE'],
    })
  const first = await run()
  expect(first.statusCode, first.body).toBe(201)
  expect(first.json()).toEqual({ earnedMinor: '556', changeMinor: '556' })
  expect((await run()).json()).toEqual({ earnedMinor: '556', changeMinor: '0' })
  const [entry] = await api.system.db`
    SELECT cause_id FROM journal_entry WHERE event_type = 'breakage-recognised'`
  expect(entry).toEqual({ cause_id: 'policy/breakage@2' })

  const escheat = (unusedSince: string) =>
    post(controller, '/v1/ledger/gift-card-escheats', {
      entity: 'ACME-US',
      currency: 'USD',
      jurisdiction: 'US-DE',
      unusedSince,
      escheatedOn: today,
    })
  expect((await escheat(today)).json()).toEqual({ cards: 0, amountMinor: '0' })
  expect((await escheat('2999-01-01')).json()).toEqual({ cards: 1, amountMinor: '3000' })
  expect((await escheat('2999-01-01')).json()).toEqual({ cards: 0, amountMinor: '0' })
  // The owner of a card keeps all that is on it, whatever has been earned of the others.
  expect(await spend(kept.code, '95000')).toMatchObject({ phase: 'released' })
})
