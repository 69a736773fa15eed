import type { ConfirmPick } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { Refusal } from '#domain/refusal'
import { knownLine } from './cancel.ts'
import { openOrderCase } from './cases.ts'
import { takeTask, type PickedLine } from './pick-task.ts'

/**
 * The warehouse says what it picked, by line or by a task of a pick list; less than asked needs a
 * reason and becomes a case.
 */
export async function confirmPick(
  tx: Tx,
  order: SalesOrder,
  command: ConfirmPick & { today: string },
): Promise<void> {
  const lines = command.task ? [await takeTask(tx, order, command, command.task)] : command.lines
  await confirmLines(tx, order, { ...command, lines })
}

async function confirmLines(
  tx: Tx,
  order: SalesOrder,
  command: ConfirmPick & { lines: PickedLine[] },
): Promise<void> {
  const rows = await tx<
    {
      orderLineId: bigint
      reservationId: bigint
      qty: number
      picked: number
      shipped: number
      siteId: number
    }[]
  >`
    SELECT f.order_line_id AS "orderLineId", f.reservation_id AS "reservationId", f.qty - f.cancelled AS qty, f.picked, f.shipped, fo.site_id AS "siteId"
    FROM fulfilment_line f JOIN fulfilment_order fo ON fo.id = f.fulfilment_id
    WHERE fo.id = ${BigInt(command.fulfilmentId)} AND fo.order_id = ${order.id} AND fo.state = 'released' ORDER BY 1, 2`
  if (rows.length === 0)
    throw new Refusal(
      'FulfilmentNotOpen',
      `Fulfilment order ${command.fulfilmentId} is not waiting to be picked.`,
    )
  const short: { orderLineId: string; sku: string | null; missing: number; reason: string }[] = []
  for (const { orderLineId, picked, shortReason, moreToCome } of command.lines) {
    const line = knownLine(order, orderLineId)
    const mine = rows.filter((row) => row.orderLineId === line.id)
    const asked = mine.reduce((units, row) => units + row.qty, 0)
    if (picked < 0 || picked > asked)
      throw new Refusal(
        'OverPick',
        `Line ${line.lineNo}: ${asked} units were to be picked, ${picked} were reported.`,
      )
    const isShort = picked < asked && !moreToCome
    if (isShort && !shortReason)
      throw new Refusal(
        'ShortPickNeedsReason',
        `Line ${line.lineNo}: ${asked - picked} units are missing. Say why in shortReason.`,
      )
    let left = picked
    for (const row of mine) {
      const here = Math.max(row.shipped, Math.min(left, row.qty))
      left = Math.max(0, left - here)
      // The line may stand on other fulfilment orders too, so only what is new here counts.
      line.picked += here - Math.max(row.picked, row.shipped)
      await tx`UPDATE fulfilment_line SET picked = ${here}, short_reason = ${isShort ? (shortReason ?? null) : null}
        WHERE fulfilment_id = ${BigInt(command.fulfilmentId)} AND order_line_id = ${line.id} AND reservation_id = ${row.reservationId}`
    }
    if (isShort)
      short.push({ orderLineId, sku: line.sku, missing: asked - picked, reason: shortReason! })
  }
  if (short.length === 0) return
  await openOrderCase(tx, order, {
    type: 'short-pick',
    siteId: rows[0]!.siteId,
    discriminator: command.fulfilmentId,
    openedBy: 'rule: picking',
    summary: `${order.orderNumber}: short pick of ${short.map((s) => `${s.missing} × ${s.sku} (${s.reason})`).join(', ')}`,
    evidence: { fulfilmentId: command.fulfilmentId, siteId: rows[0]!.siteId, short },
  })
}
