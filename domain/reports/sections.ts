/** In which part of the statements an account stands; the order of the list is that on paper. */

export const RESULT_SECTIONS = [
  'sales',
  'discounts',
  'returns',
  'cost',
  'stock-losses',
  'freight',
  'fees',
  'operating',
  'exchange',
] as const
export type ResultSection = (typeof RESULT_SECTIONS)[number]

export const SECTION_TITLES: Record<ResultSection, string> = {
  sales: 'Sales',
  discounts: 'Discounts and goodwill',
  returns: 'Returns',
  cost: 'Cost of goods sold',
  'stock-losses': 'Stock losses',
  freight: 'Freight and packaging, less shipping income',
  fees: 'Channel and payment fees',
  operating: 'Other income and costs',
  exchange: 'Exchange differences and rounding',
}

/** After which section a subtotal stands: net sales, gross profit, contribution. */
export const SUBTOTALS: Partial<Record<ResultSection, string>> = {
  returns: 'Net sales',
  'stock-losses': 'Gross profit',
  fees: 'Contribution',
}

const SECTION_OF: Record<number, ResultSection> = {
  4010: 'sales',
  4020: 'freight',
  4110: 'discounts',
  4120: 'returns',
  4125: 'returns',
  4130: 'discounts',
  5010: 'cost',
  5015: 'cost',
  5020: 'cost',
  5030: 'cost',
  5035: 'cost',
  5040: 'freight',
  5050: 'freight',
  5060: 'stock-losses',
  5070: 'stock-losses',
  5080: 'stock-losses',
  6010: 'fees',
  6020: 'fees',
  6040: 'fees',
  6050: 'fees',
  7010: 'exchange',
  7020: 'exchange',
  7030: 'exchange',
}

/** Every account of income or expense has one, so that no cent of a result is left out. */
export function resultSection(accountId: number): ResultSection {
  return SECTION_OF[accountId] ?? 'operating'
}

export type AccountClass = 'asset' | 'liability' | 'equity' | 'income' | 'expense'

export const isResult = (of: AccountClass): boolean => of === 'income' || of === 'expense'
