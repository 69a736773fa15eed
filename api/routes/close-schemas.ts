import { z } from 'zod'
import type { EvidenceRow, PeriodCloseRow, TaskStanding } from '#db/queries/period-closes'
import {
  bigId,
  code,
  instant,
  jsonObject,
  minorText,
  money,
  positiveInt,
  reason,
} from '../schemas.ts'
import { accountId, wireMoney } from './ledger-schemas.ts'
import { approvalId, area } from './period-schemas.ts'

/** What the close of a period looks like on the wire. */

const text = z.string()
export const taskName = z
  .string()
  .regex(/^[a-z][a-z-]{2,40}$/, { error: 'send the name of a task such as fx-revalued' })
  .meta({ example: 'fx-revalued' })
const expectedVersion = positiveInt
  .optional()
  .describe('The version that you saw; another one in between refuses.')
const note = z.string().trim().min(1).max(2000)

const judgedLine = z.strictObject({
  accountId,
  amountMinor: minorText.describe('Debit above zero, credit below, in functional currency.'),
  channelId: z.int().min(1).max(2_147_483_647).optional(),
  itemId: z.int().min(1).max(2_147_483_647).optional(),
  siteId: z.int().min(1).max(2_147_483_647).optional(),
  condition: code.optional(),
  party: z.string().min(1).max(80).optional(),
})

export const check = z.strictObject({ expectedVersion })
export const preparation = z.strictObject({
  task: taskName,
  note,
  lines: z.array(judgedLine).max(200).optional(),
  reverses: z.boolean().optional().describe('Taken back on the first day after the period.'),
  expectedVersion,
})
export const review = z.strictObject({
  preparationId: bigId,
  note: note.optional(),
  approvalId: approvalId.optional().describe('An exception, where an area is locked softly.'),
  expectedVersion,
})
export const acceptance = z.strictObject({ task: taskName, reason, expectedVersion })
export const posting = z.strictObject({
  task: taskName,
  approvalId: approvalId.optional().describe('An exception, where an area is locked softly.'),
  expectedVersion,
})
export const lock = z.strictObject({
  area,
  state: z.enum(['soft', 'closed']),
  reason,
  expectedVersion,
})
export const reopening = z.strictObject({
  areas: z
    .array(area)
    .min(1)
    .max(6)
    .refine((areas) => new Set(areas).size === areas.length, { error: 'name each area once' }),
  accountIds: z.array(z.int().min(1).max(99_999_999)).min(1).max(100).optional(),
  maxMinor: z
    .string()
    .regex(/^[1-9]\d{0,17}$/, { error: 'send minor units as text, above zero' })
    .optional()
    .describe('The most that one entry may move, in functional currency.'),
  until: instant.describe('When it ends; the areas are closed again by themselves.'),
  reason,
  expectedVersion,
})

export const close = z.object({
  id: text,
  entity: text,
  period: text,
  phase: text,
  version: z.int(),
  materiality: money,
  openedBy: text,
  openedAt: text,
  closedAt: text.nullable(),
})

const brokenRow = z.object({
  item: text,
  atRisk: money,
  since: text.nullable(),
})

const task = z.object({
  task: text,
  step: text,
  kind: z.enum(['check', 'entry', 'judgement']),
  area,
  title: text,
  owner: text,
  reviewer: text,
  dependsOn: z.array(text),
  dueOn: text.nullable().describe('Until when it is to be done.'),
  state: z.enum(['unchecked', 'red', 'accepted', 'green', 'open', 'prepared', 'signed']),
  evidenceId: text.nullable(),
  broken: z.int().nullable(),
  atRisk: money.nullable(),
  rows: z.array(brokenRow),
  checkedAt: text.nullable(),
  since: text.nullable().describe('Since when it has this colour.'),
  preparationId: text.nullable(),
  preparedBy: text.nullable(),
  reviewedBy: text.nullable(),
  acceptedBy: text.nullable(),
  acceptedReason: text.nullable(),
})

export const percentage = z.string().meta({ example: '97.2' })
export const closeWithTasks = close.extend({ ready: percentage, tasks: z.array(task) })

export const evidence = z.object({
  id: text,
  task: text,
  colour: z.enum(['green', 'red']),
  sha256: text.describe('Over every row of the answer; hexadecimal.'),
  lookedAt: z.int(),
  broken: z.int(),
  atRisk: money,
  ledger: money.nullable(),
  documents: money.nullable(),
  rows: z.array(jsonObject).describe('What was broken, at most a hundred.'),
  recordedAt: text,
})

export function wireClose({
  id,
  materialityMinor,
  currency,
  workflowId: _,
  ...row
}: PeriodCloseRow) {
  return { ...row, id: id.toString(), materiality: wireMoney(materialityMinor, currency) }
}

export function wireTask(row: TaskStanding, currency: string) {
  const { evidenceId, atRiskMinor, rows, preparationId, ...rest } = row
  return {
    ...rest,
    evidenceId: evidenceId?.toString() ?? null,
    preparationId: preparationId?.toString() ?? null,
    atRisk: atRiskMinor === null ? null : wireMoney(atRiskMinor, currency),
    rows: (rows ?? []).map((broken) => wireRow(broken, currency)),
  }
}

export function wireRow(
  { item, atRiskMinor, since }: { item: string; atRiskMinor: string; since: string | null },
  currency: string,
) {
  return { item, since, atRisk: wireMoney(BigInt(atRiskMinor), currency) }
}

export function wireEvidence(row: EvidenceRow, currency: string) {
  const { id, sha256, atRiskMinor, ledgerMinor, documentsMinor, rows, ...rest } = row
  return {
    ...rest,
    id: id.toString(),
    sha256: sha256.toString('hex'),
    atRisk: wireMoney(atRiskMinor, currency),
    ledger: ledgerMinor === null ? null : wireMoney(ledgerMinor, currency),
    documents: documentsMinor === null ? null : wireMoney(documentsMinor, currency),
    rows: rows as Record<string, unknown>[],
  }
}

/** 972 → `97.2`. */
export function percent(permille: number): string {
  return `${Math.floor(permille / 10)}.${permille % 10}`
}
