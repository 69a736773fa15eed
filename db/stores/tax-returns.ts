import {
  linesOfReturn,
  unreturnedTax,
  type ReturnLine,
  type ReturnOf,
  type TaxReturn,
} from '#db/queries/tax-returns'
import { exchangeRate } from '#db/queries/rates'
import { convertMinor } from '#domain/ledger/fx'
import { postTaxReturnPaid } from '#domain/ledger/posting-tax'
import { sum } from '#domain/money'
import { Refusal } from '#domain/refusal'
import { correctableInOss, lastDayOf } from '#domain/tax/return-period'
import type { Reader, Tx } from '../client.ts'
import { postEntry } from './ledger.ts'
import { json } from './records.ts'

export interface DraftReturn extends ReturnOf {
  currency: string
  dueMinor: bigint
  lines: (ReturnLine & { dueMinor: bigint })[]
  /** Corrections that are too old for an OSS return: they go to the member state itself. */
  outside: ReturnLine[]
  /** Earlier periods with tax that no return has said. */
  earlierOpen: string[]
}

/**
 * What a return would say now. OSS and IOSS returns are in euros at the rate of the last day of the
 * period that a line is about, others in the company's currency at the rates of the sales (R14, R18).
 * @throws Refusal `NoExchangeRate`
 */
export async function draftReturn(
  reader: Reader,
  of: ReturnOf & { functionalCurrency: string },
): Promise<DraftReturn> {
  const { functionalCurrency, ...named } = of
  const found = await unreturnedTax(reader, named)
  const oneStop = of.scheme !== 'domestic'
  const currency = oneStop ? 'EUR' : functionalCurrency
  const inTime = (line: ReturnLine) =>
    !oneStop || correctableInOss(line.correctsPeriod ?? line.postedPeriod, of.period)
  const lines: DraftReturn['lines'] = []
  for (const line of found.filter(inTime))
    lines.push({ ...line, dueMinor: oneStop ? await inEuros(reader, line) : line.funcMinor })
  return {
    ...named,
    ...{ currency, lines, dueMinor: sum(lines.map((line) => line.dueMinor)) },
    outside: found.filter((line) => !inTime(line)),
    earlierOpen: await neverReturned(reader, named, found),
  }
}

async function inEuros(reader: Reader, line: ReturnLine): Promise<bigint> {
  const on = lastDayOf(line.correctsPeriod ?? line.postedPeriod)
  const rateE9 = await exchangeRate(reader, { from: line.currency, to: 'EUR', on })
  return convertMinor(line.taxMinor, line.currency, 'EUR', rateE9)
}

async function neverReturned(
  reader: Reader,
  { entityId, scheme, jurisdiction, period }: ReturnOf,
  lines: readonly ReturnLine[],
): Promise<string[]> {
  const earlier = [...new Set(lines.map((line) => line.postedPeriod))].filter((p) => p !== period)
  const known = await reader<{ period: string }[]>`
    SELECT period FROM tax_return r WHERE entity_id = ${entityId} AND scheme = ${scheme} AND jurisdiction = ${jurisdiction}
      AND NOT EXISTS (SELECT FROM tax_return_event e WHERE e.return_id = r.id AND e.kind = 'rejected')`
  return earlier.filter((one) => known.every((row) => row.period !== one))
}

/**
 * Keeps what a return says before it is sent. Two at once for one registration follow each other.
 * @throws Refusal `TaxReturnEarly` before the period has ended; `EarlierReturnOpen`;
 * `TaxReturnKnown` from the guard.
 */
export async function prepareReturn(
  tx: Tx,
  of: ReturnOf & { functionalCurrency: string },
  { actor, today }: { actor: string; today: string },
): Promise<{ id: bigint; draft: DraftReturn }> {
  if (today <= lastDayOf(of.period))
    throw new Refusal(
      'TaxReturnEarly',
      `${of.period} ends on ${lastDayOf(of.period)}: prepare its return when it is over.`,
    )
  await tx`SELECT pg_advisory_xact_lock(hashtextextended(${`tax-return/${of.entityId}/${of.scheme}/${of.jurisdiction}`}, 0))`
  const draft = await draftReturn(tx, of)
  const [open] = draft.earlierOpen
  if (open !== undefined)
    throw new Refusal(
      'EarlierReturnOpen',
      `${draft.earlierOpen.join(', ')} of ${of.jurisdiction} has tax and no return: prepare that one first.`,
    )
  const { entityId, scheme, jurisdiction, period, currency, dueMinor } = draft
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO tax_return (entity_id, scheme, jurisdiction, period, currency, due_minor, prepared_by)
    VALUES (${entityId}, ${scheme}, ${jurisdiction}, ${period}, ${currency}, ${dueMinor}, ${actor}) RETURNING id`
  const rows = draft.lines.map((line, n) => ({ line_no: n + 1, ...line }))
  await tx`
    INSERT INTO tax_return_line (return_id, line_no, posted_period, corrects_period, account_id, jurisdiction, tax_code, currency, tax_minor, func_minor, due_minor)
    SELECT ${row!.id}, line_no, "postedPeriod", "correctsPeriod", "accountId", jurisdiction, "taxCode", currency, "taxMinor", "funcMinor", "dueMinor"
    FROM jsonb_to_recordset(${json(tx, rows)}) AS l (line_no int, "postedPeriod" text, "correctsPeriod" text, "accountId" int, jurisdiction text, "taxCode" text,
      currency text, "taxMinor" bigint, "funcMinor" bigint, "dueMinor" bigint)`
  return { id: row!.id, draft }
}

export interface ReturnEvent {
  on: string
  reference: string
  actor: string
}

/** What became of a return outside; the guard refuses what does not follow. */
export async function recordReturn(
  tx: Tx,
  returnId: bigint,
  kind: 'filed' | 'rejected' | 'paid',
  { on, reference, actor }: ReturnEvent,
): Promise<void> {
  await tx`
    INSERT INTO tax_return_event (return_id, kind, happened_on, reference, actor) VALUES (${returnId}, ${kind}, ${on}, ${reference}, ${actor})`
}

/**
 * The filed amount has left the bank, or come in: the liability is settled by one entry.
 * @throws Refusal `TaxReturnAmount` when another amount moved; `TaxReturnState` from the guard.
 */
export async function payReturn(
  tx: Tx,
  found: TaxReturn,
  { amountMinor, ...event }: ReturnEvent & { amountMinor: bigint },
): Promise<void> {
  if (amountMinor !== found.dueMinor)
    throw new Refusal(
      'TaxReturnAmount',
      `The return says ${found.dueMinor} minor units of ${found.currency}, ${amountMinor} were paid. Pay what was filed; interest and penalties are booked by hand.`,
    )
  await recordReturn(tx, found.id, 'paid', event)
  const { currency, functionalCurrency } = found
  const ask = { from: currency, to: functionalCurrency, on: event.on }
  const lines = await linesOfReturn(tx, found.id)
  if (lines.length === 0) return
  await postEntry(
    tx,
    postTaxReturnPaid({
      ...{ entity: found.entityId, returnId: found.id, paidOn: event.on, currency },
      ...{ functionalCurrency, rateE9: await exchangeRate(tx, ask), dueMinor: found.dueMinor },
      lines: lines.map(
        ({ accountId, jurisdiction, taxCode, currency: of, taxMinor, funcMinor }) => ({
          ...{ accountId, jurisdiction, taxCode, currency: of, taxMinor, funcMinor },
        }),
      ),
    }),
    event.actor,
  )
}
