import type { Tx } from '#db/client'
import { itemsUnderReview } from '#db/queries/listings'
import type { Address } from '#db/stores/addresses'
import { insertHolds, type SalesOrder } from '#db/stores/orders'
import { recordDecisions } from '#db/stores/records'
import { divideRounded } from '#domain/money'
import { CASE_OF_HOLD, type HoldType } from '#domain/orders/exceptions'
import {
  findHolds,
  ofAddress,
  type FoundHold,
  type OrderUnderReview,
  type PartiesUnderReview,
} from '#domain/orders/holds'
import { openUnits } from '#domain/orders/phase'
import { openOrderCase } from './cases.ts'
import { screenAgain } from './screen-parties.ts'
import { askForAddress, companyUnderReview } from './review.ts'
import { giveUnreleasedBack, stopWarehouse } from './stop-warehouse.ts'

export interface Rescreening {
  /** Lines that are new or are something else now; all, where the destination has changed. */
  lines: 'all' | readonly bigint[]
  /** Rules that the change can have touched; what a person has cleared is not asked again. */
  types: readonly HoldType[]
  actor: string
}

/** Looks at a changed order as intake looked at the new one: a change is no way around a rule (FUL-8, FUL-26). */
export async function rescreen(
  tx: Tx,
  order: SalesOrder,
  { lines, types, actor }: Rescreening,
): Promise<void> {
  const review = await storedReview(tx, order, lines)
  const holds = findHolds(review).filter((hold) => types.includes(hold.type))
  const added: FoundHold[] = []
  for (const hold of holds) {
    const news = await withoutCleared(tx, order, hold)
    if (news) added.push(news)
  }
  for (const hold of added) await holdAgain(tx, order, hold, actor)
  if (types.includes('compliance')) await screenAgain(tx, order)
  await recordDecisions(tx, [
    {
      subjectType: 'order',
      subjectId: order.id.toString(),
      kind: 'validation',
      rule: 'rescreen',
      ruleVersion: order.policies.fraud.version,
      inputs: {
        lines: review.items.map((item) => item.line),
        shipCountry: order.shipCountry,
        types,
      },
      choice:
        added.length === 0
          ? { verdict: 'accepted' }
          : { verdict: 'held', holds: added.map(({ type, reason }) => ({ type, reason })) },
      actor,
    },
  ])
}

/** An address that cannot be delivered to holds the order; the carrier is asked what was meant. */
export async function holdAddress(
  tx: Tx,
  order: SalesOrder,
  address: Address,
  actor: string,
): Promise<void> {
  const hold = ofAddress(address)
  if (!hold) return
  await holdAgain(tx, order, hold, actor)
  await askForAddress(tx, order)
}

/** Where its evidence lists what was found, entry by entry. */
const LIST: Partial<Record<HoldType, string>> = { compliance: 'matches', fraud: 'reasons' }

/** The hold with what was found before added, or nothing when all of it was known. */
async function withoutCleared(
  tx: Tx,
  order: SalesOrder,
  hold: FoundHold,
): Promise<FoundHold | null> {
  const [known] = await tx<{ evidence: Record<string, unknown> }[]>`
    SELECT evidence FROM exception_case WHERE key = ${`order/${order.id}/${hold.caseType}`}`
  if (!known) return hold
  const list = LIST[hold.type]
  if (list) {
    const seen = new Set(entries(known.evidence[list]).map((entry) => JSON.stringify(entry)))
    const fresh = entries(hold.evidence[list]).filter((entry) => !seen.has(JSON.stringify(entry)))
    if (fresh.length === 0) return null
    const all = [...entries(known.evidence[list]), ...fresh]
    return { ...hold, evidence: { ...hold.evidence, [list]: all, added: fresh } }
  }
  if (!order.holds.some((open) => open.type === hold.type)) return hold
  const union = Object.entries(hold.evidence).map(([name, value]) => [
    name,
    Array.isArray(value) ? [...entries(known.evidence[name]), ...(value as unknown[])] : value,
  ])
  return { ...hold, evidence: Object.fromEntries(union) as Record<string, unknown> }
}

/** JSON from the database has its keys in another order than ours. */
function entries(list: unknown): Record<string, unknown>[] {
  return ((list ?? []) as Record<string, unknown>[]).map((entry) =>
    typeof entry === 'object' && entry !== null
      ? (Object.fromEntries(Object.entries(entry).sort()) as Record<string, unknown>)
      : entry,
  )
}

