import { z } from 'zod'
import type { ExceptionRow, Period } from '#db/queries/periods'
import { money } from '../schemas.ts'

/** What periods and their locks look like on the wire. */

export const area = z.enum(['AR', 'AP', 'INV', 'CASH', 'TAX', 'GL'])
export const year = z.coerce
  .number({ error: 'send a year such as 2026' })
  .int()
  .min(1990)
  .max(2099)
  .meta({ example: 2026 })
export const periodName = z
  .string()
  .regex(/^(19|20)\d\d-(0[1-9]|1[0-3])$/, {
    error: 'send a month such as 2026-06, or 2026-13 for the adjusting period',
  })
  .meta({ example: '2026-06' })
export const approvalId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_./-]{2,99}$/, { error: 'send the name of an exception' })
  .meta({ example: 'exception-7' })
export const lockParams = z.object({ period: periodName, area })

const lock = z.object({
  area,
  state: z.enum(['open', 'soft', 'closed']),
  reopenUntil: z.string().nullable().describe('A reopened area is closed by itself then.'),
  approvalId: z.string().nullable(),
  changedBy: z.string().nullable(),
  changedAt: z.string().nullable(),
})

export const period = z.object({
  period: z.string(),
  kind: z.enum(['normal', 'adjusting']),
  starts: z.string(),
  ends: z.string(),
  areas: z.array(lock),
})

export const closing = z.object({
  closedBy: z.string(),
  closedAt: z.string(),
  sealNo: z.int().nullable(),
  sealHash: z.string().nullable().describe('Binds all that was sealed before; hexadecimal.'),
  balances: z.array(z.object({ accountId: z.int(), amount: money, functional: money })),
  reports: z
    .array(z.object({ report: z.string(), lines: z.int(), sha256: z.string() }))
    .describe('Fingerprints of what the period moved, kept with the lock.'),
})

export const exception = z.object({
  approvalId: z.string().describe('What entries carry to be let in.'),
  entity: z.string(),
  period: z.string(),
  areas: z.array(area),
  actor: z.string().nullable(),
  accountIds: z.array(z.int()).nullable(),
  upToMinor: z.string().nullable(),
  reason: z.string(),
  until: z.string(),
  requestedBy: z.string(),
  requestedAt: z.string(),
  approvedBy: z.string().nullable(),
})

export function wirePeriod({ areas, ...rest }: Period) {
  return {
    ...rest,
    areas: areas.map(({ reopenUntil, changedAt, ...row }) => ({
      ...row,
      reopenUntil: asInstant(reopenUntil),
      changedAt: asInstant(changedAt),
    })),
  }
}

export function wireException({ maxMinor, ...row }: ExceptionRow) {
  return { ...row, upToMinor: maxMinor?.toString() ?? null }
}

/** Inside JSON the database writes instants in its own way. */
function asInstant(text: string | null): string | null {
  return text === null ? null : new Date(text).toISOString()
}
