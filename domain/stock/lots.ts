import { addDays } from '../dates.ts'
import { Refusal } from '../refusal.ts'

export type LotPolicy = 'none' | 'lot' | 'lot-expiry' | 'serial'

/** What an item asks of whoever receives it. */
export interface TrackedItem {
  sku: string
  lotPolicy: LotPolicy
  /** Goods must last for so many days from their receipt; null: they must not have expired. */
  minShelfLifeDays: number | null
}

/** What somebody who receives units says of their lot, or of their serials one by one. */
export interface SaidLot {
  lot?: string | undefined
  /** YYYY-MM-DD; may be left out of a lot whose date is known. */
  expiresOn?: string | undefined
  serials?: readonly string[] | undefined
}

/** Units of one lot; a serial is a lot of one unit. */
export interface LotUnits {
  lot: string
  qty: bigint
}

/**
 * The lots of units that come in, as the item's policy asks for them; empty where nobody says and
 * nothing is asked.
 * @param knownExpiry of the lot, where it is registered with a date
 * @param field names the line in the request, for the refusal
 * @throws Refusal `LotRequired`, `ExpiryRequired`, `LotDateDiffers`, `SerialsRequired`
 */
export function lotsOfReceived(
  item: TrackedItem,
  said: SaidLot & { knownExpiry: string | null },
  { qty, field }: { qty: bigint; field: string },
): LotUnits[] {
  if (qty === 0n) return []
  if (item.lotPolicy === 'serial') return serialsOf(item, said.serials ?? [], { qty, field })
  if (said.serials !== undefined)
    throw new Refusal(
      'SerialsRequired',
      `${item.sku} is not kept by serial. Leave the serials out.`,
      {
        field: `${field}.serials`,
      },
    )
  if (said.lot === undefined) {
    if (item.lotPolicy === 'none') return []
    throw new Refusal(
      'LotRequired',
      `${item.sku} is kept by lot. Say in lot which one these units are of.`,
      { field: `${field}.lot` },
    )
  }
  requireDate(item, said, field)
  return [{ lot: said.lot, qty }]
}

function requireDate(
  item: TrackedItem,
  { lot, expiresOn, knownExpiry }: SaidLot & { knownExpiry: string | null },
  field: string,
): void {
  if (item.lotPolicy === 'lot-expiry' && expiresOn === undefined && knownExpiry === null)
    throw new Refusal(
      'ExpiryRequired',
      `${item.sku} is kept by lot and date. Say in expiresOn until when lot ${lot} lasts.`,
      { field: `${field}.expiresOn` },
    )
  if (expiresOn !== undefined && knownExpiry !== null && expiresOn !== knownExpiry)
    throw new Refusal(
      'LotDateDiffers',
      `Lot ${lot} of ${item.sku} lasts until ${knownExpiry}, these units say ${expiresOn}. Read the label again; if the lot is wrong, correct it first.`,
      { field: `${field}.expiresOn` },
    )
}

function serialsOf(
  item: TrackedItem,
  serials: readonly string[],
  { qty, field }: { qty: bigint; field: string },
): LotUnits[] {
  if (BigInt(serials.length) !== qty || new Set(serials).size !== serials.length)
    throw new Refusal(
      'SerialsRequired',
      `${item.sku} is kept by serial: ${qty} units came and ${new Set(serials).size} serials were told. Scan each unit once.`,
      { field: `${field}.serials` },
    )
  return serials.map((serial) => ({ lot: serial, qty: 1n }))
}

/** Why units that come in on a day may not be sold: they have expired, or will too soon. */
export function lastsTooShort(
  { minShelfLifeDays }: TrackedItem,
  { expiresOn, receivedOn }: { expiresOn: string | null; receivedOn: string },
): string | null {
  if (expiresOn === null) return null
  if (expiresOn <= receivedOn) return `expired on ${expiresOn}`
  const until = addDays(receivedOn, minShelfLifeDays ?? 0)
  return expiresOn < until ? `lasts until ${expiresOn}, ${until} is asked for` : null
}

/** Takes so many units off the front; what is left stays in `lots`. Fewer where lots hold fewer. */
export function takeLots(lots: LotUnits[], qty: bigint): LotUnits[] {
  const taken: LotUnits[] = []
  let left = qty
  while (left > 0n && lots.length > 0) {
    const first = lots[0]!
    const units = left < first.qty ? left : first.qty
    taken.push({ lot: first.lot, qty: units })
    first.qty -= units
    left -= units
    if (first.qty === 0n) lots.shift()
  }
  return taken
}
