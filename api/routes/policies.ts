import { z } from 'zod'
import { listPolicies, placeOfSubject, policyVersions } from '#db/queries/trail'
import { insertPolicyVersion } from '#db/stores/policies'
import { policyProblems } from '#domain/policy-body'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { intCursor, MAX_INT, pageOf, pageQuery, textCursor, toPage } from '../paging.ts'
import { invalidInput } from '../problem.ts'
import { instant, jsonObject, reason, shortText } from '../schemas.ts'
import { requirePolicyScope, visible } from '../scope.ts'

const tags = ['policies']
const kind = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,60}$/, { error: 'send a kind such as order or fraud' })
  .meta({ example: 'order' })
const scope = z
  .string()
  .regex(/^(\*|[A-Za-z0-9][A-Za-z0-9_.-]{0,60})$/, { error: 'send a channel code, or * for all' })
  .meta({ example: '*' })

const policy = z.object({
  kind: z.string(),
  scope: z.string(),
  version: z.int(),
  owner: z.string(),
  approver: z.string().nullable(),
  effectiveFrom: z.string(),
  body: jsonObject,
  recordedAt: z.string(),
})

/** The rules that decide by themselves: versioned, owned, and never edited (GOV-19). */
export async function policyRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)

  commandRoute(server, deps, {
    method: 'POST',
    url: '/policies',
    permission: 'policies:create',
    summary: 'Begin a new version of a policy',
    description: 'Processes that run keep the version they started with.',
    tags,
    body: z.strictObject({
      kind,
      scope: scope.default('*'),
      basedOn: z
        .int()
        .min(0)
        .max(Number(MAX_INT) - 1)
        .describe('The newest version that you read; 0 for the first.'),
      owner: shortText.meta({ example: 'oms-supervisor' }),
      reason,
      effectiveFrom: instant.nullable().default(null).describe('Null: at once.'),
      body: jsonObject.meta({ example: { backorderMaxDays: 14 } }),
    }),
    response: { 201: policy },
    work: async (tx, { body: { reason: why, ...version }, principal, audit }) => {
      await requirePolicyScope(tx, principal, version.scope)
      const problems = policyProblems(version.kind, version.body)
      if (problems.length > 0) throw invalidInput(...problems)
      const { before, after } = await insertPolicyVersion(tx, version)
      const subjectId = `${version.kind}/${version.scope}`
      const event = { subjectType: 'policy', subjectId, action: 'new-version', before, after }
      await audit({ ...event, reason: why })
      return { status: 201, body: after }
    },
  })
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/policies',
    {
      config: { permission: 'policies:read' },
      schema: {
        summary: 'The newest version of each policy',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          kind: kind.optional(),
          scope: scope.optional(),
        }),
        response: { 200: pageOf(policy) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal: { scopes } }) => {
      const after = textCursor(cursor)
      const rows = await listPolicies(db, { ...filter, after, limit: limit + 1, scopes })
      return toPage(
        rows,
        limit,
        (row) => `${row.kind} ${row.scope}`,
        (row) => row,
      )
    },
  )

  server.get(
    '/policies/:kind/:scope',
    {
      config: { permission: 'policies:read' },
      schema: {
        summary: 'All versions of one policy, newest first',
        tags,
        params: z.object({ kind, scope }),
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(policy) },
      },
    },
    async ({ params, query: { limit, cursor }, principal }) => {
      const place = await placeOfSubject(db, 'policy', `${params.kind}/${params.scope}`)
      visible(principal, place, `policy ${params.kind} for ${params.scope}`, (found) => found)
      const before = cursor === undefined ? Number(MAX_INT) : intCursor(cursor)
      const rows = await policyVersions(db, params, { before, limit: limit + 1 })
      return toPage(
        rows,
        limit,
        (row) => row.version,
        (row) => row,
      )
    },
  )
}
