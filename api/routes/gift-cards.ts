import { z } from 'zod'
import { companyByCode } from '#db/queries/books'
import { listGiftCards } from '#db/queries/gift-cards'
import { escheatCards, recogniseBreakage } from '#db/stores/card-breakage'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { bigId, businessDate, code, currency, positiveInt } from '../schemas.ts'
import { visible } from '../scope.ts'
import { booksOf } from '../books.ts'

const tags = ['ledger']
const text = z.string()
const jurisdiction = z
  .string()
  .regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/, { error: 'send a country or a state such as US-DE' })
  .meta({ example: 'US-DE' })

const card = z.object({
  id: text,
  code: text.describe('Whoever has it has the money.'),
  channel: text.nullable(),
  externalId: text.nullable().describe('What the channel calls the card.'),
  currency: text,
  faceMinor: text,
  leftMinor: text,
  orderId: text.nullable(),
  jurisdiction: text.nullable(),
  issuedOn: text,
})

/** Gift cards: which there are, and what becomes of what nobody spends. */
export async function giftCardRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addCards(server, deps)
  addBreakage(server, deps)
  addEscheat(server, deps)
}

function addCards(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/gift-cards',
    {
      config: { permission: 'ledger:read' },
      schema: {
        summary: 'Gift cards of a company, newest first, with what is left of each',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          entity: code,
          order: bigId.optional(),
          code: z.string().min(1).max(40).optional(),
        }),
        response: { 200: pageOf(card) },
      },
    },
    async ({ query: { limit, cursor, entity, order, code: cardCode }, principal }) => {
      const found = await companyByCode(db, entity)
      const company = visible(principal, found, `entity ${entity}`, (row) => ({ entity: row.code }))
      const rows = await listGiftCards(db, {
        entityId: company.id,
        orderId: order === undefined ? undefined : BigInt(order),
        code: cardCode,
        before: idCursor(cursor, MAX_BIGINT),
        limit: limit + 1,
      })
      return toPage(
        rows,
        limit,
        (row) => row.id,
        (row) => ({
          ...row,
          id: `${row.id}`,
          orderId: row.orderId === null ? null : `${row.orderId}`,
          faceMinor: `${row.faceMinor}`,
          leftMinor: `${row.leftMinor}`,
        }),
      )
    },
  )
}

function addBreakage(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/ledger/gift-card-breakage',
    permission: 'journal:post',
    summary: 'Set recognised breakage of gift cards to what is earned of it by now',
    description:
      'In proportion to what was spent of what is expected to be (606-10-55-48). Cards of places where unused cards escheat earn none.',
    tags,
    body: z.strictObject({
      entity: code,
      currency,
      recognisedOn: businessDate,
      policyVersion: positiveInt.describe('Version of the estimate; it stands on the entry.'),
      expectedPpm: z.int().min(0).max(999_999).describe('Share nobody will spend, per million.'),
      escheatIn: z.array(jurisdiction).max(300).default([]),
    }),
    response: { 201: z.object({ earnedMinor: text, changeMinor: text }) },
    work: async (tx, { body: { entity, ...run }, principal, commandKey }) => {
      const books = await booksOf(tx, principal, entity)
      const { earnedMinor, changeMinor } = await recogniseBreakage(tx, {
        ...books,
        ...run,
        runId: commandKey,
        actor: principal.actor,
      })
      return {
        status: 201,
        body: { earnedMinor: `${earnedMinor}`, changeMinor: `${changeMinor}` },
      }
    },
  })
}

function addEscheat(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/ledger/gift-card-escheats',
    permission: 'journal:post',
    summary: 'Give what is left on long unused gift cards of a state to that state',
    tags,
    body: z.strictObject({
      entity: code,
      currency,
      jurisdiction,
      unusedSince: businessDate.describe('Cards that nothing has moved since before this day.'),
      escheatedOn: businessDate,
    }),
    response: { 201: z.object({ cards: z.int(), amountMinor: text }) },
    work: async (tx, { body: { entity, ...run }, principal }) => {
      const books = await booksOf(tx, principal, entity)
      const done = await escheatCards(tx, { ...books, ...run, actor: principal.actor })
      return { status: 201, body: { cards: done.cards, amountMinor: `${done.amountMinor}` } }
    },
  })
}
