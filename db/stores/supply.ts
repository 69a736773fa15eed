import type { Tx } from '#db/client'
import type { BoundUnits, OpenSupply } from '#domain/orders/supply-promise'
import { Refusal } from '#domain/refusal'
import { sendAlong } from '../transaction.ts'
import { addToOutbox, json, recordAudit } from './records.ts'

export interface NewSupply {
  itemId: number
  siteId: number
  qty: bigint
  dueOn: string
  confidencePct: number
  sourceType: string
  sourceId: string
  reason: string | null
  actor: string
}

/** Goods that somebody has promised us; orders that wait for the item are promised from it. */
export async function expectSupply(tx: Tx, supply: NewSupply): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO expected_supply (item_id, site_id, qty, due_on, confidence_pct, source_type, source_id)
    VALUES (${supply.itemId}, ${supply.siteId}, ${supply.qty}, ${supply.dueOn}, ${supply.confidencePct}, ${supply.sourceType}, ${supply.sourceId}) RETURNING id`
  const { itemId: _i, siteId: _s, reason, actor, ...after } = supply
  const about = { subjectType: 'expected-supply', subjectId: row!.id.toString() }
  await recordAudit(tx, [{ ...about, action: 'expected', after, reason, actor }])
  await tellThatSupplyChanged(tx, row!.id, supply.itemId, 'new')
  return row!.id
}

export interface SupplyChange {
  qty?: bigint
  dueOn?: string
  /** Nothing more will come of it. */
  closed?: boolean
  reason: string
  actor: string
  /** Business key of the change. */
  key: string
}

/**
 * A date that slips, a quantity that changes or an order that falls through: whoever is promised
 * units of it is promised anew, and what it can no longer cover loses its promise, newest first.
 * @throws Refusal `SupplyClosed`; `SupplyReceived` when less is expected than has come already.
 */
export async function changeSupply(tx: Tx, id: bigint, change: SupplyChange): Promise<void> {
  const [before] = await tx<
    { itemId: number; qty: bigint; received: bigint; dueOn: string; state: string }[]
  >`
    SELECT item_id AS "itemId", qty, received, due_on AS "dueOn", state FROM expected_supply WHERE id = ${id} FOR UPDATE`
  if (before?.state !== 'open')
    throw new Refusal(
      'SupplyClosed',
      `Nothing more is expected of supply ${id}. Add another one for what is to come.`,
    )
  const { qty = before.qty, dueOn = before.dueOn, closed = false } = change
  if (qty < before.received)
    throw new Refusal(
      'SupplyReceived',
      `${before.received} units of supply ${id} have come already. Expect at least these, or close it.`,
      { field: 'body.qty' },
    )
  const done = closed || qty === before.received
  await tx`UPDATE expected_supply SET qty = ${qty}, due_on = ${dueOn}, state = ${done ? 'closed' : 'open'} WHERE id = ${id}`
  await forgetPromises(tx, id, done ? 0n : qty - before.received)
  await recordAudit(tx, [
    {
      subjectType: 'expected-supply',
      subjectId: id.toString(),
      action: done ? 'closed' : 'changed',
      before: { qty: before.qty, dueOn: before.dueOn },
      after: { qty, dueOn },
      reason: change.reason,
      actor: change.actor,
    },
  ])
  await tellThatSupplyChanged(tx, id, before.itemId, change.key)
}

/**
 * What a source is still to bring to a site, said anew whenever it changes: opened with the first
 * units, closed with the last, and open again should more be found.
 */
export async function reviseSupply(
  tx: Tx,
  supply: Omit<NewSupply, 'qty' | 'reason'> & { toCome: bigint; reason: string; key: string },
): Promise<void> {
  const { toCome, key, ...about } = supply
  const [known] = await tx<
    { id: bigint; qty: bigint; received: bigint; state: string; dueOn: string }[]
  >`
    SELECT id, qty, received, state, due_on AS "dueOn" FROM expected_supply
    WHERE (source_type, source_id, item_id, site_id) = (${supply.sourceType}, ${supply.sourceId}, ${supply.itemId}, ${supply.siteId}) FOR UPDATE`
  if (!known) {
    if (toCome > 0n) await expectSupply(tx, { ...about, qty: toCome })
    return
  }
  const qty = known.received + toCome
  if (known.state === 'closed') {
    if (toCome === 0n) return
    await tx`UPDATE expected_supply SET state = 'open', qty = ${qty} WHERE id = ${known.id}`
    await tellThatSupplyChanged(tx, known.id, supply.itemId, key)
  } else if (toCome === 0n || qty !== known.qty || supply.dueOn !== known.dueOn) {
    const { dueOn, reason, actor } = supply
    const change = { dueOn, reason, actor, key }
    await changeSupply(
      tx,
      known.id,
      toCome === 0n ? { ...change, closed: true } : { ...change, qty },
    )
  }
}

/** What a supply can no longer cover is taken from those who were promised last. */
async function forgetPromises(tx: Tx, id: bigint, covers: bigint): Promise<void> {
  await tx`
    DELETE FROM supply_promise p USING (
      SELECT order_line_id, sum(qty) OVER (ORDER BY order_line_id) AS running FROM supply_promise WHERE supply_id = ${id}) r
    WHERE p.supply_id = ${id} AND p.order_line_id = r.order_line_id AND r.running > ${covers}`
}

async function tellThatSupplyChanged(
  tx: Tx,
  id: bigint,
  itemId: number,
  key: string,
): Promise<void> {
  await addToOutbox(tx, [
    { topic: 'supply-changed', key: `${id}/${key}`, body: { itemIds: [itemId] } },
  ])
}

/**
 * Goods came in: they are what was expected, that of this notice first, then the earliest due.
 * Those of a purchase order's line are of its own supply alone, and never of another order's.
 */
export async function receiveSupply(
  tx: Tx,
  at: { siteId: number; asn: string | null },
  lines: readonly { itemId: number; qty: bigint; source?: string }[],
): Promise<void> {
  for (const { itemId, qty, source = null } of lines) {
    const open = await tx<{ id: bigint; open: bigint }[]>`
      SELECT id, qty - received AS open FROM expected_supply WHERE item_id = ${itemId} AND site_id = ${at.siteId} AND state = 'open'
        AND (${source}::text IS NULL OR source_type = 'purchase-order' AND source_id = ${source})
      ORDER BY (source_id = ${at.asn ?? ''}) DESC, due_on, id FOR UPDATE`
    let left = qty
    for (const supply of open) {
      const taken = left < supply.open ? left : supply.open
      if (taken <= 0n) break
      left -= taken
      await sendAlong(
        tx,
        tx`UPDATE expected_supply SET received = received + ${taken}, state = CASE WHEN received + ${taken} >= qty THEN 'closed' ELSE 'open' END WHERE id = ${supply.id}`,
      )
    }
  }
}

/**
 * Locks what is still to come of these items at the entity's sites from `today` on, and answers
 * what of it nobody but this order is promised. Supply that is overdue promises nothing.
 */
export async function lockOpenSupply(
  tx: Tx,
  order: { id: bigint; entityId: number },
  itemIds: readonly number[],
  today: string,
): Promise<OpenSupply[]> {
  const rows = await tx<(Omit<OpenSupply, 'free'> & { open: bigint })[]>`
    SELECT es.id AS "supplyId", es.item_id AS "itemId", s.code AS site, es.due_on AS "dueOn", es.qty - es.received AS open
    FROM expected_supply es JOIN site s ON s.id = es.site_id
    WHERE es.item_id = ANY(${[...itemIds]}::int[]) AND es.state = 'open' AND es.qty > es.received AND es.due_on >= ${today}
      AND s.entity_id = ${order.entityId} AND s.status = 'active' AND s.kind <> 'fba'
    ORDER BY es.id FOR UPDATE OF es`
  const taken = await tx<{ supplyId: bigint; qty: bigint }[]>`
    SELECT supply_id AS "supplyId", sum(qty) AS qty FROM supply_promise
    WHERE supply_id = ANY(${rows.map((row) => row.supplyId.toString())}::bigint[]) AND order_id <> ${order.id} GROUP BY 1`
  return rows.map(({ open, ...supply }) => {
    const others = taken.find((row) => row.supplyId === supply.supplyId)?.qty ?? 0n
    return { ...supply, free: Math.max(0, Number(open - BigInt(others))) }
  })
}

/** Replaces what this order is promised from. */
export async function bindSupply(
  tx: Tx,
  orderId: bigint,
  bound: readonly BoundUnits[],
): Promise<void> {
  await tx`DELETE FROM supply_promise WHERE order_id = ${orderId}`
  if (bound.length === 0) return
  await sendAlong(
    tx,
    tx`
    INSERT INTO supply_promise (supply_id, order_line_id, order_id, qty)
    SELECT "supplyId", "orderLineId", ${orderId}, qty FROM jsonb_to_recordset(${json(tx, bound)}) AS b ("supplyId" bigint, "orderLineId" bigint, qty int)`,
  )
}
