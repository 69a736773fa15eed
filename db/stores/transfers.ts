import type { Tx } from '#db/client'
import { invariant, Refusal } from '#domain/refusal'
import type { TransferPolicy } from '#domain/stock/policies'
import type { TransferCounters } from '#domain/stock/transfers'
import { json } from './records.ts'

export interface TransferLine extends TransferCounters {
  id: bigint
  lineNo: number
  itemId: number
  sku: string
}

export interface PinnedTransferPolicy {
  version: number
  scope: string
  body: TransferPolicy
}

/** A transfer with all that its rules look at. */
export interface TransferDoc {
  subjectType: 'transfer'
  id: bigint
  no: string
  workflowId: string
  entityId: number
  entity: string
  functionalCurrency: string
  timezone: string
  fromSiteId: number
  from: string
  toSiteId: number
  to: string
  version: number
  phase: string
  dueOn: string
  overdueOn: string
  valueMinor: bigint
  policy: PinnedTransferPolicy
  requestedBy: string
  approvedBy: string | null
  recalled: boolean
  lines: TransferLine[]
}

export type NewTransfer = Pick<
  TransferDoc,
  | 'no'
  | 'workflowId'
  | 'entityId'
  | 'fromSiteId'
  | 'toSiteId'
  | 'dueOn'
  | 'overdueOn'
  | 'valueMinor'
  | 'policy'
  | 'requestedBy'
> & { reason: string; lines: { itemId: number; qty: bigint }[] }

