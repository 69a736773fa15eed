import { z } from 'zod'
import { bookPayout, receivePayout, releaseReserve } from '#db/stores/payouts'
import { booksOf } from '../books.ts'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { businessDate, code, currency, minorText } from '../schemas.ts'

const tags = ['settlements']
const providerId = z.string().regex(/^[\w.:/#-]{1,200}$/, { error: 'send the provider’s own id' })
const positive = minorText.refine((value) => BigInt(value) > 0n, { error: 'send more than zero' })
const notNegative = minorText.refine((value) => !value.startsWith('-'), {
  error: 'a fee is not negative',
})
const balance = {
  entity: code,
  provider: z
    .string()
    .regex(/^[\w.-]{1,60}$/)
    .meta({ example: 'stripe' }),
  currency,
}

/** What processors pay out, and what the bank shows of it (ledger.md rows 5 and 6). */
export async function settlementRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addPayouts(server, deps)
  addReceipts(server, deps)
  addReleases(server, deps)
}

function addPayouts(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/settlements/payouts',
    permission: 'settlements:create',
    summary: 'Book a payout by the processor’s balance report: its fees, and what it settles',
    description:
      'Lines name payments by the processor’s id and refunds by our `effect_key`. What we do not know goes to suspense. The same payout again changes nothing.',
    tags,
    body: z.strictObject({
      ...balance,
      payoutId: providerId,
      sentOn: businessDate,
      amountMinor: minorText.describe('What goes to the bank.'),
      reserveMinor: minorText.default('0').describe('Kept back; below zero when given back.'),
      lines: z
        .array(
          z.strictObject({
            reference: providerId,
            amountMinor: minorText.describe('Before fees; below zero for a refund.'),
            feeMinor: notNegative.default('0'),
          }),
        )
        .min(1)
        .max(5000),
    }),
    response: { 201: z.object({ known: z.boolean(), unknownMinor: z.string() }) },
    work: async (tx, { body: { entity, lines, ...payout }, principal, audit }) => {
      const books = await booksOf(tx, principal, entity)
      const booked = await bookPayout(tx, {
        ...books,
        ...payout,
        actor: principal.actor,
        amountMinor: BigInt(payout.amountMinor),
        reserveMinor: BigInt(payout.reserveMinor),
        lines: lines.map((line) => ({
          reference: line.reference,
          amountMinor: BigInt(line.amountMinor),
          feeMinor: BigInt(line.feeMinor),
        })),
      })
      const unknownMinor = `${booked.unknownMinor}`
      await audit({
        subjectType: 'payout',
        subjectId: `${payout.provider}/${payout.payoutId}`,
        action: 'booked',
        after: { amountMinor: payout.amountMinor, unknownMinor },
      })
      return { status: 201, body: { known: booked.known, unknownMinor } }
    },
  })
}

function addReceipts(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/settlements/bank-receipts',
    permission: 'settlements:create',
    summary: 'Book a payout that the bank’s statement shows',
    tags,
    body: z.strictObject({
      ...balance,
      payoutId: providerId,
      receivedOn: businessDate,
      amountMinor: positive,
    }),
    response: { 204: z.null() },
    work: async (tx, { body: { entity, amountMinor, ...receipt }, principal }) => {
      const books = await booksOf(tx, principal, entity)
      const { actor } = principal
      await receivePayout(tx, { ...books, ...receipt, actor, amountMinor: BigInt(amountMinor) })
      return {}
    },
  })
}

function addReleases(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/settlements/reserve-releases',
    permission: 'settlements:create',
    summary: 'Book a reserve that the processor gives back to the balance it pays out',
    tags,
    body: z.strictObject({
      ...balance,
      releaseId: providerId,
      releasedOn: businessDate,
      amountMinor: positive,
    }),
    response: { 204: z.null() },
    work: async (tx, { body: { entity, amountMinor, ...release }, principal }) => {
      const books = await booksOf(tx, principal, entity)
      const { actor } = principal
      await releaseReserve(tx, { ...books, ...release, actor, amountMinor: BigInt(amountMinor) })
      return {}
    },
  })
}
