import type { OrderDocument } from '#contracts/order-intake'
import type { Tx } from '#db/client'
import type { FoundItem } from '#db/queries/listings'
import { insertHolds, type SalesOrder } from '#db/stores/orders'
import { intendEffect, recordDecisions } from '#db/stores/records'
import { divideRounded } from '#domain/money'
import { CASE_OF_HOLD } from '#domain/orders/exceptions'
import { findHolds, type FoundHold } from '#domain/orders/holds'
import { openOrderCase } from './cases.ts'

export interface Review {
  document: OrderDocument
  found: readonly (FoundItem | null)[]
  policies: Pick<SalesOrder['policies'], 'order' | 'fraud'>
  actor: string
  /** The document asked for an account that this customer does not have. */
  termsRefused?: boolean
}

/** Finds every reason why a person must look first, and says so or that there was none. */
export async function holdWhatNeedsALook(tx: Tx, order: SalesOrder, review: Review): Promise<void> {
  const holds = findHolds(await underReview(tx, order, review))
  await applyHolds(tx, order, holds, review.actor)
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
async function askForAddress(tx: Tx, order: SalesOrder): Promise<void> {
  await intendEffect(tx, {
    key: `verify-address/${order.id}`,
    gateway: 'carrier',
    operation: 'verify-address',
    subjectType: 'order',
    subjectId: order.id.toString(),
    request: { orderId: order.id },
  })
}

/** Gathers what the rules look at. */
export async function underReview(
  tx: Tx,
  order: SalesOrder,
  { document, found, policies, termsRefused = false }: Review,
): Promise<Parameters<typeof findHolds>[0]> {
  const [deniedParties, sites, blocked] = await Promise.all([
    tx<
      { list: string; name: string; country: string | null }[]
    >`SELECT list, name, country FROM denied_party`,
    tx<
      { country: string }[]
    >`SELECT DISTINCT country FROM site WHERE entity_id = ${order.entityId}`,
    tx<
      { reason: string | null }[]
    >`SELECT blocked_reason AS reason FROM customer WHERE id = ${order.customerId}`,
  ])
  return {
    document,
    termsRefused,
    customerBlocked: blocked[0]?.reason ?? null,
    deniedParties,
    siteCountries: sites.map((site) => site.country),
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
