import type { PurchaseHistory } from '#domain/purchasing/past-purchase'
import { readMasters, type TableTexts } from './masters.ts'
import { readPurchases } from './purchases.ts'

/**
 * Reads the purchasing tables of AdventureWorks (tab-separated, US dollars with four decimals):
 * purchase orders with what was received and rejected of each line, vendors, what they ask for
 * their products, and the products. Never throws; every row is taken or rejected with its reason.
 */
export function readAdventureWorks(texts: TableTexts): PurchaseHistory {
  const masters = readMasters(texts)
  const { PurchaseOrderHeader = '', PurchaseOrderDetail = '' } = texts
  const { purchases, rows } = readPurchases(PurchaseOrderHeader, PurchaseOrderDetail, masters)
  const all = [...masters.rows, ...rows]
  const rejected = all.flatMap(({ problem }) => problem ?? [])
  return {
    suppliers: [...masters.suppliers.values()],
    items: [...masters.items.values()],
    terms: [...masters.terms.values()],
    purchases,
    rejected,
    rows: { total: all.length, taken: all.length - rejected.length, rejected: rejected.length },
  }
}
