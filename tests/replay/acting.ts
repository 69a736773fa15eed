import { setTimeout as wait } from 'node:timers/promises'
import type { OrderDocument } from '#contracts/order-intake'
import { buyLabels, orderToCashId, type OrderProgress } from '#contracts/order-to-cash'
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

/** The fulfilment order that the warehouse is to ship next. */
export async function openFulfilment(
  { database }: RecordingSystem,
  orderId: string,
): Promise<string> {
  const [row] = await database.db<{ id: string }[]>`
    SELECT id::text FROM fulfilment_order WHERE order_id = ${orderId} AND state = 'released' ORDER BY id LIMIT 1`
  return row!.id
}

export async function labelled(
  system: RecordingSystem,
  order: OrderDocument,
  { orderId }: OrderProgress,
): Promise<void> {
  await system.handle(order).executeUpdate(buyLabels, {
    args: [
      {
        key: 'labels/1',
        actor: 'packer',
        fulfilmentId: await openFulfilment(system, orderId),
        parcels: [{ weightG: 900 }],
      },
    ],
  })
  await system.until(order, ({ effects }) => effects.length === 0)
}
