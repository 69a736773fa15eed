import { randomUUID } from 'node:crypto'
import type { UpdateDefinition } from '@temporalio/common'
import { draftPurchase } from '#clients/purchase-process'
import {
  procureToPayId,
  type PurchaseCommand,
  type PurchaseDraft,
  type PurchaseProgress,
} from '#contracts/procure-to-pay'
import type { Db } from '#db/client'
import type { PurchasingPolicy } from '#domain/purchasing/policy'
import type { Company } from './company.ts'
import type { TestSystem } from './process.ts'

/** A date so many days from today. */
export function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
}

/** An approved supplier of the test company, who sells mugs at 4.20 and from 100 on at 3.90. */
export async function aSupplier(
  admin: Db,
  company: Company,
  changes: Record<string, string | number | null> = {},
): Promise<string> {
  const code = `POTTERS-${randomUUID().slice(0, 8)}`
  const row = {
    ...{
      entity_id: company.entityId,
      code,
      name: `Potters ${code}`,
      country: 'US',
      currency: 'USD',
    },
    ...{
      email: 'orders@potters.example',
      state: 'approved',
      created_by: 'ada',
      approved_by: 'bob',
    },
    ...changes,
  }
  const [supplier] = await admin<{ id: number }[]>`INSERT INTO supplier ${admin(row)} RETURNING id`
  const [item] = await admin<{ id: bigint }[]>`
    INSERT INTO supplier_item (supplier_id, item_id, vendor_sku, lead_time_days) VALUES (${supplier!.id}, ${company.items.get('MUG')!}, 'P-1', 14) RETURNING id`
  await admin`
    INSERT INTO supplier_price (supplier_item_id, min_qty, price_minor, valid_from, actor) VALUES (${item!.id}, 1, 420, '2020-01-01', 'ada'), (${item!.id}, 100, 390, '2020-01-01', 'ada')`
  return code
}

/** Rules of purchasing from now on, for every entity. */
export async function setPurchasing(admin: Db, body: Partial<PurchasingPolicy>): Promise<void> {
  await admin`
    INSERT INTO policy (kind, scope, version, owner, body)
    SELECT 'purchasing', '*', coalesce(max(version), 0) + 1, 'test', ${admin.json(body as never)} FROM policy WHERE kind = 'purchasing' AND scope = '*'`
}

export interface Purchasing {
  /** Drafts an order of mugs unless told, by the buyer ben. */
  draft(
    draft: Partial<PurchaseDraft> & { supplier: string; poNumber?: string },
  ): Promise<PurchaseProgress>
  /** Gives a command under a key of its own; ben's unless `actor` is named. */
  tell<C extends PurchaseCommand>(
    order: PurchaseProgress,
    update: UpdateDefinition<PurchaseProgress, [C]>,
    command: Omit<C, 'key' | 'actor'> & { key?: string; actor?: string },
  ): Promise<PurchaseProgress>
  now(order: PurchaseProgress): Promise<PurchaseProgress>
  /** Waits until the order stands so. */
  until(
    order: PurchaseProgress,
    stands: (progress: PurchaseProgress) => boolean,
  ): Promise<PurchaseProgress>
}

export function purchasingOn({
  client,
  taskQueue,
}: Pick<TestSystem, 'client'> & { taskQueue?: string }): Purchasing {
  const handle = (order: PurchaseProgress) =>
    client.workflow.getHandle(procureToPayId(order.poNumber))
  const now = (order: PurchaseProgress) =>
    handle(order).query<PurchaseProgress, []>('purchaseProgress')
  return {
    draft: ({ poNumber = `PO-${randomUUID().slice(0, 8)}`, ...draft }) => {
      const lines = draft.lines ?? [{ sku: 'MUG', site: 'EAST', qty: '10', neededOn: inDays(14) }]
      const start = { poNumber, draft: { ...draft, lines }, actor: 'ben' }
      return draftPurchase(client, { ...start, taskQueue })
    },
    tell: (order, update, command) => {
      const args = [{ key: randomUUID(), actor: 'ben', ...command } as never] as [never]
      return handle(order).executeUpdate(update, { args })
    },
    now,
    until: async (order, stands) => {
      for (const end = Date.now() + 20_000; ;) {
        const progress = await now(order)
        if (stands(progress)) return progress
        if (Date.now() > end) throw new Error(`it stands so: ${JSON.stringify(progress)}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
  }
}
