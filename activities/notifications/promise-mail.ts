import type { Db } from '#db/client'

interface WaitingLine {
  title: string
  backordered: number
  promiseOn: string | null
}

/** What the customer reads about goods that wait, as it is when the mail goes out. */
export async function promiseMail(
  db: Db,
  { template, orderId }: { template: 'promise' | 'waited-too-long'; orderId: string },
): Promise<{ subject: string; text: string }> {
  if (template === 'waited-too-long')
    return {
      subject: 'we could not get all of your goods',
      text: 'Some goods of your order did not come in time, so we have cancelled them. What you paid for them goes back to you.',
    }
  const lines = await db<WaitingLine[]>`
    SELECT title, qty_backordered AS backordered, promise_on AS "promiseOn" FROM sales_order_line
    WHERE order_id = ${BigInt(orderId)} AND qty_backordered > 0 ORDER BY line_no`
  if (lines.length === 0)
    return { subject: 'your goods have come', text: 'All goods of your order are here now.' }
  const said = lines.map(({ title, backordered, promiseOn }) => {
    const when = promiseOn ? `expected with you by ${promiseOn}` : 'no date is known yet'
    return `${backordered} × ${title}: ${when}`
  })
  return {
    subject: 'when your goods will come',
    text: ['Some goods of your order have to come to us first.', ...said].join('\n'),
  }
}
