import type { Client } from '@temporalio/client'
import type { UpdateDefinition } from '@temporalio/common'
import { requestVendorReturn } from '#clients/stock-documents'
import type { DocumentProgress } from '#contracts/document-progress'
import { vendorReturnWorkflowId } from '#contracts/vendor-return'
import { aKey } from './orders.ts'

let numbers = 0

export interface Returning {
  /** The buyer's, of line 1 unless told. */
  ask(
    receiptNo: string,
    qty: number,
    changes?: { returnNo?: string; receiptLineNo?: number },
  ): Promise<DocumentProgress>
  /** Gives a command under a key of its own. */
  tell<C extends { key: string; actor: string }>(
    back: DocumentProgress,
    update: UpdateDefinition<DocumentProgress, [C]>,
    command: Omit<C, 'key' | 'actor'>,
  ): Promise<DocumentProgress>
}

/** What people do with goods that a supplier is to take back. */
export function returningOn({
  client,
  taskQueue,
}: {
  client: Client
  taskQueue?: string
}): Returning {
  return {
    ask: (receiptNo, qty, { returnNo, receiptLineNo = 1 } = {}) => {
      const no = returnNo ?? `RTV-${process.pid}-${(numbers += 1)}`
      const lines = [{ receiptLineNo, qty: `${qty}` }]
      const by = { actor: 'buyer', key: aKey() }
      const request = { ...by, returnNo: no, receiptNo, site: 'EAST', reason: 'chipped', lines }
      return requestVendorReturn(client, request, { updateId: aKey(), taskQueue })
    },
    tell: (back, update, command) => {
      const args = [{ actor: 'lead', key: aKey(), ...command } as never] as [never]
      return client.workflow
        .getHandle(vendorReturnWorkflowId(back.no))
        .executeUpdate(update, { args })
    },
  }
}
