import { z } from 'zod'
import { companyByCode } from '#db/queries/books'
import { periodExceptions } from '#db/queries/periods'
import { approvePeriodException, requestPeriodException } from '#db/stores/ledger-periods'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { instant, reason } from '../schemas.ts'
import { visible } from '../scope.ts'
import { entityCode } from './ledger-schemas.ts'
import * as wire from './period-schemas.ts'
import { companyInReach, personOf } from './periods.ts'

const tags = ['periods']

/** Named exceptions from locks: one person asks, another approves, and entries carry the name. */
export async function periodExceptionRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addList(server, deps)
  addRequest(server, deps)
  addApproval(server, deps)
}

function addList(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/period-exceptions',
    {
      config: { permission: 'periods:read' },
      schema: {
        summary: 'Exceptions from the locks of a company, the newest 200',
        tags,
        querystring: z.strictObject({ entity: entityCode }),
        response: { 200: z.object({ items: z.array(wire.exception), nextCursor: z.null() }) },
      },
    },
    async ({ query: { entity }, principal }) => {
      const found = await companyByCode(db, entity)
      const { id } = visible(principal, found, entity, ({ code }) => ({ entity: code }))
      const rows = await periodExceptions(db, { entityId: id })
      return { items: rows.map(wire.wireException), nextCursor: null }
    },
  )
}

function addRequest(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/period-exceptions',
    permission: 'periods:create',
    summary: 'Ask for an exception from locks of a period',
    tags,
    body: z.strictObject({
      entity: entityCode,
      period: wire.periodName,
      areas: z
        .array(wire.area)
        .min(1)
        .max(6)
        .refine((areas) => new Set(areas).size === areas.length, { error: 'name each area once' }),
      until: instant.describe('When it ends.'),
      actor: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .describe('Who may post under it; left out: all.'),
      accountIds: z.array(z.int().min(1).max(99_999_999)).min(1).max(100).optional(),
      upToMinor: z
        .string()
        .regex(/^[1-9]\d{0,17}$/, { error: 'send minor units as text, above zero' })
        .optional()
        .describe('The most that one entry may move, in functional currency.'),
      reason,
    }),
    response: { 201: wire.exception },
    work: async (tx, { body, principal, audit }) => {
      const { id } = await companyInReach(tx, principal, body.entity)
      const { entity: _, upToMinor, ...asked } = body
      const approvalId = await requestPeriodException(tx, {
        ...asked,
        entityId: id,
        requestedBy: personOf(principal),
        ...(upToMinor === undefined ? {} : { maxMinor: BigInt(upToMinor) }),
      })
      const [exception] = await periodExceptions(tx, { approvalId })
      const after = wire.wireException(exception!)
      const event = { subjectType: 'period-exception', subjectId: approvalId, after }
      await audit({ ...event, action: 'requested', reason: body.reason })
      return { status: 201, body: after }
    },
  })
}

function addApproval(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/period-exceptions/:approvalId/approval',
    permission: 'periods:approve',
    summary: 'Approve an exception',
    description:
      'Who asked for it, or is to use it, may not; who approved it may not post under it.',
    tags,
    params: z.object({ approvalId: wire.approvalId }),
    body: z.strictObject({ reason }),
    response: { 200: wire.exception },
    work: async (tx, { params: { approvalId }, body, principal, audit }) => {
      const [asked] = await periodExceptions(tx, { approvalId })
      visible(principal, asked, `exception ${approvalId}`, ({ entity }) => ({ entity }))
      await approvePeriodException(tx, approvalId, personOf(principal))
      const [exception] = await periodExceptions(tx, { approvalId })
      const event = { subjectType: 'period-exception', subjectId: approvalId, action: 'approved' }
      await audit({ ...event, reason: body.reason })
      return { body: wire.wireException(exception!) }
    },
  })
}
