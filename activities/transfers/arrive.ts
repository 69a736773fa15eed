import type { ReceiveTransfer } from '#contracts/transfer'
import type { Tx } from '#db/client'
import { postEntries } from '#db/stores/ledger'
import { addToOutbox } from '#db/stores/records'
import { receiveSupply } from '#db/stores/supply'
import { lockPositions, moveStock, receiveCost } from '#db/stores/stock'
import {
  insertTransferEvent,
  isKnownEvent,
  type TransferDoc,
  type TransferLine,
} from '#db/stores/transfers'
import { consumeTransit, IN_TRANSIT, type TransitUse } from '#db/stores/transit'
import { postTransferReceived, type StockValue } from '#domain/ledger/posting-inventory'
import { sum } from '#domain/money'
import { Refusal } from '#domain/refusal'
import type { LotUnits } from '#domain/stock/lots'
import { unitsInTransit } from '#domain/stock/transfers'
import { openDocumentCase } from '../documents/cases.ts'
import { lineOfSku } from './lines.ts'
import { lotsOfEndings, namedLots } from './lots.ts'
import { transitSource } from './progress.ts'

/** Units of one line that leave the way between the sites, and what became of them. */
export interface Ending {
  line: TransferLine
  qty: bigint
  fate: 'received' | 'damaged' | 'cameBack' | 'lost'
  /** Which lots, as far as somebody said; of the rest what expires first. */
  lots?: LotUnits[]
}

export interface Ended {
  kind: 'arrived' | 'lost' | 'came-back'
  /** Names it among the events of the transfer. */
  reference: string
  on: string
  reason: string | null
  actor: string
  /** The carrier is to pay for what was lost. */
  claimed?: boolean
}

/** Goods at the destination, in parts, some of them broken, some of them missing. */
export async function receiveUnits(
  tx: Tx,
  doc: TransferDoc,
  command: ReceiveTransfer & { today: string },
): Promise<void> {
  const { reference, actor, receivedOn = command.today } = command
  if (await isKnownEvent(tx, doc.id, { kind: 'arrived', reference })) return
  const told = command.lines.map((line, n) => toldOf(doc, line, n))
  await endTransit(
    tx,
    doc,
    told.flatMap(({ line, received, damaged, lots }): Ending[] => [
      { line, qty: received, fate: 'received', lots: lots.received },
      { line, qty: damaged, fate: 'damaged', lots: lots.damaged },
    ]),
    { kind: 'arrived', reference, on: receivedOn, reason: reasonsOf(told), actor },
  )
  const short = told.filter((row) => row.short > 0n)
  if (short.length > 0) await askAboutMissing(tx, doc, short, reference)
}

interface Told {
  line: TransferLine
  received: bigint
  damaged: bigint
  short: bigint
  lots: ReturnType<typeof namedLots>
  reason: string | null
}

/** @throws Refusal `OverArrival`, `DiscrepancyNeedsReason`, `LotCountDiffers`. */
function toldOf(doc: TransferDoc, told: ReceiveTransfer['lines'][number], n: number): Told {
  const line = lineOfSku(doc, told.sku, `body.lines.${n}.sku`)
  const [received, damaged, short] = [told.received, told.damaged ?? '0', told.short ?? '0'].map(
    BigInt,
  ) as [bigint, bigint, bigint]
  const underway = unitsInTransit(line)
  if (received + damaged + short > underway)
    throw new Refusal(
      'OverArrival',
      `${underway} units of ${line.sku} are on their way, ${received + damaged + short} were told of. Count again; what came beyond the transfer is found stock, so adjust it.`,
      { field: `body.lines.${n}.received` },
    )
  if (damaged + short > 0n && !told.reason)
    throw new Refusal(
      'DiscrepancyNeedsReason',
      `Units of ${line.sku} are damaged or short: say why in reason.`,
      { field: `body.lines.${n}.reason` },
    )
  const lots = namedLots(told, `body.lines.${n}`)
  return { line, received, damaged, short, lots, reason: told.reason ?? null }
}

function reasonsOf(told: readonly Told[]): string | null {
  return told.flatMap((row) => row.reason ?? []).join('; ') || null
}

async function askAboutMissing(
  tx: Tx,
  doc: TransferDoc,
  short: readonly Told[],
  reference: string,
): Promise<void> {
  await openDocumentCase(tx, doc, {
    type: 'transfer-incomplete',
    discriminator: reference,
    siteId: doc.toSiteId,
    summary: `${doc.no}: ${short.map((row) => `${row.short} × ${row.line.sku}`).join(', ')} did not come with ${reference}`,
    evidence: {
      reference,
      lines: short.map(({ line, short: qty, reason }) => ({
        sku: line.sku,
        qty: qty.toString(),
        reason,
      })),
    },
    moneyAtRiskMinor: doc.valueMinor,
    openedBy: 'rule: arrival',
  })
}

/**
 * Ends the way of units: on a shelf here or there, broken, or lost. Each keeps exactly the cost of
 * the layer that it was on its way, and the books move with it in this transaction.
 */
export async function endTransit(
  tx: Tx,
  doc: TransferDoc,
  endings: readonly Ending[],
  ended: Ended,
): Promise<void> {
  const some = endings.filter((ending) => ending.qty > 0n)
  const causeId = `${doc.no}/${ended.kind}/${ended.reference}`
  await lockPositions(
    tx,
    some.map(({ line }) => line.itemId),
    [doc.fromSiteId, doc.toSiteId],
  )
  await moveStock(
    tx,
    (await lotsOfEndings(tx, doc, some)).flatMap(({ ending, lots }) =>
      lots.map((units) => movementOf(doc, ending, units, ended, causeId)),
    ),
  )
  const valued: Valued[] = []
  for (const ending of some) {
    const { line, qty, fate } = ending
    const source = transitSource(doc, line)
    const uses = await consumeTransit(tx, { source, qty, causeId, effectiveOn: ended.on })
    valued.push({ ending, uses, arrived: await newLayers(tx, doc, ending, uses, ended, causeId) })
    line[fate] += qty
  }
  await postEndings(tx, doc, valued, ended, causeId)
  await keepEvent(tx, doc, valued, ended)
  await tellWhoWaits(tx, doc, some, causeId)
}

