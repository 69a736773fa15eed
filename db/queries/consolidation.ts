import type { Reader } from '#db/client'
import { convertMinor, RATE_ONE } from '#domain/ledger/fx'
import { accountOfRole } from '#domain/ledger/chart'
import { Refusal } from '#domain/refusal'
import type { Company } from './books.ts'
import { exchangeRate } from './rates.ts'

/** One account of the group, in the currency of its report; debit above zero. */
export interface ConsolidatedRow {
  accountId: number
  code: string
  name: string
  class: string
  /** By the code of each company. */
  companies: Record<string, bigint>
  /** What companies of the group owe each other, taken out. */
  eliminatedMinor: bigint
  consolidatedMinor: bigint
}

export interface Consolidation {
  rows: ConsolidatedRow[]
  /** What the two sides of eliminated balances differ by; zero where they agree. */
  unmatchedMinor: bigint
}

interface Gathered {
  accountId: number
  code: string
  name: string
  class: 'asset' | 'liability' | 'equity' | 'income' | 'expense'
  /** The day whose rate counts: of the entry for equity, the month's last for results. */
  ratedOn: string
  year: string
  between: boolean
  funcMinor: bigint
}

/**
 * Trial balance of several companies in one currency (IAS 21.39, ASC 830-30): assets and
 * liabilities at the closing rate, results at the average rate of their month, equity at the rate
 * of its day, results of earlier years with retained earnings; what that leaves is the
 * translation difference. Balances between the companies are taken out.
 * @throws Refusal `NoExchangeRate` when a rate is not loaded.
 */
export async function consolidatedTrialBalance(
  db: Reader,
  { companies, currency, asOf }: { companies: readonly Company[]; currency: string; asOf: string },
): Promise<Consolidation> {
  const rows = new Map<number, ConsolidatedRow>()
  const members = companies.map(({ code }) => `entity/${code}`)
  let unmatchedMinor = 0n
  for (const company of companies) {
    let difference = 0n
    for (const part of await gather(db, company, { asOf, members })) {
      const rateE9 = await rateFor(db, part, {
        from: company.functionalCurrency,
        to: currency,
        asOf,
      })
      const minor = convertMinor(part.funcMinor, company.functionalCurrency, currency, rateE9)
      difference -= minor
      add(rows, company.code, accountFor(part, asOf), minor)
      if (!part.between) continue
      const row = rows.get(part.accountId)!
      row.eliminatedMinor -= minor
      row.consolidatedMinor -= minor
      unmatchedMinor += minor
    }
    if (difference !== 0n) add(rows, company.code, TRANSLATION, difference)
  }
  const listed = [...rows.values()].sort((a, b) => a.accountId - b.accountId)
  return { rows: listed, unmatchedMinor }
}

const TRANSLATION = {
  accountId: accountOfRole.TranslationDifference,
  code: '3300',
  name: 'Translation difference',
  class: 'equity',
}
const RETAINED = {
  accountId: accountOfRole.RetainedEarnings,
  code: '3200',
  name: 'Retained earnings',
  class: 'equity',
}

/** What earlier years earned is retained by now, whether or not their closing entry has been posted. */
function accountFor(part: Gathered, asOf: string) {
  return isResult(part) && part.year < asOf.slice(0, 4) ? RETAINED : part
}

function isResult({ class: kind }: Gathered): boolean {
  return kind === 'income' || kind === 'expense'
}

function add(
  rows: Map<number, ConsolidatedRow>,
  company: string,
  account: { accountId: number; code: string; name: string; class: string },
  minor: bigint,
): void {
  const { accountId, code, name, class: kind } = account
  const row = rows.get(accountId) ?? {
    ...{ accountId, code, name, class: kind, companies: {} },
    ...{ eliminatedMinor: 0n, consolidatedMinor: 0n },
  }
  row.companies[company] = (row.companies[company] ?? 0n) + minor
  row.consolidatedMinor += minor
  rows.set(accountId, row)
}

/** The closing entry of a year is left out: results are translated where they were earned. */
async function gather(
  db: Reader,
  company: Company,
  { asOf, members }: { asOf: string; members: readonly string[] },
): Promise<Gathered[]> {
  return db<Gathered[]>`
    SELECT a.id AS "accountId", a.code, a.name, a.class, d.rated_on::text AS "ratedOn", left(d.rated_on::text, 4) AS year, d.between, sum(l.func_minor)::bigint AS "funcMinor"
    FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id AND l.effective_on <= ${asOf} JOIN gl_account a ON a.id = l.account_id
    CROSS JOIN LATERAL (SELECT CASE WHEN a.class IN ('asset', 'liability') THEN ${asOf}::date WHEN a.class = 'equity' THEN l.effective_on
        ELSE (date_trunc('month', l.effective_on) + interval '1 month - 1 day')::date END AS rated_on,
      a.role IN ('IntercompanyReceivable', 'IntercompanyPayable') AND l.party = ANY (${[...members]}::text[]) AS between) d
    WHERE e.entity_id = ${company.id} AND e.book = 'main' AND e.event_type NOT IN ('year-closed', 'year-closed.reversed')
    GROUP BY a.id, d.rated_on, d.between HAVING sum(l.func_minor) <> 0 ORDER BY a.id, d.rated_on`
}

async function rateFor(
  db: Reader,
  part: Gathered,
  { from, to, asOf }: { from: string; to: string; asOf: string },
): Promise<bigint> {
  if (from === to) return RATE_ONE
  if (part.class === 'equity') return exchangeRate(db, { from, to, on: part.ratedOn })
  const kind = isResult(part) ? 'average' : 'closing'
  const on = isResult(part) ? part.ratedOn : asOf
  const [row] = await db<{ rateE9: bigint }[]>`
    SELECT rate_e9 AS "rateE9" FROM fx_rate WHERE from_currency = ${from} AND to_currency = ${to} AND kind = ${kind} AND rate_on = ${on} ORDER BY id DESC LIMIT 1`
  if (row) return row.rateE9
  throw new Refusal(
    'NoExchangeRate',
    `No ${kind} rate from ${from} to ${to} is known for ${on}. Load it, then ask again.`,
  )
}
