import type {
  BillProgress,
  BillRef,
  ResolveBillCase,
  VendorBillActivities,
} from '#contracts/vendor-bill'
import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { lockBill, type VendorBill } from '#db/stores/bills'
import { escalateCase, openCasesOf } from '#db/stores/cases'
import { policiesFor } from '#db/queries/policies'
import { addToOutbox } from '#db/stores/records'
import { dateAt } from '#domain/dates'
import { SUBJECT } from './cases.ts'
import type { Posting } from './post.ts'
import { resolveBill } from './resolve.ts'
import { lookAt } from './review.ts'
import { finishBillStep } from './standing.ts'

/** The commands on a bill, as code that runs inside any transaction: the real one, or a preview. */
export const billSteps = { resolveBillCase: resolveBill }

/** Every verb of the bill's process, each one commit. */
export function vendorBillActivities({ db }: { db: Db }): VendorBillActivities {
  return {
    reviewBill: ({ billId, cause, key }) =>
      step(db, { billId, key, actor: 'system' }, `reviewed: ${cause}`, lookAt),
    resolveBillCase: (command) =>
      step<ResolveBillCase & BillRef>(db, command, 'resolved', (tx, bill, by) =>
        billSteps.resolveBillCase(tx, bill, command, by),
      ),
    passBillDeadline: ({ billId, at }) =>
      step(db, { billId, key: at, actor: 'system' }, 'deadline', async (tx, bill, by) => {
        await escalate(tx, bill)
        await lookAt(tx, bill, by)
      }),
  }
}

interface Command extends BillRef {
  key: string
  actor: string
  expectedVersion?: number
  params?: Record<string, unknown>
}

/** Locks the bill, does the work, writes where it stands: once per key. */
function step<C extends Command>(
  db: Db,
  command: C,
  action: string,
  work: (tx: Tx, bill: VendorBill, by: Posting) => Promise<void>,
): Promise<BillProgress> {
  const { billId, key, actor } = command
  const name = { key: `vendor-bill/${billId}/${action}/${key}`, request: command, actor }
  return commitOnce(db, name, async (tx) => {
    const bill = await lockBill(tx, billId, command.expectedVersion)
    await work(tx, bill, { actor, today: billToday(bill) })
    const reason = command.params?.['reason']
    return finishBillStep(tx, bill, {
      action,
      actor,
      key,
      ...(typeof reason === 'string' ? { reason } : {}),
    })
  })
}

export function billToday(bill: Pick<VendorBill, 'timezone'>): string {
  return dateAt(Date.now(), bill.timezone)
}

/** A case that nobody decided in time moves up. */
async function escalate(tx: Tx, bill: VendorBill): Promise<void> {
  const [clock] = await tx<{ now: string }[]>`SELECT clock_timestamp() AS now`
  const { exceptions } = await policiesFor(tx, '*')
  for (const found of await openCasesOf(tx, SUBJECT, bill.id.toString())) {
    if (found.dueAt > clock!.now) continue
    const { escalateTo, slaMinutes } = exceptions.body[found.type]
    await escalateCase(tx, found.id, { team: escalateTo, slaMinutes })
    await addToOutbox(tx, [
      {
        topic: 'escalation',
        key: `${found.id}/${found.escalations + 1}`,
        body: {
          caseId: found.id,
          type: found.type,
          from: found.ownerTeam,
          to: escalateTo,
          billId: bill.id,
        },
      },
    ])
  }
}
