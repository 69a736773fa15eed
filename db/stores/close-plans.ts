import type { Reader } from '../client.ts'
import type { ClosePeriod } from '../queries/close-periods.ts'
import type { ClosePolicy } from '#domain/ledger/close-policy'
import type { JournalEntryDraft } from '#domain/ledger/journal'
import {
  expectedLoss,
  postAllocated,
  postCreditLoss,
  postFreightAccrued,
  postFxRevalued,
  postYearClosed,
  revaluation,
  type MonetaryItem,
  type YearResult,
} from '#domain/ledger/posting-close'
import { divideRounded } from '#domain/money'
import { invariant } from '#domain/refusal'
import { entryOf, postedSoFar, type Asking, type ClosePlan } from './close-asking.ts'
import { marketplaceFeePlan } from './close-fee-plan.ts'
import { realisableValuePlan } from './close-realisable-value.ts'
import { termsDue } from './deferred-revenue.ts'
import { keepTargets, planReturnReserve } from './return-reserve.ts'

export async function planOf(
  db: Reader,
  period: ClosePeriod,
  task: string,
  policy: ClosePolicy,
  approvalId?: string,
): Promise<ClosePlan> {
  const plan = PLANS[task]
  invariant(plan, `no rule posts for the task ${task}`)
  return plan({ db, period, task, policy, approvalId })
}

const PLANS: Record<string, (asking: Asking) => Promise<ClosePlan>> = {
  'freight-accrued': freightPlan,
  'marketplace-fees': marketplaceFeePlan,
  'realisable-value': realisableValuePlan,
  'credit-loss': creditLossPlan,
  'returns-reserve': reservePlan,
  'terms-earned': termsPlan,
  'fx-revalued': revaluationPlan,
  allocations: allocationPlan,
  'year-closed': yearPlan,
}

/** Parcels whose freight nobody estimated cost what the others of the period did on average. */
async function freightPlan(asking: Asking): Promise<ClosePlan> {
  const { db, period } = asking
  const { entityId, starts, ends } = period
  const rows = await db<
    {
      id: bigint
      parcels: bigint
      freightMinor: bigint
      orderId: bigint
      orderLineId: bigint
      channelId: number
      itemId: number
      siteId: number
      segment: string
    }[]
  >`
    SELECT s.id, (SELECT count(*) FROM parcel c WHERE c.shipment_id = s.id AND c.voided_at IS NULL) AS parcels, s.freight_minor AS "freightMinor",
      o.id AS "orderId", l.id AS "orderLineId", o.channel_id AS "channelId", l.item_id AS "itemId", s.site_id AS "siteId", o.segment
    FROM sales_order o JOIN shipment s ON s.order_id = o.id AND s.shipped_on BETWEEN ${starts} AND ${ends}
    CROSS JOIN LATERAL (SELECT l.id, l.item_id FROM shipment_line h JOIN sales_order_line l ON l.id = h.order_line_id WHERE h.shipment_id = s.id AND l.item_id IS NOT NULL ORDER BY l.id LIMIT 1) l
    WHERE o.entity_id = ${entityId} AND o.workflow_id NOT LIKE 'history/%' AND o.fulfilled_by = 'merchant' ORDER BY s.id`
  const priced = rows.filter(({ freightMinor, parcels }) => freightMinor > 0n && parcels > 0n)
  const known = priced.reduce((all, row) => all + row.parcels, 0n)
  if (known === 0n) return { drafts: [], reverses: true }
  const average = priced.reduce((all, row) => all + row.freightMinor, 0n)
  const so = await postedSoFar(asking)
  const drafts = rows
    .filter(({ freightMinor, parcels }) => freightMinor === 0n && parcels > 0n)
    .flatMap(({ id, parcels, freightMinor: _none, ...dimensions }) => {
      const { count, funcMinor } = so(`shipment/${id}`)
      const amountMinor = divideRounded(average * parcels, known) - funcMinor
      if (amountMinor === 0n) return []
      return [postFreightAccrued(entryOf(asking, count + 1), { id, dimensions, amountMinor })]
    })
  return { drafts, reverses: true }
}

