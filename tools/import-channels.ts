import type { OrderLineDocument } from '#contracts/order-intake'
import type { Db } from '#db/client'
import { findItems, type FoundItem } from '#db/queries/listings'
import { policiesFor, type PinnedPolicies } from '#db/queries/policies'
import { RATE_ONE } from '#db/queries/rates'
import type { PastChannel } from '#db/stores/history'

export interface ImportChannel extends PastChannel {
  entityCode: string
  functionalCurrency: string
  policies: PinnedPolicies
}

/** What an import asks again and again, asked of the database once. */
export class ImportMasters {
  private readonly db: Db
  private readonly channels = new Map<string, ImportChannel | null>()
  private readonly items = new Map<string, FoundItem | null>()
  private readonly rates = new Map<string, bigint | null>()

  constructor(db: Db) {
    this.db = db
  }

  /** Null when there is no such channel. */
  async channel(code: string): Promise<ImportChannel | null> {
    const known = this.channels.get(code)
    if (known !== undefined) return known
    const [row] = await this.db<Omit<ImportChannel, 'policies'>[]>`
      SELECT c.id, c.code, c.kind, c.entity_id AS "entityId", e.code AS "entityCode", e.functional_currency AS "functionalCurrency", e.timezone
      FROM channel c JOIN entity e ON e.id = c.entity_id WHERE c.code = ${code}`
    const channel = row ? { ...row, policies: await policiesFor(this.db, code) } : null
    this.channels.set(code, channel)
    return channel
  }

  /** Looks up, in one query, the items of those lines that have not been looked up yet. */
  async learnItems(channel: ImportChannel, lines: readonly OrderLineDocument[]): Promise<void> {
    const unknown = new Map(
      lines
        .filter((line) => !this.items.has(keyOf(channel, line)))
        .map((line) => [keyOf(channel, line), lookedUpAs(line)]),
    )
    if (unknown.size === 0) return
    const found = await findItems(this.db, channel.id, [...unknown.values()])
    for (const [n, key] of [...unknown.keys()].entries()) this.items.set(key, found[n] ?? null)
  }

  item(channel: ImportChannel, line: OrderLineDocument): FoundItem | null {
    return this.items.get(keyOf(channel, line)) ?? null
  }

  /** After items were created: what was not found may be there now. */
  forgetUnknown(): void {
    for (const [key, item] of this.items) if (item === null) this.items.delete(key)
  }

  /** The rate of the day or the last before it; for days before the first rate, the first. */
  async rate(from: string, to: string, on: string): Promise<bigint | null> {
    if (from === to) return RATE_ONE
    const key = `${from}/${to}/${on}`
    const known = this.rates.get(key)
    if (known !== undefined) return known
    const [row] = await this.db<{ rate: bigint }[]>`
      SELECT rate_e9 AS rate FROM fx_rate WHERE from_currency = ${from} AND to_currency = ${to} AND kind = 'spot'
      ORDER BY (rate_on <= ${on}) DESC, CASE WHEN rate_on <= ${on} THEN -(rate_on - date '2000-01-01') ELSE rate_on - date '2000-01-01' END, id DESC LIMIT 1`
    const rate = row?.rate ?? null
    this.rates.set(key, rate)
    return rate
  }
}

function keyOf(channel: ImportChannel, line: OrderLineDocument): string {
  const { externalListingId, sku } = lookedUpAs(line)
  return `${channel.id}\n${externalListingId ?? ''}\n${sku ?? ''}`
}

/** Charges and gift cards without a SKU stand for built-in items, as in order intake. */
function lookedUpAs(line: OrderLineDocument): Pick<OrderLineDocument, 'externalListingId' | 'sku'> {
  const { externalListingId, sku, giftCard, requiresShipping } = line
  if (sku !== null) return { externalListingId, sku }
  if (giftCard) return { externalListingId: null, sku: 'GIFT-CARD' }
  return requiresShipping ? { externalListingId, sku } : { externalListingId: null, sku: 'SERVICE' }
}
