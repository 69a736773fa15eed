import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { openOrderCase } from './cases.ts'
import { quantity, text } from './params.ts'
import type { Resolving } from './resolve.ts'
import { resumeOrder } from './resume.ts'
import { checkSubstitution, substitute, type Substitution } from './substitute.ts'

/** Whether the customer must agree first: the policy asks for it, and nobody has their word yet. */
export function needsConsent(order: SalesOrder, wish: Substitution): boolean {
  const line = order.lines.find((candidate) => candidate.id.toString() === wish.orderLineId)
  const agreed = wish.consentToPrice === true || line?.substitutionConsent === true
  return order.policies.order.body.substitutionNeedsConsent && !agreed
}

/** FUL-19: what would be sent instead and at what price, for somebody to have the customer's word on. */
export async function askForConsent(
  tx: Tx,
  order: SalesOrder,
  wish: Substitution,
): Promise<SalesOrder> {
  const { line, item, originalMinor, ownMinor } = await checkSubstitution(tx, order, wish)
  await openOrderCase(tx, order, {
    type: 'consent-needed',
    discriminator: wish.orderLineId,
    summary: `${order.orderNumber}: may ${wish.qty} × ${line.sku} be replaced by ${item.sku}?`,
    evidence: {
      ...wish,
      original: line.title,
      substitute: item.sku,
      originalMinor,
      ownMinor,
      lowerMinor: ownMinor < originalMinor ? ownMinor : originalMinor,
    },
    openedBy: 'rule: substitution',
  })
  return order
}

/** The customer agreed, to its own price or at no higher one; or keeps to what they ordered. */
export async function decideOnConsent(
  tx: Tx,
  order: SalesOrder,
  { command, found, actor, today }: Resolving,
): Promise<SalesOrder> {
  const wish = {
    orderLineId: text(found.evidence, 'orderLineId'),
    qty: quantity(found.evidence, 'qty'),
    sku: text(found.evidence, 'sku'),
    consentToPrice: command.resolution === 'customer-agreed',
  }
  const changed =
    command.resolution === 'reject'
      ? order
      : await substitute(tx, order, wish, { actor, today, key: command.key })
  // What is still missing after a "no" asks for another way.
  await resumeOrder(tx, changed, { actor, today })
  return changed
}
