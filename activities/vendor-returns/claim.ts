import type { GiveUpClaim } from '#contracts/vendor-return'
import type { Tx } from '#db/client'
import { returnShares, spreadVariance } from '#db/stores/credit-matching'
import { postEntries } from '#db/stores/ledger'
import { openCredit, type VendorReturnDoc } from '#db/stores/vendor-returns'
import { postVendorClaimGivenUp } from '#domain/ledger/posting-vendor-credits'
import { Refusal } from '#domain/refusal'

/**
 * The supplier credits no more: what is left of the claim is a variance on the returned units.
 * @throws Refusal `NothingToCredit`
 */
export async function giveClaimUp(
  tx: Tx,
  doc: VendorReturnDoc,
  { actor, reason, today }: GiveUpClaim & { today: string },
): Promise<void> {
  const { amountMinor: minor, funcMinor } = await openCredit(tx, doc)
  if (doc.shippedOn === null || minor <= 0n)
    throw new Refusal(
      'NothingToCredit',
      `For return ${doc.no} the supplier owes no credit: read it.`,
    )
  const { no: returnNo, entityId: entity, party, currency, functionalCurrency } = doc
  const variance = spreadVariance(await returnShares(tx, doc.id), funcMinor)
  await tx`
    INSERT INTO vendor_claim_given_up (return_id, minor, reason, actor, given_up_on) VALUES (${doc.id}, ${minor}, ${reason}, ${actor}, ${today})`
  const books = { returnNo, entity, party, currency, functionalCurrency }
  const entry = postVendorClaimGivenUp({
    ...books,
    ...{ givenUpOn: today, minor, funcMinor, variance },
  })
  await postEntries(tx, [entry], actor)
}
