import type { Tx } from '#db/client'
import { lockOrder, type OrderLine, type SalesOrder } from '#db/stores/orders'
import { json, recordDecisions } from '#db/stores/records'
import { taxCode } from '#domain/orders/freeze'
import type { QuotedPart } from '#domain/tax/calculate'

/**
 * Lines whose tax may still be found anew: nothing of them has left or was cancelled, for what was
 * invoiced or refunded mirrors the tax that it had (R10). Gift cards are taxed when spent (R16).
 */
export function retaxable(order: SalesOrder): OrderLine[] {
  if (order.settlement === 'marketplace') return []
  return order.lines.filter(
    (line) =>
      line.shipped === 0 &&
      line.cancelled === 0 &&
      !line.giftCard &&
      line.goodsMinor - line.discountMinor + line.shippingMinor > 0n,
  )
}

/**
 * Gives lines another tax than they were frozen with: rows are added that take the old tax back
 * and say the new one, and none is edited. `L<line id>` names a line's goods, `S<line id>` its
 * shipping; lines that are not quoted stay as they are.
 * @returns by how much the tax of the order has grown, in its minor units.
 */
export async function retaxLines(
  tx: Tx,
  order: SalesOrder,
  quoted: readonly QuotedPart[],
  why: { rule: string; reason: string; inputs: Record<string, unknown> },
): Promise<bigint> {
  const lines = retaxable(order).filter((line) => partsOf(line, quoted).length > 0)
  const rows = lines.flatMap((line) => newRows(line, quoted))
  const before = taxOf(lines)
  const ids = lines.map((line) => line.id.toString())
  if (rows.length === 0) return 0n
  await tx`
    WITH wanted AS (
      SELECT * FROM jsonb_to_recordset(${json(tx, rows)}) AS w (order_line_id bigint, component text, jurisdiction text, tax_code text, rate_ppm int, base_minor bigint, tax_minor bigint)),
    had AS (
      SELECT order_line_id, component, jurisdiction, tax_code, rate_ppm, sum(base_minor)::bigint AS base_minor, sum(tax_minor)::bigint AS tax_minor FROM order_line_tax
      WHERE order_line_id = ANY(${ids}::bigint[]) AND collected_by = 'seller' GROUP BY 1, 2, 3, 4, 5),
    changes AS (
      SELECT order_line_id, component, jurisdiction, tax_code, rate_ppm, coalesce(w.base_minor, 0) - coalesce(h.base_minor, 0) AS base, coalesce(w.tax_minor, 0) - coalesce(h.tax_minor, 0) AS tax
      FROM wanted w FULL JOIN had h USING (order_line_id, component, jurisdiction, tax_code, rate_ppm))
    INSERT INTO order_line_tax (order_line_id, seq, component, jurisdiction, tax_code, rate_ppm, base_minor, tax_minor, collected_by)
    SELECT order_line_id, (SELECT coalesce(max(seq), -1) FROM order_line_tax t WHERE t.order_line_id = c.order_line_id)
        + row_number() OVER (PARTITION BY order_line_id ORDER BY component, jurisdiction, tax_code), component, jurisdiction, tax_code, rate_ppm, base, tax, 'seller'
    FROM changes c WHERE base <> 0 OR tax <> 0`
  await tx`
    UPDATE sales_order_line l SET tax_minor = (SELECT coalesce(sum(t.tax_minor), 0) FROM order_line_tax t WHERE t.order_line_id = l.id AND t.collected_by = 'seller')
    WHERE id = ANY(${ids}::bigint[])`
  await takeOver(tx, order, lines)
  const after = taxOf(lines)
  await recordDecisions(tx, [
    {
      ...{ subjectType: 'order', subjectId: order.id.toString(), kind: 'tax', rule: why.rule },
      ...{ ruleVersion: order.policies.order.version, inputs: why.inputs, actor: 'system' },
      choice: { beforeMinor: before, afterMinor: after, quoted, reason: why.reason },
    },
  ])
  return after - before
}

/** The order in hand says what the database now says. */
async function takeOver(tx: Tx, order: SalesOrder, lines: readonly OrderLine[]): Promise<void> {
  const fresh = await lockOrder(tx, order.id)
  for (const line of lines) {
    const { taxMinor, taxes } = fresh.lines.find((one) => one.id === line.id)!
    Object.assign(line, { taxMinor, taxes })
  }
}

function taxOf(lines: readonly OrderLine[]): bigint {
  return lines.reduce((all, line) => all + line.taxMinor, 0n)
}

function partsOf({ id }: OrderLine, quoted: readonly QuotedPart[]): QuotedPart[] {
  return quoted.filter((part) => part.lineId === `L${id}` || part.lineId === `S${id}`)
}

function newRows(line: OrderLine, quoted: readonly QuotedPart[]) {
  return partsOf(line, quoted).flatMap((part) => {
    const goods = part.lineId.startsWith('L')
    return part.jurisdictions.map((one) => ({
      order_line_id: line.id,
      component: goods ? 'goods' : 'shipping',
      jurisdiction: one.jurisdiction,
      tax_code: taxCode(one),
      rate_ppm: one.ratePpm,
      base_minor: goods ? line.goodsMinor - line.discountMinor : line.shippingMinor,
      tax_minor: one.taxMinor,
    }))
  })
}
