import type { Tx } from '#db/client'
import {
  postGoodsReceived,
  postBalancesOpened,
  postCountAdjusted,
} from '#domain/ledger/posting-inventory'
import { debit } from '#domain/ledger/journal'
import { Refusal } from '#domain/refusal'
import { costOfFound } from '#domain/valuation'
import { takeFromBins } from './bins.ts'
import { knownCost } from './known-cost.ts'
import { postEntries } from './ledger.ts'
import { addToOutbox, recordAudit } from './records.ts'
import { settleMissing } from './routing.ts'
import { receiveSupply } from './supply.ts'
import { consumeCost, lockPositions, moveStock, receiveCost } from './stock.ts'

export interface ReceiptLine {
  itemId: number
  /** What the ship notice or the buyer said would come; 0 for goods that nobody expected. */
  expectedQty: bigint
  receivedQty: bigint
  unitCostMinor: bigint
  condition?: 'sellable' | 'quarantine' | 'damaged'
  reason?: string
}

export interface GoodsReceipt {
  receiptNo: string
  entityId: number
  functionalCurrency: string
  siteId: number
  supplier: string
  asn?: string
  receivedOn: string
  actor: string
  lines: readonly ReceiptLine[]
}

/**
 * Goods at the dock: counted, costed, on the shelf and in the books in one transaction. Short,
 * over and unexpected quantities are recorded as they are; each needs a reason.
 */
export async function receiveGoods(
  tx: Tx,
  receipt: GoodsReceipt,
): Promise<{ receiptId: string; discrepancies: number }> {
  const discrepancies = receipt.lines.map((line) => discrepancyOf(line))
  const unexplained = receipt.lines.findIndex(
    (line, n) => discrepancies[n] !== 'none' && !line.reason,
  )
  if (unexplained >= 0)
    throw new Refusal(
      'DiscrepancyNeedsReason',
      `Line ${unexplained + 1} is ${discrepancies[unexplained]}: say why in reason.`,
      { field: `body.lines.${unexplained}.reason` },
    )
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO goods_receipt (receipt_no, entity_id, site_id, supplier, asn, received_on, actor)
    VALUES (${receipt.receiptNo}, ${receipt.entityId}, ${receipt.siteId}, ${receipt.supplier}, ${receipt.asn ?? null}, ${receipt.receivedOn}, ${receipt.actor}) RETURNING id`
  const receiptId = row!.id
  await tx`INSERT INTO goods_receipt_line ${tx(receipt.lines.map((line, n) => ({ receipt_id: receiptId, line_no: n + 1, item_id: line.itemId, expected_qty: line.expectedQty, received_qty: line.receivedQty, condition: line.condition ?? 'sellable', unit_cost_minor: line.unitCostMinor, discrepancy: discrepancies[n]!, reason: line.reason ?? null })))}`
  const arrived = receipt.lines
    .map((line, n) => ({ ...line, n }))
    .filter((line) => line.receivedQty > 0n)
  if (arrived.length > 0) await takeIn(tx, receipt, receiptId, arrived)
  await recordAudit(tx, [
    {
      subjectType: 'goods-receipt',
      subjectId: receipt.receiptNo,
      action: 'received',
      after: {
        lines: receipt.lines.length,
        discrepancies: discrepancies.filter((d) => d !== 'none').length,
      },
      actor: receipt.actor,
    },
  ])
  return {
    receiptId: receiptId.toString(),
    discrepancies: discrepancies.filter((d) => d !== 'none').length,
  }
}

function discrepancyOf(line: ReceiptLine): 'none' | 'short' | 'over' | 'unexpected' {
  if (line.expectedQty === 0n) return 'unexpected'
  if (line.receivedQty === line.expectedQty) return 'none'
  return line.receivedQty < line.expectedQty ? 'short' : 'over'
}

async function takeIn(
  tx: Tx,
  receipt: GoodsReceipt,
  receiptId: bigint,
  arrived: readonly (ReceiptLine & { n: number })[],
): Promise<void> {
  const cause = { causeType: 'receipt', causeId: receiptId.toString() }
  await moveStock(
    tx,
    arrived.map((line) => ({
      itemId: line.itemId,
      qty: line.receivedQty,
      kind: 'receipt',
      toSiteId: receipt.siteId,
      toCondition: line.condition ?? 'sellable',
      ...cause,
      actor: receipt.actor,
      effectiveOn: receipt.receivedOn,
    })),
  )
  const costs = arrived.map((line) => line.receivedQty * line.unitCostMinor)
  const layers = await receiveCost(
    tx,
    arrived.map((line, n) => ({
      entityId: receipt.entityId,
      itemId: line.itemId,
      siteId: receipt.siteId,
      condition: line.condition ?? 'sellable',
      rankedOn: receipt.receivedOn,
      qty: line.receivedQty,
      valueMinor: costs[n]!,
      sourceType: 'receipt',
      sourceId: `${receiptId}/${line.n + 1}`,
    })),
  )
  await postReceipt(tx, receipt, receiptId, arrived, layers)
  await receiveSupply(
    tx,
    { siteId: receipt.siteId, asn: receipt.asn ?? null },
    arrived
      .filter((line) => line.expectedQty > 0n)
      .map((line) => ({ itemId: line.itemId, qty: line.receivedQty })),
  )
  await addToOutbox(tx, [
    {
      topic: 'stock-arrived',
      key: `receipt/${receiptId}`,
      body: { itemIds: arrived.map((line) => line.itemId) },
    },
  ])
}

/** Dr Inventory, Cr Goods received not invoiced: what came for nothing is no entry. */
async function postReceipt(
  tx: Tx,
  receipt: GoodsReceipt,
  receiptId: bigint,
  arrived: readonly (ReceiptLine & { n: number })[],
  layers: readonly bigint[],
): Promise<void> {
  const valued = arrived
    .map((line, n) => ({ line, n, costMinor: line.receivedQty * line.unitCostMinor }))
    .filter(({ costMinor }) => costMinor > 0n)
  if (valued.length === 0) return
  await postEntries(
    tx,
    [
      postGoodsReceived({
        receiptId,
        entity: receipt.entityId,
        supplier: receipt.supplier,
        receivedOn: receipt.receivedOn,
        functionalCurrency: receipt.functionalCurrency,
        lines: valued.map(({ line, n, costMinor }) => ({
          itemId: line.itemId,
          siteId: receipt.siteId,
          layerId: layers[n]!,
          condition: line.condition ?? 'sellable',
          qty: line.receivedQty,
          costMinor,
          receiptLineId: `${receiptId}/${line.n + 1}`,
        })),
      }),
    ],
    receipt.actor,
  )
}

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
