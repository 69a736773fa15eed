import type { Tx } from '#db/client'
import { postGoodsReceived } from '#domain/ledger/posting-inventory'
import { Refusal } from '#domain/refusal'
import type { LotUnits } from '#domain/stock/lots'
import { postEntries } from './ledger.ts'
import { addToOutbox, recordAudit } from './records.ts'
import { moveStock, receiveCost, type Movement } from './stock.ts'
import { receiveSupply } from './supply.ts'

export interface ReceiptLine {
  itemId: number
  /** What the ship notice or the buyer said would come; 0 for goods that nobody expected. */
  expectedQty: bigint
  receivedQty: bigint
  unitCostMinor: bigint
  condition?: 'sellable' | 'quarantine' | 'damaged'
  reason?: string
  /** Of which lots the units are; an item that is kept by lot or serial asks for all of them. */
  lots?: readonly LotUnits[]
  /** Of a purchase order: what was agreed, instead of `unitCostMinor` times the quantity. */
  purchase?: PurchasedLine
}

export interface PurchasedLine {
  lineId: bigint
  /** The expected supply that these units are, as its source calls it. */
  supplySource: string
  /** In the order's currency, and at the rate of the day. */
  goodsMinor: bigint
  goodsFuncMinor: bigint
  /** Freight, duty and insurance that other bills will bring. */
  landedMinor: bigint
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
  /** The purchase order that these goods come from; its currency and the rate of the day. */
  purchase?: {
    orderId: bigint
    supplierId: number
    asnId: bigint | null
    currency: string
    rateE9: bigint
  }
}

/** What a line is worth on the shelf, in the entity's currency. */
function costOf({ purchase, receivedQty, unitCostMinor }: ReceiptLine): bigint {
  return purchase ? purchase.goodsFuncMinor + purchase.landedMinor : receivedQty * unitCostMinor
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
  const receiptId = await insertReceipt(tx, receipt, discrepancies)
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

async function insertReceipt(
  tx: Tx,
  receipt: GoodsReceipt,
  discrepancies: readonly string[],
): Promise<bigint> {
  const { purchase } = receipt
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO goods_receipt (receipt_no, entity_id, site_id, supplier, asn, received_on, actor, supplier_id, purchase_order_id, asn_id)
    VALUES (${receipt.receiptNo}, ${receipt.entityId}, ${receipt.siteId}, ${receipt.supplier}, ${receipt.asn ?? null}, ${receipt.receivedOn}, ${receipt.actor},
      ${purchase?.supplierId ?? null}, ${purchase?.orderId ?? null}, ${purchase?.asnId ?? null}) RETURNING id`
  const receiptId = row!.id
  const lines = receipt.lines.map((line, n) => ({
    ...{ receipt_id: receiptId, line_no: n + 1, item_id: line.itemId },
    ...{ expected_qty: line.expectedQty, received_qty: line.receivedQty },
    ...{ condition: line.condition ?? 'sellable', unit_cost_minor: line.unitCostMinor },
    ...{ discrepancy: discrepancies[n]!, reason: line.reason ?? null },
    purchase_order_line_id: line.purchase?.lineId ?? null,
    value_minor: line.purchase ? costOf(line) : null,
    currency: line.purchase ? purchase!.currency : null,
    goods_minor: line.purchase?.goodsMinor ?? null,
    goods_func_minor: line.purchase?.goodsFuncMinor ?? null,
    landed_minor: line.purchase?.landedMinor ?? null,
  }))
  await tx`INSERT INTO goods_receipt_line ${tx(lines)}`
  const lots = receipt.lines.flatMap(({ lots: of = [] }, n) =>
    of.map(({ lot, qty }) => ({ receipt_id: receiptId, line_no: n + 1, lot, qty })),
  )
  if (lots.length > 0) await tx`INSERT INTO goods_receipt_lot ${tx(lots)}`
  return receiptId
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
    arrived.flatMap((line) =>
      (line.lots?.length ? line.lots : [{ lot: '', qty: line.receivedQty }]).map(
        ({ lot, qty }): Movement => ({
          itemId: line.itemId,
          qty,
          kind: 'receipt',
          toSiteId: receipt.siteId,
          toCondition: line.condition ?? 'sellable',
          toLot: lot,
          ...cause,
          actor: receipt.actor,
          effectiveOn: receipt.receivedOn,
        }),
      ),
    ),
  )
  const costs = arrived.map(costOf)
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
      .map((line) => ({
        itemId: line.itemId,
        qty: line.receivedQty,
        ...(line.purchase ? { source: line.purchase.supplySource } : {}),
      })),
  )
  await addToOutbox(tx, [
    {
      topic: 'stock-arrived',
      key: `receipt/${receiptId}`,
      body: { itemIds: arrived.map((line) => line.itemId) },
    },
  ])
}

/** Dr Inventory or Quarantine, Cr Goods received not invoiced: what came for nothing is no entry. */
async function postReceipt(
  tx: Tx,
  receipt: GoodsReceipt,
  receiptId: bigint,
  arrived: readonly (ReceiptLine & { n: number })[],
  layers: readonly bigint[],
): Promise<void> {
  const valued = arrived
    .map((line, n) => ({ line, n, costMinor: costOf(line) }))
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
        ...(receipt.purchase
          ? { currency: receipt.purchase.currency, rateE9: receipt.purchase.rateE9 }
          : {}),
        lines: valued.map(({ line, n, costMinor }) => ({
          itemId: line.itemId,
          siteId: receipt.siteId,
          layerId: layers[n]!,
          condition: line.condition ?? 'sellable',
          qty: line.receivedQty,
          costMinor,
          receiptLineId: `${receiptId}/${line.n + 1}`,
          ...(line.purchase
            ? {
                priceMinor: line.purchase.goodsMinor,
                landedEstimateMinor: line.purchase.landedMinor,
              }
            : {}),
        })),
      }),
    ],
    receipt.actor,
  )
}
