import { z } from 'zod'
import { listEffects, type EffectRow } from '#db/queries/effects'
import { runProofs, type ProofResult } from '#db/queries/proofs'
import { standingProofs } from '#db/queries/standing-proofs'
import { EVERYWHERE, scopesInclude } from '#domain/scopes'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { ANY_TEXT, cursorParts, pageOf, pageQuery, toPage } from '../paging.ts'
import { forbidden } from '../problem.ts'
import { jsonObject, shortText } from '../schemas.ts'

const tags = ['operations']
const text = z.string()
/** As PostgreSQL writes an instant in UTC. */
const PLACE = /^2\d{3}-[01]\d-[0-3]\d [012]\d:[0-5]\d:[0-5]\d(\.\d{1,6})?\+00$/

const effect = z.object({
  key: text,
  gateway: text,
  operation: text,
  subjectType: text,
  subjectId: text,
  state: text,
  attempts: z.int(),
  intendedAt: text,
  settledAt: text.nullable(),
})

const proof = z.object({
  name: text,
  invariant: text.describe('What must always hold, in words.'),
  holds: z.boolean(),
  rows: z.int().describe('Rows that break it; 100 means at least so many.'),
  first: z.array(jsonObject).describe('The first of them.'),
  seconds: z.number(),
})

/** What the ops team asks: which outside calls are open or unknown, and whether the books are right. */
export async function operationRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addEffects(server, deps)
  addProofs(server, deps)
}

function addEffects(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/effects',
    {
      config: { permission: 'effects:read' },
      schema: {
        summary: 'Calls to the outside by state, newest first; unknown ones wait for a person',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          state: z.enum(['intended', 'sent', 'confirmed', 'failed', 'unknown']).optional(),
          gateway: z
            .enum(['payment', 'carrier', 'tax', 'mail', 'compliance', 'channel'])
            .optional(),
          subjectType: shortText.optional().meta({ example: 'order' }),
          subjectId: shortText.optional(),
        }),
        response: { 200: pageOf(effect) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal: { scopes } }) => {
      const [place, key] = cursorParts(cursor, [PLACE, ANY_TEXT]) ?? []
      const behind = place === undefined || key === undefined ? undefined : { place, key }
      const rows = await listEffects(db, { ...filter, scopes, behind, limit: limit + 1 })
      const toEffect = ({ place: _, ...row }: EffectRow) => row
      return toPage(rows, limit, (row) => [row.place, row.key], toEffect)
    },
  )
}

function addProofs(server: ApiServer, { db }: ApiDeps): void {
  // They read whole tables: whoever asks while they run gets the answer of that run.
  let running: Promise<ProofResult[]> | undefined
  const run = () => {
    running ??= runProofs(db, standingProofs).finally(() => (running = undefined))
    return running
  }
  server.get(
    '/proofs',
    {
      config: { permission: 'proofs:read' },
      schema: {
        summary: 'Runs the standing proofs: what must always hold, and the rows that break it',
        description: 'Of all companies together, so only for callers without limits.',
        tags,
        response: { 200: z.object({ holds: z.boolean(), items: z.array(proof) }) },
      },
    },
    async ({ principal }) => {
      if (!scopesInclude(principal.scopes, EVERYWHERE))
        throw forbidden('OutOfScope', 'The proofs read the books of all companies.')
      const items = (await run()).map(({ proof: { name, invariant }, broken, seconds }) => ({
        name,
        invariant,
        holds: broken.length === 0,
        rows: broken.length,
        first: broken.slice(0, 5),
        seconds,
      }))
      return { holds: items.every(({ holds }) => holds), items }
    },
  )
}
