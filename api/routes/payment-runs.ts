import { z } from 'zod'
import { creditTransferFile, isIban } from '#connectors/bank/pain-001'
import { listRuns, runDetail, runFile, type RunRow } from '#db/queries/payment-runs'
import { releaseRun, settleRun, type ReleasedPayment } from '#db/stores/payment-release'
import {
  approveRun,
  cancelRun,
  lockRun,
  proposeRun,
  type PaymentRun,
} from '#db/stores/payment-runs'
import { booksOf } from '../books.ts'
import { commandRoute, type CommandContext } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { bigId, businessDate, code, money, reason, shortText } from '../schemas.ts'
import { isInScope } from '#domain/scopes'
import { visible } from '../scope.ts'

const tags = ['payment-runs']
const text = z.string()
const params = z.object({ runId: bigId })
const iban = z
  .string()
  .refine(isIban, { error: 'send an IBAN whose check digits are right, without spaces' })
  .meta({ example: 'DE89370400440532013000' })

const run = z.object({
  id: text,
  entity: text,
  state: text,
  payOn: text,
  iban: text,
  bills: z.int(),
  contentHash: text.describe('What an approval is given for.'),
  proposedBy: text,
  approvedBy: text.nullable(),
  releasedBy: text.nullable(),
  settledBy: text.nullable(),
  paid: money.nullable(),
})
const detail = run.extend({
  lines: z.array(
    z.object({
      billId: text,
      supplier: text,
      number: text,
      currency: text,
      openMinor: text,
      payMinor: text,
      creditMinor: text.describe('What credit notes pay of it; the bank pays the rest.'),
      holder: text,
      accountNo: text,
      droppedBecause: text.nullable(),
    }),
  ),
  prepayments: z.array(
    z.object({
      prepaymentId: text,
      supplier: text,
      poNumber: text,
      currency: text,
      payMinor: text,
      holder: text,
      accountNo: text,
      droppedBecause: text.nullable(),
    }),
  ),
})

/** Paying vendors: proposed, approved and released by three people, carried out by the bank. */
export async function paymentRunRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addBankAccounts(server, deps)
  addReads(server, deps)
  addProposal(server, deps)
  addSignatures(server, deps)
  addSettlement(server, deps)
}

function addBankAccounts(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/company-bank-accounts',
    permission: 'payments:approve',
    summary: 'Add an account that a company pays from',
    tags,
    body: z.strictObject({
      entity: code,
      holder: shortText,
      iban,
      bic: z.string().regex(/^[A-Z0-9]{8}([A-Z0-9]{3})?$/, { error: 'send a BIC' }),
    }),
    response: { 201: z.object({ iban: text }) },
    work: async (tx, { body, principal, audit }) => {
      const { entityId } = await booksOf(tx, principal, body.entity)
      await tx`
        INSERT INTO company_bank_account (entity_id, holder, iban, bic, actor) VALUES (${entityId}, ${body.holder}, ${body.iban}, ${body.bic}, ${principal.actor})
        ON CONFLICT (entity_id, iban) DO NOTHING`
      await audit({ subjectType: 'company-bank-account', subjectId: body.iban, action: 'added' })
      return { status: 201, body: { iban: body.iban } }
    },
  })
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/payment-runs',
    {
      config: { permission: 'payments:read' },
      schema: {
        summary: 'Payment runs, newest first',
        tags,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(run) },
      },
    },
    async ({ query: { limit, cursor }, principal }) => {
      const before = idCursor(cursor, MAX_BIGINT)
      const found = await listRuns(db, { before, limit: limit + 1, scopes: principal.scopes })
      return toPage(found, limit, (row) => row.id, toRun)
    },
  )
  server.get(
    '/payment-runs/:runId',
    {
      config: { permission: 'payments:read' },
      schema: { summary: 'One run with its payments', tags, params, response: { 200: detail } },
    },
    async ({ params: { runId }, principal }) => {
      const found = await runDetail(db, BigInt(runId))
      const seen = visible(principal, found, 'payment run', ({ entity }) => ({ entity }))
      return { ...toRun(seen), lines: seen.lines, prepayments: seen.prepayments }
    },
  )
  server.get(
    '/payment-runs/:runId/file',
    {
      config: { permission: 'payments:pay' },
      schema: {
        summary: 'The file for the bank: ISO 20022 pain.001.001.09',
        tags,
        params,
        response: { 200: z.object({ messageId: text, body: text }) },
      },
    },
    async ({ params: { runId }, principal }) => {
      const found = await runDetail(db, BigInt(runId))
      visible(principal, found, 'payment run', ({ entity }) => ({ entity }))
      const file = await runFile(db, BigInt(runId))
      if (!file) throw notFound('file of the payment run')
      return file
    },
  )
}

function toRun({ paidMinor, currency, ...row }: RunRow) {
  const paid = paidMinor === null ? null : { currency, minor: paidMinor.toString() }
  return { ...row, id: row.id.toString(), paid }
}

