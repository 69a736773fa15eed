import { z } from 'zod'
import type { Reader, Tx } from '#db/client'
import { companyByCode, type Company } from '#db/queries/books'
import { periodClosings, periods, type Period } from '#db/queries/periods'
import {
  closeArea,
  openPeriods,
  reopenArea,
  softCloseArea,
  type AreaOfPeriod,
} from '#db/stores/ledger-periods'
import type { Permission } from '#domain/access'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { notFound } from '../problem.ts'
import { reason } from '../schemas.ts'
import { requireScope, visible } from '../scope.ts'
import { entityCode, wireMoney } from './ledger-schemas.ts'
import * as wire from './period-schemas.ts'

const tags = ['periods']

/** The locks of the books: who may post into which month, and what it held when it was closed. */
export async function periodRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addOpening(server, deps)
  addLock(server, deps, {
    verb: 'soft-close',
    permission: 'periods:close',
    summary: 'From now on take approved exceptions only',
    work: (tx, lock, why) => softCloseArea(tx, { ...lock, reason: why }),
  })
  addLock(server, deps, {
    verb: 'close',
    permission: 'periods:close',
    summary: 'Lock an area of a period; waits for entries in flight',
    work: (tx, lock, why) => closeArea(tx, { ...lock, reason: why }),
  })
  addReopening(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/periods',
    {
      config: { permission: 'periods:read' },
      schema: {
        summary: 'Accounting periods of a company, with the lock of each area',
        tags,
        querystring: z.strictObject({ entity: entityCode, year: wire.year.optional() }),
        response: { 200: z.object({ items: z.array(wire.period), nextCursor: z.null() }) },
      },
    },
    async ({ query: { entity, year }, principal }) => {
      const { id } = visible(principal, await companyByCode(db, entity), entity, placeOf)
      const rows = await periods(db, { entityId: id, ...(year === undefined ? {} : { year }) })
      return { items: rows.map(wire.wirePeriod), nextCursor: null }
    },
  )

  server.get(
    '/periods/:period/closings',
    {
      config: { permission: 'periods:read' },
      schema: {
        summary: 'What a period held when it was closed, and the seal that binds it',
        tags,
        params: z.object({ period: wire.periodName }),
        querystring: z.strictObject({ entity: entityCode }),
        response: { 200: z.object({ items: z.array(wire.closing), nextCursor: z.null() }) },
      },
    },
    async ({ params: { period }, query: { entity }, principal }) => {
      const company = visible(principal, await companyByCode(db, entity), entity, placeOf)
      const closings = await periodClosings(db, { entityId: company.id, period })
      const items = closings.map(({ id: _, sealHash, balances, reports, ...closing }) => ({
        ...closing,
        sealHash: sealHash?.toString('hex') ?? null,
        reports: reports.map(({ report, lines, sha256 }) => ({
          report,
          lines,
          sha256: sha256.toString('hex'),
        })),
        balances: balances.map(({ accountId, currency, amountMinor, funcMinor }) => ({
          accountId,
          amount: wireMoney(amountMinor, currency),
          functional: wireMoney(funcMinor, company.functionalCurrency),
        })),
      }))
      return { items, nextCursor: null }
    },
  )
}

function addOpening(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/periods',
    permission: 'periods:create',
    summary: 'Open the periods of a year',
    description: 'The worker opens the coming year by itself, two months before it begins.',
    tags,
    body: z.strictObject({ entity: entityCode, year: wire.year, reason }),
    response: { 201: z.object({ items: z.array(wire.period) }) },
    work: async (tx, { body: { entity, year, reason: why }, principal, audit }) => {
      const { id } = await companyInReach(tx, principal, entity)
      await openPeriods(tx, id, year)
      const event = { subjectType: 'period', subjectId: `${entity}/${year}`, action: 'opened' }
      await audit({ ...event, reason: why })
      const rows = await periods(tx, { entityId: id, year })
      return { status: 201, body: { items: rows.map(wire.wirePeriod) } }
    },
  })
}

interface LockCommand {
  verb: 'soft-close' | 'close'
  permission: Permission
  summary: string
  work(tx: Tx, lock: AreaOfPeriod, reason: string): Promise<void>
}

function addLock(server: ApiServer, deps: ApiDeps, command: LockCommand): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: `/periods/:period/:area/${command.verb}`,
    permission: command.permission,
    summary: command.summary,
    description: 'Who posted in the period by hand, or reopened the area, may not close it.',
    tags,
    params: wire.lockParams,
    body: z.strictObject({ entity: entityCode, reason }),
    response: { 200: wire.period },
    work: async (tx, { params, body: { entity, reason: why }, principal, audit }) => {
      const { id } = await companyInReach(tx, principal, entity)
      const lock = { entityId: id, ...params, actor: personOf(principal) }
      const before = await onePeriod(tx, id, params.period)
      await command.work(tx, lock, why)
      const after = await onePeriod(tx, id, params.period)
      const subjectId = `${entity}/${params.period}/${params.area}`
      const change = { before: areaOf(before, params.area), after: areaOf(after, params.area) }
      await audit({
        ...{ subjectType: 'period', subjectId, action: command.verb },
        ...change,
        reason: why,
      })
      return { body: wire.wirePeriod(after) }
    },
  })
}

function addReopening(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/periods/:period/:area/reopen',
    permission: 'periods:reopen',
    summary: 'Reopen an area under an approved exception',
    description:
      'A closed area takes entries of that exception until it ends, and is then closed by itself; one that was only soft-closed opens for all. Who closed it may not.',
    tags,
    params: wire.lockParams,
    body: z.strictObject({ entity: entityCode, approvalId: wire.approvalId, reason }),
    response: { 200: wire.period },
    work: async (tx, { params, body: { entity, approvalId, reason: why }, principal, audit }) => {
      const { id } = await companyInReach(tx, principal, entity)
      const lock = { entityId: id, ...params, actor: personOf(principal) }
      const before = await onePeriod(tx, id, params.period)
      await reopenArea(tx, { ...lock, approvalId, reason: why })
      const after = await onePeriod(tx, id, params.period)
      await audit({
        subjectType: 'period',
        subjectId: `${entity}/${params.period}/${params.area}`,
        action: 'reopen',
        before: areaOf(before, params.area),
        after: areaOf(after, params.area),
        reason: why,
      })
      return { body: wire.wirePeriod(after) }
    },
  })
}

/** The person behind a caller: a key acts for whoever made it, and shares that person's duties. */
export function personOf(principal: Principal): string {
  return principal.ownerId === null ? principal.actor : `user:${principal.ownerId}`
}

/** The company whose locks a command is about. */
export async function companyInReach(
  db: Reader,
  principal: Principal,
  code: string,
): Promise<Company> {
  requireScope(principal, { entity: code })
  const company = await companyByCode(db, code)
  if (!company) throw notFound(`entity ${code}`)
  return company
}

async function onePeriod(db: Reader, entityId: number, period: string): Promise<Period> {
  const [found] = await periods(db, { entityId, period })
  if (!found) throw notFound(`period ${period}`)
  return found
}

function areaOf(period: Period, area: string) {
  return period.areas.find((lock) => lock.area === area)
}

function placeOf(company: Company) {
  return { entity: company.code }
}
