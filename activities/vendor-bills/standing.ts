import type { BillProgress } from '#contracts/vendor-bill'
import type { Tx } from '#db/client'
import { billPolicyFor } from '#db/queries/bill-policy'
import { billedAhead, keepStanding, type VendorBill } from '#db/stores/bills'
import { openCasesOf } from '#db/stores/cases'
import { closeIfPrepaid } from '#db/stores/prepayments'
import { recordAudit } from '#db/stores/records'
import { sum, toDto } from '#domain/money'
import { BILL_WAITS, billPhase } from '#domain/purchasing/bill-phase'
import { SUBJECT } from './cases.ts'

/** Ends a step: derives the phase, keeps it, and says where the bill stands. */
export async function finishBillStep(
  tx: Tx,
  bill: VendorBill,
  step: { action: string; actor: string; key: string; reason?: string },
): Promise<BillProgress> {
  const id = bill.id.toString()
  const cases = await openCasesOf(tx, SUBJECT, id)
  const ahead = await billedAhead(tx, bill)
  await closeIfPrepaid(tx, bill, sum(ahead.map(({ qty }) => qty)))
  const phase = billPhase({
    rejected: bill.rejectedAt !== null,
    posted: bill.postedOn !== null,
    paid: bill.paidAt !== null,
    inRun: await isInRun(tx, bill),
    openCases: cases.length,
    aheadQty: sum(ahead.map(({ qty }) => qty)),
  })
  const open = phase !== 'paid' && phase !== 'rejected'
  const asked = cases.map(({ type }) => type).join(', ')
  const { waitingFor, whoMayAct } = BILL_WAITS[phase]
  const said = cases.length > 0 ? `a decision: ${asked}` : waitingFor
  const version = await keepStanding(tx, bill, { phase, waitingFor: said, open })
  await recordAudit(tx, [
    {
      subjectType: SUBJECT,
      subjectId: id,
      action: step.action,
      after: { phase, version },
      actor: step.actor,
      commandKey: step.key,
      ...(step.reason ? { reason: step.reason } : {}),
    },
  ])
  return {
    billId: id,
    supplier: bill.supplier,
    number: bill.number,
    version,
    open,
    phase,
    waitingFor: said,
    whoMayAct,
    nextDeadline: firstOf(open, [
      ...cases.map(({ dueAt }) => dueAt),
      ...(cases.some(({ type }) => type === 'bill-unreceived')
        ? []
        : await lateAt(tx, bill, ahead)),
    ]),
    cases: cases.map((each) => ({ id: each.id.toString(), type: each.type, dueAt: each.dueAt })),
    entity: bill.entity,
    dueOn: bill.dueOn,
    total: toDto({ currency: bill.currency, minor: bill.grossMinor }),
    owed: toDto({ currency: bill.currency, minor: bill.postedMinor ?? 0n }),
  }
}

async function isInRun(tx: Tx, bill: VendorBill): Promise<boolean> {
  const rows = await tx`
    SELECT 1 FROM payment_run_line l JOIN payment_run r ON r.id = l.run_id
    WHERE l.bill_id = ${bill.id} AND l.dropped_because IS NULL AND r.state <> 'cancelled'`
  return rows.length > 0
}

/** When goods that are billed ahead become a question. */
async function lateAt(
  tx: Tx,
  bill: VendorBill,
  ahead: readonly { since: string }[],
): Promise<string[]> {
  const { body } = await billPolicyFor(tx, bill.entity)
  return ahead.map(({ since }) =>
    new Date(Date.parse(since) + body.unreceivedDays * 86_400_000).toISOString(),
  )
}

function firstOf(open: boolean, deadlines: readonly string[]): string | null {
  return open ? ([...deadlines].sort()[0] ?? null) : null
}
