import type { Tx } from '#db/client'
import type { ApprovalStep } from '#domain/purchasing/approval'
import type { LineTerms } from '#domain/purchasing/sent-change'
import { Refusal } from '#domain/refusal'
import type { NewPurchaseLine, PurchaseOrder } from './purchase-orders.ts'
import { json } from './records.ts'

/** A change of an order that the supplier has. */
export interface PurchaseChange {
  id: bigint
  /** Proposed: it waits for a signature of ours; sent, countered: for the supplier, or for our answer to it. */
  state: 'proposed' | 'sent' | 'countered' | 'accepted' | 'refused' | 'withdrawn'
  lines: LineTerms[]
  added: NewPurchaseLine[]
  requestedBy: string
  approvedBy: string | null
  neededStep: ApprovalStep | null
  /** What the supplier offers instead. */
  counter: LineTerms[] | null
}

/** @throws Refusal `ChangeOpen` while another change of the order has no end. */
export async function insertChange(
  tx: Tx,
  order: PurchaseOrder,
  change: Pick<PurchaseChange, 'lines' | 'added' | 'neededStep'> & {
    reason: string
    actor: string
  },
): Promise<PurchaseChange> {
  const { lines, added, neededStep, reason, actor } = change
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO purchase_change (purchase_order_id, revision, lines, added, needed_step, state, reason, requested_by)
    VALUES (${order.id}, ${order.revision}, ${json(tx, lines)}, ${json(tx, added)}, ${neededStep}, ${neededStep === null ? 'sent' : 'proposed'}, ${reason}, ${actor})
    ON CONFLICT (purchase_order_id) WHERE state IN ('proposed', 'sent', 'countered') DO NOTHING RETURNING id`
  if (!row)
    throw new Refusal(
      'ChangeOpen',
      `A change of ${order.poNumber} is under way: wait for its answer, or withdraw it.`,
    )
  return lockChange(tx, order, `${row.id}`)
}

/** @throws Refusal `ChangeNotFound` */
export async function lockChange(
  tx: Tx,
  order: Pick<PurchaseOrder, 'id' | 'poNumber'>,
  changeId: string | null,
): Promise<PurchaseChange> {
  const [row] = await tx<
    (Omit<PurchaseChange, 'lines' | 'added' | 'counter'> & {
      lines: Written<LineTerms>[]
      added: Written<NewPurchaseLine>[]
      counter: Written<LineTerms>[] | null
    })[]
  >`
    SELECT id, state, lines, added, requested_by AS "requestedBy", approved_by AS "approvedBy", needed_step AS "neededStep", counter FROM purchase_change
    WHERE purchase_order_id = ${order.id} AND (id = ${changeId}::bigint OR ${changeId}::bigint IS NULL AND state = 'sent') ORDER BY id DESC LIMIT 1 FOR UPDATE`
  if (!row)
    throw new Refusal(
      'ChangeNotFound',
      `${order.poNumber} has no ${changeId === null ? 'change that the supplier was sent' : `change ${changeId}`}.`,
    )
  const terms = (one: Written<LineTerms>): LineTerms => ({
    lineNo: one.lineNo,
    ...(one.qty === undefined ? {} : { qty: BigInt(one.qty) }),
    ...(one.unitPriceMinor === undefined ? {} : { unitPriceMinor: BigInt(one.unitPriceMinor) }),
    ...(one.pricePer === undefined ? {} : { pricePer: BigInt(one.pricePer) }),
    ...(one.neededOn === undefined ? {} : { neededOn: one.neededOn }),
  })
  return {
    ...row,
    lines: row.lines.map(terms),
    counter: row.counter?.map(terms) ?? null,
    added: row.added.map((one) => ({
      ...one,
      unitPriceMinor: BigInt(one.unitPriceMinor),
      pricePer: BigInt(one.pricePer),
      landedEstimateMinor: BigInt(one.landedEstimateMinor),
      qty: BigInt(one.qty),
      orderLineId: null,
    })),
  }
}

/** As JSON keeps it: big integers are text. */
type Written<T> = { [K in keyof T]: Extract<T[K], bigint> extends never ? T[K] : string }

export async function keepChange(
  tx: Tx,
  change: PurchaseChange,
  now: Pick<PurchaseChange, 'state'> & {
    approvedBy?: string
    counter?: readonly LineTerms[]
    answeredBy?: string
  },
): Promise<void> {
  await tx`
    UPDATE purchase_change SET state = ${now.state}, approved_by = coalesce(${now.approvedBy ?? null}, approved_by),
      counter = coalesce(${now.counter ? json(tx, now.counter) : null}, counter), answered_by = coalesce(${now.answeredBy ?? null}, answered_by),
      answered_at = CASE WHEN ${now.answeredBy !== undefined} THEN clock_timestamp() ELSE answered_at END WHERE id = ${change.id}`
}

/** Terms that both sides have agreed to; `promisedOn` follows a new day. */
export async function rewriteLine(tx: Tx, lineId: bigint, now: AgreedLine): Promise<void> {
  await tx`
    UPDATE purchase_order_line SET qty_ordered = ${now.ordered}, qty_cancelled = ${now.cancelled}, qty_acknowledged = ${now.ordered - now.cancelled},
      unit_price_minor = ${now.unitPriceMinor}, price_per = ${now.pricePer}, promised_on = CASE WHEN needed_on <> ${now.neededOn} THEN ${now.neededOn} ELSE promised_on END,
      needed_on = ${now.neededOn} WHERE id = ${lineId}`
}

interface AgreedLine {
  ordered: bigint
  cancelled: bigint
  unitPriceMinor: bigint
  pricePer: bigint
  neededOn: string
}
