import type { Tx } from '#db/client'
import { addToOutbox, recordDecisions } from '#db/stores/records'
import { missingOf } from '#db/stores/routing'
import { lockPositions, poolsOf } from '#db/stores/stock'
import { reserveForTransfer, useTransferReservation, type TransferDoc } from '#db/stores/transfers'
import { unitsToShip } from '#domain/stock/transfers'
import { openDocumentCase } from '../documents/cases.ts'

/**
 * Promises units of the source to this transfer, under the locks that orders take: what orders,
 * channels' pools and missing units leave. What is lacking becomes a case the first time; later
 * the source is only asked again.
 */
export async function allocateTransfer(
  tx: Tx,
  doc: TransferDoc,
  { actor, asks }: { actor: string; asks: boolean },
): Promise<void> {
  const wanting = doc.lines.filter((line) => unitsToShip(line) > line.reserved)
  if (wanting.length === 0) return
  const itemIds = wanting.map((line) => line.itemId)
  const positions = await lockPositions(tx, itemIds, [doc.fromSiteId])
  const [pools, missing] = [await poolsOf(tx, itemIds), await missingOf(tx, itemIds)]
  const here = (rows: readonly { itemId: number; siteId: number; qty: bigint }[], item: number) =>
    rows
      .filter((row) => row.itemId === item && row.siteId === doc.fromSiteId)
      .reduce((units, row) => units + row.qty, 0n)
  const plan = wanting.map((line) => {
    const position = positions.find((row) => row.itemId === line.itemId)
    const onShelf = position ? position.onHand - position.reserved : 0n
    const free = onShelf - here(pools, line.itemId) - here(missing, line.itemId)
    const wanted = unitsToShip(line) - line.reserved
    const taken = free < wanted ? (free > 0n ? free : 0n) : wanted
    return { line, wanted, free, taken }
  })
  const taken = plan.filter((row) => row.taken > 0n)
  await reserveForTransfer(
    tx,
    doc.fromSiteId,
    taken.map(({ line, taken: qty }) => ({ lineId: line.id, itemId: line.itemId, qty })),
  )
  for (const { line, taken: qty } of taken) line.reserved += qty
  if (taken.length > 0 || asks) await keepWhy(tx, doc, plan, actor)
  const short = plan.filter((row) => row.taken < row.wanted)
  if (asks && short.length > 0) await askAboutShortage(tx, doc, short)
}

interface Planned {
  line: TransferDoc['lines'][number]
  wanted: bigint
  free: bigint
  taken: bigint
}

async function keepWhy(
  tx: Tx,
  doc: TransferDoc,
  plan: readonly Planned[],
  actor: string,
): Promise<void> {
  const row = ({ line, wanted, free, taken }: Planned) => ({ sku: line.sku, wanted, free, taken })
  await recordDecisions(tx, [
    {
      subjectType: 'transfer',
      subjectId: doc.id.toString(),
      kind: 'allocation',
      rule: 'transfer',
      ruleVersion: doc.policy.version,
      inputs: { site: doc.from, lines: plan.map(row) },
      choice: { reserved: plan.filter((p) => p.taken > 0n).map((p) => p.line.sku) },
      actor,
    },
  ])
}

async function askAboutShortage(
  tx: Tx,
  doc: TransferDoc,
  short: readonly Planned[],
): Promise<void> {
  const said = short.map(({ line, wanted, taken }) => `${wanted - taken} × ${line.sku}`)
  await openDocumentCase(tx, doc, {
    type: 'transfer-short',
    siteId: doc.fromSiteId,
    summary: `${doc.no}: ${doc.from} lacks ${said.join(', ')}`,
    evidence: {
      lines: short.map(({ line, wanted, free }) => ({
        sku: line.sku,
        wanted: wanted.toString(),
        free: free.toString(),
      })),
    },
    moneyAtRiskMinor: doc.valueMinor,
    openedBy: 'rule: transfer',
  })
}

/** Gives units that are not sent back to whoever else wants them; they are told. */
export async function giveUpUnits(
  tx: Tx,
  doc: TransferDoc,
  { key, onlyUnreserved = false }: { key: string; onlyUnreserved?: boolean },
): Promise<void> {
  const freed: number[] = []
  const reserving = doc.lines.filter((line) => line.reserved > 0n)
  if (!onlyUnreserved) {
    await lockPositions(
      tx,
      reserving.map((line) => line.itemId),
      [doc.fromSiteId],
    )
    for (const line of reserving) {
      await useTransferReservation(tx, 'released', line.id, line.reserved)
      line.reserved = 0n
      freed.push(line.itemId)
    }
  }
  for (const line of doc.lines) line.cancelled += unitsToShip(line) - line.reserved
  if (freed.length > 0)
    await addToOutbox(tx, [
      {
        topic: 'stock-arrived',
        key: `transfer-freed/${doc.no}/${key}`,
        body: { itemIds: freed },
      },
    ])
}
