import * as orders from '#contracts/order-to-cash'
import * as p2p from '#contracts/procure-to-pay'
import * as transfers from '#contracts/transfer'
import { readAdjustmentAdvice } from '#connectors/edi/adjustment-advice-947'
import { readInventoryAdvice } from '#connectors/edi/inventory-advice-846'
import { readReceiptAdvice, type ReceiptAdvice } from '#connectors/edi/receipt-advice-944'
import { readShippingAdvice, type ShippingAdvice } from '#connectors/edi/shipping-advice-945'
import { malformed } from '#connectors/edi/x12-reader'
import { commitOnce } from '#db/commit-once'
import { placeOfOrder } from '#db/queries/orders'
import type { OutsideWarehouse } from '#db/queries/outside-warehouses'
import { placeOfPurchase, readPurchase } from '#db/queries/purchase-orders'
import { isShipmentKnown } from '#db/queries/shipping-orders'
import { listFulfilments, type FulfilmentRow } from '#db/queries/stock'
import { listTransfers } from '#db/queries/transfers'
import { adjustStock } from '#db/stores/goods'
import { itemIdsOf, siteByCode } from '#db/stores/stock-settings'
import type { WarehouseDocument } from '#db/stores/warehouse-documents'
import { keepSnapshot } from '#db/stores/warehouse-snapshots'
import { EVERYWHERE } from '#domain/scopes'
import { Refusal } from '#domain/refusal'
import {
  arrivedUnits,
  closedShort,
  shippedUnits,
  unitsOfPurchase,
} from '#domain/stock/outside-warehouse'
import { commandDocument } from './document-commands.ts'
import type { ApiDeps } from './deps.ts'
import { commandOrder, type CommandCaller } from './order-commands.ts'
import { commandPurchase } from './purchase-commands.ts'

/** A document on its way into the books, and in whose name. */
export interface Carrying {
  deps: ApiDeps
  warehouse: OutsideWarehouse
  document: WarehouseDocument
  actor: string
}

/**
 * Carries out what a document tells by the commands that a person would give; each under a key of
 * the document's own, so that carrying it out again changes nothing.
 * @throws Refusal `MalformedX12`, `FulfilmentNotFound`, `WarehouseItemUnknown`,
 *   `WarehouseOrderUnknown`, `WarehouseReasonUnknown`, and what the commands refuse
 */
export async function carryOut(carrying: Carrying): Promise<void> {
  switch (carrying.document.setType) {
    case '945':
      return ship(carrying)
    case '944':
      return receive(carrying)
    case '947':
      return adjust(carrying)
    case '846':
      return compare(carrying)
    default:
      throw malformed(
        `ST01 says ${carrying.document.setType}: only 944, 945, 947 and 846 are taken`,
      )
  }
}

function callerOf({ document, actor }: Carrying, step: string): CommandCaller {
  const { id, contentHash } = document
  return {
    commandKey: `warehouse-document/${id}/${contentHash.slice(0, 12)}/${step}`,
    principal: { actor },
    asked: { documentId: `${id}`, contentHash, step },
  }
}

/** Short units first, as they open a case on the order that the goods which left may close. */
async function ship(carrying: Carrying): Promise<void> {
  const { deps, document } = carrying
  const advice = readShippingAdvice(document.segments)
  const fulfilment = await fulfilmentOf(carrying, advice.fulfilmentId)
  const reference = document.number
  if (await isShipmentKnown(deps.db, { fulfilmentId: fulfilment.id, reference })) return
  const fulfilmentId = `${fulfilment.id}`
  const place = (await placeOfOrder(deps.db, fulfilment.orderId))!
  const lines = shippedUnits(fulfilment.lines, advice.lines)
  const short = closedShort(fulfilment.lines, advice.lines)
  if (short.length > 0 && fulfilment.state === 'released') {
    const shortReason = `${carrying.warehouse.site} told it in 945 ${reference}`
    const picked = short.map((line) => ({ ...line, shortReason }))
    const command = { fulfilmentId, lines: picked }
    await commandOrder(deps, place, orders.confirmPick, command, callerOf(carrying, 'pick'))
  }
  if (lines.length === 0) return
  const command = { fulfilmentId, reference, lines, ...carriedBy(advice) }
  await commandOrder(deps, place, orders.confirmShipment, command, callerOf(carrying, 'ship'))
}

function carriedBy({ shippedOn, carrier, trackingNumbers }: ShippingAdvice) {
  const parcels = trackingNumbers.map((trackingNumber) => ({
    trackingNumber,
    ...(carrier ? { carrier } : {}),
  }))
  return {
    ...(shippedOn ? { shippedOn } : {}),
    ...(parcels.length > 0 ? { parcels } : {}),
  }
}

