import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ledgerProofs, runProofs } from '#db/queries/proofs'
import { RATE_ONE } from '#domain/ledger/fx'
import {
  credit,
  debit,
  journalEntry,
  reversalOf,
  type JournalEntryDraft,
  type LineInput,
} from '#domain/ledger/journal'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { Auditor, type Verdict } from './ledger-auditor.ts'
import { openBooks, post } from './ledger-books.ts'
import { toPosting } from '#db/stores/ledger'
import { closeArea } from '#db/stores/ledger-periods'

let database: TestDatabase
let books = 0
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())
afterEach(async () => {
  const failed = (await runProofs(database.admin, ledgerProofs)).filter(
    ({ broken }) => broken.length > 0,
  )
  expect(failed).toEqual([])
})

/** One event, small enough that keys and items collide often; amounts at the edges of rounding and 2^53. */
const event = fc.record({
  key: fc.integer({ min: 1, max: 30 }),
  kind: fc.constantFrom('sale', 'receipt', 'card-sold', 'card-used', 'meeting', 'wrong'),
  item: fc.integer({ min: 1, max: 4 }),
  currency: fc.constantFrom('USD', 'EUR', 'JPY', 'KWD'),
  amount: fc.oneof(fc.bigInt(1n, 500n), fc.constantFrom(1n, 2n ** 44n + 1n, 999_999_999n)),
  rateE9: fc.constantFrom(RATE_ONE, 1n, 333_333_333n, 1_085_000_001n, 3_250_000_000n),
})
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never

/** Beyond what a JS number holds, where no rate can carry it beyond a bigint. */
const exact = (one: Event): Event =>
  one.currency === 'USD' && one.amount > 2n ** 44n ? { ...one, amount: 2n ** 53n + 1n } : one

function draftOf(
  entityId: number,
  { key, kind, item, currency, amount, rateE9 }: Event,
): JournalEntryDraft {
  const openKey = `item/${item}`
  const lines: Record<Event['kind'], LineInput[]> = {
    sale: [
      debit('Receivables', amount, { openKey }),
      credit('Capital', amount - amount / 3n),
      credit('Bank', amount / 3n),
    ],
    receipt: [debit('Bank', amount), credit('Receivables', amount, { openKey })],
    'card-sold': [debit('Bank', amount), credit('GiftCards', amount, { openKey })],
    'card-used': [debit('GiftCards', amount, { openKey }), credit('Bank', amount)],
    meeting: [
      debit('Bank', amount),
      credit('Capital', functional(amount, currency, rateE9), { currency: 'USD' }),
    ],
    wrong: [debit('Bank', amount), credit('Capital', amount)],
  }
  const draft = journalEntry({
    entityId,
    area: 'GL',
    effectiveOn: '2026-06-15',
    eventType: kind,
    sourceType: 'test',
    sourceId: String(key),
    key: `event/${key}`,
    actor: 'tester',
    currency,
    functionalCurrency: 'USD',
    rateE9,
    lines: lines[kind],
  })
  if (kind === 'wrong')
    draft.lines[0] = {
      ...draft.lines[0]!,
      amountMinor: amount + 1n,
      funcMinor: draft.lines[0]!.funcMinor + 1n,
    }
  return draft
}

/** The functional side of an entry in which two currencies meet: at least one unit, so that it has a line. */
function functional(amount: bigint, currency: string, rateE9: bigint): bigint {
  if (currency === 'USD') return amount
  const probe = journalEntry({
    ...{
      entityId: 1,
      area: 'GL',
      effectiveOn: '2026-06-15',
      eventType: 'x',
      sourceType: 'x',
      sourceId: 'x',
      key: 'probe',
    },
    currency,
    functionalCurrency: 'USD',
    rateE9,
    lines: [debit('Bank', amount), credit('Capital', amount)],
  })
  return probe.lines[0]!.funcMinor
}

const asksTwoCurrencies = ({ kind, currency, amount, rateE9 }: Event) =>
  kind !== 'meeting' || functional(amount, currency, rateE9) > 0n
const sets = fc.array(
  fc.array(event.filter(asksTwoCurrencies).map(exact), { minLength: 1, maxLength: 5 }),
  {
    minLength: 1,
    maxLength: 12,
  },
)

async function answer(set: JournalEntryDraft[]): Promise<Verdict> {
  try {
    const rows = await database.db<{ created: boolean }[]>`
      SELECT created FROM post_entries(${toPosting(set, 'tester')}::text::jsonb)`
    return { posted: rows.map((row) => row.created) }
  } catch (error) {
    const guard = (error as { constraint_name?: string }).constraint_name
    if (guard === undefined) throw error
    return { refused: guard as never }
  }
}

