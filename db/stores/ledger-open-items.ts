import { accountOfRole, type AccountRole } from '#domain/ledger/chart'
import type { Reader, Tx } from '../client.ts'

/** What one clearing, receivable, payable or deposit key still waits for. */
export interface OpenItem {
  id: bigint
  entityId: number
  accountId: number
  currency: string
  key: string
  /** Debit above zero: we wait for money; credit below: somebody waits for us. */
  balanceMinor: bigint
  funcMinor: bigint
  openedOn: string
}

export interface OpenItemKey {
  entityId: number
  account: AccountRole | number
  currency: string
  key: string
}

const columns = (db: Reader) => db`
  id, entity_id AS "entityId", account_id AS "accountId", currency, key, balance_minor AS "balanceMinor",
  func_minor AS "funcMinor", opened_on AS "openedOn"`

/** The item of the main book, or undefined when nothing was ever posted under its key. */
export async function openItem(db: Reader, item: OpenItemKey): Promise<OpenItem | undefined> {
  const [found] = await db<OpenItem[]>`
    SELECT ${columns(db)} FROM open_item
    WHERE entity_id = ${item.entityId} AND account_id = ${accountId(item)} AND currency = ${item.currency}
      AND key = ${item.key} AND book = 'main'`
  return found
}

/** As {@link openItem}, locked until the transaction ends: for a decision that rests on the balance. */
export async function lockOpenItem(tx: Tx, item: OpenItemKey): Promise<OpenItem | undefined> {
  const [found] = await tx<OpenItem[]>`
    SELECT ${columns(tx)}
    FROM lock_open_item(${item.entityId}, ${accountId(item)}, ${item.currency}, ${item.key})`
  return found
}

/** What the buyer still owes for an order, one item a shipment, the oldest first. */
export async function openReceivables(
  db: Reader,
  order: { id: bigint; entityId: number; currency: string },
): Promise<OpenItem[]> {
  return db<OpenItem[]>`
    SELECT ${columns(db)} FROM open_item
    WHERE entity_id = ${order.entityId} AND account_id = ${accountOfRole.Receivables} AND currency = ${order.currency}
      AND key IN (SELECT 'shipment/' || id FROM shipment WHERE order_id = ${order.id}) AND balance_minor > 0 AND book = 'main'
    ORDER BY id`
}

function accountId({ account }: OpenItemKey): number {
  return typeof account === 'number' ? account : accountOfRole[account]
}
