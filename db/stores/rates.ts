import type { Tx } from '#db/client'
import { rateColumns, type RateRow } from '#db/queries/rates'

/** Adds a rate; the same pair, day, kind and source again is refused by the table. */
export async function insertRate(
  tx: Tx,
  rate: Omit<RateRow, 'id' | 'recordedAt'>,
): Promise<RateRow> {
  const [row] = await tx<RateRow[]>`
    INSERT INTO fx_rate (from_currency, to_currency, rate_on, kind, rate_e9, source)
    VALUES (${rate.from}, ${rate.to}, ${rate.on}, ${rate.kind}, ${rate.rateE9}, ${rate.source}) RETURNING ${rateColumns(tx)}`
  return row!
}
