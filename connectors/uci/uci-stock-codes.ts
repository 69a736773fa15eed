/** What a stock code of the UCI file stands for. */
export type UciChargeKind = 'goods' | 'gift-card' | 'shipping' | 'discount' | 'service' | 'cost'

/**
 * Codes that are no goods. Postage and carriage are what the customer pays for shipping; manual
 * and bank charges are invoiced without anything being picked. Amazon's fee and samples are
 * costs of the merchant and belong into settlements and expenses.
 */
const KINDS: Record<string, UciChargeKind> = {
  POST: 'shipping',
  DOT: 'shipping',
  C2: 'shipping',
  D: 'discount',
  M: 'service',
  CRUK: 'service',
  'BANK CHARGES': 'service',
  AMAZONFEE: 'cost',
  S: 'cost',
  B: 'cost',
}

export function chargeKind(stockCode: string): UciChargeKind {
  const code = stockCode.toUpperCase()
  if (Object.hasOwn(KINDS, code)) return KINDS[code]!
  return code.startsWith('GIFT_') ? 'gift-card' : 'goods'
}