/** The allowance is set to what the ages of the receivables say, in either direction. */
async function creditLossPlan(asking: Asking): Promise<ClosePlan> {
  const { db, period, policy } = asking
  const { entityId, ends } = period
  const receivables = await db<{ ageDays: number; funcMinor: bigint }[]>`
    SELECT greatest(0, ${ends}::date - coalesce(max(v.due_on), i.opened_on))::int AS "ageDays", sum(m.func_minor)::bigint AS "funcMinor"
    FROM open_item i JOIN open_item_match m ON m.open_item_id = i.id JOIN journal_entry e ON e.id = m.entry_id AND e.effective_on <= ${ends}
    LEFT JOIN customer_invoice v ON i.key = 'shipment/' || v.shipment_id
    WHERE i.entity_id = ${entityId} AND i.account_id = 1200 AND i.book = 'main' AND i.opened_on <= ${ends}
    GROUP BY i.id HAVING sum(m.func_minor) > 0`
  const [allowance] = await db<{ funcMinor: bigint }[]>`
    SELECT coalesce(-sum(l.func_minor), 0)::bigint AS "funcMinor" FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
    WHERE l.account_id = 1210 AND l.effective_on <= ${ends} AND e.entity_id = ${entityId} AND e.book = 'main'`
  if (policy.creditLoss.length === 0) return { drafts: [], reverses: false }
  const changeMinor = expectedLoss(receivables, policy.creditLoss) - allowance!.funcMinor
  if (changeMinor === 0n) return { drafts: [], reverses: false }
  const { count } = (await postedSoFar(asking))('allowance')
  return { drafts: [postCreditLoss(entryOf(asking, count + 1), changeMinor)], reverses: false }
}

/** Services that run over a term are earned by the day; never taken back. */
async function termsPlan({ db, period, approvalId }: Asking): Promise<ClosePlan> {
  const { entityId, ends: through } = period
  const due = await termsDue(db, { entityId, through, approvalId })
  return { drafts: due.map(({ draft }) => draft), reverses: false }
}

/** Row 12: what is expected to come back, set to its target. */
async function reservePlan({ db, period, approvalId }: Asking): Promise<ClosePlan> {
  const { entityId, functionalCurrency, ends: on } = period
  const of = { entityId, functionalCurrency, on, approvalId }
  const { targets, draft } = await planReturnReserve(db, of)
  return {
    drafts: draft ? [draft] : [],
    reverses: false,
    keep: (tx, actor) => keepTargets(tx, targets, { entityId, on, actor }),
  }
}

/** Every open monetary item in another currency, at the closing rate; an item without a rate waits for it. */
async function revaluationPlan(asking: Asking): Promise<ClosePlan> {
  const { period, policy } = asking
  const reverses = policy.fxRevaluation === 'reverse'
  const items = await monetaryItems(asking)
  const rates = await closingRates(asking)
  const moved = items.flatMap((item) => {
    const rateE9 = rates.get(item.currency)
    if (rateE9 === undefined && item.amountMinor !== 0n) return []
    const changeMinor = revaluation(item, period.functionalCurrency, rateE9 ?? 0n)
    return changeMinor === 0n ? [] : [{ item, changeMinor }]
  })
  if (moved.length === 0) return { drafts: [], reverses }
  const so = await postedSoFar(asking)
  const drafts = moved.map(({ item, changeMinor }) => {
    const { count } = so(`${item.accountId}/${item.currency}/${item.key}`)
    return postFxRevalued(entryOf(asking, count + 1), item, changeMinor)
  })
  return { drafts, reverses }
}

async function closingRates({ db, period }: Asking): Promise<Map<string, bigint>> {
  const rows = await db<{ currency: string; rateE9: bigint }[]>`
    SELECT DISTINCT ON (from_currency) from_currency AS currency, rate_e9 AS "rateE9" FROM fx_rate
    WHERE to_currency = ${period.functionalCurrency} AND kind = 'closing' AND rate_on = ${period.ends} ORDER BY from_currency, id DESC`
  return new Map(rows.map(({ currency, rateE9 }) => [currency, rateE9]))
}

interface MonetaryRow {
  accountId: number
  currency: string
  key: string
  amountMinor: bigint
  funcMinor: bigint
  openKey: string | null
  orderId: bigint | null
  channelId: number | null
  provider: string | null
  party: string | null
}

