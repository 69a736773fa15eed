import type { Tx } from '#db/client'
import { exchangeRate } from '#db/queries/rates'
import { lockOpenItem } from '#db/stores/ledger-open-items'
import { lockItems } from '#db/stores/settlement-posting'
import type { SettlementDoc } from '#db/stores/settlements'
import type { AccountRole } from '#domain/ledger/chart'
import { convertMinor } from '#domain/ledger/fx'
import type { StatementDay } from '#domain/ledger/posting-settlements'
import { takeBooked, type OpenValue } from '#domain/ledger/open-value'

/**
 * What open items were booked at, as far as entries of this transaction have not taken it. Only
 * statements in a foreign currency ask: at home an amount is its own value.
 */
export class Booked {
  private readonly items = new Map<string, OpenValue>()
  private readonly rates = new Map<string, bigint>()
  private readonly tx: Tx
  private readonly doc: SettlementDoc

  constructor(tx: Tx, doc: SettlementDoc) {
    this.tx = tx
    this.doc = doc
  }

  /** Which day of which statement an entry is about. */
  async day(on: string): Promise<StatementDay> {
    const { id, entityId, provider, account, channelId, clearing, currency } = this.doc
    const { functionalCurrency } = this.doc
    return {
      ...{ statementId: id, entity: entityId, provider, account, clearing, on },
      ...{ currency, functionalCurrency, rateE9: await this.rate(on) },
      ...(channelId === null ? {} : { channelId }),
    }
  }

  private async rate(on: string): Promise<bigint> {
    const { currency: from, functionalCurrency: to } = this.doc
    const known = this.rates.get(on) ?? (await exchangeRate(this.tx, { from, to, on }))
    this.rates.set(on, known)
    return known
  }

  /** Locks the clearing account's items in one statement, before any of them is taken from. */
  async know(keys: readonly string[]): Promise<void> {
    for (const [key, value] of await lockItems(this.tx, this.doc, keys))
      this.items.set(`${this.doc.clearing}/${key}`, value)
  }

  /**
   * The value at which `creditMinor` leaves the item, with its sign; undefined where it is its own
   * value, or adds to the item and so is valued by the day.
   */
  async take(
    account: AccountRole,
    key: string,
    creditMinor: bigint,
    on: string,
  ): Promise<bigint | undefined> {
    const { currency, functionalCurrency } = this.doc
    if (currency === functionalCurrency || creditMinor === 0n) return undefined
    const item = await this.item(account, key)
    const side = creditMinor < 0n ? -1n : 1n
    if (!item || item.amountMinor * side <= 0n) return undefined
    const open = { amountMinor: item.amountMinor * side, funcMinor: item.funcMinor * side }
    const amount = creditMinor * side
    const beyond = amount > open.amountMinor ? amount - open.amountMinor : 0n
    const booked = takeBooked(open, amount)
    this.items.set(`${account}/${key}`, {
      amountMinor: open.amountMinor * side,
      funcMinor: open.funcMinor * side,
    })
    const rate = await this.rate(on)
    return (booked + convertMinor(beyond, currency, functionalCurrency, rate)) * side
  }

  private async item(account: AccountRole, key: string): Promise<OpenValue | undefined> {
    const name = `${account}/${key}`
    const known = this.items.get(name)
    if (known) return known
    const { entityId, currency } = this.doc
    const found = await lockOpenItem(this.tx, { entityId, account, currency, key })
    if (!found) return undefined
    const value = { amountMinor: found.balanceMinor, funcMinor: found.funcMinor }
    this.items.set(name, value)
    return value
  }
}

/** As `Booked.take`'s answer, for an object that leaves out what is undefined. */
export function bookedAt(funcMinor: bigint | undefined): { bookedFuncMinor?: bigint } {
  return funcMinor === undefined ? {} : { bookedFuncMinor: funcMinor }
}
