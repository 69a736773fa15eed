import { refundedByStatements } from '#db/queries/statement-refunds'
import { creditedBy } from '#db/stores/credit-notes'
import { saveUnits, type ReturnedUnit } from '#db/stores/customer-returns'
import type { SalesOrder } from '#db/stores/orders'
import { addDays } from '#domain/dates'
import { Refusal } from '#domain/refusal'
import { isToCredit, isTriggered } from '#domain/returns/phase'
import { openReturnCase } from './cases.ts'
import { grantCredit, valueOfUnits } from './credit.ts'
import { grantGoodwill } from './goodwill.ts'
import { inBooks, type ReturnWork } from './work.ts'

/** Gives back what is due by now: what sets the money off has happened, and nobody has to be asked. */
export async function settleCredits(work: ReturnWork): Promise<void> {
  const { doc, order } = work
  if (!order || doc.endedAs || doc.approvedOn === null || doc.kind === 'channel-refund') return
  if (doc.kind === 'goodwill') {
    if (!doc.hasCredit) await grantGoodwill(work, order, doc.amountMinor ?? 0n)
    return
  }
  // A marketplace pays its buyers back itself and tells so; nobody pays them twice.
  if (order.settlement === 'marketplace') return takeStatementRefund(work, order)
  const units = dueUnits(work)
  if (units.length === 0) return
  if (await asksController(work, order, units)) return
  await grantOrAsk(work, order, units)
}

/** A statement has told of the buyer's money and booked it: what is left of the return are its goods. */
async function takeStatementRefund(work: ReturnWork, order: SalesOrder): Promise<void> {
  const { tx, doc, today } = work
  const units = doc.units.filter(
    (unit) =>
      unit.state !== 'dropped' &&
      isToCredit({ creditPpm: unit.creditPpm, credited: unit.creditId !== null }),
  )
  const given = units.length === 0 ? 0n : await refundedByStatements(tx, order.id)
  if (given <= 0n) return
  const worth = valueOfUnits(work, units)
  doc.byStatementMinor += given < worth ? given : worth
  for (const unit of units) Object.assign(unit, { creditPpm: 0, creditDecided: true })
  await saveUnits(tx, units)
  if (units.some(({ state }) => state === 'expected'))
    doc.chaseOn ??= addDays(today, doc.policy.chaseDays)
}

/** Goods that are here are here, whether or not there is money left to give back: a person lowers it. */
async function grantOrAsk(
  work: ReturnWork,
  order: SalesOrder,
  units: readonly ReturnedUnit[],
): Promise<void> {
  const { doc } = work
  try {
    await grantCredit(work, order, units)
  } catch (error) {
    // Thrown before anything was written; whoever only asks for money is told so themselves.
    const exceeds = error instanceof Refusal && error.code === 'CreditExceedsPaid'
    if (!exceeds || doc.version === 0) throw error
    const worth = valueOfUnits(work, units)
    await openReturnCase(work, {
      type: 'refund-over-limit',
      summary: `${doc.no} of ${order.orderNumber}: ${error.message}`,
      evidence: { wantedMinor: worth.toString(), ...error.details },
      moneyAtRiskMinor: worth,
    })
  }
}

/** Units that are to be credited now; of those that are not as they were sold a person decides first. */
function dueUnits({ doc }: ReturnWork): ReturnedUnit[] {
  const { refundOn, scannedOn, policy } = doc
  return doc.units.filter(
    (unit) =>
      unit.state !== 'dropped' &&
      isToCredit({ creditPpm: unit.creditPpm, credited: unit.creditId !== null }) &&
      isTriggered(refundOn, scannedOn !== null, unit) &&
      (unit.creditDecided || unit.grade === null || policy.fullCreditGrades.includes(unit.grade)),
  )
}

/** More than one person may give: by this return, or by all that its asker gave on this day. */
async function asksController(
  work: ReturnWork,
  order: SalesOrder,
  units: readonly ReturnedUnit[],
): Promise<boolean> {
  const { tx, doc, today } = work
  if (doc.refundApprovedBy !== null) return false
  const limit = BigInt(doc.policy.controllerFromMinor)
  const worth = valueOfUnits(work, units)
  const by = { entityId: doc.entityId, actor: doc.requestedBy, on: today }
  const before = doc.source === 'agent' ? await creditedBy(tx, by) : 0n
  if (inBooks(order, worth + before) < limit) return false
  await openReturnCase(work, {
    type: 'refund-over-limit',
    summary: `${doc.no} of ${order.orderNumber}: ${worth} would be given back, and from ${limit} a controller agrees`,
    evidence: { wantedMinor: worth.toString(), grantedTodayMinor: before.toString() },
    moneyAtRiskMinor: worth,
  })
  return true
}
