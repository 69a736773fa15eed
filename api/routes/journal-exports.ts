import { z } from 'zod'
import {
  accountMappings,
  exportRows,
  journalExports,
  sealedUpTo,
  type JournalExport,
} from '#db/queries/journal-exports'
import type { Reader } from '#db/client'
import { companyByCode, type Company } from '#db/queries/books'
import { horizonAt } from '#db/queries/ledger-reports'
import { addAccountMapping, addJournalExport } from '#db/stores/journal-exports'
import { journalCsv, journalHash, journalJson } from '#connectors/accounting/journal-file'
import { EXPORT_MODES, withOutsideAccounts, type MappedRow } from '#domain/ledger/journal-export'
import { Refusal } from '#domain/refusal'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { intCursor, MAX_INT, pageOf, pageQuery, toPage } from '../paging.ts'
import { invalidInput, notFound } from '../problem.ts'
import { fileAnswer, wantedFormat } from '../report-answer.ts'
import { businessDate, instant, intId, reason, shortText } from '../schemas.ts'
import { visible } from '../scope.ts'
import { journalBatch, journalFile, mappingSchema } from './journal-export-schemas.ts'
import { entityCode } from './ledger-schemas.ts'
import { companyInReach } from './periods.ts'

const tags = ['exports']
const config = { permission: 'journal:read' } as const
const mode = z.enum(EXPORT_MODES)
const format = z.enum(['json', 'csv']).optional().describe('Instead of the `Accept` header.')

/** The journal for an outside general ledger, so that a company may keep its accountant's package. */
export async function journalExportRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addMappings(server, deps)
  addBatches(server, deps)
  addBatch(server, deps)
  addCopy(server, deps)
}

function addMappings(server: ApiServer, deps: ApiDeps): void {
  server.get(
    '/exports/account-mappings',
    {
      config,
      schema: {
        summary: 'Which outside account each account is, the newest version first',
        tags,
        querystring: z.strictObject({ entity: entityCode }),
        response: { 200: z.object({ items: z.array(mappingSchema), nextCursor: z.null() }) },
      },
    },
    async ({ query: { entity }, principal }) => {
      const { id: entityId } = await readable(deps.db, principal, entity)
      return { items: await accountMappings(deps.db, { entityId }), nextCursor: null }
    },
  )

  commandRoute(server, deps, {
    method: 'POST',
    url: '/exports/account-mappings',
    permission: 'journal:post',
    summary: 'Begin a new version of the account mapping',
    description: 'Batches that were exported keep the version they were made with.',
    tags,
    body: z.strictObject({
      entity: entityCode,
      basedOn: z.int().min(0).max(1_000_000).describe('The newest version that you read.'),
      package: shortText.meta({ example: 'DATEV' }),
      codes: z
        .record(
          z.string().regex(/^\d{1,9}$/, { error: 'send an account number such as 4010' }),
          z.string().trim().min(1).max(60),
        )
        .refine((codes) => Object.keys(codes).length > 0, { error: 'send one account at least' })
        .meta({ example: { '4010': '8400' } }),
      reason,
    }),
    response: { 201: mappingSchema },
    work: async (tx, { body: { entity, ...mapping }, principal, audit }) => {
      const { id: entityId } = await companyInReach(tx, principal, entity)
      const added = await addAccountMapping(tx, { ...mapping, entityId, actor: principal.actor })
      const subject = { subjectType: 'account-mapping', subjectId: entity, action: 'new-version' }
      await audit({ ...subject, after: added, reason: mapping.reason })
      return { status: 201, body: added }
    },
  })
}

function addBatches(server: ApiServer, deps: ApiDeps): void {
  server.get(
    '/exports/journal/batches',
    {
      config,
      schema: {
        summary: 'Numbered journal exports of a company, the newest first',
        tags,
        querystring: z.strictObject({ ...pageQuery, entity: entityCode }),
        response: { 200: pageOf(journalBatch) },
      },
    },
    async ({ query: { entity, limit, cursor }, principal }) => {
      const before = cursor === undefined ? Number(MAX_INT) : intCursor(cursor)
      const company = await readable(deps.db, principal, entity)
      const ask = { entityId: company.id, upTo: before - 1, limit: limit + 1 }
      const rows = await journalExports(deps.db, ask)
      return toPage(
        rows,
        limit,
        ({ number }) => number,
        (row) => wireBatch(company, row),
      )
    },
  )

  commandRoute(server, deps, {
    method: 'POST',
    url: '/exports/journal/batches',
    permission: 'journal:post',
    summary: 'Export what has not been exported, up to a day, under the next number',
    description:
      'Everything sealed and effective on that day or before, that no batch has: entries that came late for days of an earlier batch are corrections.',
    tags,
    body: z.strictObject({ entity: entityCode, to: businessDate, mode }),
    response: { 201: journalBatch },
    work: async (tx, { body, principal, audit }) => {
      const company = await companyInReach(tx, principal, body.entity)
      const added = await addJournalExport(tx, {
        entityId: company.id,
        mode: body.mode,
        toOn: body.to,
        actor: principal.actor,
        hashOf: (rows) => journalHash(rows, company.functionalCurrency),
      })
      const wire = wireBatch(company, added)
      const subjectId = `${body.entity}/${added.number}`
      await audit({ subjectType: 'journal-export', subjectId, action: 'exported', after: wire })
      return { status: 201, body: wire }
    },
  })
}

