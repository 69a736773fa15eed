import type { Tx } from '#db/client'
import {
  differencesIn,
  keepCountFacts,
  ordersPromised,
  type CountLine,
  type CountTask,
} from '#db/stores/count-tasks'
import { adjustStock } from '#db/stores/goods'
import { settleMissing } from '#db/stores/routing'
import { lockPositions } from '#db/stores/stock'
import { openDocumentCase } from '../documents/cases.ts'

interface By {
  actor: string
  today: string
}

/**
 * Books an approved difference: the quantity in its very place, its layers and its entry, in this
 * transaction. A loss that would break promises asks first: it lists the orders.
 */
export async function postOrAsk(tx: Tx, task: CountTask, line: CountLine, by: By): Promise<void> {
  const [position] = await lockPositions(tx, [line.itemId], [task.siteId])
  const onHand = position?.onHand ?? 0n
  const variance = line.counted! - line.expected!
  const free = onHand - (position?.reserved ?? 0n)
  if (variance < 0n && -variance > free)
    return askAboutPromises(tx, task, line, { lacking: -variance - free })
  const facts = { itemId: line.itemId, siteId: task.siteId, onHand, variance, actor: by.actor }
  await keepCountFacts(tx, facts)
  if (variance === 0n) return settleIfAllCounted(tx, task, line, by.actor)
  await adjustStock(tx, {
    adjustmentId: `${task.no}/${line.lineNo}`,
    entityId: task.entityId,
    functionalCurrency: task.functionalCurrency,
    siteId: task.siteId,
    itemId: line.itemId,
    qty: variance,
    reason: line.reasonCode!,
    adjustedOn: by.today,
    actor: by.actor,
    bin: line.bin,
    lot: line.lot,
  })
  line.state = 'posted'
  await askForCause(tx, task, line)
}

/** Missing units are found again only when every place that holds the item agreed. */
async function settleIfAllCounted(
  tx: Tx,
  task: CountTask,
  line: CountLine,
  actor: string,
): Promise<void> {
  const matched = task.lines.filter(
    (one) => one.itemId === line.itemId && (one.state === 'matched' || one.state === 'posted'),
  )
  const places = await tx<{ bin: string; lot: string }[]>`
    SELECT bin, lot FROM stock_quant WHERE item_id = ${line.itemId} AND site_id = ${task.siteId} AND condition = 'sellable' AND qty > 0`
  const all = places.every(({ bin, lot }) =>
    matched.some((one) => one.bin === bin && one.lot === lot),
  )
  if (all) await settleMissing(tx, { itemId: line.itemId, siteId: task.siteId, actor })
}

async function askAboutPromises(
  tx: Tx,
  task: CountTask,
  line: CountLine,
  { lacking }: { lacking: bigint },
): Promise<void> {
  line.state = 'approved'
  const orders = await ordersPromised(tx, line.itemId, task.siteId)
  await openDocumentCase(tx, task, {
    type: 'count-reserved',
    discriminator: line.lineNo.toString(),
    siteId: task.siteId,
    summary: `${task.no}: ${lacking} × ${line.sku} are promised to orders and not there`,
    evidence: {
      lineNo: line.lineNo,
      sku: line.sku,
      lacking: lacking.toString(),
      orders: orders.map(({ orderId, orderNumber, live, free }) => ({
        orderId: orderId.toString(),
        orderNumber,
        reserved: live,
        withWarehouse: live - free,
      })),
    },
    moneyAtRiskMinor: line.varianceMinor ?? 0n,
    openedBy: 'rule: count',
  })
}

/** The same place wrong again and again is not mended by another adjustment. */
async function askForCause(tx: Tx, task: CountTask, line: CountLine): Promise<void> {
  const { rootCauseAfter, rootCauseDays } = line.policy.body
  const place = { siteId: task.siteId, bin: line.bin, itemId: line.itemId }
  // This line is written down at the end of the commit, so it is not among them yet.
  const times = (await differencesIn(tx, place, rootCauseDays)) + 1
  if (times < rootCauseAfter) return
  const where = line.bin === '' ? line.sku : line.bin
  await openDocumentCase(tx, task, {
    type: 'count-root-cause',
    discriminator: line.lineNo.toString(),
    siteId: task.siteId,
    summary: `${task.site}: ${times} differences in ${where} within ${rootCauseDays} days`,
    evidence: { lineNo: line.lineNo, sku: line.sku, bin: line.bin, times, days: rootCauseDays },
    moneyAtRiskMinor: line.varianceMinor ?? 0n,
    openedBy: 'rule: count',
  })
}
