import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'
import { recordAudit } from './records.ts'
import type { ReplenishedCompany } from './replenishment-runs.ts'
import { changeSupply } from './supply.ts'

export interface NewDemandEvent {
  entityId: number
  itemId: number | null
  itemClass: string | null
  siteId: number | null
  kind: 'season' | 'promotion' | 'one-off' | 'new-level'
  name: string
  fromOn: string
  toOn: string
  factorPpm: bigint
  unitsPerDay: bigint
  reason: string
  actor: string
}

export async function addDemandEvent(tx: Tx, event: NewDemandEvent): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO demand_event (entity_id, item_id, item_class, site_id, kind, name, from_on, to_on, factor_ppm, units_per_day, reason, actor)
    VALUES (${event.entityId}, ${event.itemId}, ${event.itemClass}, ${event.siteId}, ${event.kind}, ${event.name}, ${event.fromOn}, ${event.toOn},
      ${event.factorPpm}, ${event.unitsPerDay}, ${event.reason}, ${event.actor}) RETURNING id`
  return row!.id
}

export interface NewWish {
  itemId: number
  siteId: number
  kind: 'transfer' | 'not-supplier' | 'air'
  supplierId: number | null
  days: number | null
  untilOn: string
  caseId: bigint
  actor: string
}

/** What a person wants for a while; proposals follow it until then. */
export async function addWish(tx: Tx, wish: NewWish): Promise<void> {
  await tx`
    INSERT INTO replenishment_wish (item_id, site_id, kind, supplier_id, days, until_on, case_id, actor)
    VALUES (${wish.itemId}, ${wish.siteId}, ${wish.kind}, ${wish.supplierId}, ${wish.days}, ${wish.untilOn}, ${wish.caseId}, ${wish.actor})`
}

/**
 * The supplier whose turn it is now, to be passed over for the one behind it.
 * @throws Refusal `NoOtherSupplier`.
 */
export async function nextSupplier(
  tx: Tx,
  { itemId, siteId, entityId }: { itemId: number; siteId: number; entityId: number },
): Promise<number> {
  const rows = await tx<{ id: number }[]>`
    SELECT s.id FROM supplier_item i JOIN supplier s ON s.id = i.supplier_id
    WHERE i.item_id = ${itemId} AND i.status = 'active' AND s.state = 'approved' AND s.entity_id = ${entityId}
      AND NOT EXISTS (SELECT FROM replenishment_wish w WHERE (w.item_id, w.site_id, w.supplier_id) = (${itemId}, ${siteId}, s.id) AND w.until_on >= current_date)
    ORDER BY i.rank, s.id`
  if (rows.length < 2)
    throw new Refusal(
      'NoOtherSupplier',
      'Nobody else sells this item: add another supplier of it, or choose something else.',
    )
  return rows[0]!.id
}

/**
 * What should have come comes on another day; orders that are promised from it are told.
 * @throws Refusal `SupplyClosed` when nothing is overdue any more.
 */
export async function postponeOverdue(
  tx: Tx,
  late: {
    itemId: number
    siteId: number
    today: string
    dueOn: string
    reason: string
    actor: string
    key: string
  },
): Promise<void> {
  const { itemId, siteId, today, dueOn, reason, actor, key } = late
  const supplies = await tx<{ id: bigint }[]>`
    SELECT id FROM expected_supply WHERE (item_id, site_id) = (${itemId}, ${siteId}) AND state = 'open' AND due_on < ${today} ORDER BY id`
  if (supplies.length === 0)
    throw new Refusal('SupplyClosed', 'Nothing of this item is overdue here any more.')
  for (const { id } of supplies)
    await changeSupply(tx, id, { dueOn, reason, actor, key: `${key}/${id}` })
}

/**
 * The channel sees so many units fewer of the item, so that others get what there is.
 * @throws Refusal `UnknownListing`.
 */
export async function throttleChannel(
  tx: Tx,
  wish: { itemId: number; channel: string; buffer: bigint; reason: string; actor: string },
): Promise<void> {
  const { itemId, channel, buffer, reason, actor } = wish
  const changed = await tx<{ id: number; before: bigint }[]>`
    UPDATE listing l SET buffer = ${buffer} FROM channel c
    WHERE c.id = l.channel_id AND c.code = ${channel} AND l.item_id = ${itemId} RETURNING l.id, old.buffer AS before`
  if (changed.length === 0)
    throw new Refusal('UnknownListing', `${channel} does not list this item: name one that does.`, {
      field: 'body.params.channel',
    })
  await recordAudit(
    tx,
    changed.map(({ id, before }) => ({
      ...{ subjectType: 'listing', subjectId: id.toString(), action: 'throttled' },
      ...{ before: { buffer: before }, after: { buffer }, reason, actor },
    })),
  )
}

/** A run of one item, made and over in the commit of a person's choice. */
export async function recomputedRun(
  tx: Tx,
  company: ReplenishedCompany,
  { key, cause, actor }: { key: string; cause: string; actor: string },
): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO replenishment_run (key, entity_id, run_on, cause, actor, total, state, ended_at)
    VALUES (${key}, ${company.entityId}, ${company.today}, ${cause}, ${actor}, 0, 'done', clock_timestamp()) RETURNING id`
  return row!.id
}
