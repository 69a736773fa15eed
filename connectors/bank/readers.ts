import type { BankStatement } from '#domain/settlement/bank-statement'
import { refused, type Translated } from '../result.ts'
import { statementText } from '../statement-text.ts'
import { isCamt053, readCamt053 } from './camt-053.ts'
import { readMappedCsv, type BankCsvMapping } from './mapped-csv.ts'
import { isMt940, readMt940 } from './mt940.ts'
import { isOfx, readOfx } from './ofx.ts'

const READERS = [
  { fits: isCamt053, read: readCamt053 },
  { fits: isMt940, read: readMt940 },
  { fits: isOfx, read: readOfx },
] as const

/**
 * Reads a bank's statement by what its content is; any other text as CSV, by the mapping of the
 * account. Refused with `unknown-format` without one.
 */
export function readBankStatements(
  content: string | Uint8Array,
  mapping?: BankCsvMapping,
): Translated<BankStatement[]> {
  const text = statementText(content)
  // The encoding of XML is declared inside it, so that its reader gets the bytes.
  const reader = text.ok ? READERS.find(({ fits }) => fits(text.value)) : undefined
  if (reader) return reader.read(content)
  if (mapping) return readMappedCsv(content, mapping)
  return refused('unknown-format', '$', 'the file is no camt.053, MT940 or OFX: map its columns')
}
