import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { intendEffect } from '#db/stores/records'
import { applyEffectOutcome, readEffect, type Effect } from './effect-outcomes.ts'
import { chosenService } from './labels.ts'
import { text } from './params.ts'
import type { Resolving } from './resolve.ts'
import { resumeOrder } from './resume.ts'

/** A person decides on an outside call that nobody answered: ask again, or what they know has happened. */
export async function decideOnEffect(
  tx: Tx,
  order: SalesOrder,
  { command, found, actor, today }: Resolving,
): Promise<SalesOrder> {
  const key = text(found.evidence, 'effectKey')
  const effect = await readEffect(tx, key)
  switch (command.resolution) {
    case 'ask-again':
      // Its case is closed, so the process takes it up again, at once.
      await tx`UPDATE external_effect SET ask_at = NULL WHERE key = ${key}`
      return order
    case 'mark-done':
      await applyEffectOutcome(
        tx,
        order,
        effect,
        { outcome: 'confirmed', facts: factsOf(effect, command.params) },
        { actor, today },
      )
      await resumeOrder(tx, order, { actor, today })
      return order
    default:
      await applyEffectOutcome(
        tx,
        order,
        effect,
        { outcome: 'refused', code: 'marked-failed', message: `marked as failed by ${actor}` },
        { actor, today },
      )
      return order
  }
}

/** What a person must know of a call that they say has happened. */
function factsOf(
  effect: Effect,
  params: Record<string, unknown> | undefined,
): Record<string, unknown> {
  if (effect.operation !== 'buy-label') return { reference: text(params, 'reference') }
  return {
    trackingNumber: text(params, 'trackingNumber'),
    carrier: text(params, 'carrier'),
    service: String(params?.['service'] ?? effect.request['service'] ?? ''),
    costMinor: String(params?.['costMinor'] ?? '0'),
  }
}

/** A label that could not be bought: try the same, the next best service, or type one in by hand. */
export async function retryLabel(
  tx: Tx,
  order: SalesOrder,
  { command, found }: Resolving,
): Promise<SalesOrder> {
  const effect = await readEffect(tx, text(found.evidence, 'effectKey'))
  const parcelId = BigInt(text(effect.request, 'parcelId'))
  if (command.resolution === 'manual') {
    await tx`UPDATE parcel SET tracking_number = ${text(command.params, 'trackingNumber')}, carrier = ${text(command.params, 'carrier')} WHERE id = ${parcelId}`
    return order
  }
  const key = `${effect.key}/again/${found.id}`
  await tx`UPDATE parcel SET label_effect_key = ${key} WHERE id = ${parcelId}`
  const tried = [
    ...((effect.request['without'] as string[] | undefined) ?? []),
    String(chosenService(effect) ?? effect.request['service'] ?? ''),
  ]
  await intendEffect(tx, {
    key,
    gateway: 'carrier',
    operation: 'buy-label',
    subjectType: 'order',
    subjectId: order.id.toString(),
    request: {
      ...effect.request,
      ...(command.resolution === 'next-service'
        ? { service: null, carrier: null, without: tried }
        : {}),
    },
  })
  return order
}
