import { addDays } from '#domain/dates'
import { groupBy } from '#domain/groups'
import type { JournalEntryDraft } from '#domain/ledger/journal'
import { takeBooked, type OpenValue } from '#domain/ledger/open-value'
import { postRevenueRecognised } from '#domain/ledger/posting-deferrals'
import { deferralKey } from '#domain/ledger/sales-terms'
import { sum } from '#domain/money'
import { earnedOfTerm, type RevenueOn } from '#domain/orders/revenue'
import { Refusal } from '#domain/refusal'
import type { Reader, Tx } from '../client.ts'
import { lockOpenItem } from './ledger-open-items.ts'
import { postEntries } from './ledger.ts'
import { json } from './records.ts'

/**
 * A new rule of when an item, or a class of items, is earned; lines placed from now on follow it.
 * @throws Refusal `UnknownSku`, `EarnedAsGoods`
 */
export async function insertRevenuePolicy(
  tx: Tx,
  rule: {
    sku?: string | undefined
    itemClass?: string | undefined
    revenueOn: RevenueOn | null
    termMonths?: number | undefined
    standard: string
    reason: string
    actor: string
  },
): Promise<bigint> {
  const { sku, itemClass = null, revenueOn, termMonths = null } = rule
  const [item] = await tx<{ id: number; kind: string }[]>`
    SELECT id, kind FROM item WHERE sku = ${sku ?? null}`
  if (sku !== undefined && !item)
    throw new Refusal('UnknownSku', `No item has the SKU "${sku}".`, { field: 'body.sku' })
  const later = revenueOn === 'activated' || revenueOn === 'over-term'
  if (item && (later ? item.kind !== 'service' : item.kind === 'gift-card' || item.kind === 'kit'))
    throw new Refusal(
      'EarnedAsGoods',
      `${sku} is a ${item.kind}: only a service is earned when it is activated or over a term, a kit as its components are, and a gift card never.`,
      { field: 'body.revenueOn' },
    )
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO revenue_policy (item_id, item_class, revenue_on, term_months, standard, reason, actor)
    VALUES (${item?.id ?? null}, ${itemClass}, ${revenueOn}, ${termMonths}, ${rule.standard}, ${rule.reason}, ${rule.actor}) RETURNING id`
  return row!.id
}

interface NewDeferral {
  orderLineId: bigint
  minor: bigint
  /** Null: earned as a whole when it is activated. */
  termMonths: number | null
}

/** Keeps what a shipment has billed before it is earned. */
export async function insertDeferrals(
  tx: Tx,
  of: { shipmentId: bigint; entityId: number; currency: string; startsOn: string },
  deferrals: readonly NewDeferral[],
): Promise<void> {
  if (deferrals.length === 0) return
  await tx`
    INSERT INTO deferred_revenue (shipment_id, order_line_id, entity_id, currency, minor, term_months, starts_on)
    SELECT ${of.shipmentId}, "orderLineId", ${of.entityId}, ${of.currency}, minor, "termMonths", ${of.startsOn}
    FROM jsonb_to_recordset(${json(tx, deferrals)}) AS d ("orderLineId" bigint, minor bigint, "termMonths" int)`
}

interface Deferral {
  id: bigint
  shipmentId: bigint
  orderLineId: bigint
  orderId: bigint
  entityId: number
  functionalCurrency: string
  currency: string
  minor: bigint
  termMonths: number | null
  startsOn: string
  itemId: number
  siteId: number
  channelId: number
  segment: string
}

const deferrals = (reader: Reader) => reader`
  SELECT d.id, d.shipment_id AS "shipmentId", d.order_line_id AS "orderLineId", o.id AS "orderId", d.entity_id AS "entityId", e.functional_currency AS "functionalCurrency",
    d.currency, d.minor, d.term_months AS "termMonths", d.starts_on AS "startsOn", l.item_id AS "itemId", h.site_id AS "siteId", o.channel_id AS "channelId", o.segment
  FROM deferred_revenue d JOIN shipment h ON h.id = d.shipment_id JOIN sales_order o ON o.id = h.order_id JOIN sales_order_line l ON l.id = d.order_line_id
  JOIN entity e ON e.id = d.entity_id`

/**
 * The service of a line works for the customer from now on: all of it is earned.
 * @throws Refusal `NothingDeferred`, `EarnedOverTerm`
 */
export async function activateDeferral(
  tx: Tx,
  id: bigint,
  by: { activatedOn: string; actor: string },
): Promise<{ earnedMinor: bigint }> {
  const [deferral] = await tx<Deferral[]>`${deferrals(tx)} WHERE d.id = ${id}`
  if (deferral?.termMonths != null)
    throw new Refusal(
      'EarnedOverTerm',
      'This service is earned day by day over its term: recognise revenue instead.',
    )
  const day = by.activatedOn
  const earnedMinor = deferral
    ? await recognise(tx, deferral, { upTo: deferral.minor, day, name: 'activated' }, by.actor)
    : 0n
  if (earnedMinor === 0n)
    throw new Refusal('NothingDeferred', 'All of it is earned already: nothing is to be activated.')
  return { earnedMinor }
}

interface TermRun {
  entityId: number
  /** ISO date: its end is what is earned up to. */
  through: string
  approvalId?: string | undefined
}

/** What has been earned of a running term and is still deferred. */
export interface TermDue {
  currency: string
  minor: bigint
  draft: JournalEntryDraft
}

/** What is due of every running term of a company by the end of a day; nothing of what is earned already. */
export async function termsDue(reader: Reader, run: TermRun): Promise<TermDue[]> {
  const running = await reader<(Deferral & OpenValue)[]>`
    SELECT d.*, -i.balance_minor AS "amountMinor", -i.func_minor AS "funcMinor" FROM (${deferrals(reader)}) d
    JOIN open_item i ON i.entity_id = d."entityId" AND i.account_id = 2150 AND i.currency = d.currency AND i.book = 'main'
      AND i.key = 'deferral/' || d."shipmentId" || '/' || d."orderLineId" AND i.balance_minor < 0
    WHERE d."entityId" = ${run.entityId} AND d."termMonths" IS NOT NULL AND d."startsOn" < ${addDays(run.through, 1)} ORDER BY d.id`
  return running.flatMap((deferral) => {
    const { minor, startsOn, currency } = deferral
    const term = { minor, startsOn, termMonths: deferral.termMonths! }
    const part = { upTo: earnedOfTerm(term, run.through), day: run.through, name: run.through }
    const due = partOf(deferral, deferral, { ...part, approvalId: run.approvalId })
    return due ? [{ currency, ...due }] : []
  })
}

/**
 * Earns what is due of every running term of a company by the end of a day. A second run for the
 * same day changes nothing, as what is earned has been reached.
 */
export async function recogniseRevenue(
  tx: Tx,
  { actor, ...run }: TermRun & { actor: string },
): Promise<{ lines: number; earned: { currency: string; minor: bigint }[] }> {
  // One run at a time: both would see the same balance.
  await tx`SELECT pg_advisory_xact_lock(7261031, ${run.entityId})`
  const due = await termsDue(tx, run)
  await postEntries(
    tx,
    due.map(({ draft }) => draft),
    actor,
  )
  const earned = groupBy(due, ({ currency }) => currency)
  return {
    lines: due.length,
    earned: [...earned].map(([currency, parts]) => ({
      currency,
      minor: sum(parts.map(({ minor }) => minor)),
    })),
  }
}

/** Earns what is missing to `upTo`; answers how much that was. */
async function recognise(tx: Tx, deferral: Deferral, part: Part, actor: string): Promise<bigint> {
  const { shipmentId, orderLineId, entityId, currency } = deferral
  const key = deferralKey(shipmentId, orderLineId)
  const account = 'DeferredRevenue' as const
  const item = await lockOpenItem(tx, { entityId, account, currency, key })
  const open = { amountMinor: -(item?.balanceMinor ?? 0n), funcMinor: -(item?.funcMinor ?? 0n) }
  const due = partOf(deferral, open, part)
  if (!due) return 0n
  await postEntries(tx, [due.draft], actor)
  return due.minor
}

interface Part {
  upTo: bigint
  day: string
  /** Names this part of the deferral for ever. */
  name: string
  approvalId?: string | undefined
}

/** What is missing to `upTo`, at the value at which it was deferred; undefined where nothing is. */
function partOf(
  deferral: Deferral,
  { amountMinor: openMinor, funcMinor }: OpenValue,
  { upTo, day, name, approvalId }: Part,
): { minor: bigint; draft: JournalEntryDraft } | undefined {
  const minor = upTo - (deferral.minor - openMinor)
  if (minor <= 0n || openMinor <= 0n) return undefined
  const { id: deferralId, shipmentId, orderLineId, orderId, entityId, currency } = deferral
  const { functionalCurrency, itemId, siteId, channelId, segment } = deferral
  const open = { amountMinor: openMinor, funcMinor }
  const draft = postRevenueRecognised({
    ...{ deferralId, openKey: deferralKey(shipmentId, orderLineId), orderId, entity: entityId },
    ...{ currency, functionalCurrency, part: name, recognisedOn: day, approvalId },
    line: { orderLineId, itemId, siteId, channelId, segment },
    ...{ amountMinor: minor, bookedFuncMinor: takeBooked(open, minor) },
  })
  return { minor, draft }
}
