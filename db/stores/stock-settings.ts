import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'

export interface SiteFacts {
  siteId: number
  entityId: number
  entity: string
  functionalCurrency: string
  /** The calendar date at the site's entity now. */
  today: string
}

/** @throws Refusal `UnknownSite`. */
export async function siteByCode(tx: Tx, code: string): Promise<SiteFacts> {
  const [row] = await tx<SiteFacts[]>`
    SELECT s.id AS "siteId", s.entity_id AS "entityId", e.code AS entity, e.functional_currency AS "functionalCurrency", (clock_timestamp() AT TIME ZONE e.timezone)::date AS today
    FROM site s JOIN entity e ON e.id = s.entity_id WHERE s.code = ${code}`
  if (!row)
    throw new Refusal('UnknownSite', `There is no site "${code}". Name one that exists.`, {
      field: 'body.site',
    })
  return row
}

/** @throws Refusal `UnknownSku`; `ItemNotReady` while required fields are missing (INV-3). */
export async function itemIdOf(tx: Tx, sku: string): Promise<number> {
  const [id] = await itemIdsOf(tx, [sku], () => 'body.sku')
  return id!
}

/**
 * Item ids of SKUs, in their order, in one statement however many they are.
 * @param fieldOf the field of the request that names the nth SKU, for a refusal
 * @throws Refusal as `itemIdOf` does, of the first that is wrong
 */
export async function itemIdsOf(
  tx: Tx,
  skus: readonly string[],
  fieldOf: (n: number) => string,
): Promise<number[]> {
  const rows = await tx<ItemRow[]>`
    SELECT i.sku, i.id, status, kind, item_missing_fields(i) AS missing FROM item i WHERE sku = ANY (${[...new Set(skus)]})`
  const known = new Map(rows.map((item) => [item.sku, item]))
  return skus.map((sku, n) => mayMove(sku, known.get(sku), fieldOf(n)))
}

interface ItemRow {
  sku: string
  id: number
  status: string
  kind: string
  missing: string[]
}

function mayMove(sku: string, row: ItemRow | undefined, field: string): number {
  if (!row)
    throw new Refusal('UnknownSku', `No item has the SKU "${sku}". Create it first.`, { field })
  if (row.kind !== 'stock')
    throw new Refusal('NotAStockItem', `${sku} is a ${row.kind}: it has no stock.`, { field })
  if (row.missing.length > 0 || row.status === 'draft')
    throw new Refusal(
      'ItemNotReady',
      `${sku} is ${row.status}${row.missing.length > 0 ? `, ${row.missing.join(', ')} missing` : ''}. Complete and activate it before it moves.`,
      { field },
    )
  return row.id
}

/** Answers what was in force on that date before. */
export async function setSafetyStock(
  tx: Tx,
  policy: {
    itemId: number
    siteId: number
    safetyStock: bigint
    effectiveFrom: string
    reason: string
    actor: string
  },
): Promise<bigint> {
  const [before] = await tx<{ safetyStock: bigint }[]>`
    SELECT safety_stock AS "safetyStock" FROM stock_policy
    WHERE item_id = ${policy.itemId} AND site_id = ${policy.siteId} AND effective_from <= ${policy.effectiveFrom} ORDER BY effective_from DESC, id DESC LIMIT 1`
  await tx`INSERT INTO stock_policy (item_id, site_id, safety_stock, effective_from, reason, actor)
    VALUES (${policy.itemId}, ${policy.siteId}, ${policy.safetyStock}, ${policy.effectiveFrom}, ${policy.reason}, ${policy.actor})`
  return before?.safetyStock ?? 0n
}

/** Answers what was set aside before. @throws Refusal `UnknownChannel`. */
export async function setPool(
  tx: Tx,
  pool: { itemId: number; siteId: number; channel: string; qty: bigint; reason: string },
): Promise<bigint> {
  const [channel] = await tx<{ id: number }[]>`SELECT id FROM channel WHERE code = ${pool.channel}`
  if (!channel)
    throw new Refusal('UnknownChannel', `There is no channel "${pool.channel}".`, {
      field: 'body.channel',
    })
  const [before] = await tx<{ qty: bigint }[]>`
    SELECT qty FROM stock_pool WHERE (channel_id, item_id, site_id) = (${channel.id}, ${pool.itemId}, ${pool.siteId}) FOR UPDATE`
  await tx`INSERT INTO stock_pool (channel_id, item_id, site_id, qty, reason) VALUES (${channel.id}, ${pool.itemId}, ${pool.siteId}, ${pool.qty}, ${pool.reason})
    ON CONFLICT (item_id, site_id, channel_id) DO UPDATE SET qty = excluded.qty, reason = excluded.reason, changed_at = clock_timestamp()`
  return before?.qty ?? 0n
}
