import type { PurchaseDocument } from '#connectors/purchasing/purchase-document'
import type { Tx } from '#db/client'
import type { PurchaseOrder } from '#db/stores/purchase-orders'
import { orderValue, priceOf } from '#domain/purchasing/order'

/** The order as its supplier is sent it, whatever the form. */
export async function documentOf(tx: Tx, order: PurchaseOrder): Promise<PurchaseDocument> {
  const [buyer] = await tx<{ name: string }[]>`SELECT name FROM entity WHERE id = ${order.entityId}`
  return {
    ...{ poNumber: order.poNumber, revision: order.revision, orderedOn: order.orderedOn },
    currency: order.currency,
    buyer: { code: order.entity, name: buyer!.name },
    supplier: { code: order.supplier, name: order.supplierName, ediId: order.ediId },
    ...{ termsDays: order.termsDays, incoterm: order.incoterm, note: order.note },
    lines: order.lines.map((line) => ({
      ...{ lineNo: line.lineNo, sku: line.sku, vendorSku: line.vendorSku, title: line.title },
      ...{ site: line.site, qty: line.ordered, neededOn: line.neededOn },
      ...{ unitPriceMinor: line.unitPriceMinor, pricePer: line.pricePer },
      amountMinor: priceOf(line, line.ordered),
    })),
    totalMinor: orderValue(order.lines),
  }
}
