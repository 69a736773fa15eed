import type { BegunRecall } from '#contracts/recall'
import type { Tx } from '#db/client'
import { addToOutbox, recordDecisions } from '#db/stores/records'
import type { RecallDoc } from '#db/stores/recalls'
import { missingOf } from '#db/stores/routing'
import { openDocumentCase } from '../documents/cases.ts'
import { planAnew, takeUnitsBack, type TakenBack } from '../orders/units-taken-back.ts'

/**
 * The lot is blocked; orders that were promised its units are given others, elsewhere or later, and
 * whoever was sent some of it is told. A person follows up until each order has an outcome.
 */
export async function takeRecall(
  tx: Tx,
  doc: RecallDoc,
  command: BegunRecall & { today: string },
): Promise<void> {
  const taken = await reallocate(tx, doc, command)
  await recordDecisions(tx, [
    {
      subjectType: 'recall',
      subjectId: doc.id.toString(),
      kind: 'reallocation',
      rule: 'recall',
      ruleVersion: 1,
      inputs: { sku: doc.sku, lot: doc.lot, blocked: doc.blocked },
      choice: {
        takenFrom: taken.losers.map((order) => order.orderNumber),
        stillWithWarehouse: taken.promised.filter((order) => order.withWarehouse > 0),
        lacking: taken.lacking,
      },
      actor: 'system',
    },
  ])
  if (doc.orders.length === 0) return
  await tellCustomers(tx, doc, command.key)
  await openDocumentCase(tx, doc, {
    type: 'lot-recalled',
    summary: `${doc.no}: ${doc.orders.length} orders were sent ${doc.sku} of lot ${doc.lot}`,
    evidence: {
      ...{ sku: doc.sku, lot: doc.lot, reason: doc.reason },
      orders: doc.orders.map(({ orderId, orderNumber, units }) => ({
        ...{ orderId: orderId.toString(), orderNumber, units: units.toString() },
      })),
      stillWithWarehouse: taken.promised.filter((order) => order.withWarehouse > 0),
    },
    moneyAtRiskMinor: 0n,
    openedBy: `recall ${doc.no}`,
  })
}

/** At each site where some of it lies: what is promised beyond the units that may leave. */
async function reallocate(
  tx: Tx,
  doc: RecallDoc,
  { today, key }: { today: string; key: string },
): Promise<TakenBack> {
  const all: TakenBack = { losers: [], lacking: 0, promised: [] }
  for (const siteId of new Set(doc.blocked.map((place) => place.siteId))) {
    const at = { itemId: doc.itemId, siteId }
    const taken = await takeUnitsBack(tx, at, async (position) => {
      const gone = (await missingOf(tx, [doc.itemId])).find((row) => row.siteId === siteId)
      return (position?.reserved ?? 0n) + (gone?.qty ?? 0n) - (position?.onHand ?? 0n)
    })
    all.losers.push(...taken.losers)
    all.lacking += taken.lacking
    if (taken.lacking > 0) all.promised.push(...taken.promised)
  }
  const reason = `lot ${doc.lot} of ${doc.sku} is recalled by ${doc.no}`
  const losers = new Map(all.losers.map((order) => [order.id, order]))
  for (const order of losers.values())
    await planAnew(tx, order, { actor: 'system', today, key: `${doc.no}/${key}`, reason })
  return all
}

/** Everybody of whose order nobody knows an outcome yet; once per key. */
export async function tellCustomers(tx: Tx, doc: RecallDoc, key: string): Promise<void> {
  const waiting = doc.orders.filter((order) => order.outcome === null)
  await addToOutbox(
    tx,
    waiting.map(({ orderId }) => ({
      topic: 'mail' as const,
      key: `recall/${doc.no}/${orderId}/${key}`,
      body: { template: 'recall', orderId, recallNo: doc.no },
    })),
  )
}
