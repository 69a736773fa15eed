import type { OrderDocument } from '#contracts/order-intake'
import type { Db } from '#db/client'
import { commitOnce, requestHash } from '#db/commit-once'
import { openStock } from '#db/stores/goods'
import { postEntry } from '#db/stores/ledger'
import { recordAudit } from '#db/stores/records'
import { insertSet } from '#db/stores/row-sets'
import { convertMinor } from '#domain/ledger/fx'
import { credit } from '#domain/ledger/journal'
import { postBalancesOpened } from '#domain/ledger/posting-inventory'
import { sum } from '#domain/money'
import type { ImportChannel, ImportMasters } from './import-channels.ts'

/** What an item must know before it may be sold; from `--item-defaults`, by SKU or `*` for all. */
export interface ItemFacts {
  weightG: number
  lengthMm: number
  widthMm: number
  heightMm: number
  hsCode: string
  origin: string
}

export interface ItemCreation {
  /** Complete enough to be sold; a draft knows only what the file tells. */
  active: boolean
  facts: Record<string, Partial<ItemFacts>>
  actor: string
}

/** Made up, and therefore flagged by the class `imported`: measure before you ship. */
const MADE_UP: ItemFacts = {
  weightG: 300,
  lengthMm: 150,
  widthMm: 100,
  heightMm: 80,
  hsCode: '0000.00',
  origin: 'ZZ',
}

/** Creates what the orders sell and nobody has an item for; answers how many are new. */
export async function createMissingItems(
  db: Db,
  masters: ImportMasters,
  channel: ImportChannel,
  orders: readonly OrderDocument[],
  creation: ItemCreation,
): Promise<number> {
  await masters.learnItems(
    channel,
    orders.flatMap((order) => order.lines),
  )
  const rows = new Map<string, object>()
  for (const order of orders) {
    for (const line of order.lines) {
      if (line.sku === null || line.sku.length > 100 || rows.has(line.sku)) continue
      if (masters.item(channel, line)) continue
      const facts = { ...MADE_UP, ...creation.facts['*'], ...creation.facts[line.sku] }
      rows.set(line.sku, {
        sku: line.sku,
        name: line.title || line.sku,
        kind: line.giftCard ? 'gift-card' : 'stock',
        status: creation.active ? 'active' : 'draft',
        class: 'imported',
        weight_g: creation.active ? facts.weightG : null,
        length_mm: creation.active ? facts.lengthMm : null,
        width_mm: creation.active ? facts.widthMm : null,
        height_mm: creation.active ? facts.heightMm : null,
        hs_code: creation.active ? facts.hsCode : null,
        origin: creation.active ? facts.origin : null,
        list_price_minor: line.unitPriceMinor,
        list_currency: order.currency,
      })
    }
  }
  if (rows.size === 0) return 0
  const items = [...rows.values()]
  const request = { items }
  const key = `import-items/${requestHash(request).toString('hex')}`
  const added = await commitOnce(db, { key, request, actor: creation.actor }, async (tx) => {
    const skus = [...rows.keys()]
    await recordAudit(
      tx,
      skus.map((sku) => ({
        subjectType: 'item',
        subjectId: sku,
        action: 'created',
        reason: 'sold by an imported order',
        actor: creation.actor,
      })),
    )
    return insertItems(tx, items)
  })
  masters.forgetUnknown()
  return added
}

function insertItems(tx: Parameters<typeof insertSet>[0], items: readonly object[]) {
  return insertSet(tx, 'item', items)
}

export interface StockOpening {
  qty: number
  /** Share of the list price that a unit is taken to have cost. */
  costPercent: number
  today: string
  actor: string
}

interface Unstocked {
  id: number
  listPriceMinor: bigint
  listCurrency: string
}

/**
 * Gives imported items that have never had stock their first: Dr Inventory Cr Opening balances,
 * and Dr Opening balances Cr Capital, so that the opening account is left at zero.
 */
export async function openImportedStock(
  db: Db,
  masters: ImportMasters,
  channel: ImportChannel,
  orders: readonly OrderDocument[],
  opening: StockOpening,
): Promise<number> {
  const lines = orders.flatMap((order) => order.lines)
  await masters.learnItems(channel, lines)
  const ids = new Set(lines.map((line) => masters.item(channel, line)?.itemId ?? 0))
  const [site] = await db<{ id: number }[]>`
    SELECT id FROM site WHERE entity_id = ${channel.entityId} AND kind = 'own' AND status = 'active' ORDER BY id LIMIT 1`
  if (!site) throw new Error(`${channel.entityCode} has no warehouse of its own to open stock in`)
  const items = await db<Unstocked[]>`
    SELECT id, coalesce(list_price_minor, 0) AS "listPriceMinor", coalesce(list_currency, ${channel.functionalCurrency}) AS "listCurrency" FROM item i
    WHERE id = ANY (${[...ids]}::int[]) AND class = 'imported' AND kind = 'stock'
      AND NOT EXISTS (SELECT FROM stock_movement m WHERE m.item_id = i.id) ORDER BY id`
  if (items.length === 0) return 0
  const priced = await Promise.all(
    items.map(async (item) => ({
      itemId: item.id,
      siteId: site.id,
      qty: BigInt(opening.qty),
      valueMinor: BigInt(opening.qty) * (await unitCost(masters, channel, item, opening)),
    })),
  )
  const request = { site: site.id, items: items.map(({ id }) => id) }
  const openingId = `import/${channel.entityCode}/${requestHash(request).toString('hex').slice(0, 24)}`
  const command = { key: `import-stock/${openingId}`, request, actor: opening.actor }
  await commitOnce(db, command, async (tx) => {
    const { entityId, functionalCurrency } = channel
    const { actor, today: openedOn } = opening
    await openStock(tx, {
      openingId,
      entityId,
      functionalCurrency,
      openedOn,
      actor,
      lines: priced,
    })
    const worth = sum(priced.map(({ valueMinor }) => valueMinor))
    const contribution = postBalancesOpened({
      openingId: `${openingId}/capital`,
      entity: entityId,
      openedOn,
      currency: functionalCurrency,
      balances: [credit('Capital', worth)],
    })
    await postEntry(tx, contribution, actor)
  })
  return items.length
}

async function unitCost(
  masters: ImportMasters,
  channel: ImportChannel,
  item: Unstocked,
  { costPercent, today }: StockOpening,
): Promise<bigint> {
  const to = channel.functionalCurrency
  const rate = await masters.rate(item.listCurrency, to, today)
  if (rate === null) throw new Error(`no rate from ${item.listCurrency} to ${to}: load one first`)
  const price = convertMinor(item.listPriceMinor, item.listCurrency, to, rate)
  const cost = (price * BigInt(Math.round(costPercent * 100))) / 10_000n
  return cost > 0n ? cost : 1n
}
