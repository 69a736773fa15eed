import { z } from 'zod'
import { readPaymentReturns } from '#connectors/bank/payment-returns'
import { returnPayment } from '#db/stores/payment-returns'
import { dateAt } from '#domain/dates'
import { Refusal } from '#domain/refusal'
import { booksOf } from '../books.ts'
import { documentRefused } from '../channel-intake.ts'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { bigId, businessDate, code, shortText } from '../schemas.ts'

const tags = ['payment-runs']
const text = z.string()

/** Payments that the bank did not carry out, or that came back. */
export async function paymentReturnRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/payment-returns',
    permission: 'payments:pay',
    summary: 'Say that the payment of a bill came back',
    description: 'The bill is owed again, and a case asks for other bank details.',
    tags,
    body: z.strictObject({
      ...{ entity: code, billId: bigId, returnedOn: businessDate },
      code: z.string().regex(/^[A-Z0-9]{2,8}$/, { error: 'send the bank’s code, such as AC04' }),
      reason: shortText.optional(),
    }),
    response: { 200: z.object({ outcome: z.enum(['returned', 'known']) }) },
    work: async (tx, { body, principal }) => {
      const { entityId } = await booksOf(tx, principal, body.entity)
      const { returnedOn: on, reason = null } = body
      const back = { billId: BigInt(body.billId), code: body.code, reason, on }
      const outcome = await returnPayment(tx, entityId, { ...back, actor: principal.actor })
      return { body: { outcome } }
    },
  })
  commandRoute(server, deps, {
    method: 'POST',
    url: '/payment-returns/files',
    permission: 'payments:pay',
    summary: 'Take a bank’s pain.002 or camt.054 in, and book the payments that came back',
    description:
      'What is none of our bills is named in `unknown`: a prepayment that came back is decided by hand.',
    tags,
    body: z.strictObject({ entity: code, document: z.string().min(20).max(5_000_000) }),
    response: {
      200: z.object({ returned: z.array(text), known: z.array(text), unknown: z.array(text) }),
    },
    work: async (tx, { body, principal }) => {
      const { entityId } = await booksOf(tx, principal, body.entity)
      const found = readPaymentReturns(body.document)
      if (!found.ok) throw documentRefused(found.problems)
      const told = { returned: [] as string[], known: [] as string[], unknown: [] as string[] }
      for (const { endToEndId, on, ...why } of found.value) {
        const billId = /^BILL-([1-9]\d{0,17})$/.exec(endToEndId)?.[1]
        const back = { ...why, on: on ?? dateAt(Date.now(), 'UTC'), actor: principal.actor }
        const outcome = billId
          ? await returnPayment(tx, entityId, { ...back, billId: BigInt(billId) }).catch(notOurs)
          : 'unknown'
        told[outcome].push(endToEndId)
      }
      return { body: told }
    },
  })
}

function notOurs(error: unknown): 'unknown' {
  if (error instanceof Refusal && ['PaymentNotFound', 'BillNotFound'].includes(error.code))
    return 'unknown'
  throw error
}
