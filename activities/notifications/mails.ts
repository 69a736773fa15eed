import { ADDRESS_LINK_DAYS, signAddressLink } from '#connectors/address-link'
import type { Db } from '#db/client'
import {
  DEFAULT_POLICIES,
  type MailTemplate,
  type NotificationPolicy,
} from '#domain/orders/policies'
import type { MailGateway } from '../gateways/mail.ts'
import { promiseMail } from './promise-mail.ts'
import { recallMail } from './recall-mail.ts'

export interface MailOrder {
  key: string
  template: MailTemplate
  orderId: string
  shipmentId?: string
  /** The case that the mail is about; once it is over there is nothing to write. */
  caseId?: string
  /** The recall that the mail is about. */
  recallNo?: string
}

/** How links in mails are made; null where no public address is set, then mails ask for an answer. */
export type MailLinks = { publicUrl: string; secret: string } | null

export interface MailSender {
  db: Db
  mail: MailGateway
  links: MailLinks
}

interface Recipient {
  email: string | null
  orderNumber: string
  phase: string
  policy: Partial<NotificationPolicy> | null
  caseIsOver: boolean
}

interface Letter {
  key: string
  subject: string
  text: string
}

/**
 * Mails of one event (FUL-35), each an effect row with its own key: a crash between sending and
 * noting it sends the same Message-ID again, which the receiver drops. Who has no address, whose
 * order is cancelled, and what the policy suppresses or is over by now gets none.
 */
export async function sendMails(sender: MailSender, order: MailOrder): Promise<void> {
  const [to] = await sender.db<Recipient[]>`
    SELECT d.body->>'email' AS email, o.order_number AS "orderNumber", o.phase, o.policies->'notification'->'body' AS policy,
      EXISTS (SELECT FROM exception_case c WHERE c.id = ${order.caseId ?? null}::bigint AND c.state <> 'open') AS "caseIsOver"
    FROM sales_order o LEFT JOIN personal_data d ON d.id = o.personal_data_id WHERE o.id = ${BigInt(order.orderId)}`
  if (!to?.email || to.caseIsOver) return
  // Only the mail that says why is about an order that is no more.
  if (to.phase === 'cancelled' && !ABOUT_OVER_ORDERS.includes(order.template)) return
  const policy = { ...DEFAULT_POLICIES.notification, ...to.policy }
  // Goods that may harm somebody are no matter of taste.
  if (policy.suppress.includes(order.template) && order.template !== 'recall') return
  for (const letter of await lettersOf(sender, order, to.orderNumber, policy))
    await sendOnce(sender, { ...letter, orderId: order.orderId, to: to.email })
}

const ABOUT_OVER_ORDERS: readonly MailTemplate[] = ['waited-too-long', 'recall']

async function lettersOf(
  { db, links }: MailSender,
  order: MailOrder,
  number: string,
  policy: NotificationPolicy,
): Promise<Letter[]> {
  if (order.template === 'shipped') return noticesOf(db, order, number, policy)
  switch (order.template) {
    case 'promise':
    case 'waited-too-long':
    case 'consent': {
      const about = await promiseMail(db, { template: order.template, orderId: order.orderId })
      const subject = `Order ${number}: ${about.subject}`
      return [{ key: `mail/${order.key}`, subject, text: about.text }]
    }
    case 'recall': {
      const about = await recallMail(db, { orderId: order.orderId, recallNo: order.recallNo! })
      const subject = `Order ${number}: ${about.subject}`
      return [{ key: `mail/${order.key}`, subject, text: about.text }]
    }
    default:
      return [letterOf(order, order.template, number, links)]
  }
}

interface ShippedParcel {
  id: bigint
  carrier: string | null
  trackingNumber: string | null
}

/** One mail a parcel, or one for all of them; a shipment without goods has no parcel to speak of. */
async function noticesOf(
  db: Db,
  order: MailOrder,
  number: string,
  policy: NotificationPolicy,
): Promise<Letter[]> {
  const shipmentId = BigInt(order.shipmentId!)
  const [goods] = await db`
    SELECT 1 FROM shipment_line s JOIN sales_order_line l ON l.id = s.order_line_id JOIN item i ON i.id = l.item_id
    WHERE s.shipment_id = ${shipmentId} AND i.kind = 'stock' LIMIT 1`
  if (!goods)
    return [
      {
        key: `mail/${order.key}`,
        subject: `Order ${number} is complete`,
        text: `Your order ${number} has been carried out; nothing of it is sent by parcel.`,
      },
    ]
  const parcels = await db<ShippedParcel[]>`
    SELECT id, carrier, tracking_number AS "trackingNumber" FROM parcel WHERE shipment_id = ${shipmentId} AND voided_at IS NULL ORDER BY id`
  const subject = `Order ${number} is on its way`
  if (parcels.length === 0 || (policy.mergeParcels && parcels.length > 1)) {
    const lines = parcels.map((parcel) => `- a parcel${track(parcel)}`)
    const text =
      lines.length === 0
        ? `Your order ${number} has left.`
        : `${lines.length} parcels of your order ${number} have left:\n${lines.join('\n')}`
    return [{ key: `mail/${order.key}/0`, subject, text }]
  }
  return parcels.map((parcel) => ({
    key: `mail/${order.key}/${parcel.id}`,
    subject,
    text: `A parcel of your order ${number} has left${track(parcel)}.`,
  }))
}

function track({ trackingNumber, carrier }: ShippedParcel): string {
  return trackingNumber
    ? ` with ${carrier ?? 'the carrier'}; its tracking number is ${trackingNumber}`
    : ''
}

const TEXTS = {
  evidence: 'Please send us the documents that we asked for, so that your order can go on.',
  'payment-pending':
    'We have not received the payment of your order yet. We keep the goods for you; please pay, so that it can go on.',
  'payment-declined':
    'Your payment was declined. Please pay again or by another means, so that your order can go on.',
  'authorisation-expired':
    'The authorisation of your payment has lapsed and could not be renewed. Please pay again, so that your order can go on.',
  intercepting:
    'Your order had left when your cancellation came. We have asked the carrier to bring it back; should it reach you all the same, please do not accept it.',
  'too-late':
    'Your order was on its way when you asked us to change or cancel it, so it is delivered as it was. You may send back what you do not want.',
}

function letterOf(
  order: MailOrder,
  template: 'address' | keyof typeof TEXTS,
  number: string,
  links: MailLinks,
): Letter {
  return {
    key: `mail/${order.key}`,
    subject: `Order ${number}`,
    text: template === 'address' ? addressText(order, links) : TEXTS[template],
  }
}

/** The link is made here and nowhere stored: whoever reads our tables cannot use it. */
function addressText({ caseId }: MailOrder, links: MailLinks): string {
  const why = 'We cannot deliver to the address of your order.'
  if (!links || !caseId) return `${why} Please answer this mail with the right one.`
  const expires = Math.floor(Date.now() / 1000) + ADDRESS_LINK_DAYS * 86_400
  const token = signAddressLink(links.secret, { caseId, expires })
  return `${why} Please put it right within ${ADDRESS_LINK_DAYS} days:\n\n${links.publicUrl.replace(/\/$/, '')}/v1/address-links/${token}`
}

async function sendOnce(
  { db, mail: gateway }: MailSender,
  mail: Letter & { orderId: string; to: string },
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
