import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { Refusal } from '#domain/refusal'
import { readEffect } from './effect-outcomes.ts'
import { checkTaxAgain, commitTax } from './order-tax.ts'
import { text } from './params.ts'
import type { Resolving } from './resolve.ts'

/** `retry` asks, or reports, again now; `accept` leaves what was charged as it is. */
export async function decideOnTax(
  tx: Tx,
  order: SalesOrder,
  { command, found }: Resolving,
): Promise<SalesOrder> {
  if (command.resolution !== 'retry') return order
  if (found.evidence['effectKey'] === undefined)
    throw new Refusal(
      'ResolutionNotAllowed',
      'Nobody was asked about these lines: cancel them and add them with their tax, or accept.',
    )
  const effect = await readEffect(tx, text(found.evidence, 'effectKey'))
  if (effect.state !== 'confirmed' && effect.state !== 'failed')
    await tx`UPDATE external_effect SET ask_at = clock_timestamp() WHERE key = ${effect.key}`
  else if (effect.operation === 'commit-tax') {
    const { company: _company, ...request } = effect.request
    await commitTax(tx, order, `${effect.key}/again/${found.id}`, request)
  } else await checkTaxAgain(tx, order, 'somebody asked for it')
  return order
}
