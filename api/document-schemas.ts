import { z } from 'zod'
import { money } from './schemas.ts'

/** Where a transfer or a count stands; the answer of every command on it. */
export const documentProgress = z.object({
  id: z.string(),
  no: z.string(),
  version: z.int(),
  open: z.boolean(),
  phase: z.string(),
  waitingFor: z.string(),
  whoMayAct: z.string(),
  nextDeadline: z.string().nullable(),
  cases: z.array(z.object({ id: z.string(), type: z.string(), dueAt: z.string() })),
  sites: z.array(z.string()),
  entity: z.string(),
  moneyAtRisk: money,
})

/** The number under which somebody asks for a document; it names it for ever. */
export const documentNo = z
  .string()
  .regex(/^[\w.:#-]{1,80}$/, { error: 'send letters, digits and .:#-_, at most 80' })

export const wholeUnits = z
  .string()
  .regex(/^\d{1,12}$/, { error: 'send whole units as text, e.g. "12"' })
  .meta({ example: '12' })
export const someUnits = z
  .string()
  .regex(/^[1-9]\d{0,11}$/, { error: 'send whole units as text, from "1"' })
  .meta({ example: '12' })
