import type { Tx } from '#db/client'
import {
  fieldOf,
  kitComponents,
  readChannel,
  readItem,
  readListing,
  readSite,
  type Channel,
  type Item,
  type KitComponent,
  type Listing,
  type PolledChannel,
  type Polling,
  type Site,
  type Substitute,
} from '#db/queries/masters'
import { json } from './records.ts'
import { mayBecome } from '#domain/item-status'
import { Refusal } from '#domain/refusal'

type Fields = Omit<Item, 'sku' | 'version' | 'missing' | 'ready' | 'recordedAt'>
export type NewItem = { sku: string; name: string } & Partial<Fields>
export type ItemChange = Partial<Fields>

/** What a change was, for the audit trail. */
export interface Changed<Row> {
  before: Row
  after: Row
}

/** Stock was counted, valued and labelled by these: a change would make the past wrong. */
const FIXED_ONCE_MOVED = ['kind', 'uom', 'lotPolicy', 'costMethod'] as const

export async function insertItem(tx: Tx, item: NewItem): Promise<Item> {
  const rows = await tx<{ id: number }[]>`
    INSERT INTO item ${tx({ sku: item.sku, ...itemColumns({ ...item, status: 'draft' }) })}
    ON CONFLICT (sku) DO NOTHING RETURNING id`
  if (rows.length === 0)
    throw new Refusal('ItemExists', `There is an item ${item.sku} already: change that one.`)
  if (item.status !== undefined && item.status !== 'draft')
    return (await updateItem(tx, item.sku, 1, { status: item.status }, 1)).after
  return mustHave(await readItem(tx, item.sku), item.sku)
}

/**
 * Changes an item that is still as the caller saw it.
 * @throws Refusal VersionConflict, ItemIncomplete, ItemInUse, ItemStatusFixed
 */
export async function updateItem(
  tx: Tx,
  sku: string,
  version: number,
  change: ItemChange,
  nextVersion = version + 1,
): Promise<Changed<Item>> {
  const before = mustHave(await readItem(tx, sku, { lock: true }), sku)
  refuseStale(before, version)
  await refuseFixed(tx, before, change)
  const columns = itemColumns(change)
  if ((change.status ?? before.status) === 'active') await refuseIncomplete(tx, before, columns)
  await tx`UPDATE item SET ${tx({ ...columns, version: nextVersion })} WHERE id = ${before.id}`
  return { before: withoutId(before), after: mustHave(await readItem(tx, sku), sku) }
}

/** Told once, as orders are exploded by it: another composition is another SKU. */
export async function setKitComponents(
  tx: Tx,
  sku: string,
  version: number,
  components: readonly KitComponent[],
): Promise<Changed<KitComponent[]>> {
  const kit = mustHave(await readItem(tx, sku, { lock: true }), sku)
  refuseStale(kit, version)
  if (kit.kind !== 'kit')
    throw new Refusal('NotAKit', `${sku} is no kit: components belong to items of kind kit.`)
  const before = await kitComponents(tx, kit.id)
  if (before.length > 0)
    throw new Refusal(
      'KitComponentsFixed',
      `${sku} has its components, and orders may have been exploded by them: make a new kit and retire this one.`,
    )
  const ids = await itemIds(tx, components, { not: ['kit', 'service'] })
  await tx`
    INSERT INTO kit_component (kit_id, item_id, qty)
    SELECT ${kit.id}, * FROM unnest(${ids}::int[], ${components.map(({ qty }) => qty)}::bigint[])`
  await tx`UPDATE item SET version = version + 1 WHERE id = ${kit.id}`
  return { before, after: await kitComponents(tx, kit.id) }
}

export async function addSubstitute(tx: Tx, sku: string, substitute: Substitute): Promise<void> {
  const item = mustHave(await readItem(tx, sku, { lock: true }), sku)
  if (sku === substitute.sku)
    throw new Refusal('InvalidSubstitute', 'An item cannot stand in for itself.', {
      field: 'body.sku',
    })
  const [substituteId] = await itemIds(tx, [substitute], { not: [] })
  const added = await tx`
    INSERT INTO item_substitute (item_id, substitute_id, rank, ratio)
    VALUES (${item.id}, ${substituteId ?? 0}, ${substitute.rank}, ${substitute.ratio})
    ON CONFLICT (item_id, substitute_id) DO NOTHING RETURNING 1`
  if (added.length === 0)
    throw new Refusal('SubstituteExists', `${substitute.sku} stands in for ${sku} already.`)
}

