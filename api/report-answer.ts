import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { reportCsv, reportJson, reportXlsx } from '#connectors/reports/report-files'
import { reportPdf } from '#connectors/reports/report-pdf'
import type { Report } from '#domain/reports/report'

export const FORMATS = ['json', 'csv', 'xlsx', 'pdf'] as const
export type ReportFormat = (typeof FORMATS)[number]

const TYPES: Record<Exclude<ReportFormat, 'json'>, string> = {
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  pdf: 'application/pdf',
}

const moneyCell = z.object({
  minor: z.string().meta({ example: '1099' }),
  currency: z.string().meta({ example: 'USD' }),
  lines: z
    .string()
    .nullable()
    .describe('Where the lines are that sum to it; null for a sum of other cells.'),
  turned: z.literal(true).optional().describe('The lines sum to it with the sign turned.'),
})

/** A report on the wire; files say the same. */
export const reportSchema = z.object({
  report: z.string(),
  title: z.string(),
  entity: z.string(),
  currency: z.string(),
  from: z.string().nullable(),
  asOf: z.string(),
  asKnown: z.string().nullable(),
  columns: z.array(
    z.object({
      key: z.string(),
      title: z.string(),
      kind: z.enum(['text', 'date', 'quantity', 'money']),
    }),
  ),
  rows: z.array(
    z.object({
      kind: z.enum(['line', 'subtotal', 'total']),
      cells: z
        .record(z.string(), z.union([z.string(), moneyCell, z.null()]))
        .describe('By the keys of the columns.'),
    }),
  ),
  checks: z.array(z.object({ name: z.string(), holds: z.boolean(), differenceMinor: z.string() })),
  notes: z.array(z.string()),
})

/** What the caller wants: `?format=` before the `Accept` header; JSON where neither says. */
export function wantedFormat(
  request: FastifyRequest,
  format: ReportFormat | undefined,
): ReportFormat {
  if (format !== undefined) return format
  const accepted = (request.headers.accept ?? '').toLowerCase()
  const named = (['csv', 'xlsx', 'pdf'] as const).map((one) => {
    const at = accepted.indexOf(TYPES[one].split(';')[0]!)
    return { one, at }
  })
  const json = accepted.indexOf('json')
  const [first] = named
    .filter(({ at }) => at >= 0 && (json < 0 || at < json))
    .sort((a, b) => a.at - b.at)
  return first?.one ?? 'json'
}

/** The report in the form asked for; a file is named after what it is of. */
export async function reportAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  format: ReportFormat | undefined,
  report: Report,
): Promise<z.input<typeof reportSchema>> {
  const wanted = wantedFormat(request, format)
  void reply.header('vary', 'Accept')
  if (wanted === 'json') return reportJson(report) as unknown as z.input<typeof reportSchema>
  const { entity, name, asOf } = report
  return fileAnswer(reply, wanted, `${entity}-${name}-${asOf}`, await FILES[wanted](report))
}

const FILES: Record<Exclude<ReportFormat, 'json'>, (report: Report) => Promise<Buffer | string>> = {
  csv: async (report) => reportCsv(report),
  xlsx: reportXlsx,
  pdf: reportPdf,
}

/** Sends a file where the schema of the route is that of its JSON: what is not JSON passes it by. */
export function fileAnswer(
  reply: FastifyReply,
  format: Exclude<ReportFormat, 'json'>,
  name: string,
  file: Buffer | string,
): never {
  const disposition = `attachment; filename="${name}.${format}"`
  void reply.type(TYPES[format]).header('content-disposition', disposition)
  return file as never
}