function addProposal(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/payment-runs',
    permission: 'payments:create',
    summary:
      'Propose what to pay: bills due until a day or whose discount ends, and approved prepayments',
    description:
      'What may not be paid is named with its reason: bank details that nobody verified, that are new, or that are being changed.',
    tags,
    body: z.strictObject({
      entity: code,
      iban,
      payOn: businessDate,
      until: businessDate.describe('Bills due until then, and those whose discount ends by then.'),
      billIds: z.array(bigId).min(1).max(1000).optional(),
      prepaymentIds: z
        .array(bigId)
        .max(1000)
        .optional()
        .describe('All that are due unless bills are named; then none.'),
    }),
    response: {
      201: z.object({
        runId: text,
        contentHash: text,
        skipped: z.array(z.object({ billId: text, supplier: text, number: text, because: text })),
        skippedPrepayments: z.array(
          z.object({ prepaymentId: text, supplier: text, poNumber: text, because: text }),
        ),
      }),
    },
    work: async (tx, { body, principal }) => {
      const { entityId } = await booksOf(tx, principal, body.entity)
      const { iban: from, payOn, until, billIds, prepaymentIds } = body
      const proposed = await proposeRun(tx, {
        ...{ entityId, iban: from, payOn, until, actor: principal.actor },
        ...(billIds ? { billIds: billIds.map(BigInt) } : {}),
        ...(prepaymentIds ? { prepaymentIds: prepaymentIds.map(BigInt) } : {}),
      })
      const skipped = proposed.skipped.map(({ billId, supplier, number, blockedBy }) => ({
        billId: billId.toString(),
        ...{ supplier, number, because: blockedBy ?? '' },
      }))
      return { status: 201, body: { ...proposed, skipped } }
    },
  })
}

/** The run of this address, when its caller may touch its company. */
async function runOf(
  tx: Parameters<typeof lockRun>[0],
  {
    params: { runId },
    principal,
  }: Pick<CommandContext<never, { runId: string }>, 'params' | 'principal'>,
): Promise<PaymentRun> {
  const found = await runDetail(tx, BigInt(runId))
  if (!found || !isInScope(principal.scopes, { entity: found.entity }))
    throw notFound('payment run')
  return lockRun(tx, runId)
}

function addSignatures(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/payment-runs/:runId/approval',
    permission: 'payments:approve',
    summary: 'Approve a run as it was seen; not by who proposed it',
    tags,
    params,
    body: z.strictObject({ contentHash: z.string().regex(/^[0-9a-f]{64}$/) }),
    response: { 204: z.null() },
    work: async (tx, context) => {
      const { contentHash } = context.body
      await approveRun(tx, await runOf(tx, context), {
        contentHash,
        actor: context.principal.actor,
      })
      return {}
    },
  })
  commandRoute(server, deps, {
    method: 'POST',
    url: '/payment-runs/:runId/release',
    permission: 'payments:pay',
    summary: 'Release an approved run to the bank; not by who approved it',
    tags,
    params,
    body: z.strictObject({}),
    response: {
      200: z.object({
        messageId: text
          .nullable()
          .describe('None where credits pay all: the bank is sent nothing.'),
      }),
    },
    work: async (tx, context) => {
      const locked = await runOf(tx, context)
      const messageId = `TL-${locked.entity}-RUN-${locked.id}`.slice(0, 35)
      const sent = await releaseRun(tx, locked, context.principal.actor, (payments) => ({
        messageId,
        body: fileOf(locked, messageId, payments),
      }))
      return { body: { messageId: sent ? messageId : null } }
    },
  })
  commandRoute(server, deps, {
    method: 'POST',
    url: '/payment-runs/:runId/cancellation',
    permission: 'payments:create',
    summary: 'Give a run up that has not left; its bills may be proposed again',
    tags,
    params,
    body: z.strictObject({ reason }),
    response: { 204: z.null() },
    work: async (tx, context) => {
      const { principal, body } = context
      await cancelRun(tx, await runOf(tx, context), { ...body, actor: principal.actor })
      return {}
    },
  })
}

function fileOf(
  { payOn, debtor }: PaymentRun,
  messageId: string,
  payments: readonly ReleasedPayment[],
): string {
  return creditTransferFile({
    messageId,
    createdAt: new Date().toISOString(),
    executeOn: payOn,
    debtor,
    payments: payments.map(({ endToEndId, number, currency, payMinor, holder, ...account }) => ({
      endToEndId,
      currency,
      amountMinor: payMinor,
      creditor: { name: holder, ...account },
      remittance: number,
    })),
  })
}

function addSettlement(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/payment-runs/:runId/settlement',
    permission: 'payments:pay',
    summary: 'Say that the bank has carried a run out, as its statement shows',
    tags,
    params,
    body: z.strictObject({ settledOn: businessDate, reference: shortText }),
    response: { 204: z.null() },
    work: async (tx, context) => {
      const { body, principal } = context
      await settleRun(tx, await runOf(tx, context), { ...body, actor: principal.actor })
      return {}
    },
  })
}
