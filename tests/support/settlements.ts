import { randomBytes } from 'node:crypto'
import type { Db } from '#db/client'
import { accountName } from '#domain/ledger/chart'
import { formatMinor } from '#domain/money'
import type { StatementLineClass } from '#domain/settlement/statement'

/** Statement ids name processes, and all test databases share one engine. */
export function aStatementId(name = 'S'): string {
  return `${name}-${randomBytes(5).toString('hex')}`
}

export interface WrittenLine {
  class: StatementLineClass
  type?: string
  amountMinor: bigint | number
  postedOn?: string
  orderReference?: string
  itemReference?: string
  sku?: string
  quantity?: number
  paymentReference?: string
  externalId?: string
}

export const today = new Date().toISOString().slice(0, 10)

/** A statement as the API takes it, whose total is that of its lines and goes to the bank unless told. */
export function aStatement(
  lines: readonly WrittenLine[],
  changes: Record<string, unknown> = {},
): Record<string, unknown> & { statementId: string } {
  const inTotal = lines.filter((line) => line.class !== 'payout')
  const total = inTotal.reduce((sum, line) => sum + BigInt(line.amountMinor), 0n)
  const statementId = aStatementId()
  return {
    ...{
      entity: 'ACME-US',
      channel: 'market',
      provider: 'amazon',
      account: 'SELLER',
      currency: 'USD',
    },
    ...{ statementId, depositedOn: today, totalMinor: `${total}`, payoutMinor: `${total}` },
    ...changes,
    lines: lines.map(({ type, amountMinor, postedOn = today, ...line }, n) => ({
      ...{ lineNo: n + 1, type: type ?? line.class, amountMinor: `${amountMinor}`, postedOn },
      ...line,
    })),
  }
}

/** What a statement has posted, entry by entry, with its open items left out. */
export async function postedBy(db: Db, settlementId: string): Promise<string[]> {
  const rows = await db<{ eventType: string; lines: { a: number; m: string }[] }[]>`
    SELECT e.event_type AS "eventType", jsonb_agg(jsonb_build_object('a', l.account_id, 'm', l.amount_minor::text) ORDER BY l.line_no) AS lines
    FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id WHERE e.source_type = 'settlement' AND e.source_id = ${settlementId}
    GROUP BY e.id, 1 ORDER BY e.id`
  return rows.map(({ eventType, lines }) => `${eventType}: ${lines.map(said).join(', ')}`)
}

function said({ a, m }: { a: number; m: string }): string {
  const amount = BigInt(m)
  const side = amount > 0n ? 'Dr' : 'Cr'
  return `${side} ${accountName(a)} ${formatMinor(amount < 0n ? -amount : amount, 'USD')}`
}

/** What is open under a key of an account, in minor units. */
export async function openUnder(db: Db, account: number, key?: string): Promise<bigint> {
  const [row] = await db<{ minor: bigint }[]>`
    SELECT coalesce(sum(balance_minor), 0)::bigint AS minor FROM open_item WHERE account_id = ${account} AND (${key ?? null}::text IS NULL OR key = ${key ?? null})`
  return row!.minor
}
