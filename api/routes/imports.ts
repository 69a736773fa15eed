import { Readable } from 'node:stream'
import { z } from 'zod'
import { readImport, rejectedRows, type ImportReport } from '#db/queries/imports'
import { beginImport, endImport } from '#db/stores/imports'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { takeFile, type ImportCounts, type ImportFormat } from '../import-intake.ts'
import { intCursor, pageOf, pageQuery, toPage } from '../paging.ts'
import { HttpProblem, notFound } from '../problem.ts'
import { bigId, code } from '../schemas.ts'

const tags = ['imports']
/** About thirty thousand orders; a longer file goes in pieces. */
const MOST_BYTES = 32 * 1024 * 1024

const report = z.object({
  id: z.string(),
  format: z.string(),
  state: z
    .enum(['reading', 'done', 'broken'])
    .describe('Broken: the connection was cut; the same file again goes on.'),
  stored: z.int().describe('Orders or versions that are new.'),
  known: z.int().describe('Those that were here already.'),
  rejected: z.int().describe('Rows that are no orders.'),
  actor: z.string(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  outcomes: z
    .object({ received: z.int(), accepted: z.int(), refused: z.int(), superseded: z.int() })
    .describe('What the processes have made of the stored ones; received: not yet told.'),
})
const rejectedRow = z.object({
  row: z.int().describe('The line of the file at which the order begins.'),
  problems: z.array(z.object({ field: z.string(), code: z.string(), message: z.string() })),
  inboxId: z.string().nullable().describe('Set where the order’s process refused it.'),
})

/** Files of orders over HTTP (CLD-5). */
export async function importRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addUpload(server, deps)
  addReport(server, deps)
}

function addUpload(server: ApiServer, { db }: ApiDeps): void {
  server.post(
    '/imports',
    {
      bodyLimit: MOST_BYTES,
      config: { permission: 'imports:create', streamBody: true },
      schema: {
        summary: 'Import a file of orders: NDJSON or CSV, at most 32 MB',
        description:
          'Content type `application/x-ndjson` (one neutral document a line) or `text/csv` (columns: docs/channels). The answer comes when the file is read; the processes are told within seconds.',
        tags,
        querystring: z.strictObject({
          channel: code.optional().describe('For a CSV file that names no channel.'),
        }),
        response: { 202: report },
      },
    },
    async (request, reply) => {
      const body: unknown = request.body
      if (!(body instanceof Readable)) throw unsupported()
      const format = formatOf(request.headers['content-type'] ?? '')
      const { principal, commandKey: key } = request
      const run = await beginImport(db, { key, format, actor: principal.actor })
      if (run.state === 'done') body.resume()
      else {
        const { channel } = request.query
        const source = { importId: run.id, format, channel, body: bounded(body), principal }
        const counts: ImportCounts = { stored: 0, known: 0, rejected: 0 }
        try {
          await takeFile(db, source, counts)
        } catch (error) {
          await endImport(db, run.id, { state: 'broken', ...counts })
          // What is still on its way is not wanted: nobody waits for the rest of the file.
          reply.header('connection', 'close')
          throw error
        }
        await endImport(db, run.id, { state: 'done', ...counts })
      }
      return reply.code(202).send(toReport((await readImport(db, BigInt(run.id)))!))
    },
  )
}

function formatOf(contentType: string): ImportFormat {
  return contentType.startsWith('text/csv') ? 'csv' : 'ndjson'
}

/** A sender that tells no length is stopped at the limit all the same. */
async function* bounded(body: Readable): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of body) {
    bytes += (chunk as Buffer).length
    if (bytes > MOST_BYTES) throw tooLarge()
    yield chunk as Buffer
  }
}

function addReport(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/imports/:importId',
    {
      config: { permission: 'imports:read' },
      schema: {
        summary: 'What became of an import, with the rows that were rejected',
        tags,
        params: z.object({ importId: bigId }),
        querystring: z.strictObject(pageQuery),
        response: { 200: report.extend({ rejectedRows: pageOf(rejectedRow) }) },
      },
    },
    async ({ params, query, principal }) => {
      const id = BigInt(params.importId)
      const found = await readImport(db, id)
      // A file may be of many channels, so whoever sees only some sees only their own imports.
      const { channels, entities } = principal.scopes
      const seesAll = channels === null && entities === null
      const isVisible = seesAll || found?.actor === principal.actor
      if (!found || !isVisible) throw notFound('import')
      const page = { after: intCursor(query.cursor), limit: query.limit + 1 }
      const rows = await rejectedRows(db, id, page)
      return {
        ...toReport(found),
        rejectedRows: toPage(
          rows,
          query.limit,
          (row) => row.row,
          (row) => row,
        ),
      }
    },
  )
}

function toReport(found: ImportReport): z.output<typeof report> {
  return { ...found, state: found.state as z.output<typeof report>['state'] }
}

function unsupported(): HttpProblem {
  return new HttpProblem({
    status: 415,
    code: 'UnsupportedMediaType',
    title: 'Unsupported media type',
    detail: 'Send application/x-ndjson or text/csv.',
  })
}

/** As the server itself says it where the length is told. */
function tooLarge(): Error {
  const message = 'A file of more than 32 MB goes in pieces.'
  return Object.assign(new Error(message), { statusCode: 413 })
}
