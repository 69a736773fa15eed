import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'
import type { ItemStatus } from '#domain/item-status'
import type { LotPolicy } from '#domain/stock/lots'

export interface Item {
  sku: string
  name: string
  kind: 'stock' | 'kit' | 'service' | 'gift-card'
  status: ItemStatus
  uom: string
  class: string | null
  brand: string | null
  lengthMm: number | null
  widthMm: number | null
  heightMm: number | null
  weightG: number | null
  shipAlone: boolean
  hazmatClass: string | null
  restrictedCountries: string[]
  minimumAge: number | null
  hsCode: string | null
  origin: string | null
  taxCategory: string
  lotPolicy: LotPolicy
  /** Goods that last for fewer days from their receipt are set aside; null: only expired ones. */
  minShelfLifeDays: number | null
  costMethod: 'fifo' | 'moving-average'
  listPrice: { currency: string; minor: string } | null
  version: number
  /** Fields that must be filled before it may be sold or received (INV-3). */
  missing: string[]
  ready: boolean
  recordedAt: string
}

export interface ItemFilter {
  status?: string | undefined
  kind?: string | undefined
  skuPrefix?: string | undefined
  /** Only items that lack this field. */
  missing?: string | undefined
  after: string
  limit: number
}

export interface KitComponent {
  sku: string
  qty: string
}

export interface Substitute {
  sku: string
  rank: number
  ratio: number
}

export interface Entity {
  code: string
  name: string
  functionalCurrency: string
  country: string
  timezone: string
}

export interface Site {
  code: string
  entity: string
  name: string
  kind: string
  country: string
  region: string | null
  postalCode: string | null
  timezone: string
  cutoffLocal: string
  dailyCapacity: number | null
  status: 'active' | 'paused' | 'closed'
}

export interface Channel {
  code: string
  entity: string
  name: string
  kind: string
  currency: string
  marketplace: boolean
  priority: number
  status: 'active' | 'paused'
}

/** How a channel is asked for orders that no webhook told; without an address nobody asks. */
export interface Polling {
  pollUrl: string | null
  /** The variable with the credential; the credential itself is never here. */
  pollSecretRef: string | null
  pollSeconds: number
}

export type PolledChannel = Channel & Polling & { syncedTo: string | null; sweptAt: string | null }

export interface Listing {
  id: string
  channel: string
  externalId: string
  sku: string
  packFactor: number
  buffer: string
  state: 'live' | 'paused'
}

type ItemRow = Omit<Item, 'listPrice' | 'missing' | 'ready'> & {
  listPriceMinor: bigint | null
  listCurrency: string | null
  missingColumns: string[]
}

/** Columns of `item` as `i`, under the names of {@link Item}. */
const itemColumns = (db: Reader) => db`
  i.sku, i.name, i.kind, i.status, i.uom, i.class, i.brand, i.length_mm AS "lengthMm", i.width_mm AS "widthMm",
  i.height_mm AS "heightMm", i.weight_g AS "weightG", i.ship_alone AS "shipAlone", i.hazmat_class AS "hazmatClass",
  i.restricted_countries AS "restrictedCountries", i.minimum_age AS "minimumAge", i.hs_code AS "hsCode", i.origin,
  i.tax_category AS "taxCategory", i.lot_policy AS "lotPolicy", i.min_shelf_life_days AS "minShelfLifeDays", i.cost_method AS "costMethod",
  i.list_price_minor AS "listPriceMinor", i.list_currency AS "listCurrency", i.version,
  item_missing_fields(i) AS "missingColumns", i.recorded_at AS "recordedAt"`

export async function listItems(db: Reader, filter: ItemFilter): Promise<Item[]> {
  const { status, kind, skuPrefix, missing, after, limit } = filter
  const rows = await db<ItemRow[]>`
    SELECT ${itemColumns(db)} FROM item i
    WHERE i.sku > ${after}
      ${status === undefined ? db`` : db`AND i.status = ${status}`}
      ${kind === undefined ? db`` : db`AND i.kind = ${kind}`}
      ${skuPrefix === undefined ? db`` : db`AND starts_with(i.sku, ${skuPrefix})`}
      ${missing === undefined ? db`` : db`AND ${columnOf(missing)} = ANY (item_missing_fields(i))`}
    ORDER BY i.sku LIMIT ${limit}`
  return rows.map(toItem)
}

export async function readItem(
  db: Reader,
  sku: string,
  { lock = false } = {},
): Promise<(Item & { id: number }) | undefined> {
  const [row] = await db<(ItemRow & { id: number })[]>`
    SELECT i.id, ${itemColumns(db)} FROM item i WHERE i.sku = ${sku} ${lock ? db`FOR UPDATE OF i` : db``}`
  return row && { ...toItem(row), id: row.id }
}

export async function kitComponents(db: Reader, itemId: number): Promise<KitComponent[]> {
  const rows = await db<{ sku: string; qty: bigint }[]>`
    SELECT c.sku, k.qty FROM kit_component k JOIN item c ON c.id = k.item_id
    WHERE k.kit_id = ${itemId} ORDER BY c.sku`
  return rows.map(({ sku, qty }) => ({ sku, qty: qty.toString() }))
}

export async function substitutesOf(db: Reader, itemId: number): Promise<Substitute[]> {
  return db<Substitute[]>`
    SELECT i.sku, s.rank, s.ratio FROM item_substitute s JOIN item i ON i.id = s.substitute_id
    WHERE s.item_id = ${itemId} ORDER BY s.rank, i.sku`
}

