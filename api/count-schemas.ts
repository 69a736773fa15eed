import { z } from 'zod'
import type { CountedLine } from '#db/queries/counts'

const text = z.string()

/** A place with what was counted there, what the books held, and what came of it. */
export const countedLine = z.object({
  lineId: text,
  countNo: text,
  site: text,
  lineNo: z.int(),
  sku: text,
  bin: text,
  lot: text,
  reasons: z.array(z.string()).describe('Why it was chosen.'),
  tolerance: text.describe('Scope and version of the tolerance in force.'),
  state: text,
  expected: text.nullable(),
  counted: text.nullable(),
  varianceMinor: text.nullable(),
  currency: text,
  withinTolerance: z.boolean().nullable(),
  reasonCode: text.nullable(),
  approvedBy: text.nullable(),
  settledAt: text.nullable(),
  entries: z.array(
    z.object({ round: z.int(), counted: text, expected: text, by: text, scannedAt: text }),
  ),
})

export function toCountedLine({ lineId, ...row }: CountedLine): z.output<typeof countedLine> {
  return { ...row, lineId: lineId.toString() }
}
