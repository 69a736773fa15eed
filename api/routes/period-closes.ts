import type { UpdateDefinition } from '@temporalio/common'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { DocumentProgress } from '#contracts/document-progress'
import type { CommandBase } from '#contracts/order-to-cash'
import * as contract from '#contracts/period-close'
import { closePeriod } from '#db/queries/close-periods'
import {
  closeEvidence,
  listPeriodCloses,
  periodClose,
  taskStandings,
} from '#db/queries/period-closes'
import type { Permission } from '#domain/access'
import { readyPermille } from '#domain/ledger/close-checklist'
import { commandClose } from '../close-commands.ts'
import { documentProgress } from '../document-schemas.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { notFound } from '../problem.ts'
import { reason } from '../schemas.ts'
import { requireScope, visible } from '../scope.ts'
import * as wire from './close-schemas.ts'
import { entityCode } from './ledger-schemas.ts'
import { periodName } from './period-schemas.ts'

const tags = ['period close']
const params = z.object({ entity: entityCode, period: periodName })

/** Closing a period: its checklist with evidence, what people sign, and its locks. */
export async function periodCloseRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addEvidence(server, deps)
  addBeginning(server, deps)
  addCommand(server, deps, {
    path: 'check',
    permission: 'periods:update',
    summary: 'Ask every question of the close again, now',
    body: wire.check,
    update: contract.checkClose,
  })
  addCommand(server, deps, {
    path: 'preparations',
    permission: 'periods:update',
    summary: 'Say what you judged of a task, with the lines to book; another person signs it',
    body: wire.preparation,
    update: contract.prepareTask,
  })
  addCommand(server, deps, {
    path: 'reviews',
    permission: 'periods:approve',
    summary: 'Sign what another person prepared; its lines are posted with it',
    body: wire.review,
    update: contract.reviewTask,
  })
  addCommand(server, deps, {
    path: 'acceptances',
    permission: 'periods:approve',
    summary: 'Live with a difference below materiality, with a reason',
    body: wire.acceptance,
    update: contract.acceptDifference,
  })
  addCommand(server, deps, {
    path: 'postings',
    permission: 'periods:update',
    summary: 'Post what the rule of a task has still to post; twice is once',
    body: wire.posting,
    update: contract.postTask,
  })
  addCommand(server, deps, {
    path: 'locks',
    permission: 'periods:close',
    summary: 'Lock an area, softly or for good, by somebody who prepared nothing',
    body: wire.lock,
    update: contract.lockArea,
  })
  addCommand(server, deps, {
    path: 'reopenings',
    permission: 'periods:create',
    summary: 'Ask another person to open locked areas for a time',
    body: wire.reopening,
    update: contract.askReopening,
  })
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/period-closes',
    {
      config: { permission: 'periods:read' },
      schema: {
        summary: 'Closes, the newest period first',
        tags,
        response: { 200: z.object({ items: z.array(wire.close), nextCursor: z.null() }) },
      },
    },
    async ({ principal: { scopes } }) => {
      const rows = await listPeriodCloses(db, { entities: scopes.entities, limit: 200 })
      return { items: rows.map(wire.wireClose), nextCursor: null }
    },
  )
  server.get(
    '/period-closes/:entity/:period',
    {
      config: { permission: 'periods:read' },
      schema: {
        summary: 'One close with its checklist',
        tags,
        params,
        response: { 200: wire.closeWithTasks },
      },
    },
    async ({ params: place, principal }) => {
      const found = visible(principal, await periodClose(db, place), 'close', entityOf)
      const tasks = await taskStandings(db, found.id)
      return {
        ...wire.wireClose(found),
        ready: wire.percent(readyPermille(tasks.map(({ state }) => state))),
        tasks: tasks.map((task) => wire.wireTask(task, found.currency)),
      }
    },
  )
}

function addEvidence(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/period-closes/:entity/:period/evidence',
    {
      config: { permission: 'periods:read' },
      schema: {
        summary:
          'What each question was answered, the newest 200; an answer is kept where it differs from the one before',
        tags,
        params,
        querystring: z.strictObject({ task: wire.taskName.optional() }),
        response: { 200: z.object({ items: z.array(wire.evidence), nextCursor: z.null() }) },
      },
    },
    async ({ params: place, query: { task }, principal }) => {
      const found = await closePeriod(db, place)
      const { functionalCurrency } = visible(principal, found, 'period', entityOf)
      const rows = await closeEvidence(db, { ...place, task })
      return {
        items: rows.map((row) => wire.wireEvidence(row, functionalCurrency)),
        nextCursor: null,
      }
    },
  )
}

function addBeginning(server: ApiServer, deps: ApiDeps): void {
  server.post(
    '/period-closes',
    {
      config: { permission: 'periods:close', asksProcess: true },
      schema: {
        summary: 'Begin the close of a period, or take it up again',
        tags,
        body: z.strictObject({ entity: entityCode, period: periodName, reason }),
        response: { 201: documentProgress },
      },
    },
    async (request, reply) => {
      const { entity, period } = request.body
      await requirePeriod(deps, request.principal, { entity, period })
      const asked = request as FastifyRequest
      const answer = await commandClose(deps, asked, { entity, period }, contract.beginClose, {})
      return reply.code(201).send(answer)
    },
  )
}

interface Command<Body extends z.ZodType, C extends CommandBase> {
  path: string
  permission: Permission
  summary: string
  body: Body
  update: UpdateDefinition<DocumentProgress, [C]>
}

function addCommand<Body extends z.ZodType, C extends CommandBase>(
  server: ApiServer,
  deps: ApiDeps,
  { path, permission, summary, body, update }: Command<Body, C>,
): void {
  server.post(
    `/period-closes/:entity/:period/${path}`,
    {
      config: { permission, asksProcess: true },
      schema: { summary, tags, params, body, response: { 200: documentProgress } },
    },
    async (request) => {
      const place = request.params as z.output<typeof params>
      await requirePeriod(deps, request.principal, place)
      const command = request.body as Omit<C, 'key' | 'actor'>
      return commandClose(deps, request as FastifyRequest, place, update, command)
    },
  )
}

async function requirePeriod(
  { db }: ApiDeps,
  principal: Principal,
  place: { entity: string; period: string },
): Promise<void> {
  requireScope(principal, { entity: place.entity })
  if (!(await closePeriod(db, place))) throw notFound('period')
}

function entityOf({ entity }: { entity: string }) {
  return { entity }
}
