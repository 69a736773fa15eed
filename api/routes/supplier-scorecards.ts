import { z } from 'zod'
import {
  scoredSuppliers,
  supplyLines,
  type ScoredSupplier,
  type SupplyLineRow,
  type SupplyLinesAsk,
} from '#db/queries/supply-lines'
import { FIGURES, figuresOf, ScorecardSum, type Scorecard } from '#domain/purchasing/scorecard'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import {
  AN_ID,
  cursorParts,
  encodeCursor,
  intCursor,
  pageOf,
  pageQuery,
  toPage,
} from '../paging.ts'
import { businessDate, code, sku } from '../schemas.ts'
import { visible } from '../scope.ts'
import { scorecardAnswer, toScorecardAnswer } from '../scorecard-answer.ts'

const tags = ['suppliers']
const text = z.string()
const day = text.nullable()
const quantity = text.nullable()
const params = z.object({ code })
const window = {
  from: businessDate
    .optional()
    .describe('Of the day on which a line was promised, else received, else ordered.'),
  to: businessDate.optional(),
  asOf: businessDate
    .optional()
    .describe('The day on which open lines are late or not yet; today without it.'),
}
const month = z
  .string()
  .regex(/^(19|2\d)\d\d-(0[1-9]|1[0-2])$/, { error: 'send a month such as 2026-01' })
  .optional()
  .meta({ example: '2026-01' })
const supplier = z.object({ code: text, name: text, entity: text, state: text, standing: text })

const RANKS = ['on-time', 'on-time-in-full', 'defects', 'price', 'lead-time', 'lines'] as const

const line = z.object({
  kind: z.enum(['history', 'order']),
  id: text,
  document: text.describe('The order’s number, here or in the file that told of it.'),
  source: text,
  origin: text.nullable().describe('File and row that told of it.'),
  sku: text,
  month: text.nullable(),
  state: z.enum(['settled', 'open', 'cancelled', 'untold']),
  ...{ orderedOn: day, promisedOn: day, receivedOn: day },
  orderedGap: text.nullable().describe('What the file says in place of the day of the order.'),
  ...{ qtyOrdered: text, qtyReceived: quantity, qtyRejected: quantity },
  currency: text,
  ...{ agreedMinor: text.nullable(), paidMinor: text.nullable(), freightMinor: text.nullable() },
  freightTerms: text.nullable(),
  ...{ incoterm: text.nullable(), mode: text.nullable() },
  figures: z.array(z.enum(FIGURES)).describe('All figures in which this line counts.'),
})

/** How suppliers have delivered, from purchase orders here and from those that files told of (RPT-8). */
export async function supplierScorecardRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addList(server, deps)
  addScorecard(server, deps)
  addLines(server, deps)
}

function addList(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/supplier-scorecards',
    {
      config: { permission: 'suppliers:read' },
      schema: {
        summary: 'Scorecards of all suppliers, the worst first',
        description:
          'Whoever cannot be measured stands last. Suppliers without any line are left out.',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          ...window,
          rankBy: z.enum(RANKS).default('on-time'),
        }),
        response: {
          200: pageOf(supplier.extend({ rank: z.int(), scorecard: scorecardAnswer })),
        },
      },
    },
    async ({ query: { limit, cursor, rankBy, ...asked }, principal }) => {
      const skipped = intCursor(cursor)
      const narrowed = { ...asked, asOf: asked.asOf ?? today() }
      const { entities } = principal.scopes
      const suppliers = await scoredSuppliers(db, { entities })
      const sums = await sumUp(db, { entities, ...asked }, narrowed.asOf, (row) => row.supplier)
      const ranked = rank(suppliers, sums, rankBy)
      const items = ranked.slice(skipped, skipped + limit).map(({ scorecard, ...one }, n) => ({
        ...one,
        rank: skipped + n + 1,
        scorecard: toScorecardAnswer(one.code, scorecard, narrowed),
      }))
      const more = skipped + limit < ranked.length
      return { items, nextCursor: more ? encodeCursor(skipped + limit) : null }
    },
  )
}

function addScorecard(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/suppliers/:code/scorecard',
    {
      config: { permission: 'suppliers:read' },
      schema: {
        summary: 'How a supplier has delivered: lead times, on time in full, defects, prices',
        description:
          'Every figure names the lines behind it, and how many could not be measured. docs/purchasing has the definitions.',
        tags,
        params,
        querystring: z.strictObject({
          ...window,
          item: sku.optional(),
          month,
          by: z.enum(['item', 'month']).optional().describe('One more scorecard for each of them.'),
        }),
        response: {
          200: supplier.extend({
            scorecard: scorecardAnswer,
            groups: z.array(z.object({ key: text, scorecard: scorecardAnswer })),
          }),
        },
      },
    },
    async ({ params, query: { by, ...asked }, principal }) => {
      const one = await supplierInReach(db, principal, params.code)
      const { item, asOf = today(), ...dates } = asked
      const narrowed = { ...dates, item, asOf }
      const ask = { ...dates, entities: null, supplier: one.code, sku: item }
      const total = new ScorecardSum(asOf)
      const keyOf = (row: SupplyLineRow) => (by === 'item' ? row.sku : (row.month ?? ''))
      const groups = await sumUp(db, ask, asOf, keyOf, total)
      // A line without any day is of no month, and stands in the whole alone.
      const keys = by === undefined ? [] : [...groups.keys()].filter((key) => key !== '').sort()
      return {
        ...one,
        scorecard: toScorecardAnswer(one.code, total.scorecard, narrowed),
        groups: keys.map((key) => ({
          key,
          scorecard: toScorecardAnswer(one.code, groups.get(key)!.scorecard, {
            ...narrowed,
            [by!]: key,
          }),
        })),
      }
    },
  )
}

