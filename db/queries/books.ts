import type { Reader } from '#db/client'
import type { AgedItem } from './ledger-reports.ts'

export interface Account {
  id: number
  code: string
  name: string
  class: 'asset' | 'liability' | 'equity' | 'income' | 'expense'
  role: string | null
  controlOf: string | null
  openItems: boolean
  manualAllowed: boolean
}

/** The company whose books are read. */
export interface Company {
  id: number
  code: string
  functionalCurrency: string
}

export async function companyByCode(db: Reader, code: string): Promise<Company | undefined> {
  const [company] = await db<Company[]>`
    SELECT id, code, functional_currency AS "functionalCurrency" FROM entity WHERE code = ${code}`
  return company
}

export async function companyById(db: Reader, id: number): Promise<Company | undefined> {
  const [company] = await db<Company[]>`
    SELECT id, code, functional_currency AS "functionalCurrency" FROM entity WHERE id = ${id}`
  return company
}

export async function companyOfOrder(
  db: Reader,
  orderId: bigint,
): Promise<(Company & { channel: string }) | undefined> {
  const [company] = await db<(Company & { channel: string })[]>`
    SELECT e.id, e.code, e.functional_currency AS "functionalCurrency", c.code AS channel FROM sales_order o
    JOIN entity e ON e.id = o.entity_id JOIN channel c ON c.id = o.channel_id WHERE o.id = ${orderId}`
  return company
}

export async function companyOfOpenItem(
  db: Reader,
  openItemId: bigint,
): Promise<(Company & { currency: string }) | undefined> {
  const [company] = await db<(Company & { currency: string })[]>`
    SELECT e.id, e.code, e.functional_currency AS "functionalCurrency", i.currency
    FROM open_item i JOIN entity e ON e.id = i.entity_id WHERE i.id = ${openItemId}`
  return company
}

export async function listAccounts(db: Reader): Promise<Account[]> {
  return db<Account[]>`
    SELECT id, code, name, class, role, control_of AS "controlOf", open_items AS "openItems",
      manual_allowed AS "manualAllowed"
    FROM gl_account WHERE valid_to >= current_date ORDER BY code`
}

/** Open items a page at a time, in the order in which they were opened. */
export async function openItemPage(
  db: Reader,
  filter: {
    entityId: number
    asOf: string
    accountId?: number | undefined
    key?: string | undefined
    after: bigint
    limit: number
  },
): Promise<AgedItem[]> {
  const { entityId, asOf, accountId, key, after, limit } = filter
  return db<AgedItem[]>`
    SELECT i.id, i.account_id AS "accountId", a.name AS "accountName", i.key, i.currency,
      i.balance_minor AS "balanceMinor", i.func_minor AS "funcMinor", i.opened_on AS "openedOn",
      ${asOf}::date - i.opened_on AS "ageDays"
    FROM open_item i JOIN gl_account a ON a.id = i.account_id
    WHERE i.entity_id = ${entityId} AND i.balance_minor <> 0 AND i.id > ${after}
      ${accountId === undefined ? db`` : db`AND i.account_id = ${accountId}`}
      ${key === undefined ? db`` : db`AND i.key = ${key}`}
    ORDER BY i.id LIMIT ${limit}`
}
