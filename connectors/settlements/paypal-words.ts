import type { StatementLineClass } from '#domain/settlement/statement'

/** PayPal names columns in the language of the account: ours, then what stands in files. */
const COLUMNS: Record<string, string[]> = {
  date: ['date', 'datum', 'fecha', 'data', 'dato', '日付'],
  type: [
    'type',
    'typ',
    'tipo',
    'description',
    'beschreibung',
    'descripción',
    'descrizione',
    'omschrijving',
    'descrição',
    'opis',
    '摘要',
  ],
  status: ['status', 'état', 'statut', 'estado', 'stato'],
  currency: [
    'currency',
    'währung',
    'devise',
    'divisa',
    'moneda',
    'valuta',
    'moeda',
    'waluta',
    '通貨',
  ],
  gross: ['gross', 'brutto', 'avant commission', 'brut', 'bruto', 'importe bruto', 'lordo', '総額'],
  fee: [
    'fee',
    'fees',
    'gebühr',
    'entgelt',
    'commission',
    'frais',
    'comisión',
    'tarifa',
    'tariffa',
    'commissione',
    'kosten',
    'opłata',
    '手数料',
  ],
  net: ['net', 'netto', 'neto', 'importe neto', 'líquido', '純額'],
  balance: ['balance', 'guthaben', 'solde', 'saldo', '残高'],
  impact: [
    'balance impact',
    'auswirkung auf guthaben',
    'impact sur le solde',
    'impacto en el saldo',
    'impatto sul saldo',
    'invloed op saldo',
    'impacto no saldo',
    'repercusión en el saldo',
    'efecto en el saldo',
  ],
  id: [
    'transaction id',
    'transaktionscode',
    'numéro de transaction',
    'id. de transacción',
    'id de transacción',
    'codice transazione',
    'id transazione',
    'transactiereferentie',
    'transactie-id',
    'id da transação',
    'identificador de transacción',
    '取引id',
  ],
  related: [
    'reference txn id',
    'zugehöriger transaktionscode',
    'txn-referenzkennung',
    'numéro de la transaction de référence',
    'id. de referencia de trans.',
    'id de referencia de transacción',
    'codice transazione di riferimento',
    'id da transação de referência',
  ],
  invoice: [
    'invoice number',
    'invoice id',
    'rechnungsnummer',
    'numéro de facture',
    'identifiant de facture',
    'nº de facture',
    'número de factura',
    'id. de factura',
    'n. fattura pro-forma',
    'numero fattura',
    'factuurreferentie',
    'número da fatura',
  ],
  event: [
    'transaction event code',
    'transaktionsereigniscode',
    'code de transaction',
    'código de evento de transacción',
  ],
  item: [
    'item id',
    'artikelnummer',
    "numéro d'objet",
    "numéro de l'objet",
    'número de artículo',
    'codice oggetto',
  ],
}

const OURS = new Map(
  Object.entries(COLUMNS).flatMap(([ours, all]) => all.map((each) => [each, ours])),
)

/** Our name of a PayPal column; others keep theirs. */
export function paypalColumn(header: string): string {
  const name = header.normalize('NFC').trim().toLowerCase().replaceAll(/\s+/g, ' ')
  return OURS.get(name) ?? `other: ${name}`
}

type Rule = [test: RegExp, is: StatementLineClass]

const TYPES: readonly Rule[] = [
  [/conversion|umrechnung|conversión|conversione|conversão|omrekening|wechsel/i, 'conversion'],
  [
    /chargeback|rückbuchung|rétrofacturation|contracargo|contestazione|dispute|terugboeking/i,
    'chargeback',
  ],
  [/reversal|stornierung|annulation|reversión|storno|cancelled fee/i, 'refund'],
  [/refund|rückzahlung|erstattung|rembours|reembolso|rimborso|terugbetaling|devolución/i, 'refund'],
  [
    /withdrawal|transfer to bank|abbuchung|bankkonto.*überw|auszahlung|virement|retrait|retiro|retirada|transferencia a|prelievo|trasferimento|opname|saque/i,
    'payout',
  ],
  [
    /bank deposit|bankgutschrift|dépôt bancaire|versamento|depósito bancario|card deposit/i,
    'payout',
  ],
  [
    /hold|reserve|einbehalt|rückstellung|réserve|retención|reserva|blocco|riserva|reservering/i,
    'reserve',
  ],
  [/\bfee\b|gebühr|frais|comisión|commissione|tariffa/i, 'fee'],
]
const PAYMENT =
  /pay|zahlung|paiement|pago|pagamento|betaling|betaal|kauf|checkout|sale|billing|cart|order/i

/** What a row is about, by its T-code, else by the words of its type in many languages. */
export function paypalClass(event: string, type: string, amountMinor: bigint): StatementLineClass {
  const byCode = event === '' ? null : eventClass(event, amountMinor)
  if (byCode) return byCode
  const known = TYPES.find(([test]) => test.test(type))?.[1]
  if (known === 'chargeback' && amountMinor > 0n) return 'chargeback-reversal'
  if (known === 'fee' && amountMinor > 0n) return 'fee-refund'
  if (known) return known
  return amountMinor > 0n && PAYMENT.test(type) ? 'sale' : 'unknown'
}

const EVENTS: readonly Rule[] = [
  [/^T1107/, 'refund'],
  [/^T1108/, 'fee-refund'],
  [/^T(1106|1201|1207)/, 'chargeback'],
  [/^T(1202|1205|1208)/, 'chargeback-reversal'],
  [/^T(111[01]|15|21)/, 'reserve'],
  [/^T01/, 'fee'],
  [/^T02/, 'conversion'],
  [/^T(03|04|17)/, 'payout'],
  [/^T(08|09|12|19)/, 'adjustment'],
]

function eventClass(event: string, amountMinor: bigint): StatementLineClass | null {
  if (/^T00/.test(event) && amountMinor > 0n) return 'sale'
  return EVENTS.find(([test]) => test.test(event))?.[1] ?? null
}
