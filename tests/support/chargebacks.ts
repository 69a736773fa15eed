import type { Client } from '@temporalio/client'
import type { UpdateDefinition } from '@temporalio/common'
import { tellDispute } from '#clients/chargebacks'
import type { DisputeFact } from '#contracts/chargeback'
import type { DocumentProgress } from '#contracts/document-progress'
import type { OrderDocument } from '#contracts/order-intake'
import { aKey } from './orders.ts'

let disputes = 0

/** What a provider tells of one dispute of an order's payment, in whatever order, and what people say to it. */
export function disputeOn(
  { client, taskQueue }: { client: Client; taskQueue?: string },
  order: Pick<OrderDocument, 'payment'>,
  about: Partial<DisputeFact> = {},
) {
  const disputeId = about.disputeId ?? `dp_${process.pid}_${Date.now()}_${(disputes += 1)}`
  const provider = about.provider ?? 'stripe'
  const handle = client.workflow.getHandle(`chargeback/${provider}/${disputeId}`)
  return {
    no: `${provider}/${disputeId}`,
    handle,
    says: (stage: DisputeFact['stage'], more: Partial<DisputeFact> = {}) =>
      tellDispute(
        client,
        {
          ...{ key: aKey(), actor: 'gateway:stripe', provider, disputeId, stage },
          reference: order.payment.reference ?? '',
          amountMinor: order.payment.amountMinor,
          effectiveOn: new Date().toISOString().slice(0, 10),
          ...about,
          ...more,
        },
        { updateId: aKey(), taskQueue },
      ),
    tell: <C extends { key: string; actor: string }>(
      update: UpdateDefinition<DocumentProgress, [C]>,
      command: Omit<C, 'key' | 'actor'>,
    ): Promise<DocumentProgress> =>
      handle.executeUpdate(update, { args: [{ key: aKey(), actor: 'rick', ...command } as C] }),
  }
}