interface Valued {
  ending: Ending
  uses: readonly TransitUse[]
  /** Layers of the shelf that the units are on now; none of lost ones. */
  arrived: readonly bigint[]
}

const CONDITION = { received: 'sellable', cameBack: 'sellable', damaged: 'damaged' } as const

function siteOf(doc: TransferDoc, fate: Ending['fate']): number {
  return fate === 'received' || fate === 'damaged' ? doc.toSiteId : doc.fromSiteId
}

function movementOf(
  doc: TransferDoc,
  { line, fate }: Ending,
  { lot, qty }: LotUnits,
  ended: Ended,
  causeId: string,
): Parameters<typeof moveStock>[1][number] {
  return {
    itemId: line.itemId,
    qty,
    kind: fate === 'lost' ? 'adjustment' : 'transfer',
    fromSiteId: doc.fromSiteId,
    fromCondition: IN_TRANSIT,
    fromLot: lot,
    ...(fate === 'lost'
      ? {}
      : { toSiteId: siteOf(doc, fate), toCondition: CONDITION[fate], toLot: lot }),
    causeType: 'transfer',
    causeId,
    actor: ended.actor,
    effectiveOn: ended.on,
    ...(ended.reason ? { reason: ended.reason } : {}),
  }
}

async function newLayers(
  tx: Tx,
  doc: TransferDoc,
  { line, fate }: Ending,
  uses: readonly TransitUse[],
  ended: Ended,
  causeId: string,
): Promise<readonly bigint[]> {
  if (fate === 'lost') return []
  return receiveCost(
    tx,
    uses.map((use) => ({
      entityId: doc.entityId,
      itemId: line.itemId,
      siteId: siteOf(doc, fate),
      condition: CONDITION[fate],
      rankedOn: ended.on,
      qty: use.qty,
      valueMinor: use.valueMinor,
      sourceType: 'transfer-end',
      sourceId: causeId,
    })),
  )
}

async function postEndings(
  tx: Tx,
  doc: TransferDoc,
  valued: readonly Valued[],
  ended: Ended,
  causeId: string,
): Promise<void> {
  const rows = valued.flatMap(({ ending, uses, arrived }) =>
    uses.map((use, n) => ({ ending, use, layerId: arrived[n] ?? use.layerId })),
  )
  if (rows.every(({ use }) => use.valueMinor === 0n)) return
  const of = (...fates: Ending['fate'][]): StockValue[] =>
    rows
      .filter(({ ending }) => fates.includes(ending.fate))
      .map(({ ending, use, layerId }) => ({
        itemId: ending.line.itemId,
        siteId: siteOf(doc, ending.fate),
        condition: ending.fate === 'lost' ? IN_TRANSIT : CONDITION[ending.fate],
        layerId,
        qty: use.qty,
        costMinor: use.valueMinor,
      }))
  const entry = postTransferReceived({
    arrivalId: causeId,
    entity: doc.entityId,
    receivedOn: ended.on,
    functionalCurrency: doc.functionalCurrency,
    arrived: of('received', 'cameBack'),
    damaged: of('damaged'),
    lost: of('lost'),
    ...(ended.claimed ? { claim: causeId } : {}),
    fromTransit: rows.map(({ ending, use }) => ({
      itemId: ending.line.itemId,
      siteId: doc.fromSiteId,
      condition: IN_TRANSIT,
      layerId: use.layerId,
      qty: use.qty,
      costMinor: use.valueMinor,
    })),
  })
  await postEntries(tx, [entry], ended.actor)
}

async function keepEvent(
  tx: Tx,
  doc: TransferDoc,
  valued: readonly Valued[],
  { kind, reference, on, reason, actor }: Ended,
): Promise<void> {
  const lines = new Map<bigint, { qty: bigint; damaged: bigint; valueMinor: bigint }>()
  for (const { ending, uses } of valued) {
    const line = lines.get(ending.line.id) ?? { qty: 0n, damaged: 0n, valueMinor: 0n }
    line[ending.fate === 'damaged' ? 'damaged' : 'qty'] += ending.qty
    line.valueMinor += sum(uses.map((use) => use.valueMinor))
    lines.set(ending.line.id, line)
  }
  await insertTransferEvent(tx, doc.id, {
    kind,
    reference,
    happenedOn: on,
    reason,
    actor,
    lines: [...lines].map(([lineId, line]) => ({ lineId, ...line, reason })),
  })
}

async function tellWhoWaits(
  tx: Tx,
  doc: TransferDoc,
  endings: readonly Ending[],
  causeId: string,
): Promise<void> {
  const received = endings.filter(({ fate }) => fate === 'received')
  await receiveSupply(
    tx,
    { siteId: doc.toSiteId, asn: doc.no },
    received.map(({ line, qty }) => ({ itemId: line.itemId, qty })),
  )
  const sellable = endings.filter(({ fate }) => fate === 'received' || fate === 'cameBack')
  if (sellable.length === 0) return
  await addToOutbox(tx, [
    {
      topic: 'stock-arrived',
      key: `transfer/${causeId}`,
      body: { itemIds: sellable.map(({ line }) => line.itemId) },
    },
  ])
}
