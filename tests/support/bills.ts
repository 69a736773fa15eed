import type { Client } from '@temporalio/client'
import { takeBill } from '#clients/vendor-bill'
import {
  billProgress,
  lookAtBill,
  resolveBillCase,
  type BillProgress,
} from '#contracts/vendor-bill'
import type { Db } from '#db/client'
import type { LandedCostOf } from '#db/stores/bill-capture'
import { accountName } from '#domain/ledger/chart'
import { formatMinor } from '#domain/money'
import type { CaseType, Resolution } from '#domain/orders/exceptions'
import type { BillDocument } from '#domain/purchasing/bill-document'
import { aKey } from './orders.ts'
import { capture } from './purchasing.ts'

interface System {
  db: Db
  client: Client
  taskQueue?: string
}

/** A bill whose process runs, and what people do with it. */
export interface RunningBill {
  first: BillProgress
  billId: string
  /** The process goes on when the bill's open case of this type is decided. */
  resolve(
    type: CaseType,
    resolution: Resolution,
    more?: { actor?: string; params?: Record<string, unknown> },
  ): Promise<BillProgress>
  look(cause: string): Promise<void>
  until(reached: (bill: BillProgress) => boolean): Promise<BillProgress>
  ended(): Promise<void>
}

/** Captures a bill and starts its process, as the API does. */
export async function startBill(
  { db, client, taskQueue }: System,
  document: BillDocument,
  more: { actor?: string; landedCost?: LandedCostOf } = {},
): Promise<RunningBill> {
  const captured = await capture(db, document, more)
  const first = await takeBill(client, { ...captured, taskQueue }, aKey())
  const handle = client.workflow.getHandle(captured.workflowId)
  const until: RunningBill['until'] = async (reached) => {
    for (let attempt = 1; attempt <= 150; attempt += 1) {
      const bill = await handle.query(billProgress)
      if (bill && reached(bill)) return bill
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`it stays ${JSON.stringify(await handle.query(billProgress))}`)
  }
  return {
    first,
    billId: captured.billId,
    until,
    resolve: async (type, resolution, { actor = 'manager', params } = {}) => {
      const bill = await until(({ cases }) => cases.some((each) => each.type === type))
      const { id: caseId } = bill.cases.find((each) => each.type === type)!
      const command = { key: aKey(), actor, caseId, resolution, ...(params ? { params } : {}) }
      return handle.executeUpdate(resolveBillCase, { args: [command] })
    },
    look: (cause) => handle.signal(lookAtBill, { cause }),
    ended: () => handle.result(),
  }
}

/** What a bill has posted, account by account: `Dr GoodsReceivedNotInvoiced 1000.00`; functional in brackets. */
export async function postedByBill(db: Db, billId: string): Promise<string[]> {
  const rows = await db<{ accountId: number; currency: string; amount: bigint; func: bigint }[]>`
    SELECT l.account_id AS "accountId", l.currency, sum(l.amount_minor)::bigint AS amount, sum(l.func_minor)::bigint AS func
    FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
    WHERE e.source_type = 'vendor-bill' AND e.source_id = ${billId} AND l.account_id <> 9010
    GROUP BY 1, 2 HAVING sum(l.func_minor) <> 0 OR sum(l.amount_minor) <> 0 ORDER BY 1, 2`
  const size = (minor: bigint) => (minor < 0n ? -minor : minor)
  return rows.map(({ accountId, currency, amount, func }) => {
    const side = (amount === 0n ? func : amount) > 0n ? 'Dr' : 'Cr'
    const home = formatMinor(size(func), 'USD')
    const said = `${side} ${accountName(accountId)}`
    if (currency === 'USD') return `${said} ${home}`
    return `${said} ${currency} ${formatMinor(size(amount), currency)} (${home})`
  })
}
