import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import { tellOrder } from '#clients/order-process'
import type { OrderDocument } from '#contracts/order-intake'
import { buyLabels, confirmShipment, orderToCashId, recordTracking } from '#contracts/order-to-cash'
import type { Db } from '#db/client'
import { storeDocument } from '#db/stores/inbox'

export type Kind = 'prepaid' | 'authorised' | 'prepaid-labelled' | 'authorised-labelled'

export interface DrivenOrder {
  kind: Kind
  document: OrderDocument
  /** Pauses between the steps of its people, so that faults meet every step. */
  pauses: number[]
}

export interface World {
  db: Db
  client: Client
  /** Ends all waiting when the test has given up. */
  signal: AbortSignal
}

interface Standing {
  id: string
  phase: string
  closed: boolean
  fulfilmentId: string | null
  shipments: number
  parcels: number
  tracking: string | null
}

/**
 * What the shop, the warehouse and the carrier do about one order, as people and programs do
 * it: they look, and do again under the same key what has not had its effect yet.
 */
export async function driveToItsEnd(world: World, order: DrivenOrder): Promise<void> {
  const { document, kind } = order
  const labelled = kind.endsWith('labelled')
  await wait(order.pauses[0])
  await persist(world, order, ({ phase }) => phase === 'released', place)
  await wait(order.pauses[1])
  if (labelled) await persist(world, order, ({ tracking }) => tracking !== null, label)
  await wait(order.pauses[2])
  await persist(world, order, ({ shipments }) => shipments > 0, ship)
  if (labelled) {
    await wait(order.pauses[3])
    await persist(world, order, ({ closed }) => closed, deliver)
  }
  await persist(
    world,
    order,
    ({ closed }) => closed,
    async () => {},
  )

  async function place(): Promise<void> {
    const { channel, externalId, externalVersion } = document
    const { inboxId } = await storeDocument(world.db, {
      source: 'faults',
      eventId: `${externalId}/${externalVersion}`,
      topic: 'placed',
      document,
    })
    await tellOrder(world.client, { inboxId, topic: 'placed', document, actor: `shop/${channel}` })
  }

  async function label({ fulfilmentId, parcels }: Standing): Promise<void> {
    if (parcels > 0) return
    await handle().executeUpdate(buyLabels, {
      updateId: 'labels/1',
      args: [
        {
          key: 'labels/1',
          actor: 'packer',
          fulfilmentId: fulfilmentId!,
          parcels: [{ weightG: 800 }],
        },
      ],
    })
  }

  async function ship({ fulfilmentId }: Standing): Promise<void> {
    await handle().executeUpdate(confirmShipment, {
      updateId: 'ship/1',
      args: [{ key: 'ship/1', actor: 'picker', fulfilmentId: fulfilmentId!, reference: 'S-1' }],
    })
  }

  async function deliver({ tracking }: Standing): Promise<void> {
    await handle().signal(recordTracking, {
      providerEventId: `${document.externalId}/delivered`,
      trackingNumber: tracking!,
      status: 'delivered',
      at: new Date().toISOString(),
      actor: 'carrier',
    })
  }

  function handle() {
    return world.client.workflow.getHandle(orderToCashId(document.channel, document.externalId))
  }
}

async function persist(
  world: World,
  { document }: DrivenOrder,
  reached: (order: Standing) => boolean,
  act: (order: Standing) => Promise<void>,
): Promise<void> {
  for (;;) {
    world.signal.throwIfAborted()
    try {
      const standing = await standingOf(world.db, document.externalId)
      if (reached(standing)) return
      await world.client.withDeadline(Date.now() + 4_000, () => act(standing))
    } catch {
      // Whatever it was, the next look says whether it happened.
    }
    await wait(400)
  }
}

async function standingOf(db: Db, externalId: string): Promise<Standing> {
  const [row] = await db<Standing[]>`
    SELECT o.id::text, o.phase, o.closed_at IS NOT NULL AS closed,
      (SELECT min(f.id)::text FROM fulfilment_order f WHERE f.order_id = o.id) AS "fulfilmentId",
      (SELECT count(*)::int FROM shipment s WHERE s.order_id = o.id) AS shipments,
      (SELECT count(*)::int FROM parcel p WHERE p.order_id = o.id) AS parcels,
      (SELECT min(p.tracking_number) FROM parcel p WHERE p.order_id = o.id) AS tracking
    FROM sales_order o WHERE o.external_id = ${externalId}`
  return (
    row ?? {
      id: '',
      phase: 'unknown',
      closed: false,
      fulfilmentId: null,
      shipments: 0,
      parcels: 0,
      tracking: null,
    }
  )
}
