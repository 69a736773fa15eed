import { ApplicationFailure } from '@temporalio/activity'
import { purchaseOrder850 } from '#connectors/edi/purchase-order-850'
import { purchaseChange860, type PurchaseCut } from '#connectors/edi/purchase-change-860'
import { purchaseOrderPdf } from '#connectors/purchasing/purchase-order-pdf'
import type { Db, Tx } from '#db/client'
import { lockPurchase, markPurchase, type PurchaseOrder } from '#db/stores/purchase-orders'
import { intendEffect, json } from '#db/stores/records'
import { InvariantViolation, Refusal } from '#domain/refusal'
import { GatewayHiccup } from '../gateways/outcome.ts'
import type { SupplierGateway, SupplierMessage } from '../gateways/supplier.ts'
import { withBuyer } from './buyer-address.ts'
import { healPurchaseCases, openPurchaseCase } from './cases.ts'
import { documentOf } from './document.ts'
import { expectLines } from './supply.ts'

/** Renders the approved order to the byte that will be sent, and writes down that it is to be. */
export async function intendSending(tx: Tx, order: PurchaseOrder): Promise<void> {
  await keepDocuments(tx, order)
  await intendEffect(tx, {
    ...{ key: `purchase-order/${order.id}/${order.revision}`, gateway: 'supplier' },
    ...{ operation: 'send-order', subjectType: 'purchase-order', subjectId: `${order.id}` },
    request: { purchaseId: order.id, revision: order.revision, by: order.sendBy },
  })
}

/** The order of this revision, as paper and for EDI. */
export async function keepDocuments(tx: Tx, order: PurchaseOrder): Promise<void> {
  const document = await documentOf(tx, order)
  const at = new Date().toISOString()
  await keepDocument(tx, order, 'pdf', await purchaseOrderPdf(document))
  if (order.sendBy === 'edi') {
    const controlNumber = Number((order.id * 100n + BigInt(order.revision)) % 1_000_000_000n)
    const text = purchaseOrder850(document, { sender: order.entity, at, controlNumber })
    await keepDocument(tx, order, 'x12-850', Buffer.from(text, 'latin1'))
  }
}

/** The same order once more, under a key of its own, because a person asked for it. */
export async function intendAgain(
  tx: Tx,
  order: PurchaseOrder,
  again: { operation: 'send-order' | 'remind'; key: string; text?: string },
): Promise<void> {
  if (again.operation === 'remind' && !order.email)
    throw new Refusal(
      'SupplierHasNoMail',
      `No mail address of ${order.supplier} is known: ring them up, or propose the address.`,
    )
  await intendEffect(tx, {
    ...{ key: `purchase-order/${order.id}/${order.revision}/${again.key}`, gateway: 'supplier' },
    ...{ operation: again.operation, subjectType: 'purchase-order', subjectId: `${order.id}` },
    request: {
      ...{ purchaseId: order.id, revision: order.revision, text: again.text ?? null },
      by: again.operation === 'remind' ? 'mail' : order.sendBy,
    },
  })
}

/**
 * What was sent and will not be taken any more is told to the supplier, by the same way as the
 * order; nothing is told of an order that has not left us.
 */
export async function intendCut(
  tx: Tx,
  order: PurchaseOrder,
  { key, ...cut }: PurchaseCut & { key: string },
): Promise<void> {
  const told = await tx<{ left: boolean }[]>`
    SELECT operation = 'send-order' AND sent_at IS NOT NULL AND state IN ('sent', 'unknown', 'confirmed') AS left FROM external_effect
    WHERE subject_type = 'purchase-order' AND subject_id = ${`${order.id}`}`
  if (cut.lines.length === 0 || !told.some(({ left }) => left)) return
  const document = await documentOf(tx, order)
  await intendChange(tx, order, {
    ...{ key: `cut/${key}`, text: cutText(order, cut) },
    document: (envelope) => purchaseChange860(document, cut, envelope),
  })
}

