import { z } from 'zod'
import { evidencePdf } from '#connectors/chargebacks/evidence-pdf'
import { commitOnce } from '#db/commit-once'
import { keptEvidence } from '#db/queries/chargeback-evidence'
import { buildEvidence } from '#db/stores/chargeback-evidence'
import { recordAudit } from '#db/stores/records'
import type { EvidencePack } from '#domain/chargebacks/evidence'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { notFound } from '../problem.ts'
import { chargebackInScope, disputeParams } from './chargebacks.ts'

const tags = ['chargebacks']
const url = '/chargebacks/:provider/:disputeId/evidence-packs'
const built = z.object({ number: z.int(), sha256: z.string() })
const text = z.string()
const kept = built.extend({
  ...{ round: z.int(), builtBy: text, builtAt: text },
  erased: z.boolean().describe('The customer was erased: only the hash is left.'),
})
const number = z.coerce.number().int().min(1).max(100_000)

/** What we say to a bank: put together from our own records, kept with its hash. */
export async function chargebackEvidenceRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  const { db } = deps
  commandRoute(server, deps, {
    method: 'POST',
    url,
    permission: 'chargebacks:decide',
    summary: 'Put together what we know about the charge, and keep it',
    description: 'Order, address, payment, parcels with their tracking, mails, rules and refunds.',
    tags,
    params: disputeParams,
    response: { 201: built },
    work: async (tx, { params, principal, audit }) => {
      const { id, no } = await chargebackInScope(db, principal, params)
      const pack = await buildEvidence(tx, { id, no }, principal.actor)
      const about = { subjectType: 'chargeback', subjectId: id.toString() }
      await audit({ ...about, action: 'evidence-built', after: { ...pack } })
      return { status: 201, body: pack }
    },
  })
  server.get(
    url,
    {
      config: { permission: 'chargebacks:read' },
      schema: {
        summary: 'Evidence packs of a chargeback, the oldest first',
        tags,
        params: disputeParams,
        response: { 200: z.object({ items: z.array(kept), nextCursor: z.null() }) },
      },
    },
    async ({ params, principal }) => {
      const { id } = await chargebackInScope(db, principal, params)
      const rows = await keptEvidence(db, id)
      const items = rows.map(({ text: pack, ...row }) => ({ ...row, erased: pack === null }))
      return { items, nextCursor: null }
    },
  )
  addFile(server, deps)
}

function addFile(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    `${url}/:number`,
    {
      config: { permission: 'personal-data:read' },
      schema: {
        summary: 'One evidence pack, as JSON to the byte or as PDF',
        description: 'Each look is an audit event.',
        tags,
        params: disputeParams.extend({ number }),
        querystring: z.strictObject({ format: z.enum(['json', 'pdf']).default('json') }),
        response: { 200: z.string().describe('application/json or application/pdf') },
      },
    },
    async (request, reply) => {
      const { principal, params, query, id: look } = request
      const { id } = await chargebackInScope(db, principal, params)
      const pack = (await keptEvidence(db, id)).find((row) => row.number === params.number)
      if (!pack?.text) throw notFound('evidence pack')
      const { actor } = principal
      const subjectId = id.toString()
      const asked = { key: `evidence/${subjectId}/${look}`, request: { subjectId }, actor }
      await commitOnce(db, asked, async (tx) => {
        const action = 'personal-data-read'
        await recordAudit(tx, [{ subjectType: 'chargeback', subjectId, action, actor }])
        return { subjectId }
      })
      const pdf = query.format === 'pdf'
      const file = pdf ? await evidencePdf(JSON.parse(pack.text) as EvidencePack) : pack.text
      return reply
        .header('content-type', pdf ? 'application/pdf' : 'application/json; charset=utf-8')
        .send(file as never)
    },
  )
}
