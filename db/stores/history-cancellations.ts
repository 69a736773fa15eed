import type { Reader, Tx } from '#db/client'
import { unitShare } from '#domain/apportion'
import { recordAudit } from './records.ts'
import { jsonText } from './row-sets.ts'

/** A line of a past order that may have been taken back. */
export interface PastLine {
  lineId: bigint
  orderId: bigint
  customerId: string
  sku: string
  placedAt: string
  goodsMinor: bigint
  qtyOrdered: number
  /** Units that no cancellation has taken back yet. */
  qtyLeft: number
}

/** What these customers have bought of these stock codes, the latest first. */
export async function pastLines(
  reader: Reader,
  channelId: number,
  wanted: readonly { customerId: string; sku: string }[],
): Promise<PastLine[]> {
  return reader<PastLine[]>`
    SELECT l.id AS "lineId", o.id AS "orderId", c.external_id AS "customerId", l.sku, o.placed_at AS "placedAt", l.goods_minor AS "goodsMinor",
      l.qty_ordered AS "qtyOrdered", l.qty_ordered - l.qty_cancelled AS "qtyLeft"
    FROM (SELECT DISTINCT customer, sku FROM unnest(${wanted.map((w) => w.customerId)}::text[], ${wanted.map((w) => w.sku)}::text[]) AS w (customer, sku)) w
    JOIN customer c ON c.channel_id = ${channelId} AND c.external_id = w.customer
    JOIN sales_order o ON o.customer_id = c.id
    JOIN sales_order_line l ON l.order_id = o.id AND l.sku = w.sku
    WHERE o.workflow_id LIKE 'history/%' AND l.qty_ordered > l.qty_cancelled
    ORDER BY o.placed_at DESC, l.id DESC`
}

/** Marks of cancellations that are applied already, of those asked for. */
export async function appliedCancellations(
  reader: Reader,
  channelCode: string,
  marks: readonly string[],
): Promise<Set<string>> {
  const rows = await reader<{ mark: string }[]>`
    SELECT external_id AS mark FROM external_ref
    WHERE system = ${channelCode} AND type = 'history-cancellation' AND external_id = ANY (${[...marks]}::text[])`
  return new Set(rows.map(({ mark }) => mark))
}

/** A cancellation that no known sale explains. */
export interface UnmatchedCancellation {
  mark: string
  customerId: string | null
  sku: string
  qty: number
  unitPriceMinor: string
  cancelledAt: string
  /** Why nothing matched, in words. */
  reason: string
  /** Where it stands, as `2010-12-01.csv:17`. */
  origin: string
}

/** Keeps what matched no sale; one that is kept already stays. Answers the marks that were new. */
export async function keepUnmatched(
  tx: Tx,
  channelId: number,
  cancellations: readonly UnmatchedCancellation[],
): Promise<string[]> {
  const rows = await tx<{ mark: string }[]>`
    INSERT INTO history_cancellation (channel_id, mark, customer_external_id, sku, qty, unit_price_minor, cancelled_at, reason, origin)
    SELECT ${channelId}, mark, "customerId", sku, qty, "unitPriceMinor", "cancelledAt", reason, origin
    FROM jsonb_to_recordset(${jsonText(cancellations)}::text::jsonb) AS c (mark text, "customerId" text, sku text, qty int,
      "unitPriceMinor" bigint, "cancelledAt" timestamptz, reason text, origin text)
    ON CONFLICT DO NOTHING RETURNING mark`
  return rows.map(({ mark }) => mark)
}

/** Units of one past line that one cancellation took back. */
export interface PastCancellation {
  /** Names the cancellation for life, as `C536379/22556/1`. */
  mark: string
  lineId: bigint
  orderId: bigint
  qty: number
  cancelledAt: string
}

/**
 * Moves units from shipped to cancelled, each cancellation once. Like the order itself it touches
 * neither stock nor money: what came back and what was given back is in the opening balances.
 */