export async function insertSite(tx: Tx, site: Site): Promise<Site> {
  const rows = await tx`
    INSERT INTO site (entity_id, code, name, kind, country, region, postal_code, timezone, cutoff_local, daily_capacity, status)
    SELECT id, ${site.code}, ${site.name}, ${site.kind}, ${site.country}, ${site.region}, ${site.postalCode},
      ${site.timezone}, ${site.cutoffLocal}, ${site.dailyCapacity}, ${site.status}
    FROM entity WHERE code = ${site.entity}
    ON CONFLICT (code) DO NOTHING RETURNING 1`
  if (rows.length === 0) throw await existsOrUnknown(tx, 'site', site.code, site.entity)
  return site
}

export async function updateSite(
  tx: Tx,
  siteCode: string,
  change: Partial<Omit<Site, 'code' | 'entity' | 'kind' | 'country'>>,
): Promise<Changed<Site> | undefined> {
  await tx`SELECT 1 FROM site WHERE code = ${siteCode} FOR UPDATE`
  const before = await readSite(tx, siteCode)
  if (!before) return undefined
  const after = { ...before, ...change }
  await tx`
    UPDATE site SET name = ${after.name}, region = ${after.region}, postal_code = ${after.postalCode}, timezone = ${after.timezone},
      cutoff_local = ${after.cutoffLocal}, daily_capacity = ${after.dailyCapacity}, status = ${after.status}
    WHERE code = ${siteCode}`
  return { before, after }
}

export async function insertChannel(
  tx: Tx,
  channel: Channel & Partial<Polling>,
  secretRefs: readonly string[],
): Promise<PolledChannel> {
  const polling = { pollUrl: null, pollSecretRef: null, pollSeconds: 60, ...channel }
  const rows = await tx`
    INSERT INTO channel (code, name, kind, entity_id, currency, marketplace, priority, status, secret_refs, poll_url, poll_secret_ref, poll_seconds)
    SELECT ${channel.code}, ${channel.name}, ${channel.kind}, id, ${channel.currency}, ${channel.marketplace},
      ${channel.priority}, ${channel.status}, ${[...secretRefs]}::text[], ${polling.pollUrl}, ${polling.pollSecretRef}, ${polling.pollSeconds}
    FROM entity WHERE code = ${channel.entity}
    ON CONFLICT (code) DO NOTHING RETURNING 1`
  if (rows.length === 0) throw await existsOrUnknown(tx, 'channel', channel.code, channel.entity)
  return { ...polling, syncedTo: null, sweptAt: null }
}

export async function updateChannel(
  tx: Tx,
  channelCode: string,
  change: Partial<Pick<Channel, 'name' | 'priority' | 'status'> & Polling> & {
    secretRefs?: string[]
  },
): Promise<Changed<PolledChannel> | undefined> {
  await tx`SELECT 1 FROM channel WHERE code = ${channelCode} FOR UPDATE`
  const before = await readChannel(tx, channelCode)
  if (!before) return undefined
  const { secretRefs, ...fields } = change
  const after = { ...before, ...fields }
  await tx`
    UPDATE channel SET name = ${after.name}, priority = ${after.priority}, status = ${after.status},
      poll_url = ${after.pollUrl}, poll_secret_ref = ${after.pollSecretRef}, poll_seconds = ${after.pollSeconds}
      ${secretRefs ? tx`, secret_refs = ${secretRefs}::text[]` : tx``}
    WHERE code = ${channelCode}`
  return { before, after }
}

export async function insertListing(tx: Tx, listing: Omit<Listing, 'id'>): Promise<Listing> {
  const item = await readItem(tx, listing.sku)
  if (!item)
    throw new Refusal('UnknownSku', `There is no item ${listing.sku}.`, { field: 'body.sku' })
  const [row] = await tx<{ id: number }[]>`
    INSERT INTO listing (channel_id, external_id, item_id, pack_factor, buffer, state)
    SELECT id, ${listing.externalId}, ${item.id}, ${listing.packFactor}, ${listing.buffer}, ${listing.state}
    FROM channel WHERE code = ${listing.channel}
    ON CONFLICT (channel_id, external_id) DO NOTHING RETURNING id`
  if (!row)
    throw new Refusal(
      'ListingExists',
      `${listing.channel} has a listing ${listing.externalId} already: change that one.`,
    )
  return { ...listing, id: String(row.id) }
}

