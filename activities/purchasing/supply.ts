import type { Tx } from '#db/client'
import type { PurchaseOrder } from '#db/stores/purchase-orders'
import { changeSupply, expectSupply } from '#db/stores/supply'
import { addDays } from '#domain/dates'
import type { PurchaseLine } from '#domain/purchasing/order'

/** How an expected supply names its purchase line. */
export function supplySource(
  order: Pick<PurchaseOrder, 'poNumber'>,
  line: { lineNo: number },
): string {
  return `${order.poNumber}/${line.lineNo}`
}

/** How sure it is: more once the supplier has said when. */
const ASKED_PCT = 70
const CONFIRMED_PCT = 90

/**
 * What is to come of each line is what orders that wait are promised from: units that are open,
 * on the day the supplier said, else on the day we asked for. Called after every change of those.
 * What ships to a buyer is nobody else's to wait for.
 */
export async function expectLines(
  tx: Tx,
  order: PurchaseOrder,
  by: { actor: string; reason: string; key: string },
): Promise<void> {
  if (order.shipsToOrderId !== null) return
  const known = await tx<
    { id: bigint; source: string; qty: bigint; received: bigint; dueOn: string; state: string }[]
  >`
    SELECT id, source_id AS source, qty, received, due_on AS "dueOn", state FROM expected_supply
    WHERE source_type = 'purchase-order' AND source_id = ANY(${order.lines.map((line) => supplySource(order, line))}::text[])`
  for (const line of order.lines) {
    const supply = known.find(({ source }) => source === supplySource(order, line))
    if (supply) await follow(tx, line, supply, by)
    else if (line.open > 0n)
      await expectSupply(tx, {
        ...{ itemId: line.itemId, siteId: line.siteId, qty: line.open, dueOn: dueOn(line) },
        confidencePct: line.promisedOn ? CONFIRMED_PCT : ASKED_PCT,
        ...{ sourceType: 'purchase-order', sourceId: supplySource(order, line) },
        ...{ reason: by.reason, actor: by.actor },
      })
  }
}

async function follow(
  tx: Tx,
  line: PurchaseLine,
  supply: { id: bigint; qty: bigint; received: bigint; dueOn: string; state: string },
  { actor, reason, key }: { actor: string; reason: string; key: string },
): Promise<void> {
  const qty = supply.received + line.open
  const due = dueOn(line)
  if (supply.state === 'closed') {
    if (line.open === 0n) return
    // Units that are sent again after all had come.
    await tx`UPDATE expected_supply SET state = 'open' WHERE id = ${supply.id}`
  } else if (qty === supply.qty && due === supply.dueOn) return
  const closed = line.open === 0n
  await changeSupply(tx, supply.id, {
    ...(closed ? { closed: true } : { qty, dueOn: due }),
    ...{ reason, actor, key },
  })
}

function dueOn({ promisedOn, neededOn }: PurchaseLine): string {
  return promisedOn ?? neededOn
}

/** The first day on which a line is late. */
export function lateFrom(line: PurchaseLine, lateDays: number): string {
  return addDays(dueOn(line), lateDays + 1)
}
