import type { UpdateDefinition } from '@temporalio/common'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { expectInvoice } from '#clients/stock-documents'
import type { DocumentProgress } from '#contracts/document-progress'
import * as contract from '#contracts/expected-invoice'
import type { CommandBase } from '#contracts/order-to-cash'
import { closePeriod } from '#db/queries/close-periods'
import { listExpectedInvoices, type ExpectedInvoiceRow } from '#db/queries/expected-invoices'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { commandDocument } from '../document-commands.ts'
import { documentNo, documentProgress } from '../document-schemas.ts'
import { callerOf, onceForProcess } from '../order-commands.ts'
import { idCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { minorText, money, positiveInt, reason, shortText } from '../schemas.ts'
import { requireScope } from '../scope.ts'
import { entityCode, wireMoney } from './ledger-schemas.ts'
import { periodName } from './period-schemas.ts'
import { personOf } from './periods.ts'

const tags = ['period close']
const text = z.string()
const params = z.object({ invoiceNo: documentNo })
const aboveZero = minorText.refine((minor) => /^[1-9]/.test(minor), {
  error: 'send minor units above zero',
})
const expectedInvoice = z.object({
  id: text,
  invoiceNo: text,
  entity: text,
  period: text,
  accountId: z.int(),
  party: text,
  description: text,
  expected: money,
  actual: money.nullable(),
  billNumber: text.nullable(),
  phase: text,
  version: z.int(),
  endedAs: text.nullable(),
  accruedEntry: text.nullable().describe('The entry that booked it when its period was over.'),
  requestedBy: text,
})
const expectedVersion = positiveInt
  .optional()
  .describe('The version that you saw; another one in between refuses.')

/** Bills that carriers, advertisers and others will send for a period. */
export async function expectedInvoiceRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addExpecting(server, deps)
  addCommand(server, deps, {
    path: 'arrival',
    summary: 'Say that the bill has come, and what it wants',
    body: z.strictObject({ billNumber: shortText, actualMinor: aboveZero, expectedVersion }),
    update: contract.invoiceArrived,
  })
  addCommand(server, deps, {
    path: 'cancellation',
    summary: 'Expect the bill no more',
    body: z.strictObject({ reason, expectedVersion }),
    update: contract.cancelExpectedInvoice,
  })
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/expected-invoices',
    {
      config: { permission: 'bills:read' },
      schema: {
        summary: 'Bills that are expected, the oldest first',
        tags,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(expectedInvoice) },
      },
    },
    async ({ query: { limit, cursor }, principal: { scopes } }) => {
      const ask = { entities: scopes.entities, after: idCursor(cursor), limit: limit + 1 }
      return toPage(await listExpectedInvoices(db, ask), limit, (row) => row.id, toWire)
    },
  )
  server.get(
    '/expected-invoices/:invoiceNo',
    {
      config: { permission: 'bills:read' },
      schema: { summary: 'One expected bill', tags, params, response: { 200: expectedInvoice } },
    },
    async ({ params: { invoiceNo }, principal }) => toWire(await inScope(db, principal, invoiceNo)),
  )
}

function addExpecting(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/expected-invoices',
    {
      config: { permission: 'bills:create', asksProcess: true },
      schema: {
        summary: 'Expect a bill; its cost is booked when its period ends before it has come',
        tags,
        body: z.strictObject({
          invoiceNo: documentNo,
          entity: entityCode,
          period: periodName,
          accountId: z.literal([5045, 6030, 6070]).describe('The account of the cost.'),
          party: z
            .string()
            .regex(/^[a-z][\w/-]{1,79}$/, { error: 'send a party such as supplier/12' }),
          description: shortText,
          expectedMinor: aboveZero,
        }),
        response: { 201: documentProgress },
      },
    },
    async (request, reply) => {
      const { body, principal, commandKey } = request
      requireScope(principal, { entity: body.entity })
      if (!(await closePeriod(deps.db, body))) throw notFound('period')
      const expected = { ...body, actor: personOf(principal), key: commandKey }
      const answer = await onceForProcess(deps.db, callerOf(request as FastifyRequest), (attempt) =>
        expectInvoice(deps.temporal, expected, {
          updateId: `invoiceExpected/${attempt}`,
          taskQueue: deps.orderTaskQueue,
        }),
      )
      return reply.code(201).send(answer)
    },
  )
}

interface Command<Body extends z.ZodType, C extends CommandBase> {
  path: string
  summary: string
  body: Body
  update: UpdateDefinition<DocumentProgress, [C]>
}

function addCommand<Body extends z.ZodType, C extends CommandBase>(
  server: ApiServer,
  deps: ApiDeps,
  { path, summary, body, update }: Command<Body, C>,
): void {
  server.post(
    `/expected-invoices/:invoiceNo/${path}`,
    {
      config: { permission: 'bills:create', asksProcess: true },
      schema: { summary, tags, params, body, response: { 200: documentProgress } },
    },
    async (request) => {
      const { invoiceNo } = request.params as { invoiceNo: string }
      const found = await inScope(deps.db, request.principal, invoiceNo)
      const place = { ...found, subject: 'expected-invoice' as const }
      const command = request.body as Omit<C, 'key' | 'actor'>
      return commandDocument(deps, place, update, command, callerOf(request as FastifyRequest))
    },
  )
}

async function inScope(
  db: ApiDeps['db'],
  { scopes }: Principal,
  no: string,
): Promise<ExpectedInvoiceRow> {
  const [found] = await listExpectedInvoices(db, {
    entities: scopes.entities,
    no,
    after: 0n,
    limit: 1,
  })
  if (!found) throw notFound('expected invoice')
  return found
}

function toWire(row: ExpectedInvoiceRow) {
  const { id, no, currency, expectedMinor, actualMinor, accruedEntry, workflowId: _, ...rest } = row
  return {
    ...rest,
    id: id.toString(),
    invoiceNo: no,
    accruedEntry: accruedEntry?.toString() ?? null,
    expected: wireMoney(expectedMinor, currency),
    actual: actualMinor === null ? null : wireMoney(actualMinor, currency),
  }
}