export async function updateListing(
  tx: Tx,
  id: number,
  change: Partial<Pick<Listing, 'packFactor' | 'buffer' | 'state'>>,
): Promise<Changed<Listing>> {
  await tx`SELECT 1 FROM listing WHERE id = ${id} FOR UPDATE`
  const before = mustHave(await readListing(tx, id), `listing ${id}`)
  const { packFactor, buffer, state } = { ...before, ...change }
  await tx`UPDATE listing SET pack_factor = ${packFactor}, buffer = ${buffer}, state = ${state} WHERE id = ${id}`
  return { before, after: { ...before, packFactor, buffer, state } }
}

function refuseStale(item: Item, version: number): void {
  if (item.version === version) return
  throw new Refusal(
    'VersionConflict',
    `${item.sku} was changed meanwhile: read it again and repeat the change on version ${item.version}.`,
    { version: item.version },
  )
}

async function refuseFixed(tx: Tx, before: Item & { id: number }, change: ItemChange) {
  if (change.status !== undefined && !mayBecome(before.status, change.status))
    throw new Refusal(
      'ItemStatusFixed',
      `${before.sku} is ${before.status} and cannot become ${change.status}.`,
    )
  const fixed = FIXED_ONCE_MOVED.filter((f) => change[f] !== undefined && change[f] !== before[f])
  if (fixed.length === 0) return
  const moved = await tx`SELECT 1 FROM stock_movement WHERE item_id = ${before.id} LIMIT 1`
  if (moved.length > 0)
    throw new Refusal(
      'ItemInUse',
      `${before.sku} has stock movements, so ${fixed.join(', ')} cannot change: make a new item.`,
      { errors: fixed.map((f) => ({ field: `body.${f}`, message: `stays ${before[f]}` })) },
    )
}

/** An item becomes active, or stays so, only when it is complete (INV-3). */
async function refuseIncomplete(
  tx: Tx,
  item: Item & { id: number },
  columns: Record<string, unknown>,
): Promise<void> {
  const [row] = await tx<{ missing: string[] }[]>`
    SELECT item_missing_fields(jsonb_populate_record(i, ${json(tx, columns)})) AS missing
    FROM item i WHERE id = ${item.id}`
  const missing = (row?.missing ?? []).map(fieldOf)
  if (missing.length === 0) return
  throw new Refusal(
    'ItemIncomplete',
    `${item.sku} cannot be active: fill ${missing.join(', ')} first.`,
    {
      errors: missing.map((field) => ({
        field: `body.${field}`,
        message: `needed for an active item of kind ${item.kind}`,
      })),
    },
  )
}

async function itemIds(
  tx: Tx,
  named: readonly { sku: string }[],
  { not }: { not: string[] },
): Promise<number[]> {
  const skus = named.map(({ sku }) => sku)
  const rows = await tx<{ id: number; sku: string; kind: string }[]>`
    SELECT id, sku, kind FROM item WHERE sku = ANY (${skus}::text[])`
  return skus.map((sku, n) => {
    const found = rows.find((row) => row.sku === sku)
    const field = named.length > 1 || not.length > 0 ? `body.components.${n}.sku` : 'body.sku'
    if (!found) throw new Refusal('UnknownSku', `There is no item ${sku}.`, { field })
    if (not.includes(found.kind))
      throw new Refusal('InvalidComponent', `${sku} is a ${found.kind}: name stock items.`, {
        field,
      })
    return found.id
  })
}

async function existsOrUnknown(tx: Tx, what: string, code: string, entity: string) {
  const known = await tx`SELECT 1 FROM entity WHERE code = ${entity}`
  if (known.length === 0)
    return new Refusal('UnknownEntity', `There is no entity ${entity}.`, { field: 'body.entity' })
  return new Refusal('CodeTaken', `There is a ${what} ${code} already.`, { field: 'body.code' })
}

function itemColumns(change: ItemChange): Record<string, unknown> {
  const columns: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(change)) {
    if (value === undefined || field === 'listPrice' || field === 'sku') continue
    columns[columnName(field)] = value
  }
  if (change.listPrice !== undefined) {
    columns['list_price_minor'] = change.listPrice?.minor ?? null
    columns['list_currency'] = change.listPrice?.currency ?? null
  }
  return columns
}

function columnName(field: string): string {
  const column = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  if (fieldOf(column) !== field) throw new Error(`${field} is no field of an item.`)
  return column
}

function mustHave<Row>(row: Row | undefined, what: string): Row {
  if (row === undefined) throw new Refusal('ItemNotFound', `There is no ${what}.`)
  return row
}

function withoutId<Row extends { id: number }>({ id: _, ...row }: Row): Omit<Row, 'id'> {
  return row
}
