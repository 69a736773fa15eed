import type { SettlementPreviews } from '#contracts/settlement-previews'
import type { Db } from '#db/client'
import { preview } from '#db/commit-once'
import { lockSettlement } from '#db/stores/settlements'
import { previewedEntries } from '../documents/previewed-entries.ts'
import { decideSettlementCase } from './decide.ts'
import { settlementToday } from './index.ts'
import { finishSettlement } from './progress.ts'

/** The same code as the commands themselves, always rolled back: a preview cannot differ from the act. */
export function settlementPreviews(db: Db): SettlementPreviews {
  return {
    resolveCase: (id, command) =>
      preview(db, async (tx) => {
        const doc = await lockSettlement(tx, BigInt(id))
        const { actor, key } = command
        await decideSettlementCase(tx, doc, { ...command, today: settlementToday(doc) })
        const progress = await finishSettlement(tx, doc, { action: 'preview', actor, key })
        const entries = await previewedEntries(tx)
        const { phase, waitingFor, cases } = progress
        return {
          phase,
          waitingFor,
          casesLeft: cases.map(({ type }) => type),
          entries,
        }
      }),
  }
}