function addLines(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/suppliers/:code/scorecard/lines',
    {
      config: { permission: 'suppliers:read' },
      schema: {
        summary: 'The lines behind a figure of a scorecard',
        tags,
        params,
        querystring: z.strictObject({
          ...pageQuery,
          ...window,
          item: sku.optional(),
          month,
          figure: z.enum(FIGURES),
        }),
        response: { 200: pageOf(line) },
      },
    },
    async ({ params, query, principal }) => {
      const { limit, cursor, figure, item, asOf = today(), ...dates } = query
      const one = await supplierInReach(db, principal, params.code)
      const [kind, id] = cursorParts(cursor, [/^(history|order)$/, AN_ID]) ?? []
      const after = kind === undefined ? undefined : { kind, id: BigInt(id!) }
      const ask = { ...dates, entities: null, supplier: one.code, sku: item, after }
      const rows: SupplyLineRow[] = []
      for await (const row of supplyLines(db, ask)) {
        if (!figuresOf(row, asOf).includes(figure)) continue
        rows.push(row)
        if (rows.length > limit) break
      }
      return toPage(
        rows,
        limit,
        (row) => [row.kind, row.id],
        (row) => toLine(row, asOf),
      )
    },
  )
}

async function supplierInReach(
  db: ApiDeps['db'],
  principal: Principal,
  code: string,
): Promise<ScoredSupplier> {
  const [one] = await scoredSuppliers(db, { entities: null, code })
  return visible(principal, one, 'supplier', ({ entity }) => ({ entity }))
}

async function sumUp(
  db: ApiDeps['db'],
  ask: SupplyLinesAsk,
  asOf: string,
  keyOf: (row: SupplyLineRow) => string,
  total?: ScorecardSum,
): Promise<Map<string, ScorecardSum>> {
  const sums = new Map<string, ScorecardSum>()
  for await (const row of supplyLines(db, ask)) {
    const key = keyOf(row)
    const known = sums.get(key) ?? new ScorecardSum(asOf)
    sums.set(key, known)
    known.add(row)
    total?.add(row)
  }
  return sums
}

function rank(
  suppliers: readonly ScoredSupplier[],
  sums: ReadonlyMap<string, ScorecardSum>,
  by: (typeof RANKS)[number],
): (ScoredSupplier & { scorecard: Scorecard })[] {
  const scored = suppliers.flatMap((one) => {
    const known = sums.get(one.code)
    if (!known) return []
    const { scorecard } = known
    return [{ ...one, scorecard, badness: badness(scorecard, by) }]
  })
  scored.sort((a, b) => b.badness - a.badness || (a.code < b.code ? -1 : 1))
  return scored.map(({ badness: _, ...one }) => one)
}

/** Below every figure that there is. */
const UNMEASURED = Number.MIN_SAFE_INTEGER

/** The larger, the worse; what cannot be measured is the least. */
function badness(scorecard: Scorecard, by: (typeof RANKS)[number]): number {
  const { onTimePpm, onTimeInFullPpm, defectPpm, priceVariance, actualLeadTime, counts } = scorecard
  const dearest = priceVariance.map(({ variancePpm }) => variancePpm ?? UNMEASURED)
  const missed = (ppm: number | null) => (ppm === null ? null : 1_000_000 - ppm)
  const figures = {
    'on-time': missed(onTimePpm),
    'on-time-in-full': missed(onTimeInFullPpm),
    defects: defectPpm,
    price: Math.max(UNMEASURED, ...dearest),
    'lead-time': actualLeadTime.p90,
    lines: counts.lines,
  }
  return figures[by] ?? UNMEASURED
}

function toLine(row: SupplyLineRow, asOf: string): z.output<typeof line> {
  const whole = (value: bigint | null) => (value === null ? null : `${value}`)
  const { supplier: _, overPpm: __, underPpm: ___, ...told } = row
  return {
    ...told,
    id: `${row.id}`,
    qtyOrdered: `${row.qtyOrdered}`,
    qtyReceived: whole(row.qtyReceived),
    qtyRejected: whole(row.qtyRejected),
    agreedMinor: whole(row.agreedMinor),
    paidMinor: whole(row.paidMinor),
    freightMinor: whole(row.freightMinor),
    figures: figuresOf(row, asOf),
  }
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}
