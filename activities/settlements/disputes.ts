import type { Tx } from '#db/client'
import { storeProviderEvent } from '#db/stores/provider-events'
import { disputesTold } from '#db/stores/settlement-disputes'
import type { SettlementDoc } from '#db/stores/settlements'

/**
 * What a statement says of disputes is kept as the processor's own events are, in the transaction
 * that posts it; from there it is told to the process of each dispute, which books row 13. A
 * reinstatement ends the round, so that a later withdrawal is the next one.
 */
export async function tellDisputes(tx: Tx, doc: SettlementDoc, chunk: number): Promise<void> {
  for (const told of await disputesTold(tx, doc, chunk)) {
    const { provider, disputeId, reference, amountMinor, round, on: effectiveOn } = told
    const taken = amountMinor < 0n
    const again = round > 1 ? '-again' : ''
    const key = `statement/${doc.id}/${told.lineNo}`
    await storeProviderEvent(
      tx,
      {
        ...{ provider, eventId: key, reference, effectKey: null },
        kind: taken ? `dispute.funds-withdrawn${again}` : 'dispute.funds-reinstated',
        facts: {
          ...{ key, object: disputeId, effectiveOn, round, currency: doc.currency },
          amountMinor: `${taken ? -told.takenMinor : amountMinor}`,
          ...(told.feeMinor > 0n && { feeMinor: `${told.feeMinor}` }),
        },
      },
      { taken: true },
    )
  }
}
