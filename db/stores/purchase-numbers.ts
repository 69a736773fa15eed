import type { Db } from '#db/client'
import { commitOnce } from '#db/commit-once'

/** The next number of a purchase order; the same attempt gets the same one again. */
export function nextPurchaseNumber(db: Db, attempt: string, actor: string): Promise<string> {
  const command = { key: `purchase-number/${attempt}`, request: {}, actor }
  return commitOnce(db, command, async (tx) => {
    const [row] = await tx<{ no: bigint }[]>`SELECT nextval('purchase_number') AS no`
    return `PO-${row!.no}`
  })
}
