/** A number as a program writes it: no spreadsheet takes it for a formula. */
const PLAIN_NUMBER = /^-?\d+(\.\d+)?$/

/**
 * A table by RFC 4180 in UTF-8. A text that a spreadsheet would compute (`=`, `+`, `-`, `@`, tab,
 * carriage return at its beginning) gets an apostrophe in front: a customer's name must not become
 * a formula on an accountant's machine (OWASP, CSV injection).
 */
export function csvOf(header: readonly string[], rows: Iterable<readonly string[]>): string {
  let text = lineOf(header)
  for (const row of rows) text += lineOf(row)
  return text
}

const lineOf = (cells: readonly string[]) => `${cells.map(fieldOf).join(',')}\r\n`

function fieldOf(cell: string): string {
  const safe = /^[=+\-@\t\r]/.test(cell) && !PLAIN_NUMBER.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
