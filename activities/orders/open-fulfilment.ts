import type { ConfirmShipment } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { sendAlong } from '#db/transaction'
import { unitShare } from '#domain/apportion'
import { Refusal } from '#domain/refusal'
import { knownLine } from './cancel.ts'

export interface OpenFulfilmentLine {
  orderLineId: bigint
  reservationId: bigint
  itemId: number
  /** Released in all, and of these neither shipped nor taken back. */
  qty: number
  open: number
}

export interface Fulfilment {
  id: bigint
  siteId: number
  state: string
  freightMinor: bigint
  /** Of the labels that were bought, else as planned. */
  carrier: string | null
  service: string | null
  /** What the labels cost that were bought for it and have not left yet; null without any. */
  labelsMinor: bigint | null
  lines: OpenFulfilmentLine[]
}

/**
 * The fulfilment order with its lines, locked.
 * @throws Refusal `FulfilmentNotFound`.
 */
export async function lockFulfilment(tx: Tx, order: SalesOrder, id: string): Promise<Fulfilment> {
  const fulfilmentId = BigInt(id)
  const [[row], lines] = await Promise.all([
    tx<Omit<Fulfilment, 'lines'>[]>`
      SELECT id, site_id AS "siteId", state, freight_estimate_minor AS "freightMinor", coalesce(l.carrier, f.carrier) AS carrier,
        CASE WHEN l.carrier IS NULL THEN f.service ELSE l.service END AS service, l.minor AS "labelsMinor"
      FROM fulfilment_order f LEFT JOIN LATERAL (
        SELECT sum(label_cost_minor)::bigint AS minor, (array_agg(p.carrier ORDER BY p.id DESC))[1] AS carrier, (array_agg(p.service ORDER BY p.id DESC))[1] AS service
        FROM parcel p WHERE p.fulfilment_id = f.id AND p.shipment_id IS NULL AND p.voided_at IS NULL AND p.label_cost_minor IS NOT NULL) l ON true
      WHERE id = ${fulfilmentId} AND order_id = ${order.id} FOR NO KEY UPDATE OF f`,
    tx<OpenFulfilmentLine[]>`
      SELECT order_line_id AS "orderLineId", reservation_id AS "reservationId", item_id AS "itemId", qty, qty - shipped - cancelled AS open
      FROM fulfilment_line WHERE fulfilment_id = ${fulfilmentId} ORDER BY order_line_id, reservation_id`,
  ])
  if (!row)
    throw new Refusal(
      'FulfilmentNotFound',
      `Order ${order.orderNumber} has no fulfilment order ${id}.`,
    )
  return { ...row, lines: [...lines] }
}

/** The units that leave, per reservation; more than is open on the fulfilment order is refused. */
export function chooseLines(
  order: SalesOrder,
  fulfilment: Fulfilment,
  wanted: ConfirmShipment['lines'],
): OpenFulfilmentLine[] {
  if (!wanted) return fulfilment.lines.filter((line) => line.open > 0)
  return wanted.flatMap(({ orderLineId, qty }) => {
    const line = knownLine(order, orderLineId)
    let left = qty
    const taken = fulfilment.lines
      .filter((candidate) => candidate.orderLineId === line.id)
      .flatMap((candidate) => {
        const open = Math.min(left, candidate.open)
        left -= open
        return open > 0 ? [{ ...candidate, open }] : []
      })
    if (qty < 1 || left > 0) {
      throw new Refusal(
        'OverShipment',
        `Line ${line.lineNo} has ${qty - left} open units on fulfilment order ${fulfilment.id}, ${qty} were confirmed. Count again, or recall the rest.`,
      )
    }
    return taken
  })
}

/** These units have left; with the last of them the fulfilment order is shipped. */
export async function countShipped(
  tx: Tx,
  { id }: Fulfilment,
  chosen: readonly OpenFulfilmentLine[],
): Promise<void> {
  // The second part sees the lines as they were, so those that move are judged by what they become.
  await sendAlong(
    tx,
    tx`
    WITH left_now AS (
      UPDATE fulfilment_line f SET shipped = f.shipped + u.qty, picked = greatest(f.picked, f.shipped + u.qty)
      FROM unnest(${chosen.map((c) => c.reservationId.toString())}::bigint[], ${chosen.map((c) => c.open)}::int[]) AS u (reservation_id, qty)
      WHERE f.fulfilment_id = ${id} AND f.reservation_id = u.reservation_id
      RETURNING f.reservation_id, f.qty > f.shipped + f.cancelled AS open)
    UPDATE fulfilment_order SET state = 'shipped' WHERE id = ${id} AND NOT EXISTS (SELECT FROM left_now WHERE open)
      AND NOT EXISTS (SELECT FROM fulfilment_line l WHERE l.fulfilment_id = ${id} AND l.qty > l.shipped + l.cancelled
        AND NOT EXISTS (SELECT FROM left_now n WHERE n.reservation_id = l.reservation_id))`,
  )
}

/** Who is owed for the freight, as `carrier/UPS/Ground`. */
export function carrierParty({ carrier, service }: Fulfilment): string | undefined {
  return carrier === null ? undefined : `carrier/${carrier}${service === null ? '' : `/${service}`}`
}

/** Units that have neither left nor been taken back. */
export function openUnitsOf(fulfilment: Fulfilment): number {
  return fulfilment.lines.reduce((units, line) => units + line.open, 0)
}

/** The estimate belongs to the whole fulfilment order; a part of its units bears its part of it. */
export function freightShare(
  fulfilment: Fulfilment,
  chosen: readonly OpenFulfilmentLine[],
): bigint {
  const all = fulfilment.lines.reduce((units, line) => units + line.qty, 0)
  const gone = all - openUnitsOf(fulfilment)
  const leaving = chosen.reduce((units, line) => units + line.open, 0)
  return all === 0 ? 0n : unitShare(fulfilment.freightMinor, all, gone, gone + leaving)
}