export async function listEntities(db: Reader, scopes: Scopes): Promise<Entity[]> {
  return db<Entity[]>`
    SELECT code, name, functional_currency AS "functionalCurrency", country, timezone FROM entity e
    WHERE ${within(db, db`e.code`, scopes.entities)} ORDER BY code`
}

const siteColumns = (db: Reader) => db`
  s.code, e.code AS entity, s.name, s.kind, s.country, s.region, s.postal_code AS "postalCode", s.timezone,
  to_char(s.cutoff_local, 'HH24:MI') AS "cutoffLocal", s.daily_capacity AS "dailyCapacity", s.status`

export interface CodePage {
  after: string
  limit: number
  scopes: Scopes
  status?: string | undefined
}

export async function listSites(db: Reader, page: CodePage): Promise<Site[]> {
  const { after, limit, scopes, status } = page
  return db<Site[]>`
    SELECT ${siteColumns(db)} FROM site s JOIN entity e ON e.id = s.entity_id
    WHERE s.code > ${after} AND ${within(db, db`e.code`, scopes.entities)} AND ${within(db, db`s.code`, scopes.sites)}
      ${status === undefined ? db`` : db`AND s.status = ${status}`}
    ORDER BY s.code LIMIT ${limit}`
}

export async function readSite(db: Reader, siteCode: string): Promise<Site | undefined> {
  const [site] = await db<Site[]>`
    SELECT ${siteColumns(db)} FROM site s JOIN entity e ON e.id = s.entity_id WHERE s.code = ${siteCode}`
  return site
}

const channelColumns = (db: Reader) => db`
  c.code, e.code AS entity, c.name, c.kind, c.currency, c.marketplace, c.priority, c.status,
  c.poll_url AS "pollUrl", c.poll_secret_ref AS "pollSecretRef", c.poll_seconds AS "pollSeconds", s.synced_to AS "syncedTo", s.swept_at AS "sweptAt"
  FROM channel c JOIN entity e ON e.id = c.entity_id LEFT JOIN channel_sync s ON s.channel_id = c.id`

export async function listChannels(db: Reader, page: CodePage): Promise<PolledChannel[]> {
  const { after, limit, scopes, status } = page
  return db<PolledChannel[]>`
    SELECT ${channelColumns(db)}
    WHERE c.code > ${after} AND ${within(db, db`e.code`, scopes.entities)} AND ${within(db, db`c.code`, scopes.channels)}
      ${status === undefined ? db`` : db`AND c.status = ${status}`}
    ORDER BY c.code LIMIT ${limit}`
}

export async function readChannel(
  db: Reader,
  channelCode: string,
): Promise<PolledChannel | undefined> {
  const [channel] = await db<PolledChannel[]>`
    SELECT ${channelColumns(db)} WHERE c.code = ${channelCode}`
  return channel
}

type ListingRow = Omit<Listing, 'id' | 'buffer'> & { id: number; buffer: bigint; entity: string }

const listingColumns = (db: Reader) => db`
  l.id, c.code AS channel, e.code AS entity, l.external_id AS "externalId", i.sku, l.pack_factor AS "packFactor", l.buffer, l.state
  FROM listing l JOIN channel c ON c.id = l.channel_id JOIN entity e ON e.id = c.entity_id JOIN item i ON i.id = l.item_id`

export interface ListingFilter {
  channel?: string | undefined
  sku?: string | undefined
  state?: string | undefined
  after: number
  limit: number
  scopes: Scopes
}

export async function listListings(db: Reader, filter: ListingFilter): Promise<Listing[]> {
  const { channel, sku, state, after, limit, scopes } = filter
  const rows = await db<ListingRow[]>`
    SELECT ${listingColumns(db)}
    WHERE l.id > ${after} AND ${within(db, db`e.code`, scopes.entities)} AND ${within(db, db`c.code`, scopes.channels)}
      ${channel === undefined ? db`` : db`AND c.code = ${channel}`}
      ${sku === undefined ? db`` : db`AND i.sku = ${sku}`}
      ${state === undefined ? db`` : db`AND l.state = ${state}`}
    ORDER BY l.id LIMIT ${limit}`
  return rows.map(toListing)
}

export async function readListing(
  db: Reader,
  id: number,
): Promise<(Listing & { entity: string }) | undefined> {
  const [row] = await db<ListingRow[]>`SELECT ${listingColumns(db)} WHERE l.id = ${id}`
  return row && { ...toListing(row), entity: row.entity }
}

/** `weight_g` → `weightG`: fields are told under the names that a caller sends. */
export function fieldOf(column: string): string {
  return column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function columnOf(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** True in SQL where a code lies within a caller's scope; `null` is all. */
function within(db: Reader, column: ReturnType<Reader>, codes: readonly string[] | null) {
  return codes === null ? db`true` : db`${column} = ANY (${[...codes]}::text[])`
}

function toItem(row: ItemRow & { id?: number }): Item {
  const { listPriceMinor, listCurrency, missingColumns, id: _, ...item } = row
  const missing = missingColumns.map(fieldOf)
  const hasPrice = listPriceMinor !== null && listCurrency !== null
  return {
    ...item,
    listPrice: hasPrice ? { currency: listCurrency, minor: listPriceMinor.toString() } : null,
    missing,
    ready: missing.length === 0,
  }
}

function toListing({ id, buffer, entity: _, ...listing }: ListingRow): Listing {
  return { ...listing, id: String(id), buffer: buffer.toString() }
}
