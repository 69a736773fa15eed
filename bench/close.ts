import { closingCompany, setClosePolicy } from '#tests/support/closing'
import { closeVerbs } from '#tests/support/close-verbs'
import { startOwnServers, type OwnDatabase } from '#tests/support/own-servers'
import { row, type BenchRow } from './rows.ts'

const SIZES = [10_000, 100_000, 1_000_000]
const LINES_OF_ENTRY = 4
const SET = 500

/**
 * A whole close of one month: every question, revaluation, allowance, signatures and six locks,
 * beside one plain aggregate of the same lines by account and currency.
 */
export async function run({ sizes = SIZES } = {}): Promise<BenchRow[]> {
  const servers = await startOwnServers({ durable: true, engine: false })
  try {
    const rows: BenchRow[] = []
    for (const lines of sizes) {
      const database = await servers.newDatabase()
      const company = await fill(database, lines)
      const plain = await seconds(() => aggregate(database))
      const took = await seconds(() => closeMonth(database, company))
      const target = lines === 1_000_000 ? ' (target < 60)' : ''
      rows.push(row(`close of ${lines.toLocaleString('en')} lines${target}`, took, 's', plain))
      await database.end()
    }
    return rows
  } finally {
    await servers.stop()
  }
}

/** Receivables half paid, one in a hundred in euros, posted through the ledger's one door. */
async function fill({ admin }: OwnDatabase, lines: number): Promise<string> {
  const { entityId, entity } = await closingCompany(admin)
  const ages = [{ fromDays: 0, ppm: 10_000 }]
  await setClosePolicy(admin, entityId, { creditLoss: ages, materialityMinor: '0' })
  await admin`INSERT INTO fx_rate (from_currency, to_currency, rate_on, kind, rate_e9, source) VALUES ('EUR', 'USD', '2026-10-31', 'closing', 1120000000, 'bench')`
  for (let from = 1; from <= lines / LINES_OF_ENTRY; from += SET)
    await admin`
      SELECT count(*) FROM post_entries((
        SELECT jsonb_agg(jsonb_build_object('entity_id', ${entityId}::int, 'area', 'AR', 'effective_on', '2026-10-' || to_char(1 + n % 31, 'FM00'), 'event_type', 'bench',
          'source_type', 'bench', 'source_id', n::text, 'idem_key', 'bench/' || n, 'rule_version', 0, 'actor', 'bench', 'lines', jsonb_build_array(
            jsonb_build_object('account_id', 1200, 'currency', c, 'amount_minor', 10000, 'func_minor', 10000 * r / 10, 'open_key', 'bench/' || n),
            jsonb_build_object('account_id', 4060, 'currency', c, 'amount_minor', -10000, 'func_minor', -10000 * r / 10),
            jsonb_build_object('account_id', 1410, 'currency', c, 'amount_minor', 5000, 'func_minor', 5000 * r / 10),
            jsonb_build_object('account_id', 1200, 'currency', c, 'amount_minor', -5000, 'func_minor', -5000 * r / 10, 'open_key', 'bench/' || n))))
        FROM generate_series(${from}::int, ${Math.min(from + SET - 1, lines / LINES_OF_ENTRY)}::int) AS n
        CROSS JOIN LATERAL (SELECT CASE WHEN n % 100 = 0 THEN 'EUR' ELSE 'USD' END AS c, CASE WHEN n % 100 = 0 THEN 11 ELSE 10 END AS r) k))`
  await admin`VACUUM ANALYZE`
  return entity
}

async function aggregate({ admin }: OwnDatabase): Promise<void> {
  await admin`
    SELECT l.account_id, l.currency, sum(l.amount_minor), sum(l.func_minor) FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id
    WHERE l.effective_on BETWEEN '2026-10-01' AND '2026-10-31' GROUP BY 1, 2`
}

async function closeMonth(database: OwnDatabase, entity: string): Promise<void> {
  const close = await closeVerbs(database, { entity, period: '2026-10' })
  await close.run('postCloseTask', { task: 'fx-revalued' })
  await close.run('postCloseTask', { task: 'credit-loss' })
  await close.signAll()
  await close.lockAll()
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (performance.now() - startedAt) / 1000
}
