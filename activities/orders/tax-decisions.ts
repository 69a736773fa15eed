import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { quoteOfOrder } from '#db/stores/tax-quotes'
import { Refusal } from '#domain/refusal'
import { readEffect } from './effect-outcomes.ts'
import { checkTaxAgain, commitTax, taxAnew } from './order-tax.ts'
import { text } from './params.ts'
import { grantRefund } from './refunds.ts'
import type { Resolving } from './resolve.ts'
import { retaxable } from './retax.ts'

/**
 * `retry` asks, or reports, again now; where a certificate had ended, the buyer has a new one and
 * what has not left is taxed by it. `accept` leaves what was charged as it is.
 */
export async function decideOnTax(
  tx: Tx,
  order: SalesOrder,
  resolving: Resolving,
): Promise<SalesOrder> {
  const { command, found } = resolving
  if (command.resolution !== 'retry') return order
  if (found.evidence['effectKey'] === undefined) return findAnew(tx, order, resolving)
  const effect = await readEffect(tx, text(found.evidence, 'effectKey'))
  if (effect.state !== 'confirmed' && effect.state !== 'failed')
    await tx`UPDATE external_effect SET ask_at = clock_timestamp() WHERE key = ${effect.key}`
  else if (effect.operation === 'commit-tax') {
    const { company: _company, ...request } = effect.request
    await commitTax(tx, order, `${effect.key}/again/${found.id}`, request)
  } else await checkTaxAgain(tx, order, 'somebody asked for it')
  return order
}

/** A certificate was verified, or a rate stated, that was missing: what has not left is taxed by it. */
async function findAnew(
  tx: Tx,
  order: SalesOrder,
  { command, found, actor, today }: Resolving,
): Promise<SalesOrder> {
  const quote = await quoteOfOrder(tx, order.id)
  if (!quote || (quote.pricesIncludeTax && found.evidence['certificateId'] === undefined))
    throw new Refusal(
      'ResolutionNotAllowed',
      'Its prices hold the tax of where it was to go: cancel and order anew at the price of the new destination, or accept.',
    )
  await taxAnew(tx, order, quote, retaxable(order), 'somebody asked for it')
  await grantRefund(tx, order, { actor, today, key: command.key, reason: 'less tax is due' })
  return order
}