async function fulfilmentOf({ deps, warehouse }: Carrying, no: string): Promise<FulfilmentRow> {
  const [found] = /^\d{1,18}$/.test(no)
    ? await listFulfilments(deps.db, {
        ...{ after: 0n, limit: 1, scopes: EVERYWHERE, id: BigInt(no), site: warehouse.site },
      })
    : []
  if (!found)
    throw new Refusal(
      'FulfilmentNotFound',
      `W0602 names ${no}, and ${warehouse.site} was given no such fulfilment order.`,
    )
  return found
}

async function receive(carrying: Carrying): Promise<void> {
  const { deps, warehouse, document } = carrying
  const advice = readReceiptAdvice(document.segments)
  const { orderNo } = advice
  const purchase = await placeOfPurchase(deps.db, orderNo)
  if (purchase?.sites.includes(warehouse.site)) return receivePurchase(carrying, purchase, advice)
  const [transfer] = await listTransfers(deps.db, {
    ...{ no: orderNo, after: 0n, limit: 1, scopes: EVERYWHERE },
  })
  if (transfer?.to !== warehouse.site)
    throw new Refusal(
      'WarehouseOrderUnknown',
      `W1704 names ${orderNo}, and neither a purchase order nor a transfer of this number comes to ${warehouse.site}.`,
    )
  const reason = `${warehouse.site} told it in 944 ${advice.number}`
  const lines = arrivedUnits(advice.lines).map((line) => ({
    ...line,
    ...(line.damaged !== '0' || line.short !== '0' ? { reason } : {}),
  }))
  const command = { reference: document.number, receivedOn: advice.receivedOn, lines }
  const place = { ...transfer, subject: 'transfer' as const }
  const caller = callerOf(carrying, 'receive')
  await commandDocument(deps, place, transfers.receiveTransfer, command, caller)
}

async function receivePurchase(
  carrying: Carrying,
  place: NonNullable<Awaited<ReturnType<typeof placeOfPurchase>>>,
  advice: ReceiptAdvice,
): Promise<void> {
  const { deps, warehouse, document } = carrying
  const { items } = (await readPurchase(deps.db, place.poNumber))!
  const ordered = (items as { lineNo: number; sku: string; site: string; open: string }[]).filter(
    ({ site }) => site === warehouse.site,
  )
  const told = advice.lines.filter(({ qty }) => qty > 0)
  const command = {
    // Numbers of receipts are one's own: two warehouses may count alike.
    receiptNo: `${warehouse.site}:${document.number}`,
    site: warehouse.site,
    receivedOn: advice.receivedOn,
    lines: told.flatMap((line) => unitsOfPurchase(ordered, line)),
  }
  await commandPurchase(deps, place, p2p.receivePurchase, command, callerOf(carrying, 'receive'))
}

/** All of a document in one commit: a correction that is half done is another mistake. */
async function adjust(carrying: Carrying): Promise<void> {
  const { deps, warehouse, document, actor } = carrying
  const advice = readAdjustmentAdvice(document.segments)
  const reasons = advice.lines.map(({ sku, code }) => {
    const reason = Object.hasOwn(warehouse.reasons, code) ? warehouse.reasons[code] : undefined
    if (reason === undefined)
      throw new Refusal(
        'WarehouseReasonUnknown',
        `W1901 of ${sku} gives the reason ${code}, which nobody has given a meaning for ${warehouse.site}: PUT it to /v1/outside-warehouses, then try again.`,
      )
    return `${code}: ${reason}`
  })
  const { commandKey: key, asked: request } = callerOf(carrying, 'adjust')
  await commitOnce(deps.db, { key, request, actor }, async (tx) => {
    const site = await siteByCode(tx, warehouse.site)
    const skus = advice.lines.map(({ sku }) => sku)
    const itemIds = await itemIdsOf(tx, skus, (n) => `W19 ${n + 1}`)
    for (const [n, { qty }] of advice.lines.entries())
      await adjustStock(tx, {
        ...{ adjustmentId: `${key}/${n + 1}`, entityId: site.entityId, siteId: site.siteId },
        ...{ functionalCurrency: site.functionalCurrency, itemId: itemIds[n]!, qty },
        ...{ reason: reasons[n]!, adjustedOn: advice.adjustedOn, actor },
      })
  })
}

async function compare(carrying: Carrying): Promise<void> {
  const { deps, warehouse, document, actor } = carrying
  const { asOf, lines } = readInventoryAdvice(document.segments)
  const { commandKey: key, asked: request } = callerOf(carrying, 'compare')
  await commitOnce(deps.db, { key, request, actor }, async (tx) => {
    const skus = lines.map(({ sku }) => sku)
    const itemIds = await itemIdsOf(tx, skus, (n) => `LIN ${n + 1}`)
    await keepSnapshot(tx, {
      ...{ documentId: document.id, siteId: warehouse.siteId, asOf, actor },
      lines: lines.map((line, n) => ({ ...line, itemId: itemIds[n]! })),
    })
  })
}
