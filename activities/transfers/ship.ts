import type { ShipTransfer } from '#contracts/transfer'
import type { Tx } from '#db/client'
import { postEntries } from '#db/stores/ledger'
import { takeFromBins } from '#db/stores/bins'
import { consumeCost, lockPositions, type CostUse } from '#db/stores/stock'
import {
  insertTransferEvent,
  isKnownEvent,
  useTransferReservation,
  type TransferDoc,
  type TransferLine,
} from '#db/stores/transfers'
import { IN_TRANSIT, layersInTransit } from '#db/stores/transit'
import { postTransferShipped } from '#domain/ledger/posting-inventory'
import { sum } from '#domain/money'
import { Refusal } from '#domain/refusal'
import { lineOfSku } from './lines.ts'
import { transitSource } from './progress.ts'

interface Leaving {
  line: TransferLine
  qty: bigint
}

/**
 * Goods leave for the other site: the reservation is used, the units are on their way at the cost
 * of the very layers that they were, and the books say so, all in this transaction.
 */
export async function shipUnits(
  tx: Tx,
  doc: TransferDoc,
  command: ShipTransfer & { today: string },
): Promise<void> {
  const { reference, actor, shippedOn = command.today } = command
  if (await isKnownEvent(tx, doc.id, { kind: 'shipped', reference })) return
  const leaving = chosen(doc, command.lines)
  await lockPositions(
    tx,
    leaving.map(({ line }) => line.itemId),
    [doc.fromSiteId],
  )
  for (const { line, qty } of leaving) {
    await useTransferReservation(tx, 'consumed', line.id, qty)
    line.reserved -= qty
    line.shipped += qty
  }
  const causeId = `${doc.no}/shipped/${reference}`
  const cause = { causeType: 'transfer', causeId, actor, effectiveOn: shippedOn }
  await takeFromBins(
    tx,
    doc.fromSiteId,
    leaving.map(({ line, qty }) => ({ itemId: line.itemId, qty })),
    { kind: 'transfer', toSiteId: doc.fromSiteId, toCondition: IN_TRANSIT, ...cause },
  )
  const uses = await consumeCost(
    tx,
    leaving.map(({ line, qty }) => ({
      itemId: line.itemId,
      siteId: doc.fromSiteId,
      qty,
      causeType: 'transfer',
      causeId,
      effectiveOn: shippedOn,
    })),
  )
  await postLeaving(tx, doc, uses, { causeId, shippedOn, actor })
  await insertTransferEvent(tx, doc.id, {
    kind: 'shipped',
    reference,
    happenedOn: shippedOn,
    reason: null,
    actor,
    lines: leaving.map((units) => eventLine(units, uses)),
  })
}

function eventLine({ line, qty }: Leaving, uses: readonly CostUse[]) {
  const mine = uses.filter((use) => use.demand.itemId === line.itemId)
  const valueMinor = sum(mine.map((use) => use.valueMinor))
  return { lineId: line.id, qty, damaged: 0n, valueMinor, reason: null }
}

/** @throws Refusal `NotReserved`, `NothingToShip`. */
function chosen(doc: TransferDoc, wanted: ShipTransfer['lines']): Leaving[] {
  const leaving = wanted
    ? wanted.map(({ sku, qty }, n) => ({
        line: lineOfSku(doc, sku, `body.lines.${n}.sku`),
        qty: BigInt(qty),
      }))
    : doc.lines.filter((line) => line.reserved > 0n).map((line) => ({ line, qty: line.reserved }))
  for (const { line, qty } of leaving)
    if (qty > line.reserved)
      throw new Refusal(
        'NotReserved',
        `${line.reserved} units of ${line.sku} are reserved for ${doc.no} at ${doc.from}, ${qty} were to be shipped. Ship what is reserved; ask for the rest in another transfer.`,
      )
  if (leaving.length === 0)
    throw new Refusal(
      'NothingToShip',
      `${doc.no} is ${doc.phase}: nothing is reserved for it that could be shipped. See what it waits for.`,
    )
  return leaving
}

async function postLeaving(
  tx: Tx,
  doc: TransferDoc,
  uses: readonly CostUse[],
  { causeId, shippedOn, actor }: Record<'causeId' | 'shippedOn' | 'actor', string>,
): Promise<void> {
  const lineOf = (use: CostUse) => doc.lines.find((line) => line.itemId === use.demand.itemId)!
  const layers = await layersInTransit(
    tx,
    {
      entityId: doc.entityId,
      siteId: doc.fromSiteId,
      shippedOn,
      sourceOf: (use) => transitSource(doc, lineOf(use)),
    },
    uses,
  )
  if (uses.every((use) => use.valueMinor === 0n)) return
  const value = (use: CostUse) => ({
    itemId: use.demand.itemId,
    siteId: doc.fromSiteId,
    qty: use.qty,
    costMinor: use.valueMinor,
  })
  const entry = postTransferShipped({
    shipmentId: causeId,
    entity: doc.entityId,
    shippedOn,
    functionalCurrency: doc.functionalCurrency,
    left: uses.map((use) => ({ ...value(use), layerId: use.layerId, condition: 'sellable' })),
    inTransit: uses.map((use, n) => ({
      ...value(use),
      layerId: layers[n]!,
      condition: IN_TRANSIT,
    })),
  })
  await postEntries(tx, [entry], actor)
}
