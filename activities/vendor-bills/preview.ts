import type { BillPreview, BillPreviews } from '#contracts/bill-previews'
import type { Db } from '#db/client'
import { preview } from '#db/commit-once'
import { lockBill } from '#db/stores/bills'
import { billSteps, billToday } from './index.ts'
import { finishBillStep } from './standing.ts'

/** The same code as the commands themselves, always rolled back: a preview cannot differ from the act. */
export function billPreviews(db: Db): BillPreviews {
  return {
    resolveBillCase: (billId, command) =>
      preview(db, async (tx) => {
        const bill = await lockBill(tx, billId)
        const { actor, key } = command
        await billSteps.resolveBillCase(tx, bill, command, { actor, today: billToday(bill) })
        const progress = await finishBillStep(tx, bill, { action: 'preview', actor, key })
        const entries = await tx<BillPreview['entries']>`
          SELECT e.event_type AS "eventType", jsonb_agg(jsonb_build_object('account', a.code || ' ' || a.name, 'amountMinor', l.amount_minor::text,
            'currency', l.currency, 'orderId', l.order_id::text) ORDER BY l.line_no) AS lines
          FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id JOIN gl_account a ON a.id = l.account_id
          WHERE e.xid = pg_current_xact_id() GROUP BY e.id, 1 ORDER BY e.id`
        const { phase, waitingFor, owed, total } = progress
        const disputedMinor =
          phase === 'rejected' || bill.postedOn === null
            ? '0'
            : `${BigInt(total.minor) - BigInt(owed.minor)}`
        const left = progress.cases.map(({ type }) => type)
        return { phase, waitingFor, owed, disputedMinor, casesLeft: left, entries: [...entries] }
      }),
  }
}
