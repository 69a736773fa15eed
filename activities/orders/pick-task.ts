import type { ConfirmPick, PickedTask } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { toteOf } from '#db/stores/bins'
import type { SalesOrder } from '#db/stores/orders'
import { lockPickTask, settlePickTask, type PickTask } from '#db/stores/pick-tasks'
import { requireScannedItem } from '#db/stores/scans'
import { moveStock } from '#db/stores/stock'
import { Refusal } from '#domain/refusal'

/** What a line comes to; with `moreToCome`, other tasks of it are still to be picked. */
export interface PickedLine {
  orderLineId: string
  picked: number
  shortReason?: string
  moreToCome?: boolean
}

/**
 * FUL-31: one task of a pick list is done. What the scanner read must be its bin and its item; the
 * units move from there into the order's tote, so that the shipment takes these very ones. The
 * task's row is locked: of two pickers the later one is told that it is done.
 * @throws Refusal `PickTaskUnknown`, `PickTaskDone`, `PickTaskGone`, `WrongBinScanned`,
 *   `WrongItemScanned`, `WrongLotScanned`, `ScanUnreadable`, `OverPick`, `ShortPickNeedsReason`
 */
export async function takeTask(
  tx: Tx,
  order: SalesOrder,
  { fulfilmentId, actor, today }: ConfirmPick & { today: string },
  said: PickedTask,
): Promise<PickedLine> {
  const task = await lockPickTask(tx, BigInt(fulfilmentId), BigInt(said.taskId))
  const due = requireOpen(task, order)
  requireBin(task, said.bin)
  const counted = said.scans && (await unitsScanned(tx, task, said.scans, today))
  const picked = counted ?? said.picked ?? due
  // Nobody can scan what is not there.
  if (picked > 0 && counted === undefined) await requireScannedItem(tx, task, said.scan, today)
  if (picked > due)
    throw new Refusal('OverPick', `${due} units were to be picked, ${picked} were reported.`)
  if (picked < due && !said.shortReason)
    throw new Refusal(
      'ShortPickNeedsReason',
      `${due - picked} of ${due} × ${task.sku} are missing. Say why in shortReason.`,
    )
  const reason = picked < due ? said.shortReason! : due < task.qty ? 'cancelled' : null
  await settlePickTask(tx, task.id, { picked, reason, actor })
  if (picked > 0) await moveToTote(tx, task, picked, { actor, today })
  const shortReason = [...task.otherReasons, ...(picked < due ? [said.shortReason!] : [])].join(
    '; ',
  )
  return {
    orderLineId: task.orderLineId.toString(),
    picked: task.linePicked + picked,
    moreToCome: task.otherTasks > 0,
    ...(shortReason === '' ? {} : { shortReason }),
  }
}

/** A case stands for its units, a code that counts for as many as it says. */
async function unitsScanned(
  tx: Tx,
  task: PickTask,
  scans: readonly string[],
  today: string,
): Promise<number> {
  let units = 0
  for (const scan of scans) units += await requireScannedItem(tx, task, scan, today)
  return units
}

/** Units that the task still asks for: units of the line may have been cancelled, or picked without it. */
function requireOpen(task: PickTask, order: SalesOrder): number {
  if (task.state !== 'to-pick')
    throw new Refusal(
      'PickTaskDone',
      `${task.pickedBy} has picked this already: ${task.picked} × ${task.sku} from ${task.bin || 'no bin'}. Take the next task.`,
    )
  const due = Math.min(task.qty, task.lineAsked - task.linePicked)
  if (due <= 0)
    throw new Refusal(
      'PickTaskGone',
      `Nothing more of ${task.sku} is asked for by ${order.orderNumber}. Leave it where it lies.`,
    )
  return due
}

function requireBin(task: PickTask, bin: string): void {
  if (bin !== task.bin)
    throw new Refusal(
      'WrongBinScanned',
      `${bin || 'The place without a bin'} was scanned, ${task.bin || 'the place without a bin'} was meant. Go there.`,
    )
}

async function moveToTote(
  tx: Tx,
  task: PickTask,
  picked: number,
  by: { actor: string; today: string },
): Promise<void> {
  await moveStock(tx, [
    {
      itemId: task.itemId,
      qty: BigInt(picked),
      kind: 'bin-move',
      fromSiteId: task.siteId,
      fromBin: task.bin,
      fromLot: task.lot,
      toSiteId: task.siteId,
      toBin: toteOf(task.fulfilmentId),
      toLot: task.lot,
      causeType: 'pick-task',
      causeId: task.id.toString(),
      actor: by.actor,
      effectiveOn: by.today,
    },
  ])
}
