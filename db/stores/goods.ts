import type { Tx } from '#db/client'
import { postBalancesOpened, postCountAdjusted } from '#domain/ledger/posting-inventory'
import { debit } from '#domain/ledger/journal'
import { costOfFound } from '#domain/valuation'
import { takeFromBins } from './bins.ts'
import { knownCost } from './known-cost.ts'
import { postEntries } from './ledger.ts'
import { addToOutbox, recordAudit } from './records.ts'
import { settleMissing } from './routing.ts'
import { consumeCost, lockPositions, moveStock, receiveCost } from './stock.ts'

export interface OpeningStock {
  openingId: string
  entityId: number
  functionalCurrency: string
  openedOn: string
  actor: string
  lines: readonly { itemId: number; siteId: number; qty: bigint; valueMinor: bigint }[]
}

/** Stock that was there before the books began: Dr Inventory per layer, Cr Opening balances. */
export async function openStock(tx: Tx, opening: OpeningStock): Promise<void> {
  const cause = { causeType: 'opening', causeId: opening.openingId }
  await moveStock(
    tx,
    opening.lines.map((line) => ({
      itemId: line.itemId,
      qty: line.qty,
      kind: 'opening',
      toSiteId: line.siteId,
      ...cause,
      actor: opening.actor,
      effectiveOn: opening.openedOn,
    })),
  )
  const layers = await receiveCost(
    tx,
    opening.lines.map((line) => ({
      entityId: opening.entityId,
      itemId: line.itemId,
      siteId: line.siteId,
      rankedOn: opening.openedOn,
      qty: line.qty,
      valueMinor: line.valueMinor,
      sourceType: 'opening',
      sourceId: opening.openingId,
    })),
  )
  // What was worth nothing before is no balance.
  if (opening.lines.every((line) => line.valueMinor === 0n)) return
  await postEntries(
    tx,
    [
      postBalancesOpened({
        openingId: opening.openingId,
        entity: opening.entityId,
        openedOn: opening.openedOn,
        currency: opening.functionalCurrency,
        balances: opening.lines.map((line, n) =>
          debit('Inventory', line.valueMinor, {
            itemId: line.itemId,
            siteId: line.siteId,
            condition: 'sellable',
            layerId: layers[n]!,
            qty: line.qty,
          }),
        ),
      }),
    ],
    opening.actor,
  )
}

export interface Adjustment {
  adjustmentId: string
  entityId: number
  functionalCurrency: string
  siteId: number
  itemId: number
  /** Above zero: found; below: missing. */
  qty: bigint
  reason: string
  adjustedOn: string
  actor: string
  device?: string
  /** Where exactly; unless given, units are found in no bin, and missing from wherever they lie. */
  bin?: string
  lot?: string
}

/**
 * Corrects a quantity with its value: found units take the newest layer's cost, missing ones
 * consume layers in order. Units that orders are promised cannot be taken away: the database
 * refuses, and the orders are named by `reservedFor`.
 */
export async function adjustStock(tx: Tx, adjustment: Adjustment): Promise<void> {
  const { itemId, siteId, qty } = adjustment
  const cause = { causeType: 'adjustment', causeId: adjustment.adjustmentId }
  const magnitude = qty < 0n ? -qty : qty
  await lockPositions(tx, [itemId], [siteId])
  const movement = {
    kind: 'adjustment' as const,
    ...cause,
    reason: adjustment.reason,
    actor: adjustment.actor,
    effectiveOn: adjustment.adjustedOn,
    ...(adjustment.device ? { device: adjustment.device } : {}),
  }
  if (qty < 0n && adjustment.bin === undefined)
    await takeFromBins(tx, siteId, [{ itemId, qty: magnitude }], movement)
  else await moveStock(tx, [{ itemId, qty: magnitude, ...movement, ...placeOf(adjustment) }])
  const differences = await valueDifference(tx, adjustment)
  await postDifferences(tx, adjustment, differences)
  await auditAdjustment(tx, adjustment)
  await settleMissing(tx, { itemId, siteId, actor: adjustment.actor })
  if (qty > 0n)
    await addToOutbox(tx, [
      {
        topic: 'stock-arrived',
        key: `adjustment/${adjustment.adjustmentId}`,
        body: { itemIds: [itemId] },
      },
    ])
}

function placeOf({ qty, siteId, bin = '', lot = '' }: Adjustment) {
  return qty > 0n
    ? { toSiteId: siteId, toBin: bin, toLot: lot }
    : { fromSiteId: siteId, fromBin: bin, fromLot: lot }
}

/** Under the same name as safety stock and pools: SKU and site, as people know them. */
async function auditAdjustment(tx: Tx, adjustment: Adjustment): Promise<void> {
  const { itemId, siteId, qty, reason, actor, adjustmentId } = adjustment
  const [now] = await tx<{ subject: string; onHand: bigint }[]>`
    SELECT i.sku || '/' || s.code AS subject, p.on_hand AS "onHand" FROM item i CROSS JOIN site s
    JOIN stock_position p ON p.item_id = i.id AND p.site_id = s.id AND p.condition = 'sellable' WHERE i.id = ${itemId} AND s.id = ${siteId}`
  await recordAudit(tx, [
    {
      subjectType: 'stock',
      subjectId: now!.subject,
      action: 'adjusted',
      before: { onHand: now!.onHand - qty },
      after: { onHand: now!.onHand, qty, adjustmentId },
      reason,
      actor,
    },
  ])
}

/** What the difference is worth, layer by layer: found units cost what the newest ones did. */
async function valueDifference(tx: Tx, adjustment: Adjustment) {
  const { itemId, siteId, qty, adjustmentId } = adjustment
  const base = { itemId, siteId, condition: 'sellable' }
  if (qty > 0n) {
    const costMinor = costOfFound(await knownCost(tx, adjustment), qty)
    return [{ ...base, qty, ...(await addFound(tx, adjustment, costMinor)) }]
  }
  const cause = { causeType: 'adjustment', causeId: adjustmentId }
  const uses = await consumeCost(tx, [
    { itemId, siteId, qty: -qty, ...cause, effectiveOn: adjustment.adjustedOn },
  ])
  return uses.map((use) => ({
    ...base,
    qty: -use.qty,
    costMinor: use.valueMinor,
    layerId: use.layerId,
  }))
}

async function postDifferences(
  tx: Tx,
  adjustment: Adjustment,
  differences: Parameters<typeof postCountAdjusted>[0]['differences'],
): Promise<void> {
  if (differences.some((layer) => layer.costMinor > 0n)) {
    await postEntries(
      tx,
      [
        postCountAdjusted({
          adjustmentId: adjustment.adjustmentId,
          entity: adjustment.entityId,
          functionalCurrency: adjustment.functionalCurrency,
          countedOn: adjustment.adjustedOn,
          differences,
        }),
      ],
      adjustment.actor,
    )
  }
}

async function addFound(
  tx: Tx,
  adjustment: Adjustment,
  costMinor: bigint,
): Promise<{ costMinor: bigint; layerId: bigint }> {
  const { entityId, itemId, siteId, qty, adjustedOn, adjustmentId } = adjustment
  const [layerId] = await receiveCost(tx, [
    {
      entityId,
      itemId,
      siteId,
      rankedOn: adjustedOn,
      qty,
      valueMinor: costMinor,
      sourceType: 'adjustment',
      sourceId: adjustmentId,
    },
  ])
  return { costMinor, layerId: layerId! }
}