/** Writes a transfer down as it was asked for; answers its id. */
export async function insertTransfer(tx: Tx, asked: NewTransfer): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO transfer (transfer_no, workflow_id, entity_id, from_site_id, to_site_id, phase, version, reason, due_on, overdue_on, value_minor, policy, requested_by)
    VALUES (${asked.no}, ${asked.workflowId}, ${asked.entityId}, ${asked.fromSiteId}, ${asked.toSiteId}, 'requested', 0, ${asked.reason}, ${asked.dueOn},
      ${asked.overdueOn}, ${asked.valueMinor}, ${json(tx, asked.policy)}, ${asked.requestedBy}) RETURNING id`
  const lines = asked.lines.map((line, n) => ({
    transfer_id: row!.id,
    line_no: n + 1,
    item_id: line.itemId,
    qty: line.qty,
  }))
  await tx`INSERT INTO transfer_line ${tx(lines)}`
  return row!.id
}

/**
 * Locks the transfer for this transaction. Everything that changes one goes through here, so two
 * commands on one transfer follow each other.
 * @throws Refusal `StaleVersion` when somebody else was faster.
 */
export async function lockTransfer(
  tx: Tx,
  id: bigint,
  expectedVersion?: number,
): Promise<TransferDoc> {
  const [header] = await tx<Omit<TransferDoc, 'lines' | 'subjectType'>[]>`
    SELECT t.id, t.transfer_no AS no, t.workflow_id AS "workflowId", t.entity_id AS "entityId", e.code AS entity, e.functional_currency AS "functionalCurrency", e.timezone,
      t.from_site_id AS "fromSiteId", f.code AS "from", t.to_site_id AS "toSiteId", d.code AS "to", t.version, t.phase, t.due_on AS "dueOn", t.overdue_on AS "overdueOn",
      t.value_minor AS "valueMinor", t.policy, t.requested_by AS "requestedBy", t.approved_by AS "approvedBy", t.recalled
    FROM transfer t JOIN entity e ON e.id = t.entity_id JOIN site f ON f.id = t.from_site_id JOIN site d ON d.id = t.to_site_id
    WHERE t.id = ${id} FOR NO KEY UPDATE OF t`
  invariant(header, `there is no transfer ${id}`)
  if (expectedVersion !== undefined && expectedVersion !== header.version)
    throw new Refusal(
      'StaleVersion',
      `The transfer is at version ${header.version}, you saw ${expectedVersion}. Read it again, then decide.`,
    )
  const lines = await tx<TransferLine[]>`
    SELECT l.id, l.line_no AS "lineNo", l.item_id AS "itemId", i.sku, l.qty, l.shipped, l.received, l.damaged, l.lost, l.came_back AS "cameBack", l.cancelled,
      coalesce((SELECT sum(r.live) FROM transfer_reservation r WHERE r.line_id = l.id), 0)::bigint AS reserved
    FROM transfer_line l JOIN item i ON i.id = l.item_id WHERE l.transfer_id = ${id} ORDER BY l.line_no`
  return { ...header, subjectType: 'transfer', lines: [...lines] }
}

/** Writes back what became of the lines, and the header that follows from them; answers the new version. */
export async function saveTransfer(
  tx: Tx,
  doc: TransferDoc,
  header: { phase: string; open: boolean },
): Promise<number> {
  await tx`
    UPDATE transfer_line l SET shipped = c.shipped, received = c.received, damaged = c.damaged, lost = c.lost, came_back = c."cameBack", cancelled = c.cancelled
    FROM jsonb_to_recordset(${json(tx, doc.lines)}) AS c (id bigint, shipped bigint, received bigint, damaged bigint, lost bigint, "cameBack" bigint, cancelled bigint)
    WHERE l.id = c.id`
  const [row] = await tx<{ version: number }[]>`
    UPDATE transfer SET version = version + 1, phase = ${header.phase}, due_on = ${doc.dueOn}, overdue_on = ${doc.overdueOn}, recalled = ${doc.recalled},
      approved_by = ${doc.approvedBy}, approved_at = CASE WHEN approved_by IS NULL AND ${doc.approvedBy !== null} THEN clock_timestamp() ELSE approved_at END,
      closed_at = CASE WHEN ${header.open} THEN NULL ELSE coalesce(closed_at, clock_timestamp()) END
    WHERE id = ${doc.id} RETURNING version`
  return row!.version
}

export interface TransferEvent {
  kind: 'shipped' | 'arrived' | 'lost' | 'came-back'
  reference: string
  happenedOn: string
  reason: string | null
  actor: string
  lines: {
    lineId: bigint
    qty: bigint
    damaged: bigint
    valueMinor: bigint
    reason: string | null
  }[]
}

/** Whether the warehouse has told of this very event before. */
export async function isKnownEvent(
  tx: Tx,
  transferId: bigint,
  { kind, reference }: Pick<TransferEvent, 'kind' | 'reference'>,
): Promise<boolean> {
  const known = await tx`
    SELECT 1 FROM transfer_event WHERE transfer_id = ${transferId} AND kind = ${kind} AND reference = ${reference}`
  return known.length > 0
}

export async function insertTransferEvent(
  tx: Tx,
  transferId: bigint,
  event: TransferEvent,
): Promise<void> {
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO transfer_event (transfer_id, kind, reference, happened_on, reason, actor)
    VALUES (${transferId}, ${event.kind}, ${event.reference}, ${event.happenedOn}, ${event.reason}, ${event.actor}) RETURNING id`
  const lines = event.lines.map((line) => ({
    event_id: row!.id,
    line_id: line.lineId,
    qty: line.qty,
    damaged: line.damaged,
    value_minor: line.valueMinor,
    reason: line.reason,
  }))
  await tx`INSERT INTO transfer_event_line ${tx(lines)}`
}

/** Reserves at the source; the CHECK on the position refuses what is not there, whoever calls this. */
export async function reserveForTransfer(
  tx: Tx,
  siteId: number,
  rows: readonly { lineId: bigint; itemId: number; qty: bigint }[],
): Promise<void> {
  if (rows.length === 0) return
  const inserted = rows.map((row) => ({
    line_id: row.lineId,
    item_id: row.itemId,
    site_id: siteId,
    qty: row.qty,
  }))
  await tx`INSERT INTO transfer_reservation ${tx(inserted)}`
}

/** Reserved units of a line leave, or are given back; the oldest reservation first. */
export async function useTransferReservation(
  tx: Tx,
  how: 'consumed' | 'released',
  lineId: bigint,
  qty: bigint,
): Promise<void> {
  const rows = await tx<{ id: bigint; live: bigint }[]>`
    SELECT id, live FROM transfer_reservation WHERE line_id = ${lineId} AND live > 0 ORDER BY id FOR NO KEY UPDATE`
  let left = qty
  for (const row of rows) {
    const taken = left < row.live ? left : row.live
    if (taken === 0n) break
    left -= taken
    const counter = tx(how)
    await tx`UPDATE transfer_reservation SET ${counter} = ${counter} + ${taken} WHERE id = ${row.id}`
  }
  invariant(left === 0n, `line ${lineId} has fewer reserved units than are ${how}`)
}
