import type { Reader } from '#db/client'
import { Refusal } from '#domain/refusal'

/** Rates are scaled by 1e9: functional major units for one foreign major unit. */
export const RATE_ONE = 1_000_000_000n

/**
 * The spot rate of the day, or of the latest day before it.
 * @throws Refusal `NoExchangeRate` when none has been loaded.
 */
export async function exchangeRate(
  reader: Reader,
  ask: { from: string; to: string; on: string },
): Promise<bigint> {
  const rateE9 = await rateOn(reader, ask)
  if (rateE9 === undefined)
    throw new Refusal(
      'NoExchangeRate',
      `No rate from ${ask.from} to ${ask.to} is known on or before ${ask.on}. Load one, then send the document again.`,
    )
  return rateE9
}

/** As {@link exchangeRate}, or undefined where none has been loaded. */
export async function rateOn(
  reader: Reader,
  ask: { from: string; to: string; on: string },
): Promise<bigint | undefined> {
  if (ask.from === ask.to) return RATE_ONE
  const [row] = await reader<{ rateE9: bigint }[]>`
    SELECT rate_e9 AS "rateE9" FROM fx_rate WHERE from_currency = ${ask.from} AND to_currency = ${ask.to} AND kind = 'spot' AND rate_on <= ${ask.on}
    ORDER BY rate_on DESC, id DESC LIMIT 1`
  return row?.rateE9
}

/** One loaded rate: units of `to` for one of `from`, times 1e9. */
export interface RateRow {
  id: number
  from: string
  to: string
  on: string
  kind: 'spot' | 'closing' | 'average'
  rateE9: bigint
  source: string
  recordedAt: string
}

export const rateColumns = (db: Reader) => db`
  id, from_currency AS from, to_currency AS to, rate_on AS on, kind, rate_e9 AS "rateE9", source, recorded_at AS "recordedAt"`

/** Loaded rates, the newest first. */
export async function listRates(
  db: Reader,
  filter: {
    from?: string | undefined
    to?: string | undefined
    on?: string | undefined
    before: number
    limit: number
  },
): Promise<RateRow[]> {
  const { from, to, on, before, limit } = filter
  return db<RateRow[]>`
    SELECT ${rateColumns(db)} FROM fx_rate WHERE id < ${before}
      ${from === undefined ? db`` : db`AND from_currency = ${from}`}
      ${to === undefined ? db`` : db`AND to_currency = ${to}`}
      ${on === undefined ? db`` : db`AND rate_on = ${on}`}
    ORDER BY id DESC LIMIT ${limit}`
}
