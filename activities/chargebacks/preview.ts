import type { SettlementPreviews } from '#contracts/settlement-previews'
import type { Db } from '#db/client'
import { preview } from '#db/commit-once'
import { dateAt } from '#domain/dates'
import { previewedEntries } from '../documents/previewed-entries.ts'
import { resolveCaseOf } from './decide.ts'
import { finishChargeback } from './progress.ts'
import { lockById } from './settle.ts'

/** The same code as the commands themselves, always rolled back: a preview cannot differ from the act. */
export function chargebackPreviews(db: Db): SettlementPreviews {
  return {
    resolveCase: (id, command) =>
      preview(db, async (tx) => {
        const both = await lockById(tx, BigInt(id))
        const { actor, key } = command
        const today = dateAt(Date.now(), both.timezone)
        await resolveCaseOf(tx, both, { ...command, today })
        const { phase, waitingFor, cases } = await finishChargeback(tx, both.doc, {
          ...{ action: 'preview', actor, key },
        })
        const casesLeft = cases.map(({ type }) => type)
        return { phase, waitingFor, casesLeft, entries: await previewedEntries(tx) }
      }),
  }
}