function addBatch(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/exports/journal/batches/:number',
    {
      config,
      schema: {
        summary: 'One batch again, the same to the byte',
        description: 'CSV or JSON, by `Accept` or `?format=`; docs/accounting-export.md.',
        tags,
        params: z.object({ number: intId }),
        querystring: z.strictObject({ entity: entityCode, format }),
        response: { 200: journalFile },
      },
    },
    async (request, reply) => {
      const { query, params, principal } = request
      const company = await readable(db, principal, query.entity)
      const number = Number(params.number)
      const ask = { entityId: company.id, upTo: number, limit: 2 }
      const [batch, before = null] = await journalExports(db, ask)
      if (batch?.number !== number) throw notFound(`export ${number} of ${query.entity}`)
      const { id: entityId, functionalCurrency } = company
      const [mapping] = await accountMappings(db, { entityId, version: batch.mappingVersion })
      const content = { entityId, mode: batch.mode, reach: batch, before }
      const rows = withOutsideAccounts(await exportRows(db, content), mapping!.codes)
      if (!journalHash(rows, functionalCurrency).equals(batch.contentHash))
        throw new Refusal(
          'ExportChanged',
          `Export ${number} is not what it was: a code of a site or channel, or the books themselves, were changed behind the system. Run the proofs.`,
          { number },
        )
      return answer(request, reply, query, { company, batch, mapping: mapping!.version, rows })
    },
  )
}

function addCopy(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/exports/journal',
    {
      config,
      schema: {
        summary: 'The journal of some days as the outside package would get it, without a number',
        description:
          'To look at, or to check a batch by: nothing counts as exported. By day, or entry by entry; CSV or JSON.',
        tags,
        querystring: z.strictObject({
          entity: entityCode,
          from: businessDate,
          to: businessDate,
          mode: mode.default('day'),
          asKnown: instant.optional().describe('What was sealed at this instant.'),
          format,
        }),
        response: { 200: journalFile },
      },
    },
    async (request, reply) => {
      const { query, principal } = request
      const company = await readable(db, principal, query.entity)
      if (query.from > query.to)
        throw invalidInput({ field: 'query.from', message: 'send a day before `to`' })
      const { id: entityId } = company
      const [mapping] = await accountMappings(db, { entityId, limit: 1 })
      const uptoXid = (await horizonAt(db, query.asKnown)) ?? (await sealedUpTo(db))
      const reach = { toOn: query.to, uptoXid }
      const ask = { entityId, mode: query.mode, reach, before: null, from: query.from }
      const rows = withOutsideAccounts(await exportRows(db, ask), mapping?.codes ?? {})
      const version = mapping?.version ?? null
      return answer(request, reply, query, { company, batch: null, mapping: version, rows })
    },
  )
}

interface Content {
  company: Company
  batch: JournalExport | null
  mapping: number | null
  rows: readonly MappedRow[]
}

function answer(
  request: Parameters<typeof wantedFormat>[0],
  reply: Parameters<typeof fileAnswer>[0],
  query: { format?: 'json' | 'csv' | undefined; from?: string; to?: string },
  { company, batch, mapping, rows }: Content,
): z.input<typeof journalFile> {
  const { code: entity, functionalCurrency } = company
  void reply.header('vary', 'Accept')
  if (wantedFormat(request, query.format) === 'csv') {
    const name = batch ? `${entity}-journal-${batch.number}` : `${entity}-journal-copy`
    return fileAnswer(reply, 'csv', name, journalCsv(rows, functionalCurrency))
  }
  const wire = batch && wireBatch(company, batch)
  return { entity, batch: wire, mappingVersion: mapping, ...journalJson(rows, functionalCurrency) }
}

function wireBatch(
  { code: entity, functionalCurrency }: Company,
  { contentHash, debitMinor, toOn, uptoXid: _, ...batch }: JournalExport,
) {
  return {
    entity,
    ...batch,
    to: toOn,
    debit: { currency: functionalCurrency, minor: debitMinor.toString() },
    contentHash: contentHash.toString('hex'),
  }
}

async function readable(db: Reader, principal: Principal, entity: string): Promise<Company> {
  const company = await companyByCode(db, entity)
  return visible(principal, company, `entity ${entity}`, ({ code }) => ({ entity: code }))
}