async function kept(entityId: number) {
  const balances = await database.admin<{ key: string; amount: bigint; func: bigint }[]>`
    SELECT e.entity_id || '/' || l.account_id || '/' || l.currency AS key, sum(l.amount_minor)::bigint AS amount,
      sum(l.func_minor)::bigint AS func
    FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id WHERE e.entity_id = ${entityId} GROUP BY 1`
  const items = await database.admin<{ key: string; balance: bigint }[]>`
    SELECT entity_id || '/' || account_id || '/' || currency || '/' || key AS key, balance_minor AS balance
    FROM open_item WHERE entity_id = ${entityId}`
  return {
    balances: new Map(balances.map((row) => [row.key, row.amount])),
    functional: new Map(balances.map((row) => [row.key, row.func])),
    items: new Map(items.map((row) => [row.key, row.balance])),
  }
}

test('IDEM, BAL, CLEAR: the database answers and balances as the auditor says, whatever comes', async () => {
  await fc.assert(
    fc.asyncProperty(sets, async (events) => {
      const entityId = await openBooks(database.admin, `A${(books += 1)}`)
      const auditor = new Auditor()
      for (const set of events) {
        const drafts = set.map((one) => draftOf(entityId, one))
        expect(normal(await answer(drafts))).toEqual(normal(auditor.post(drafts)))
      }
      const { balances, functional, items } = await kept(entityId)
      expect(balances).toEqual(auditor.balances)
      expect(functional).toEqual(auditor.functional)
      expect(items).toEqual(auditor.items)
    }),
    { numRuns: 40 },
  )
})

test('BATCH and REPLAY: a set is the same as its entries one by one, and twice the same as once', async () => {
  await fc.assert(
    fc.asyncProperty(sets, async (events) => {
      const one = await openBooks(database.admin, `B${(books += 1)}`)
      const many = await openBooks(database.admin, `C${books}`)
      const accepted: Event[] = []
      const taken = new Set<number>()
      for (const candidate of events.flat()) {
        if (taken.has(candidate.key)) continue
        if ('posted' in (await answer([draftOf(one, candidate)]))) {
          taken.add(candidate.key)
          accepted.push(candidate)
        }
      }
      if (accepted.length === 0) return
      const drafts = accepted.map((draft) => draftOf(many, draft))
      const first = await post(database.db, ...drafts)
      expect(await post(database.db, ...drafts)).toEqual(first)
      expect(renamed(await kept(many))).toEqual(renamed(await kept(one)))
    }),
    { numRuns: 25 },
  )
})

/** Without the entity's number, so that two entities compare. */
function renamed(books: Awaited<ReturnType<typeof kept>>) {
  const strip = (sums: Map<string, bigint>) =>
    new Map([...sums].map(([key, sum]) => [key.slice(key.indexOf('/')), sum]))
  return [strip(books.balances), strip(books.functional), strip(books.items)]
}

/** A set may break several guards at once; which of them speaks first is not promised. */
function normal(verdict: Verdict) {
  return 'refused' in verdict ? 'refused' : verdict
}

const monthly = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('post' as const),
      month: fc.integer({ min: 1, max: 3 }),
      area: fc.constantFrom('AR' as const, 'CASH' as const, 'GL' as const),
      what: fc.constantFrom('sale' as const, 'receipt' as const, 'count' as const),
      amount: fc.bigInt(1n, 500n),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('reverse' as const),
      nth: fc.nat({ max: 20 }),
      month: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('close' as const),
      month: fc.integer({ min: 1, max: 3 }),
      area: fc.constantFrom('AR' as const, 'CASH' as const, 'INV' as const, 'GL' as const),
    }),
  },
)
type Monthly = typeof monthly extends fc.Arbitrary<infer T> ? T : never

/** What each kind touches, and so which locks keep it out, beside the area that it names. */
const AREAS_OF = { sale: ['AR', 'GL'], receipt: ['AR', 'CASH'], count: ['GL', 'CASH'] } as const

interface Posted {
  entryId: bigint
  draft: JournalEntryDraft
  reversed: boolean
  isReversal: boolean
}

/** A year's books in memory: which areas are locked, what stands, and what the trial balance says. */
class YearModel {
  readonly locked = new Set<string>()
  readonly posted: Posted[] = []
  readonly sums = new Map<string, bigint>()

  isOpen(month: number, areas: Iterable<string>): boolean {
    return [...areas].every((area) => !this.locked.has(`${month}/${area}`))
  }

