import type { OrderDocument } from '#contracts/order-intake'
import type { Tx } from '#db/client'
import type { FoundItem } from '#db/queries/listings'
import { marksOf, type BuyerTraces } from '#db/stores/fraud-marks'
import { insertHolds, type SalesOrder } from '#db/stores/orders'
import { intendEffect, recordDecisions } from '#db/stores/records'
import { divideRounded } from '#domain/money'
import { CASE_OF_HOLD } from '#domain/orders/exceptions'
import { findHolds, fraudScore, type FoundHold, type OrderUnderReview } from '#domain/orders/holds'
import { openOrderCase } from './cases.ts'
import { screenParties } from './screen-parties.ts'

export interface Review {
  document: OrderDocument
  found: readonly (FoundItem | null)[]
  policies: Pick<SalesOrder['policies'], 'order' | 'fraud'>
  actor: string
  /** The document asked for an account that this customer does not have. */
  termsRefused?: boolean
  /** Its parties and goods are screened by an outside service too (FUL-26). */
  screens?: boolean
}

/** Finds every reason why a person must look first, and says so or that there was none. */
export async function holdWhatNeedsALook(tx: Tx, order: SalesOrder, review: Review): Promise<void> {
  const underRules = await underReview(tx, order, review)
  const holds = findHolds(underRules)
  await applyHolds(tx, order, holds, review.actor)
  if (review.screens && !review.document.cancelled) await screenParties(tx, order)
  await recordDecisions(tx, [
    {
      subjectType: 'order',
      subjectId: order.id.toString(),
      kind: 'validation',
      rule: 'fraud',
      ruleVersion: review.policies.fraud.version,
      inputs: {
        totalMinor: order.totalMinor,
        payment: review.document.payment.state,
        shipCountry: order.shipCountry,
        customerClass: order.customerClass,
        fraud: fraudScore(underRules),
      },
      choice:
        holds.length === 0
          ? { verdict: 'accepted' }
          : { verdict: 'held', holds: holds.map(({ type, reason }) => ({ type, reason })) },
      actor: 'system',
    },
  ])
}

/** Writes holds and opens the case through which each is released. */
export async function applyHolds(
  tx: Tx,
  order: SalesOrder,
  holds: readonly FoundHold[],
  actor: string,
): Promise<void> {
  await insertHolds(
    tx,
    order,
    holds.map((hold) => ({ ...hold, keepsStock: hold.type !== 'compliance' })),
    actor,
  )
  for (const hold of holds) {
    await openOrderCase(tx, order, {
      type: hold.caseType ?? CASE_OF_HOLD[hold.type],
      summary: `${order.orderNumber}: ${hold.reason}`,
      evidence: hold.evidence,
      openedBy: `rule: ${hold.type}`,
    })
  }
  if (holds.some((hold) => hold.type === 'address')) await askForAddress(tx, order)
}

/** FUL-24: a carrier may know the address that was meant; its suggestion waits beside the case. */
export async function askForAddress(tx: Tx, order: SalesOrder): Promise<void> {
  await intendEffect(tx, {
    // Each address is asked about once; the version tells one from the next without naming it.
    key: `verify-address/${order.id}/${order.version}`,
    gateway: 'carrier',
    operation: 'verify-address',
    subjectType: 'order',
    subjectId: order.id.toString(),
    request: { orderId: order.id },
  })
}

/** Gathers what the rules look at. */
async function underReview(
  tx: Tx,
  order: SalesOrder,
  { document, found, policies, termsRefused = false }: Review,
): Promise<OrderUnderReview> {
  return {
    ...(await companyUnderReview(tx, order, {
      email: document.customer.email,
      shipTo: document.shipTo,
    })),
    document,
    termsRefused,
    policy: policies.order.body,
    fraud: policies.fraud.body,
    items: document.lines.map((line, n) => ({
      line: n + 1,
      sku: found[n]?.sku ?? line.sku,
      known: found[n] != null,
      status: found[n]?.status ?? 'active',
      missing: found[n]?.missing ?? [],
      restrictedCountries: found[n]?.restrictedCountries ?? [],
      minimumAge: found[n]?.minimumAge ?? null,
      hazmatClass: found[n]?.hazmatClass ?? null,
      listPriceMinor: found[n]?.listPriceMinor ?? null,
      listCurrency: found[n]?.listCurrency ?? null,
      unitPriceMinor: divideRounded(BigInt(line.unitPriceMinor), BigInt(found[n]?.packFactor ?? 1)),
      qty: line.quantity,
    })),
  }
}

type KnownBefore = Pick<
  OrderUnderReview,
  'deniedParties' | 'siteCountries' | 'customerBlocked' | 'marks'
>

/** What the rules know besides the order itself. */
export async function companyUnderReview(
  tx: Tx,
  order: SalesOrder,
  buyer: BuyerTraces,
): Promise<KnownBefore> {
  const [known] = await tx<[KnownBefore]>`
    SELECT (SELECT blocked_reason FROM customer WHERE id = ${order.customerId}) AS "customerBlocked",
      (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'list', list, 'name', name, 'country', country) ORDER BY id), '[]') FROM denied_party) AS "deniedParties",
      ARRAY(SELECT DISTINCT country::text FROM site WHERE entity_id = ${order.entityId}) AS "siteCountries", ${marksOf(tx, buyer)} AS marks`
  return known
}
