import { readCamt053 } from '#connectors/bank/camt-053'
import { readMt940 } from '#connectors/bank/mt940'
import { readOfx } from '#connectors/bank/ofx'
import { readNeutralBankStatements, readNeutralStatements } from '#connectors/settlements/neutral'
import { SETTLEMENT_READERS } from '#connectors/settlements/readers'
import type { Translated } from '#connectors/result'
import type { BankStatement } from '#domain/settlement/bank-statement'
import type { SettlementStatement } from '#domain/settlement/statement'

type Reader<T> = (bytes: Uint8Array) => Translated<T[]>

/** Who reads which file: `<provider>/<format>`, as a caller names them. */
const BY_NAME: Readonly<Record<string, Reader<SettlementStatement>>> = {
  'neutral/json': readNeutralStatements,
  ...Object.fromEntries(
    SETTLEMENT_READERS.map(({ provider, format, read }) => [`${provider}/${format}`, read]),
  ),
}

/** Who reads which file of a bank, by its format. */
const BANK_READERS: Readonly<Record<string, Reader<BankStatement>>> = {
  json: readNeutralBankStatements,
  'camt-053': readCamt053,
  mt940: readMt940,
  ofx: readOfx,
}

export const settlementReader = (provider: string, format: string) =>
  own(BY_NAME, `${provider}/${format}`)
export const bankReader = (format: string) => own(BANK_READERS, format)
export const settlementFormats = Object.keys(BY_NAME)
/** CSV is read by the mapping of its account. */
export const bankFormats = [...Object.keys(BANK_READERS), 'csv']

function own<T>(readers: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(readers, name) ? readers[name] : undefined
}
