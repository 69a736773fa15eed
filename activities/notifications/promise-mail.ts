import type { Db } from '#db/client'
import { formatMinor } from '#domain/money'

interface WaitingLine {
  title: string
  backordered: number
  promiseOn: string | null
}

/** What the customer reads about goods that wait, as it is when the mail goes out. */
export async function promiseMail(
  db: Db,
  { template, orderId }: { template: 'promise' | 'waited-too-long' | 'consent'; orderId: string },
): Promise<{ subject: string; text: string }> {
  if (template === 'waited-too-long')
    return {
      subject: 'we could not get all of your goods',
      text: 'Some goods of your order did not come in time, so we have cancelled them. What you paid for them goes back to you.',
    }
  if (template === 'consent') return consentMail(db, orderId)
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

interface Asked {
  qty: number
  original: string
  substitute: string
  lowerMinor: string
  currency: string
}

/** What we would send instead, and what it would cost: the customer's answer goes to the order desk. */
async function consentMail(db: Db, orderId: string): Promise<{ subject: string; text: string }> {
  const asked = await db<Asked[]>`
    SELECT (evidence->>'qty')::int AS qty, evidence->>'original' AS original, i.name AS substitute, evidence->>'lowerMinor' AS "lowerMinor", c.currency
    FROM exception_case c JOIN item i ON i.sku = evidence->>'substitute'
    WHERE c.subject_type = 'order' AND c.subject_id = ${orderId} AND c.type = 'consent-needed' AND c.state = 'open' ORDER BY c.id`
  if (asked.length === 0)
    return { subject: 'nothing to decide any more', text: 'Your goods are on their way to you.' }
  const said = asked.map((one) => {
    const price = formatMinor(BigInt(one.lowerMinor), one.currency)
    return `${one.qty} × ${one.original}: may we send ${one.substitute} instead, for ${price} ${one.currency}?`
  })
  return {
    subject: 'may we send something else?',
    text: ['Some goods of your order are not to be had.', ...said, 'Please answer.'].join('\n'),
  }
}