/** A change is told to the supplier by the same way as the order; without a document always by a letter. */
export async function intendChange(
  tx: Tx,
  order: PurchaseOrder,
  change: {
    key: string
    text: string
    document: ((envelope: { sender: string; at: string; controlNumber: number }) => string) | null
  },
): Promise<void> {
  const [told] = await tx<{ count: bigint }[]>`
    SELECT count(*) FROM external_effect WHERE subject_type = 'purchase-order' AND subject_id = ${`${order.id}`}`
  const controlNumber = Number((order.id * 100n + 50n + told!.count) % 1_000_000_000n)
  const envelope = { sender: order.entity, at: new Date().toISOString(), controlNumber }
  const by = change.document === null ? 'mail' : order.sendBy
  await intendEffect(tx, {
    ...{ key: `purchase-order/${order.id}/${order.revision}/${change.key}`, gateway: 'supplier' },
    ...{ operation: 'send-cut', subjectType: 'purchase-order', subjectId: `${order.id}` },
    request: {
      ...{ purchaseId: order.id, revision: order.revision, by, text: change.text },
      document: by === 'edi' ? change.document!(envelope) : null,
    },
  })
}

function cutText({ poNumber, lines }: PurchaseOrder, { whole, lines: cuts }: PurchaseCut): string {
  if (whole) return `Please note that we cancel our purchase order ${poNumber}.`
  const said = cuts.map(({ lineNo, cut }) => {
    const line = lines.find((one) => one.lineNo === lineNo)!
    return `- line ${lineNo}, ${line.vendorSku ?? line.sku} ${line.title}: ${cut} units less`
  })
  return [`Please do not deliver any more of our purchase order ${poNumber}:`, ...said].join('\n')
}

/** The same message once more, under a key of its own, because a person asked for it. */
export async function intendSame(tx: Tx, effect: string, key: string): Promise<void> {
  await tx`
    INSERT INTO external_effect (key, gateway, operation, subject_type, subject_id, request)
    SELECT ${`${effect}/${key}`}, gateway, operation, subject_type, subject_id, request FROM external_effect WHERE key = ${effect}
    ON CONFLICT (key) DO NOTHING`
}

async function keepDocument(
  tx: Tx,
  order: PurchaseOrder,
  kind: 'pdf' | 'x12-850',
  body: Buffer,
): Promise<void> {
  await tx`
    INSERT INTO purchase_order_document (purchase_order_id, revision, kind, body) VALUES (${order.id}, ${order.revision}, ${kind}, ${body})
    ON CONFLICT DO NOTHING`
}

interface Sending {
  key: string
  operation: 'send-order' | 'remind' | 'send-cut'
  state: string
  sentAt: string | null
  attempts: number
  request: {
    revision: number
    by: 'mail' | 'edi'
    text?: string | null
    /** An EDI document that belongs to this message alone. */
    document?: string | null
  }
}

export type Sent =
  | { outcome: 'confirmed'; reference: string }
  | { outcome: 'declined' | 'refused'; code: string; message: string }
  | { outcome: 'unknown'; message: string }

export async function readSending(db: Db | Tx, key: string): Promise<Sending> {
  const [row] = await db<Sending[]>`
    SELECT key, operation, state, sent_at AS "sentAt", attempts, request FROM external_effect WHERE key = ${key}`
  if (!row) throw new InvariantViolation(`there is no effect ${key}`)
  return row
}

const ASKS_BEFORE_A_PERSON = 3

/** What never left us is sent; after an answer that never came every later attempt asks first. */
export async function callSupplier(
  db: Db,
  gateway: SupplierGateway,
  purchaseId: string,
  sending: Sending,
  attempt: number,
): Promise<Sent> {
  await db`UPDATE external_effect SET attempts = attempts + 1 WHERE key = ${sending.key}`
  const message = await messageOf(db, purchaseId, sending)
  if ('outcome' in message) return message
  const outcome = await transmit(db, gateway, sending, message).catch((error: unknown): Sent => {
    if (error instanceof InvariantViolation || error instanceof TypeError) throw error
    return { outcome: 'unknown', message: error instanceof Error ? error.message : String(error) }
  })
  if (outcome.outcome !== 'unknown' || attempt >= ASKS_BEFORE_A_PERSON) return outcome
  throw ApplicationFailure.create({
    ...{ type: 'EffectUnknown', message: outcome.message, nextRetryDelay: attempt * 500 },
  })
}

async function transmit(
  db: Db,
  gateway: SupplierGateway,
  sending: Sending,
  message: SupplierMessage,
): Promise<Sent> {
  if (sending.sentAt !== null) {
    const found = await gateway.find(message)
    if (found.outcome !== 'absent') return found
  }
  await db`UPDATE external_effect SET state = 'sent', sent_at = clock_timestamp() WHERE key = ${sending.key} AND state IN ('intended', 'sent', 'unknown')`
  try {
    return await gateway.send(message)
  } catch (error) {
    if (error instanceof GatewayHiccup)
      await db`UPDATE external_effect SET sent_at = NULL WHERE key = ${sending.key}`
    throw error
  }
}

