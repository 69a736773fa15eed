import type { AcknowledgePurchase } from '#contracts/procure-to-pay'
import type { Tx } from '#db/client'
import {
  changeLine,
  lockPurchase,
  markPurchase,
  type PurchaseOrder,
} from '#db/stores/purchase-orders'
import { addDays } from '#domain/dates'
import { exceeds, withinPpm, type PurchaseLine } from '#domain/purchasing/order'
import { Refusal } from '#domain/refusal'
import { healPurchaseCases, openPurchaseCase } from './cases.ts'
import { expectLines } from './supply.ts'
import { underWayOf } from './title.ts'

/** What a supplier said about a line, next to what we asked for. */
interface Confirmed {
  line: PurchaseLine
  qty: bigint
  unitPriceMinor: bigint
  pricePer: bigint
  promisedOn: string | null
}

/**
 * What a supplier confirms within the policy is taken; anything beyond waits for somebody who
 * could have approved it.
 * @throws Refusal `PurchaseNotSent`, `UnknownPurchaseLine`, `AckKnown`
 */
export async function acknowledgePurchase(
  tx: Tx,
  order: PurchaseOrder,
  command: AcknowledgePurchase,
): Promise<void> {
  if (order.sentRevision !== order.revision || order.cancelledAt !== null)
    throw new Refusal(
      'PurchaseNotSent',
      `${order.poNumber} is not with the supplier: see what it waits for.`,
    )
  const confirmed = command.lines.map((said, n) => confirmedLine(order, said, n))
  const differences = confirmed.flatMap((one) => differencesOf(order, one))
  if (command.rejected) differences.push('the supplier refuses the order')
  const ackId = await keepAck(tx, order, command, confirmed, differences.length > 0)
  if (differences.length === 0) return takeConfirmed(tx, order, confirmed, command)
  await healPurchaseCases(tx, order, ['purchase-unconfirmed'], 'the supplier has answered')
  await openPurchaseCase(tx, order, {
    ...{ type: 'purchase-changed', openedBy: `acknowledgement ${command.ackNo}` },
    discriminator: command.ackNo,
    summary: `${order.supplierName} changes ${order.poNumber}: ${differences.join('; ')}`.slice(
      0,
      500,
    ),
    evidence: { ackId, differences, rejected: command.rejected ?? false },
  })
}

/** The supplier's terms become the order's: a new revision that somebody else than its authors accepts. */
export async function acceptChange(
  tx: Tx,
  order: PurchaseOrder,
  ackId: bigint,
  by: { actor: string; key: string },
): Promise<void> {
  if (order.authors.includes(by.actor))
    throw new Refusal(
      'SelfApproval',
      'You wrote this order: somebody else has to accept its change.',
    )
  const said = await tx<(Omit<Confirmed, 'line'> & { lineId: bigint })[]>`
    SELECT purchase_order_line_id AS "lineId", qty, unit_price_minor AS "unitPriceMinor", price_per AS "pricePer", promised_on AS "promisedOn"
    FROM purchase_order_ack_line WHERE ack_id = ${ackId} ORDER BY 1`
  if (said.length === 0)
    throw new Refusal(
      'NothingConfirmed',
      'The supplier has confirmed no line: keep the order or cancel it.',
    )
  const confirmed = said.map(({ lineId, ...terms }) => ({
    ...terms,
    line: order.lines.find((line) => line.id === lineId)!,
  }))
  const revision = order.revision + 1
  await tx`UPDATE purchase_order SET revision = ${revision} WHERE id = ${order.id}`
  const now = { ...order, revision }
  await tx`
    INSERT INTO purchase_order_approval (purchase_order_id, revision, step, decision, content_hash, reason, actor)
    VALUES (${order.id}, ${revision}, 'purchasing-manager', 'approved', sha256(${`ack/${ackId}`}::text::bytea), 'accepted as the supplier confirmed it', ${by.actor})`
  await markPurchase(tx, now, {
    ...{ submittedRevision: revision, approvedRevision: revision, sentRevision: revision },
  })
  await takeConfirmed(tx, now, confirmed, by)
}

