import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'

export interface RuleScope {
  entityId: number
  itemId: number | null
  itemClass: string | null
  siteId: number | null
}

/** A rule's company, item and site by what people call them. @throws Refusal `UnknownEntity`, `UnknownSku`, `UnknownSite`. */
export async function ruleScope(
  tx: Tx,
  named: {
    entity: string
    sku?: string | undefined
    itemClass?: string | undefined
    site?: string | undefined
  },
): Promise<RuleScope> {
  const [row] = await tx<
    { entityId: number | null; itemId: number | null; siteId: number | null }[]
  >`
    SELECT (SELECT id FROM entity WHERE code = ${named.entity}) AS "entityId", (SELECT id FROM item WHERE sku = ${named.sku ?? null} AND kind = 'stock') AS "itemId",
      (SELECT s.id FROM site s JOIN entity e ON e.id = s.entity_id WHERE s.code = ${named.site ?? null} AND e.code = ${named.entity}) AS "siteId"`
  const { entityId, itemId, siteId } = row!
  if (entityId === null)
    throw new Refusal(
      'UnknownEntity',
      `There is no company "${named.entity}". Name one that exists.`,
      {
        field: 'body.entity',
      },
    )
  if (named.sku !== undefined && itemId === null)
    throw new Refusal('UnknownSku', `No item that is kept in stock has the SKU "${named.sku}".`, {
      field: 'body.sku',
    })
  if (named.site !== undefined && siteId === null)
    throw new Refusal('UnknownSite', `${named.entity} has no site "${named.site}".`, {
      field: 'body.site',
    })
  return { entityId, itemId, itemClass: named.itemClass ?? null, siteId }
}

/** A policy's columns by their names in the table. */
export type PolicyFields = Record<string, string | number | null>

/**
 * Begins the next version of a rule.
 * @throws Refusal `VersionConflict` when the newest is another than the author saw.
 */
export async function addReplenishmentPolicy(
  tx: Tx,
  { entityId, itemId, itemClass, siteId }: RuleScope,
  { basedOn, fields }: { basedOn: number; fields: PolicyFields },
): Promise<bigint> {
  const [newest] = await tx<{ version: number }[]>`
    SELECT version FROM replenishment_policy WHERE entity_id = ${entityId} AND item_id IS NOT DISTINCT FROM ${itemId}
      AND item_class IS NOT DISTINCT FROM ${itemClass} AND site_id IS NOT DISTINCT FROM ${siteId} ORDER BY version DESC LIMIT 1`
  if ((newest?.version ?? 0) !== basedOn)
    throw new Refusal(
      'VersionConflict',
      `This policy's newest version is ${newest?.version ?? 0}, not ${basedOn}: read it again.`,
      { version: newest?.version ?? 0 },
    )
  const scope = { entity_id: entityId, item_id: itemId, item_class: itemClass, site_id: siteId }
  const whole = { ...fields, ...scope, version: basedOn + 1 }
  const [row] = await tx<
    { id: bigint }[]
  >`INSERT INTO replenishment_policy ${tx(whole)} RETURNING id`
  return row!.id
}

/** Answers false when it has been withdrawn before. */
export async function withdrawDemandEvent(tx: Tx, id: bigint, actor: string): Promise<boolean> {
  const rows = await tx`
    UPDATE demand_event SET withdrawn_at = clock_timestamp(), withdrawn_by = ${actor} WHERE id = ${id} AND withdrawn_at IS NULL RETURNING id`
  return rows.length > 0
}

export async function addLane(
  tx: Tx,
  lane: {
    fromSiteId: number
    toSiteId: number
    days: number
    fixedMinor: bigint
    perUnitMinor: bigint
    status: string
    reason: string
    actor: string
  },
): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO replenishment_lane (from_site_id, to_site_id, days, fixed_minor, per_unit_minor, status, reason, actor)
    VALUES (${lane.fromSiteId}, ${lane.toSiteId}, ${lane.days}, ${lane.fixedMinor}, ${lane.perUnitMinor}, ${lane.status}, ${lane.reason}, ${lane.actor}) RETURNING id`
  return row!.id
}

/** @throws Refusal `UnknownSupplier`. */
export async function addBudget(
  tx: Tx,
  budget: {
    entityId: number
    supplier: string | undefined
    month: string
    limitMinor: bigint
    reason: string
    actor: string
  },
): Promise<bigint> {
  const { entityId, supplier, month, limitMinor, reason, actor } = budget
  const [known] = await tx<{ id: number }[]>`
    SELECT id FROM supplier WHERE code = ${supplier ?? null} AND entity_id = ${entityId}`
  if (supplier !== undefined && !known)
    throw new Refusal('UnknownSupplier', `The company has no supplier "${supplier}".`, {
      field: 'body.supplier',
    })
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO replenishment_budget (entity_id, supplier_id, month, limit_minor, reason, actor)
    VALUES (${entityId}, ${known?.id ?? null}, ${`${month}-01`}, ${limitMinor}, ${reason}, ${actor}) RETURNING id`
  return row!.id
}
