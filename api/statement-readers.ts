import { readNeutralBankStatements, readNeutralStatements } from '#connectors/settlements/neutral'
import type { Translated } from '#connectors/result'
import type { BankStatement } from '#domain/settlement/bank-statement'
import type { SettlementStatement } from '#domain/settlement/statement'

type Reader<T> = (bytes: Uint8Array) => Translated<T[]>

/** Who reads which file: `<provider>/<format>`, as a caller names them. */
const SETTLEMENT_READERS: Readonly<Record<string, Reader<SettlementStatement>>> = {
  'neutral/json': readNeutralStatements,
}

/** Who reads which file of a bank, by its format. */
const BANK_READERS: Readonly<Record<string, Reader<BankStatement>>> = {
  json: readNeutralBankStatements,
}

export const settlementReader = (provider: string, format: string) =>
  own(SETTLEMENT_READERS, `${provider}/${format}`)
export const bankReader = (format: string) => own(BANK_READERS, format)
export const settlementFormats = Object.keys(SETTLEMENT_READERS)
export const bankFormats = Object.keys(BANK_READERS)

function own<T>(readers: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(readers, name) ? readers[name] : undefined
}
