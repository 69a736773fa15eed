import { z } from 'zod'
import { businessDate } from './schemas.ts'

/** A lot, or the serial of one unit. */
export const lotCode = z.string().trim().min(1).max(100)

/** What whoever receives goods says of their lots. */
export const lotFields = {
  lot: lotCode.optional().describe('Of which all units of this line are.'),
  expiresOn: businessDate.optional().describe('Until when the lot lasts.'),
  serials: z
    .array(lotCode)
    .min(1)
    .max(2000)
    .optional()
    .describe('One a unit, the good ones first, then the damaged ones.'),
}