/** Holds for what was found, unless two people have cleared just that; answers whether it holds. */
export async function holdUnlessCleared(
  tx: Tx,
  order: SalesOrder,
  hold: FoundHold,
  actor: string,
): Promise<boolean> {
  const news = await withoutCleared(tx, order, hold)
  if (news) await holdAgain(tx, order, news, actor)
  return news !== null
}

async function holdAgain(tx: Tx, order: SalesOrder, hold: FoundHold, actor: string): Promise<void> {
  const open = order.holds.find((each) => each.type === hold.type)
  const keepsStock = hold.type !== 'compliance'
  if (!open) await insertHolds(tx, order, [{ ...hold, keepsStock }], actor)
  else await tightenHold(tx, open, keepsStock)
  if (open && open.firstReleaseBy !== null) {
    // Whoever signed first has not seen what was found since.
    await tx`UPDATE order_hold SET first_release_by = NULL WHERE id = ${open.id}`
    open.firstReleaseBy = null
  }
  await openOrderCase(tx, order, {
    type: hold.caseType ?? CASE_OF_HOLD[hold.type],
    summary: `${order.orderNumber}: ${hold.reason}`,
    evidence: hold.evidence,
    openedBy: `rule: ${hold.type}`,
    addsToOpen: true,
  })
  if (!keepsStock) await giveUnreleasedBack(tx, order)
  await stopWarehouse(tx, order)
}

/** It was held while it was being looked at; what was found may forbid to keep stock for it. */
async function tightenHold(
  tx: Tx,
  open: SalesOrder['holds'][number],
  keepsStock: boolean,
): Promise<void> {
  if (keepsStock || !open.keepsStock) return
  await tx`UPDATE order_hold SET keeps_stock = false WHERE id = ${open.id}`
  open.keepsStock = false
}

/** The order as it stands now, as the rules want to see it. */
async function storedReview(
  tx: Tx,
  order: SalesOrder,
  chosen: Rescreening['lines'],
): Promise<OrderUnderReview> {
  const lines = order.lines.filter(
    (line) => openUnits(line) > 0 && (chosen === 'all' || chosen.includes(line.id)),
  )
  const [items, [parties]] = await Promise.all([
    itemsUnderReview(
      tx,
      lines.map((line) => line.itemId).filter((id) => id !== null),
    ),
    tx<(PartiesUnderReview & { email: string | null })[]>`
      SELECT d.body->>'email' AS email, jsonb_build_object('name', d.body->>'name') AS customer, d.body->'shipTo' AS "shipTo", d.body->'billTo' AS "billTo"
      FROM sales_order o LEFT JOIN personal_data d ON d.id = o.personal_data_id WHERE o.id = ${order.id}`,
  ])
  const company = await companyUnderReview(tx, order, parties!)
  return {
    ...company,
    // Whether the customer may owe was decided when the order was taken in.
    termsRefused: false,
    document: {
      ...parties!,
      currency: order.currency,
      lines: lines.map(({ requiresShipping }) => ({ requiresShipping })),
      payment: { state: paymentState(order), amountMinor: order.totalMinor.toString() },
      total: { currency: order.currency, minor: order.totalMinor.toString() },
    },
    policy: order.policies.order.body,
    fraud: order.policies.fraud.body,
    items: lines.map((line) => {
      const item = items.find((each) => each.itemId === line.itemId)
      // Parts of a kit have a share of its price, which says nothing about their own.
      const listPriceMinor = line.kitItemId === null ? (item?.listPriceMinor ?? null) : null
      return {
        line: line.lineNo,
        sku: item?.sku ?? line.sku,
        known: item !== undefined,
        status: item?.status ?? 'active',
        missing: item?.missing ?? [],
        restrictedCountries: item?.restrictedCountries ?? [],
        minimumAge: item?.minimumAge ?? null,
        hazmatClass: item?.hazmatClass ?? null,
        listPriceMinor,
        listCurrency: item?.listCurrency ?? null,
        unitPriceMinor: divideRounded(line.goodsMinor, BigInt(line.ordered)),
        qty: openUnits(line),
      }
    }),
  }
}

function paymentState(order: SalesOrder): OrderUnderReview['document']['payment']['state'] {
  if (order.settlement === 'marketplace') return 'marketplace'
  return order.payments.some((payment) => payment.kind === 'terms') ? 'terms' : 'captured'
}
