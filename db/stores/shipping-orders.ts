import type { Tx } from '#db/client'
import { addToOutbox, intendEffect } from './records.ts'

/** Whoever runs the site is to be told what to ship: the call is written down before it is made. */
export async function intendShippingOrder(
  tx: Tx,
  fulfilmentId: bigint,
  /** Names a sending that somebody asked for once more. */
  again?: string,
): Promise<void> {
  const key = `shipping-order/${fulfilmentId}${again === undefined ? '' : `/${again}`}`
  await intendEffect(tx, {
    ...{ key, gateway: 'warehouse', operation: 'ship-order' },
    ...{ subjectType: 'fulfilment-order', subjectId: `${fulfilmentId}`, request: { fulfilmentId } },
  })
  await addToOutbox(tx, [
    { topic: 'shipping-order', key, body: { fulfilmentId: `${fulfilmentId}` } },
  ])
}
