import type { CancelReturn } from '#contracts/return-to-refund'
import type { ReturnedUnit } from '#db/stores/customer-returns'
import { addDays } from '#domain/dates'
import { Refusal } from '#domain/refusal'
import { escalateDocumentCases } from '../documents/cases.ts'
import { openReturnCase } from './cases.ts'
import { valueOfUnits } from './credit.ts'
import { dropExpected } from './resolve.ts'
import { isPaidBack, type ReturnWork } from './work.ts'

/** Does what passed deadlines ask for; without one that passed it changes nothing. */
export async function passDeadlines(work: ReturnWork): Promise<void> {
  const { tx, doc, today } = work
  await escalateDocumentCases(tx, doc)
  if (doc.endedAs) return
  const missing = doc.units.filter((unit) => unit.state === 'expected')
  const paid = missing.filter((unit) => isPaidBack(doc, unit))
  if (paid.length > 0 && doc.chaseOn !== null && today > doc.chaseOn) await askForGoods(work, paid)
  if (missing.length === paid.length || doc.expiresOn === null || today <= doc.expiresOn) return
  await dropExpected(work)
  // What has come of it goes on its way; nothing of it has, and the return is over.
  if (doc.units.every((unit) => unit.state === 'dropped'))
    Object.assign(doc, { endedAs: 'expired', endedBy: 'system' })
}

/** The money is back and the goods are not: a person is asked, and again after as many days. */
async function askForGoods(work: ReturnWork, paid: readonly ReturnedUnit[]): Promise<void> {
  const { doc, today } = work
  await openReturnCase(work, {
    type: 'refund-without-goods',
    summary: `${doc.no}: ${paid.length} units are paid back since ${doc.requestedOn} and have not come`,
    evidence: { units: paid.length, chaseOn: doc.chaseOn },
    moneyAtRiskMinor: valueOfUnits(work, paid) + doc.byStatementMinor,
  })
  doc.chaseOn = addDays(today, Math.max(1, doc.policy.chaseDays))
}

/**
 * The customer keeps what they have.
 * @throws Refusal `ReturnUnderway` once goods are here or money is given back.
 */
export async function cancelReturnOf(work: ReturnWork, { actor }: CancelReturn): Promise<void> {
  const { doc } = work
  const began =
    doc.hasCredit || doc.byStatementMinor > 0n || doc.units.some((unit) => unit.receiptId !== null)
  if (began || doc.endedAs)
    throw new Refusal(
      'ReturnUnderway',
      `${doc.no} is ${doc.endedAs ?? doc.phase}: goods of it are here, or money is given back. Decide what becomes of these instead.`,
    )
  Object.assign(doc, { endedAs: 'cancelled', endedBy: actor })
  await dropExpected(work)
}
