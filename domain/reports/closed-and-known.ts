import { sum } from '../money.ts'
import type { ReportFrame } from './frame.ts'
import { check, day, money, text, type Cell, type Report, type Row } from './report.ts'

/** One account and currency of a period: what its closing stored, and what came since. */
export interface ClosedBalance {
  code: string
  name: string
  currency: string
  closedFuncMinor: bigint
  /** In the period itself, after it was closed: it was reopened. */
  reopenedFuncMinor: bigint
  /** Booked in a later period, and about this one. */
  lateFuncMinor: bigint
}

/** An entry that the closing did not know. */
export interface LateEntry {
  entryId: string
  why: 'late' | 'reopened'
  eventType: string
  sourceType: string
  sourceId: string
  factOn: string
  effectiveOn: string
  recordedAt: string
  totalMinor: bigint
}

export interface PeriodSinceClosing {
  closing: { closedAt: string; closedBy: string }
  balances: readonly ClosedBalance[]
  entries: readonly LateEntry[]
  /** What the period holds by its own entries now; held against closing and reopening. */
  standing: readonly { code: string; currency: string; funcMinor: bigint }[]
}

/**
 * A period as its stored closing has it beside what is known by now: the difference is a list of
 * entries, each with the day on which it became known (BITEMP).
 */
export function closedAndKnownReport(
  frame: ReportFrame,
  period: string,
  { closing, balances, entries, standing }: PeriodSinceClosing,
  entryUrl: (entryId: string) => string,
): Report {
  const { accountRow, entryRow, totalRow } = rowsOf(frame, entryUrl)
  const ofPeriod = sum(balances.map((row) => row.closedFuncMinor + row.reopenedFuncMinor))
  const byKey = (rows: readonly { code: string; currency: string; funcMinor: bigint }[]) =>
    new Map(rows.map((row) => [`${row.code} ${row.currency}`, row.funcMinor]))
  const held = byKey(standing)
  const unexplained = balances.filter(
    (row) =>
      (held.get(`${row.code} ${row.currency}`) ?? 0n) !==
      row.closedFuncMinor + row.reopenedFuncMinor,
  )
  return {
    ...frame,
    name: 'closed-and-known',
    title: `${period} as closed and as known`,
    columns: COLUMNS,
    rows: [...balances.map(accountRow), totalRow(balances), ...entries.map(entryRow)],
    checks: [
      check('The closing balances', ofPeriod),
      check('Accounts that the listed entries do not explain', BigInt(unexplained.length)),
    ],
    notes: [`Closed at ${closing.closedAt} by ${closing.closedBy}.`],
  }
}

const known = (row: ClosedBalance) =>
  row.closedFuncMinor + row.reopenedFuncMinor + row.lateFuncMinor

function rowsOf({ currency }: ReportFrame, entryUrl: (entryId: string) => string) {
  const cell = (minor: bigint): Cell => ({ minor, currency, lines: null })
  const accountRow = (row: ClosedBalance): Row => ({
    kind: 'line',
    cells: {
      account: row.code,
      name: row.currency === currency ? row.name : `${row.name} (${row.currency})`,
      closed: cell(row.closedFuncMinor),
      reopened: cell(row.reopenedFuncMinor),
      late: cell(row.lateFuncMinor),
      known: cell(known(row)),
    },
  })
  const entryRow = (entry: LateEntry): Row => ({
    kind: 'line',
    cells: {
      account: null,
      name: `${entry.eventType} ${entry.sourceType}/${entry.sourceId}`,
      factOn: entry.factOn,
      effectiveOn: entry.effectiveOn,
      recordedAt: entry.recordedAt,
      entry: {
        ...{ minor: entry.totalMinor, currency, lines: entryUrl(entry.entryId) },
      },
    },
  })
  const totalRow = (balances: readonly ClosedBalance[]): Row => ({
    kind: 'total',
    cells: {
      name: 'Total',
      closed: cell(sum(balances.map((row) => row.closedFuncMinor))),
      reopened: cell(sum(balances.map((row) => row.reopenedFuncMinor))),
      late: cell(sum(balances.map((row) => row.lateFuncMinor))),
      known: cell(sum(balances.map(known))),
    },
  })
  return { accountRow, entryRow, totalRow }
}

const COLUMNS = [
  text('account', 'Account'),
  text('name', 'Name'),
  money('closed', 'As closed'),
  money('reopened', 'Posted in it since'),
  money('late', 'Booked later'),
  money('known', 'As known'),
  day('factOn', 'Day of the fact'),
  day('effectiveOn', 'Booked on'),
  text('recordedAt', 'Known since'),
  money('entry', 'Debits of the entry'),
]