  take(posted: Posted, month: number): void {
    this.posted.push(posted)
    for (const { accountId, amountMinor } of posted.draft.lines) {
      const key = `${month}/${accountId}`
      this.sums.set(key, (this.sums.get(key) ?? 0n) + amountMinor)
    }
  }
}

const dayIn = (month: number) => `2026-0${month}-15`

function monthlyDraft(
  entityId: number,
  { month, area, what, amount }: Extract<Monthly, { kind: 'post' }>,
  key: string,
): JournalEntryDraft {
  const openKey = 'item/1'
  const lines = {
    sale: [debit('Receivables', amount, { openKey }), credit('Capital', amount)],
    receipt: [debit('Bank', amount), credit('Receivables', amount, { openKey })],
    count: [debit('Bank', amount), credit('Capital', amount)],
  }
  return journalEntry({
    ...{ entityId, area, effectiveOn: dayIn(month), eventType: what, sourceType: 'test' },
    ...{ sourceId: key, key, actor: 'tester', currency: 'USD', lines: lines[what] },
  })
}

test('LOCK, REV, TB: areas, reversals and closings come to what the books in memory say', async () => {
  const months = fc.array(monthly, { minLength: 3, maxLength: 25 })
  await fc.assert(
    fc.asyncProperty(months, async (commands) => {
      const entityId = await openBooks(database.admin, `D${(books += 1)}`)
      const model = new YearModel()
      for (const [n, command] of commands.entries())
        await carryOut(entityId, model, command, `month/${n}`)
      expect(await sumsOf(entityId)).toEqual(
        new Map([...model.sums].filter(([, sum]) => sum !== 0n)),
      )
    }),
    { numRuns: 40 },
  )
})

async function carryOut(
  entityId: number,
  model: YearModel,
  command: Monthly,
  key: string,
): Promise<void> {
  if (command.kind === 'close') {
    if (!model.isOpen(command.month, [command.area])) return
    const period = dayIn(command.month).slice(0, 7)
    await closeArea(database.admin as never, {
      ...{ entityId, period, area: command.area, actor: 'closer' },
    })
    model.locked.add(`${command.month}/${command.area}`)
    return
  }
  const original =
    command.kind === 'reverse' ? model.posted[command.nth % (model.posted.length || 1)] : undefined
  if (command.kind === 'reverse' && !original) return
  const draft =
    command.kind === 'post'
      ? monthlyDraft(entityId, command, key)
      : reversalOf(
          { ...original!.draft, entryId: original!.entryId },
          { key, effectiveOn: dayIn(command.month) },
        )
  const touched = new Set<string>([draft.area, ...areasTouched(draft)])
  const possible =
    model.isOpen(command.month, touched) && !original?.reversed && !original?.isReversal
  const verdict = await posting(draft)
  expect({ key, accepted: verdict !== undefined }).toEqual({ key, accepted: possible })
  if (verdict === undefined) return
  const isReversal = command.kind === 'reverse'
  model.take({ entryId: verdict, draft, reversed: false, isReversal }, command.month)
  if (original) original.reversed = true
}

function areasTouched({ lines }: JournalEntryDraft): string[] {
  const accounts = new Set(lines.map((line) => line.accountId))
  const kind = (Object.keys(AREAS_OF) as (keyof typeof AREAS_OF)[]).find((name) => {
    const of = { sale: [1200, 3100], receipt: [1010, 1200], count: [1010, 3100] }[name]
    return of.every((account) => accounts.has(account))
  })
  return [...AREAS_OF[kind!]]
}

const EXPECTED_GUARDS = [
  'gl_period_open',
  'journal_entry_reverses_once',
  'journal_reversal_mirrors',
]

/** The entry's id; undefined when a lock or the rule of reversals keeps it out. */
async function posting(draft: JournalEntryDraft): Promise<bigint | undefined> {
  try {
    const [id] = await post(database.db, draft)
    return id
  } catch (error) {
    const guard = (error as { constraint_name?: string }).constraint_name
    if (guard === undefined || !EXPECTED_GUARDS.includes(guard)) throw error
    return undefined
  }
}

async function sumsOf(entityId: number): Promise<Map<string, bigint>> {
  const rows = await database.admin<{ key: string; sum: bigint }[]>`
    SELECT extract(month FROM l.effective_on) || '/' || l.account_id AS key, sum(l.amount_minor)::bigint AS sum
    FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id WHERE e.entity_id = ${entityId} GROUP BY 1 HAVING sum(l.amount_minor) <> 0`
  return new Map(rows.map((row) => [row.key, row.sum]))
}
