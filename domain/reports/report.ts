/**
 * A report as a table, whatever it is shown as: JSON, CSV, a sheet or paper say the same. Amounts
 * are minor units of their own currency; a cell that can be explained names the address of the
 * journal lines that it is the sum of.
 */
export interface Report {
  name: string
  title: string
  entity: string
  /** Functional currency of the company. */
  currency: string
  from: string | null
  asOf: string
  /** The instant whose knowledge it shows; null for everything that is recorded. */
  asKnown: string | null
  columns: readonly Column[]
  rows: readonly Row[]
  /** What must be true of the figures, computed from them and never assumed. */
  checks: readonly Check[]
  /** What a reader must know to read it right. */
  notes: readonly string[]
}

export interface Column {
  key: string
  title: string
  kind: 'text' | 'date' | 'quantity' | 'money'
}

export interface MoneyCell {
  minor: bigint
  currency: string
  /** Where the lines are that it is the sum of; null where it is the sum of other cells. */
  lines: string | null
  /** The lines sum to it with the sign turned: income is a credit. */
  turned?: true
}

/** Text, a date or a quantity as text; money as itself; null for nothing. */
export type Cell = string | MoneyCell | null

export interface Row {
  kind: 'line' | 'subtotal' | 'total'
  cells: Readonly<Record<string, Cell>>
}

export interface Check {
  name: string
  differenceMinor: bigint
}

export const text = (key: string, title: string): Column => ({ key, title, kind: 'text' })
export const day = (key: string, title: string): Column => ({ key, title, kind: 'date' })
export const quantity = (key: string, title: string): Column => ({ key, title, kind: 'quantity' })
export const money = (key: string, title: string): Column => ({ key, title, kind: 'money' })

export function check(name: string, differenceMinor: bigint): Check {
  return { name, differenceMinor }
}
