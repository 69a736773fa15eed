import type { Db } from '#db/client'

/** What the customer of recalled goods reads: which ones, how many, and what to do. */
export async function recallMail(
  db: Db,
  { orderId, recallNo }: { orderId: string; recallNo: string },
): Promise<{ subject: string; text: string }> {
  const [sent] = await db<{ name: string; lot: string; units: string; reason: string }[]>`
    SELECT i.name, r.lot, x.units::text AS units, r.reason FROM recall r JOIN recall_order x ON x.recall_id = r.id JOIN item i ON i.id = r.item_id
    WHERE r.recall_no = ${recallNo} AND x.order_id = ${BigInt(orderId)}`
  return {
    subject: 'please do not use these goods',
    text: [
      `We call back ${sent!.units} × ${sent!.name}, lot ${sent!.lot}, that we sent you: ${sent!.reason}.`,
      'Please do not use them, keep them apart, and tell us whether you still have them; we then arrange what happens next.',
    ].join('\n'),
  }
}
