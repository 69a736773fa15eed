import type { Tx } from '#db/client'
import { postEntries } from '#db/stores/ledger'
import { conversionsOf, holdConversions, openConversions } from '#db/stores/settlement-conversions'
import type { SettlementDoc } from '#db/stores/settlements'
import { postConversionJoined } from '#domain/ledger/posting-conversions'

/**
 * Posts a part of a statement by `post`, then joins its conversions with what the statement of the
 * other currency has left under the same key. Whoever of both comes second joins, also when both
 * come at once.
 */
export async function withConversions(
  tx: Tx,
  doc: SettlementDoc,
  part: { chunk: number; actor: string },
  post: () => Promise<unknown>,
): Promise<void> {
  const found = await conversionsOf(tx, doc, part.chunk)
  if (found.length > 0) await holdConversions(tx, doc, found)
  await post()
  for (const { openKey, on } of found) {
    const sides = await openConversions(tx, doc, openKey)
    const [one, other, third] = sides
    if (!one || !other || third || one.amountMinor > 0n === other.amountMinor > 0n) continue
    const { id: statementId, entityId: entity, provider, functionalCurrency } = doc
    const joined = { statementId, entity, provider, functionalCurrency, openKey, on, sides }
    await postEntries(tx, [postConversionJoined(joined)], part.actor)
  }
}
