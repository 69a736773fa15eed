import { z } from 'zod'
import { decisionsAbout, listAudit, placeOfSubject } from '#db/queries/trail'
import type { Db } from '#db/client'
import { EVERYWHERE, isInScope, scopesInclude, type Scopes } from '#domain/scopes'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { forbidden } from '../problem.ts'
import { actorName, instant } from '../schemas.ts'

const subjectType = z
  .string()
  .regex(/^[a-z][a-z_-]{1,40}$/, { error: 'send a kind of record such as order or item' })
  .meta({ example: 'order' })
const subjectId = z.string().min(1).max(300).meta({ example: '1001' })
const anything = z.unknown()

const decision = z.object({
  id: z.string(),
  subjectType: z.string(),
  subjectId: z.string(),
  kind: z.string(),
  rule: z.string(),
  ruleVersion: z.int(),
  inputs: anything,
  choice: anything,
  alternatives: anything,
  actor: z.string(),
  actorName,
  recordedAt: z.string(),
})

const auditEvent = z.object({
  id: z.string(),
  subjectType: z.string(),
  subjectId: z.string(),
  action: z.string(),
  before: anything,
  after: anything,
  reason: z.string().nullable(),
  actor: z.string(),
  actorName,
  commandKey: z.string().nullable(),
  recordedAt: z.string(),
})

/** What was decided and why, and who changed what. */
export async function trailRoutes(server: ApiServer, { db }: ApiDeps): Promise<void> {
  server.get(
    '/decisions',
    {
      config: { permission: 'decisions:read' },
      schema: {
        summary: 'Why: the automatic choices about one record, with what lost',
        tags: ['decisions'],
        querystring: z.strictObject({
          ...pageQuery,
          subjectType,
          subjectId,
          kind: z.string().min(1).max(100).optional(),
        }),
        response: { 200: pageOf(decision) },
      },
    },
    async ({ query: { limit, cursor, ...about }, principal: { scopes } }) => {
      const after = idCursor(cursor)
      if (!(await mayRead(db, scopes, about))) return { items: [], nextCursor: null }
      const rows = await decisionsAbout(db, about, { after, limit: limit + 1 })
      return toPage(rows, limit, (row) => row.id, withTextId)
    },
  )

  server.get(
    '/audit-events',
    {
      config: { permission: 'audit:read' },
      schema: {
        summary: 'Who changed what, from what to what and why; newest first',
        tags: ['audit'],
        querystring: z.strictObject({
          ...pageQuery,
          subjectType: subjectType.optional(),
          subjectId: subjectId.optional(),
          actor: z.string().min(1).max(300).optional().meta({ example: 'user:17' }),
          action: z.string().min(1).max(100).optional(),
          from: instant.optional(),
          to: instant.optional(),
        }),
        response: { 200: pageOf(auditEvent) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal: { scopes } }) => {
      const before = idCursor(cursor, MAX_BIGINT)
      if (!(await mayRead(db, scopes, filter)))
        throw forbidden('OutOfScope', 'Name a subjectType and subjectId within your reach.')
      const rows = await listAudit(db, { ...filter, before, limit: limit + 1 })
      return toPage(rows, limit, (row) => row.id, withTextId)
    },
  )
}

/** Rows of the trail have no place of their own: a limited caller asks about one record at a time. */
async function mayRead(
  db: Db,
  scopes: Scopes,
  { subjectType, subjectId }: { subjectType?: string | undefined; subjectId?: string | undefined },
): Promise<boolean> {
  if (scopesInclude(scopes, EVERYWHERE)) return true
  if (subjectType === undefined || subjectId === undefined) return false
  const place = await placeOfSubject(db, subjectType, subjectId)
  return place !== undefined && isInScope(scopes, place)
}

function withTextId<Row extends { id: bigint }>({ id, ...row }: Row) {
  return { ...row, id: id.toString() }
}
