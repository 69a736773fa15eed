import type { Db } from '#db/client'
import { promiseMail } from './promise-mail.ts'
import type { MailGateway } from '../gateways/mail.ts'

export interface MailOrder {
  key: string
  template: string
  orderId: string
  shipmentId?: string
}

interface Recipient {
  email: string | null
  orderNumber: string
}

/**
 * One mail a parcel (FUL-35), each an effect row with its own key: a crash between sending and
 * noting it sends the same Message-ID again, which the receiver drops.
 */
export async function sendMails(db: Db, mail: MailGateway, order: MailOrder): Promise<void> {
  const [to] = await db<Recipient[]>`
    SELECT d.body->>'email' AS email, o.order_number AS "orderNumber" FROM sales_order o LEFT JOIN personal_data d ON d.id = o.personal_data_id WHERE o.id = ${BigInt(order.orderId)}`
  if (!to?.email) return
  const about = await promiseMail(db, order)
  if (about)
    return sendOnce(db, mail, {
      key: `mail/${order.key}`,
      orderId: order.orderId,
      to: to.email,
      subject: `Order ${to.orderNumber}: ${about.subject}`,
      text: about.text,
    })
  if (order.template !== 'shipped' || !order.shipmentId) {
    return sendOnce(db, mail, {
      key: `mail/${order.key}`,
      orderId: order.orderId,
      to: to.email,
      subject: `Order ${to.orderNumber}`,
      text: 'Please send us the documents that we asked for, so that your order can go on.',
    })
  }
  const parcels = await db<{ id: bigint; carrier: string | null; trackingNumber: string | null }[]>`
    SELECT id, carrier, tracking_number AS "trackingNumber" FROM parcel WHERE shipment_id = ${BigInt(order.shipmentId)} ORDER BY id`
  const notices = parcels.length > 0 ? parcels : [{ id: 0n, carrier: null, trackingNumber: null }]
  for (const parcel of notices) {
    const track = parcel.trackingNumber
      ? ` with ${parcel.carrier ?? 'the carrier'}; its tracking number is ${parcel.trackingNumber}`
      : ''
    await sendOnce(db, mail, {
      key: `mail/${order.key}/${parcel.id}`,
      orderId: order.orderId,
      to: to.email,
      subject: `Order ${to.orderNumber} is on its way`,
      text: `A parcel of your order ${to.orderNumber} has left${track}.`,
    })
  }
}

async function sendOnce(
  db: Db,
  gateway: MailGateway,
  mail: { key: string; orderId: string; to: string; subject: string; text: string },
): Promise<void> {
  // The address stays out of the effect row: erasing a customer must not leave it behind.
  const [effect] = await db<{ state: string }[]>`
    INSERT INTO external_effect (key, gateway, operation, subject_type, subject_id, request) VALUES (${mail.key}, 'mail', 'send', 'order', ${mail.orderId}, ${db.json({ subject: mail.subject })})
    ON CONFLICT (key) DO UPDATE SET attempts = external_effect.attempts RETURNING state`
  if (effect!.state === 'confirmed' || effect!.state === 'failed') return
  await db`UPDATE external_effect SET state = 'sent', attempts = attempts + 1 WHERE key = ${mail.key}`
  const answer = await gateway.send({
    key: mail.key,
    to: mail.to,
    subject: mail.subject,
    text: mail.text,
  })
  const state =
    answer.outcome === 'confirmed'
      ? 'confirmed'
      : answer.outcome === 'unknown'
        ? 'unknown'
        : 'failed'
  await db`UPDATE external_effect SET state = ${state}, outcome = ${db.json({ outcome: answer.outcome })}, settled_at = clock_timestamp() WHERE key = ${mail.key}`
  if (answer.outcome === 'unknown')
    throw new Error(`nobody knows whether mail ${mail.key} arrived: ${answer.message}`)
}
