import type { OrderDocument } from '#contracts/order-intake'
import type { Tx } from '#db/client'
import { findItems } from '#db/queries/listings'
import type { SalesOrder } from '#db/stores/orders'
import { unitShare } from '#domain/apportion'
import { freezeOrder, type FrozenLine } from '#domain/orders/freeze'
import { openUnits } from '#domain/orders/phase'
import { knownLine, settleCancellation, takeUnitsOut, type UnitsOfLine } from './cancel.ts'
import { openCaseAbout } from './cases.ts'
import { appendLines, isOwnLine, ownLineId } from './change.ts'
import { lookedUpAs, resolverOf } from './item-resolution.ts'
import { letWarehouseGoOn, recall, withdrawRecall } from './recall.ts'
import { rescreen } from './rescreen.ts'

export interface ByChannel {
  actor: string
  today: string
  key: string
}

/** The version that came and the one that was accepted before it; null when that is not kept. */
interface Versions {
  document: OrderDocument
  before: OrderDocument | null
}

/** Takes the quantities of a channel's newer version, as far as the channel has changed them. */
export async function takeLines(
  tx: Tx,
  order: SalesOrder,
  versions: Versions,
  by: ByChannel,
): Promise<SalesOrder> {
  const { document } = versions
  const reason = 'changed by the channel'
  const { free, released } = removedUnits(order, versions)
  await takeUnitsOut(tx, order, free)
  await recallLines(tx, order, { versions, released }, { ...by, reason })
  const found = await findItems(tx, order.channelId, document.lines.map(lookedUpAs))
  const frozen = freezeOrder(document, resolverOf(document.lines, found))
  const added = addedLines(order, frozen, versions)
  const changed = added.length > 0 ? await appendLines(tx, order, added) : order
  if (added.length > 0) {
    const lines = changed.lines.slice(order.lines.length).map((line) => line.id)
    await rescreen(tx, changed, { lines, types: ['data', 'price', 'compliance'], ...by })
  }
  // Units out and units in are settled together: only what remains is refunded or asked for.
  await settleCancellation(tx, changed, { ...by, reason })
  return changed
}

/** Whether the channel asks for another number of this line than it did before. */
function isTouched({ document, before }: Versions, channelLine: string): boolean {
  if (!before) return true
  return quantityIn(document, channelLine) !== quantityIn(before, channelLine)
}

function quantityIn(document: OrderDocument, channelLine: string): number {
  return document.lines.find((line) => line.externalLineId === channelLine)?.quantity ?? 0
}

interface Removed {
  free: UnitsOfLine[]
  released: UnitsOfLine[]
}

/** What the channel no longer asks for, component by component where it sold a kit; what came last goes first. */
function removedUnits(order: SalesOrder, versions: Versions): Removed {
  const removed: Removed = { free: [], released: [] }
  const kept = new Map<string, number>()
  for (const line of order.lines) {
    const channelId = channelLineId(line.externalLineId)
    if (isOwnLine(channelId) || !isTouched(versions, channelId)) continue
    const part = `${channelId}/${line.itemId}`
    const asked = quantityIn(versions.document, channelId) * line.packFactor
    const wanted = asked - (kept.get(part) ?? 0)
    const here = line.ordered - line.cancelled
    kept.set(part, (kept.get(part) ?? 0) + Math.min(here, wanted))
    const excess = here - wanted
    if (excess <= 0) continue
    const orderLineId = line.id.toString()
    const free = Math.min(excess, openUnits(line) - line.released)
    const released = Math.min(excess - free, line.released)
    if (free > 0) removed.free.push({ orderLineId, qty: free })
    if (released > 0) removed.released.push({ orderLineId, qty: released })
  }
  return removed
}

const LINES = 'channel/lines'

/** One case says all that the channel wants back, however many versions it took to say so. */
async function recallLines(
  tx: Tx,
  order: SalesOrder,
  { versions, released }: { versions: Versions; released: readonly UnitsOfLine[] },
  by: ByChannel & { reason: string },
): Promise<void> {
  const open = await openCaseAbout(tx, order, 'channel-changed-after-release', LINES)
  const asked = (open?.evidence['units'] as UnitsOfLine[] | undefined) ?? []
  const stillAsked = asked.filter(
    ({ orderLineId }) =>
      !isTouched(versions, channelLineId(knownLine(order, orderLineId).externalLineId)),
  )
  const units = [...stillAsked, ...released]
  if (units.length === 0)
    return withdrawRecall(tx, order, LINES, 'the channel wants the goods after all')
  if (released.length === 0 && stillAsked.length === asked.length) return
  await recall(tx, order, units, { ...by, situation: LINES, evidence: { change: 'lines' } })
  await letWarehouseGoOn(tx, order)
}

const RAISED = ownLineId('raised', '')

/** The channel's own id of a line, also of what we added because the channel raised its quantity. */
function channelLineId(externalLineId: string): string {
  return externalLineId.startsWith(RAISED) ? externalLineId.slice(RAISED.length) : externalLineId
}

/**
 * Lines that are new, and a raised quantity as a line of its own: amounts that stand are frozen.
 * Raised is what the channel asks for beyond its version before, and never more than it lacks.
 */
function addedLines(
  order: SalesOrder,
  frozen: readonly FrozenLine[],
  { before }: Versions,
): FrozenLine[] {
  return frozen.flatMap((line) => {
    const { externalLineId } = line.source
    const known = order.lines.filter(
      (each) =>
        channelLineId(each.externalLineId) === externalLineId &&
        (each.itemId === line.itemId || line.itemId === null || each.itemId === null),
    )
    if (known.length === 0) return [line]
    const here = known.reduce((units, each) => units + each.ordered - each.cancelled, 0)
    const ordered = known.reduce((units, each) => units + each.ordered, 0)
    const asked = before ? quantityIn(before, externalLineId) * line.packFactor : ordered
    const raised = Math.min(line.qty - asked, line.qty - here)
    if (raised <= 0) return []
    return [unitsOf(line, line.qty - raised, ownLineId('raised', externalLineId))]
  })
}

/** The share of a line's money that falls on its units from `from` on. */
function unitsOf(line: FrozenLine, from: number, externalLineId: string): FrozenLine {
  const share = (minor: bigint) => unitShare(minor, line.qty, from, line.qty)
  const qty = line.qty - from
  return {
    ...line,
    source: { ...line.source, externalLineId, quantity: qty / line.packFactor },
    qty,
    goodsMinor: share(line.goodsMinor),
    shippingMinor: share(line.shippingMinor),
    discounts: line.discounts.map((d) => ({ ...d, amountMinor: share(d.amountMinor) })),
    taxes: line.taxes.map((tax) => ({
      ...tax,
      baseMinor: share(tax.baseMinor),
      taxMinor: share(tax.taxMinor),
    })),
  }
}
