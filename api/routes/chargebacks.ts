import { z } from 'zod'
import { tellDispute } from '#clients/chargebacks'
import * as contract from '#contracts/chargeback'
import { listChargebacks, placeOfCharge, type ChargebackRow } from '#db/queries/chargebacks'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { documentCommand, documentRequest } from '../document-routes.ts'
import { documentNo } from '../document-schemas.ts'
import { idCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { businessDate, code, money, positiveInt, reason } from '../schemas.ts'
import { requireEverywhere, requireScope } from '../scope.ts'

const tags = ['chargebacks']
const text = z.string()
export const disputeParams = z.object({ provider: documentNo, disputeId: documentNo })
const params = disputeParams
const minor = z
  .string()
  .regex(/^\d{1,15}$/, { error: 'send whole minor units as text, e.g. "1999"' })
  .meta({ example: '1999' })
const someMinor = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, { error: 'send whole minor units as text, from "1"' })
  .meta({ example: '1999' })
const chargeback = z.object({
  id: text,
  provider: text,
  disputeId: text,
  entity: text,
  orderId: text.nullable(),
  orderNumber: text.nullable(),
  reference: text.describe('The payment, as its provider calls it.'),
  reason: text.nullable(),
  round: z.int(),
  phase: text,
  version: z.int(),
  amount: money,
  fee: money,
  inDispute: money.describe('What the bank has of ours and has not decided about.'),
  boundMinor: text.describe('What of the tender cannot be refunded because of it.'),
  evidenceDueAt: text.nullable(),
  submittedAt: text.nullable(),
  submissionReference: text.nullable(),
  facts: z.array(
    z.object({
      stage: text,
      round: z.int(),
      amountMinor: text,
      feeMinor: text.nullable(),
      reason: text.nullable(),
      effectiveOn: text,
      actor: text,
    }),
  ),
})
const expectedVersion = positiveInt
  .optional()
  .describe('The version that you saw; another one in between refuses.')
const taken = ['opened', 'won', 'lost', 'second-chargeback', 'reopened'] as const
const stages = ['inquiry', 'closed', ...taken] as const
const told = z.strictObject({
  provider: documentNo,
  disputeId: documentNo.describe('The provider’s id of the dispute.'),
  reference: z.string().min(1).max(120).describe('The provider’s id of the payment.'),
  stage: z.enum(stages),
  currency: z
    .string()
    .length(3)
    .regex(/^[A-Z]+$/)
    .optional()
    .describe('Of the charge, unless told.'),
  amountMinor: someMinor,
  feeMinor: minor.optional().describe('All fees so far.'),
  reason: z.string().min(1).max(200).optional(),
  evidenceDueAt: z.iso.datetime().optional(),
  effectiveOn: businessDate,
})
const submission = z.strictObject({ reference: z.string().min(1).max(200), expectedVersion })
const acceptance = z.strictObject({ reason, expectedVersion })

/** What buyers' banks take back, and what we say to it. */
export async function chargebackRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  documentRequest(server, deps, {
    ...{ url: '/chargebacks', tags, permission: 'chargebacks:create', body: told },
    summary: 'Tell what a provider says about a dispute',
    update: contract.recordDispute,
    begin: tellDispute,
    ask: async (principal, fact) => {
      const place = await placeOfCharge(deps.db, fact)
      if (place) requireScope(principal, place)
      else requireEverywhere(principal, 'dispute of nobody’s charge')
      return fact
    },
  })
  addCommands(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/chargebacks',
    {
      config: { permission: 'chargebacks:read' },
      schema: {
        summary: 'Chargebacks, the oldest first',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          phase: code.optional(),
          orderId: z
            .string()
            .regex(/^\d{1,18}$/)
            .optional(),
        }),
        response: { 200: pageOf(chargeback) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal: { scopes } }) => {
      const after = idCursor(cursor)
      const rows = await listChargebacks(db, { ...filter, after, limit: limit + 1, scopes })
      return toPage(rows, limit, (row) => row.id, toChargeback)
    },
  )
  server.get(
    '/chargebacks/:provider/:disputeId',
    {
      config: { permission: 'chargebacks:read' },
      schema: { summary: 'One chargeback', tags, params, response: { 200: chargeback } },
    },
    async ({ params: of, principal }) => toChargeback(await chargebackInScope(db, principal, of)),
  )
}

function addCommands(server: ApiServer, deps: ApiDeps): void {
  const chargebacks = {
    ...{ url: '/chargebacks/:provider/:disputeId', tags, params, subject: 'chargeback' as const },
    find: (principal: Principal, of: z.output<typeof params>) =>
      chargebackInScope(deps.db, principal, of),
  }
  documentCommand(server, deps, chargebacks, {
    ...{ path: 'submission', permission: 'chargebacks:decide', body: submission },
    summary: 'Say that the evidence has gone to the provider',
    update: contract.submitEvidence,
  })
  documentCommand(server, deps, chargebacks, {
    ...{ path: 'acceptance', permission: 'chargebacks:decide', body: acceptance },
    summary: 'Give up: the money stays with the buyer',
    update: contract.acceptChargeback,
  })
}

/** @throws notFound where it is not there, or its reader may not see it. */
export async function chargebackInScope(
  db: ApiDeps['db'],
  { scopes }: Principal,
  { provider, disputeId }: z.output<typeof params>,
): Promise<ChargebackRow> {
  const no = `${provider}/${disputeId}`
  const [found] = await listChargebacks(db, { no, after: 0n, limit: 1, scopes })
  if (!found) throw notFound('chargeback')
  return found
}

function toChargeback(row: ChargebackRow) {
  const { id, no: _no, workflowId: _workflowId, channel: _channel, currency, ...rest } = row
  const { amountMinor, feeMinor, inDisputeMinor, boundMinor, ...shown } = rest
  const inCurrency = (minor: bigint) => ({ currency, minor: minor.toString() })
  return {
    ...shown,
    id: id.toString(),
    amount: inCurrency(amountMinor),
    fee: inCurrency(feeMinor),
    inDispute: inCurrency(inDisputeMinor),
    boundMinor: boundMinor.toString(),
  }
}