/** Taxes are left out: they are owed at the rate that their return demands (R18). */
async function monetaryItems({ db, period }: Asking): Promise<MonetaryItem[]> {
  const { entityId, functionalCurrency, ends } = period
  const rows = await db<MonetaryRow[]>`
    SELECT i.account_id AS "accountId", i.currency, i.key, sum(m.amount_minor)::bigint AS "amountMinor", sum(m.func_minor)::bigint AS "funcMinor",
      i.key AS "openKey", max(l.order_id) AS "orderId", max(l.channel_id) AS "channelId", max(l.provider) AS provider, max(l.party) AS party
    FROM open_item i JOIN gl_account a ON a.id = i.account_id AND a.monetary
    JOIN open_item_match m ON m.open_item_id = i.id JOIN journal_line l ON l.entry_id = m.entry_id AND l.line_no = m.line_no AND l.effective_on <= ${ends}
    WHERE i.entity_id = ${entityId} AND i.book = 'main' AND i.currency <> ${functionalCurrency} GROUP BY i.id
    HAVING sum(m.amount_minor) <> 0 OR sum(m.func_minor) <> 0
    UNION ALL
    SELECT l.account_id, l.currency, coalesce(d.party, d.channel_id::text, 'balance'), sum(l.amount_minor)::bigint, sum(l.func_minor)::bigint, NULL, NULL, d.channel_id, NULL, d.party
    FROM gl_account a JOIN journal_line l ON l.account_id = a.id AND l.effective_on <= ${ends} AND l.currency <> ${functionalCurrency}
    JOIN journal_entry e ON e.id = l.entry_id AND e.entity_id = ${entityId} AND e.book = 'main'
    CROSS JOIN LATERAL (SELECT CASE WHEN a.required_dims & 64 > 0 THEN l.party END AS party, CASE WHEN a.required_dims & 4 > 0 THEN l.channel_id END AS channel_id) d
    WHERE a.monetary AND NOT a.open_items AND a.required_dims IN (0, 4, 64)
    GROUP BY l.account_id, l.currency, d.party, d.channel_id HAVING sum(l.amount_minor) <> 0 OR sum(l.func_minor) <> 0
    ORDER BY 1, 2, 3`
  return rows.map(({ openKey, orderId, channelId, provider, party, ...item }) => ({
    ...item,
    dimensions: {
      ...(openKey === null ? {} : { openKey }),
      ...(orderId === null ? {} : { orderId }),
      ...(channelId === null ? {} : { channelId }),
      ...(provider === null ? {} : { provider }),
      ...(party === null ? {} : { party }),
    },
  }))
}

/** What an account gathered in the period and names no channel is spread, the rest of it again where more came. */
async function allocationPlan(asking: Asking): Promise<ClosePlan> {
  const { db, period, policy } = asking
  const channels = await db<{ id: number; code: string }[]>`
    SELECT id, code FROM channel WHERE entity_id = ${period.entityId}`
  const channelIds = new Map(channels.map(({ id, code }) => [code, id]))
  const so = policy.allocations.length === 0 ? undefined : await postedSoFar(asking)
  const drafts: JournalEntryDraft[] = []
  for (const rule of policy.allocations) {
    const [left] = await db<{ funcMinor: bigint }[]>`
      SELECT coalesce(sum(l.func_minor), 0)::bigint AS "funcMinor" FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
      WHERE l.account_id = ${rule.fromAccount} AND l.channel_id IS NULL AND e.period_id = ${period.periodId} AND e.book = 'main'`
    if (left!.funcMinor === 0n) continue
    const of = entryOf(asking, so!(rule.ruleId).count + 1)
    drafts.push(postAllocated(of, rule, left!.funcMinor, channelIds))
  }
  return { drafts, reverses: false }
}

/** Whatever income and expenses of the year hold by now; nothing once they have been closed. */
async function yearPlan(asking: Asking): Promise<ClosePlan> {
  const { db, period } = asking
  const year = period.period.slice(0, 4)
  const results = await db<YearResult[]>`
    SELECT l.account_id AS "accountId", sum(l.func_minor)::bigint AS "funcMinor"
    FROM journal_line l JOIN gl_account a ON a.id = l.account_id AND a.class IN ('income', 'expense') JOIN journal_entry e ON e.id = l.entry_id
    WHERE e.entity_id = ${period.entityId} AND e.book = 'main' AND l.effective_on BETWEEN ${`${year}-01-01`} AND ${period.ends}
    GROUP BY 1 HAVING sum(l.func_minor) <> 0 ORDER BY 1`
  if (results.length === 0) return { drafts: [], reverses: false }
  const { count } = (await postedSoFar(asking))(year)
  return { drafts: [postYearClosed(entryOf(asking, count + 1), results)], reverses: false }
}