export async function cancelPastUnits(
  tx: Tx,
  channelCode: string,
  actor: string,
  cancellations: readonly PastCancellation[],
): Promise<{ applied: number }> {
  const refs = cancellations.map(({ mark, lineId }) => ({ mark, internal: `${lineId}/${mark}` }))
  const fresh = await tx<{ mark: string }[]>`
    INSERT INTO external_ref (system, type, external_id, internal_id)
    SELECT ${channelCode}, 'history-cancellation', mark, internal
    FROM jsonb_to_recordset(${jsonText(refs)}::text::jsonb) AS r (mark text, internal text)
    ON CONFLICT DO NOTHING RETURNING external_id AS mark`
  const marks = new Set(fresh.map(({ mark }) => mark))
  const mine = cancellations.filter(({ mark }) => marks.has(mark))
  if (mine.length === 0) return { applied: 0 }
  await takeBack(tx, mine)
  // One that was kept without its sale has found it: the file of the sale came later.
  const found = mine.map(({ mark, lineId }) => ({ mark, line: lineId.toString() }))
  await tx`
    UPDATE history_cancellation h SET order_line_id = f.line
    FROM jsonb_to_recordset(${jsonText(found)}::text::jsonb) AS f (mark text, line bigint), channel c
    WHERE c.code = ${channelCode} AND h.channel_id = c.id AND h.mark = f.mark`
  await tx`
    UPDATE sales_order o SET version = o.version + 1, phase = CASE WHEN EXISTS (
        SELECT FROM sales_order_line l WHERE l.order_id = o.id AND l.qty_ordered > l.qty_cancelled) THEN 'closed' ELSE 'cancelled' END
    WHERE o.id = ANY (${orderIds(mine)}::bigint[])`
  await recordAudit(
    tx,
    mine.map(({ orderId, lineId, mark, qty, cancelledAt }) => ({
      subjectType: 'order',
      subjectId: orderId.toString(),
      action: 'units-cancelled-in-history',
      after: { lineId: lineId.toString(), mark, qty, cancelledAt },
      actor,
    })),
  )
  return { applied: mine.length }
}

interface LockedLine {
  id: bigint
  worth: bigint
  ordered: number
  cancelled: number
}

/** The worth of the units is their share of the frozen amounts, as for every other document. */
async function takeBack(tx: Tx, cancellations: readonly PastCancellation[]): Promise<void> {
  const units = new Map<bigint, number>()
  for (const { lineId, qty } of cancellations) units.set(lineId, (units.get(lineId) ?? 0) + qty)
  const lines = await tx<LockedLine[]>`
    SELECT id, goods_minor - discount_minor + shipping_minor + tax_minor AS worth, qty_ordered AS ordered, qty_cancelled AS cancelled
    FROM sales_order_line WHERE id = ANY (${[...units.keys()].map(String)}::bigint[]) ORDER BY id FOR UPDATE`
  const rows = lines.map(({ id, worth, ordered, cancelled }) => {
    const now = cancelled + units.get(id)!
    const cancelledMinor = unitShare(worth, ordered, 0, now)
    return {
      id,
      cancelled: now,
      shipped: ordered - now,
      cancelledMinor,
      shippedMinor: worth - cancelledMinor,
    }
  })
  await tx`
    UPDATE sales_order_line l SET qty_cancelled = c.cancelled, qty_delivered = c.shipped, qty_shipped = c.shipped,
      cancelled_minor = c."cancelledMinor", shipped_minor = c."shippedMinor"
    FROM jsonb_to_recordset(${jsonText(rows)}::text::jsonb) AS c (id bigint, cancelled int, shipped int, "cancelledMinor" bigint, "shippedMinor" bigint)
    WHERE l.id = c.id`
}

function orderIds(cancellations: readonly PastCancellation[]): string[] {
  return [...new Set(cancellations.map(({ orderId }) => orderId.toString()))]
}
