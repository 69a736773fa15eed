import { setTimeout as wait } from 'node:timers/promises'
import type { OrderDocument } from '#contracts/order-intake'
import { orderToCashId } from '#contracts/order-to-cash'
import { aLine, anOrder } from '#tests/support/company'
import type { RecordingSystem } from './recording-system.ts'

export const person = { actor: 'supervisor' }

export function named(
  externalId: string,
  changes: Parameters<typeof anOrder>[0] = {},
): OrderDocument {
  return anOrder({ externalId, ...changes })
}

export function authorised(externalId: string): OrderDocument {
  const payment = {
    state: 'authorised' as const,
    provider: 'stripe',
    reference: `pi_${externalId}`,
    amountMinor: 'all',
  }
  return named(externalId, { payment, lines: [aLine({ quantity: 2 })] })
}

/** Waits for the end, whichever it is. */
export async function ended(system: RecordingSystem, order: OrderDocument): Promise<string> {
  const end = system.handle(order).result()
  const outcome = await Promise.race([end.catch((error: unknown) => error), wait(20_000)])
  if (outcome === undefined)
    throw new Error(
      `${order.externalId} does not end: ${JSON.stringify(await system.until(order, () => true))}`,
    )
  return orderToCashId(order.channel, order.externalId)
}