function confirmedLine(
  order: PurchaseOrder,
  said: AcknowledgePurchase['lines'][number],
  n: number,
): Confirmed {
  const line = order.lines.find(({ lineNo }) => lineNo === said.lineNo)
  if (!line)
    throw new Refusal('UnknownPurchaseLine', `${order.poNumber} has no line ${said.lineNo}.`, {
      field: `body.lines.${n}.lineNo`,
    })
  const price =
    said.unitPriceMinor === undefined
      ? { unitPriceMinor: line.unitPriceMinor, pricePer: line.pricePer }
      : { unitPriceMinor: BigInt(said.unitPriceMinor), pricePer: BigInt(said.pricePer ?? '1') }
  return { line, qty: BigInt(said.qty), promisedOn: said.promisedOn ?? null, ...price }
}

/** What differs by more than the policy lets pass. */
function differencesOf(order: PurchaseOrder, said: Confirmed): string[] {
  const { confirmedPricePpm, confirmedQtyPpm, confirmedDays } = order.policies.purchasing.body
  const { line, qty, promisedOn } = said
  const wanted = line.ordered + line.replacing - line.cancelled
  const found: string[] = []
  const difference = qty > wanted ? qty - wanted : wanted - qty
  if (!withinPpm(wanted, difference, confirmedQtyPpm))
    found.push(`line ${line.lineNo}: ${qty} units instead of ${wanted}`)
  if (exceeds(said, line, confirmedPricePpm))
    found.push(
      `line ${line.lineNo}: ${said.unitPriceMinor} for ${said.pricePer} instead of ${line.unitPriceMinor} for ${line.pricePer}`,
    )
  if (promisedOn !== null && promisedOn > addDays(line.neededOn, confirmedDays))
    found.push(`line ${line.lineNo}: ${promisedOn} instead of ${line.neededOn}`)
  return found
}

async function keepAck(
  tx: Tx,
  order: PurchaseOrder,
  { ackNo, source, rejected, actor }: AcknowledgePurchase,
  confirmed: readonly Confirmed[],
  differs: boolean,
): Promise<bigint> {
  const outcome = rejected ? 'rejected' : differs ? 'changed' : 'accepted'
  const [ack] = await tx<{ id: bigint }[]>`
    INSERT INTO purchase_order_ack (purchase_order_id, ack_no, source, outcome, actor) VALUES (${order.id}, ${ackNo}, ${source}, ${outcome}, ${actor})
    ON CONFLICT (purchase_order_id, ack_no) DO NOTHING RETURNING id`
  if (!ack)
    throw new Refusal('AckKnown', `Acknowledgement ${ackNo} of ${order.poNumber} was taken before.`)
  const rows = confirmed.map(({ line, qty, unitPriceMinor, pricePer, promisedOn }) => ({
    ...{ ack_id: ack.id, purchase_order_line_id: line.id, qty, promised_on: promisedOn },
    ...{ unit_price_minor: unitPriceMinor, price_per: pricePer },
  }))
  if (rows.length > 0) await tx`INSERT INTO purchase_order_ack_line ${tx(rows)}`
  return ack.id
}

async function takeConfirmed(
  tx: Tx,
  order: PurchaseOrder,
  confirmed: readonly Confirmed[],
  { actor, key }: { actor: string; key: string },
): Promise<void> {
  const ours = new Map((await underWayOf(tx, order)).map((owned) => [owned.line.id, owned.qty]))
  for (const { line, qty, unitPriceMinor, pricePer, promisedOn } of confirmed) {
    const wanted = line.ordered + line.replacing - line.cancelled
    // What is confirmed for less is not coming; what is confirmed beyond is judged when it comes.
    const short = wanted > qty ? wanted - qty : 0n
    // What has left the supplier and is ours is paid, whatever is confirmed after it.
    const open = line.open - (ours.get(line.id) ?? 0n)
    const cancelled = short < open ? short : open
    await changeLine(tx, line.id, {
      ...{ acknowledged: qty, unitPriceMinor, pricePer },
      ...(promisedOn === null ? {} : { promisedOn }),
      ...(cancelled > 0n
        ? { cancelled: { qty: cancelled, reason: 'not confirmed by the supplier' } }
        : {}),
    })
  }
  await markPurchase(tx, order, { acknowledgedRevision: order.revision })
  await healPurchaseCases(tx, order, ['purchase-unconfirmed'], 'the supplier has confirmed')
  const reason = 'confirmed by the supplier'
  await expectLines(tx, await lockPurchase(tx, order.id), { actor, reason, key })
}