const SUBJECT = {
  'send-order': 'Purchase',
  remind: 'Reminder: purchase',
  'send-cut': 'Change of purchase',
} as const

async function messageOf(
  db: Db,
  purchaseId: string,
  { key, operation, request }: Sending,
): Promise<SupplierMessage | Sent> {
  const [to] = await db<
    {
      poNumber: string
      email: string | null
      ediId: string | null
      pdf: Buffer
      edi: Buffer | null
      shipsToOrderId: bigint | null
    }[]
  >`
    SELECT p.po_number AS "poNumber", s.email, s.edi_id AS "ediId", p.ships_to_order_id AS "shipsToOrderId",
      (SELECT body FROM purchase_order_document d WHERE d.purchase_order_id = p.id AND d.revision <= ${request.revision} AND kind = 'pdf' ORDER BY revision DESC LIMIT 1) AS pdf,
      (SELECT body FROM purchase_order_document d WHERE d.purchase_order_id = p.id AND d.revision <= ${request.revision} AND kind = 'x12-850' ORDER BY revision DESC LIMIT 1) AS edi
    FROM purchase_order p JOIN supplier s ON s.id = p.supplier_id WHERE p.id = ${BigInt(purchaseId)}`
  const { poNumber, email, ediId, pdf, edi } = to!
  const orderId = operation === 'send-order' ? to!.shipsToOrderId : null
  const buyer = orderId === null ? null : await withBuyer(db, { purchaseId, orderId, sentAs: key })
  if (orderId !== null && buyer === null)
    return { outcome: 'refused', code: 'no-buyer', message: 'The buyer has no address any more.' }
  const kept = buyer?.document ?? edi?.toString('latin1')
  const document = operation === 'send-cut' ? request.document : kept
  if (request.by === 'edi' && ediId && document)
    return { key, poNumber, by: 'edi', receiver: ediId, document }
  if (!email)
    return { outcome: 'refused', code: 'no-address', message: 'The supplier has no mail address.' }
  return {
    ...{ key, poNumber, by: 'mail', to: email },
    subject: `${SUBJECT[operation]} order ${poNumber}`,
    text: [request.text ?? attached(poNumber), ...(buyer ? [buyer.text] : [])].join('\n\n'),
    pdf: operation === 'send-cut' ? null : pdf,
  }
}

function attached(poNumber: string): string {
  return `Please find our purchase order ${poNumber} attached, and confirm it.`
}

/** An order that the supplier has is one that is expected; one that never went asks a person. */
export async function applySent(
  tx: Tx,
  order: PurchaseOrder,
  sending: Sending,
  sent: Sent,
): Promise<void> {
  const { outcome, ...facts } = sent
  const state = { confirmed: 'confirmed', unknown: 'unknown' }[outcome as string] ?? 'failed'
  await tx`
    UPDATE external_effect SET state = ${state}, outcome = ${json(tx, { outcome, ...facts })},
      settled_at = CASE WHEN ${state} = 'unknown' THEN NULL ELSE clock_timestamp() END, ask_at = NULL WHERE key = ${sending.key}`
  const isCut = sending.operation === 'send-cut'
  if (sending.operation === 'remind' || (order.cancelledAt !== null && !isCut)) return
  if (outcome === 'confirmed')
    return isCut ? undefined : takeAsSent(tx, order, 'sent to the supplier')
  const what = isCut ? `A change of ${order.poNumber}` : order.poNumber
  await openPurchaseCase(tx, order, {
    ...{ type: 'purchase-unsent', openedBy: `effect ${sending.key}` },
    ...(isCut ? { discriminator: sending.key } : {}),
    summary: `${what} ${outcome === 'unknown' ? 'may not have reached' : 'did not reach'} ${order.supplierName}`,
    evidence: { effect: sending.key, ...(isCut ? { told: 'cut' } : {}), ...sent },
  })
}

export async function takeAsSent(tx: Tx, order: PurchaseOrder, reason: string): Promise<void> {
  if (order.sentRevision === order.revision) return
  await markPurchase(tx, order, { sentRevision: order.revision })
  await healPurchaseCases(tx, order, ['purchase-unsent'], reason)
  const key = `sent/${order.revision}`
  await expectLines(tx, await lockPurchase(tx, order.id), { actor: 'system', reason, key })
}
