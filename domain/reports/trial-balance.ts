import { sum } from '../money.ts'
import { addDays } from '../dates.ts'
import type { LinkTo } from './links.ts'
import { check, money, text, type Report, type Row } from './report.ts'
import type { AccountBalanceOf, ReportFrame } from './frame.ts'

/**
 * Every account and currency that holds or moved anything. All columns but the last are in
 * functional currency, where the books sum to zero (TB); the last is the balance as it is owed.
 */
export function trialBalanceReport(
  frame: ReportFrame,
  balances: readonly AccountBalanceOf[],
  linkTo: LinkTo,
  /** A part of the books, such as one channel's, does not balance by itself. */
  isWhole: boolean,
): Report {
  const closing = balances.map(closingOf)
  return {
    ...frame,
    name: 'trial-balance',
    title: 'Trial balance',
    columns: [
      text('account', 'Account'),
      text('name', 'Name'),
      text('class', 'Class'),
      money('opening', 'Opening'),
      money('movement', 'Movement'),
      money('closing', 'Closing'),
      money('debit', 'Debit'),
      money('credit', 'Credit'),
      money('inCurrency', 'In its currency'),
    ],
    rows: [...balances.map((balance) => rowOf(frame, balance, linkTo)), totals(frame, balances)],
    checks: isWhole
      ? [
          check('Debits equal credits', sum(closing)),
          check('The movement balances', sum(balances.map((row) => row.movementFuncMinor))),
        ]
      : [],
    notes: isWhole ? [] : ['A part of the books does not balance by itself.'],
  }
}

const closingOf = (row: AccountBalanceOf) => row.openingFuncMinor + row.movementFuncMinor

function rowOf(frame: ReportFrame, balance: AccountBalanceOf, linkTo: LinkTo): Row {
  const { currency } = frame
  const about = { account: balance.accountId, currency: balance.currency }
  const closing = closingOf(balance)
  const upToNow = linkTo({ ...about, asOf: frame.asOf })
  const before = linkTo({ ...about, asOf: addDays(frame.from!, -1) })
  const within = linkTo({ ...about, from: frame.from, asOf: frame.asOf })
  return {
    kind: 'line',
    cells: {
      account: balance.code,
      name: balance.name,
      class: balance.class,
      opening: { minor: balance.openingFuncMinor, currency, lines: before },
      movement: { minor: balance.movementFuncMinor, currency, lines: within },
      closing: { minor: closing, currency, lines: upToNow },
      debit: closing > 0n ? { minor: closing, currency, lines: upToNow } : null,
      credit: closing < 0n ? { minor: -closing, currency, lines: upToNow, turned: true } : null,
      inCurrency: {
        minor: balance.openingMinor + balance.movementMinor,
        currency: balance.currency,
        lines: upToNow,
      },
    },
  }
}

function totals({ currency }: ReportFrame, balances: readonly AccountBalanceOf[]): Row {
  const closing = balances.map(closingOf)
  const total = (minor: bigint) => ({ minor, currency, lines: null })
  return {
    kind: 'total',
    cells: {
      account: null,
      name: 'Total',
      class: null,
      opening: total(sum(balances.map((row) => row.openingFuncMinor))),
      movement: total(sum(balances.map((row) => row.movementFuncMinor))),
      closing: total(sum(closing)),
      debit: total(sum(closing.filter((minor) => minor > 0n))),
      credit: total(-sum(closing.filter((minor) => minor < 0n))),
      inCurrency: null,
    },
  }
}
