import type { Reader } from '#db/client'
import type { AddressDocument } from '#domain/orders/document'

/** What a site is to ship, with who sends to whom; `receiver` is null where it has no EDI address. */
export interface ShippingOrderRow {
  number: string
  orderNumber: string
  site: string
  shipOn: string
  releasedAt: string
  carrier: string | null
  service: string | null
  sender: string
  receiver: string | null
  shipTo: {
    name: string
    street: string[]
    city: string
    region: string
    postalCode: string
    country: string
  }
  lines: { sku: string; qty: number }[]
}

/** Undefined once nothing of it is to be shipped any more. */
export async function shippingOrderOf(
  reader: Reader,
  fulfilmentId: bigint,
): Promise<ShippingOrderRow | undefined> {
  const [row] = await reader<
    (Omit<ShippingOrderRow, 'shipTo'> & { address: Partial<AddressDocument> | null })[]
  >`
    SELECT f.id::text AS number, o.order_number AS "orderNumber", s.code AS site, f.ship_on AS "shipOn", f.released_at AS "releasedAt", f.carrier, f.service,
      coalesce(w.our_edi_id, '') AS sender, w.edi_id AS receiver, d.body->'shipTo' AS address,
      (SELECT jsonb_agg(jsonb_build_object('sku', x.sku, 'qty', x.qty) ORDER BY x.first) FROM (
        SELECT i.sku, sum(l.qty - l.shipped - l.cancelled)::int AS qty, min(l.order_line_id) AS first FROM fulfilment_line l JOIN item i ON i.id = l.item_id
        WHERE l.fulfilment_id = f.id GROUP BY 1 HAVING sum(l.qty - l.shipped - l.cancelled) > 0) x) AS lines
    FROM fulfilment_order f JOIN site s ON s.id = f.site_id JOIN sales_order o ON o.id = f.order_id
    LEFT JOIN outside_warehouse w ON w.site_id = f.site_id LEFT JOIN personal_data d ON d.id = o.personal_data_id
    WHERE f.id = ${fulfilmentId} AND f.state = 'released'`
  if (!row?.lines) return undefined
  const { address, ...order } = row
  return { ...order, shipTo: written(address ?? {}) }
}

function written(to: Partial<AddressDocument>): ShippingOrderRow['shipTo'] {
  return {
    name: to.name ?? to.company ?? '',
    street: [to.line1, to.line2].filter((line): line is string => Boolean(line)),
    ...{ city: to.city ?? '', region: to.region ?? '', postalCode: to.postalCode ?? '' },
    country: to.country ?? '',
  }
}

/** Where a sales order goes; undefined once its buyer has been erased. */
export async function buyerAddress(
  reader: Reader,
  orderId: bigint,
): Promise<ShippingOrderRow['shipTo'] | undefined> {
  const [row] = await reader<{ address: Partial<AddressDocument> | null }[]>`
    SELECT d.body->'shipTo' AS address FROM sales_order o JOIN personal_data d ON d.id = o.personal_data_id WHERE o.id = ${orderId}`
  return row?.address ? written(row.address) : undefined
}

/** Whether this shipment, under the warehouse's own reference, has been confirmed before. */
export async function isShipmentKnown(
  reader: Reader,
  { fulfilmentId, reference }: { fulfilmentId: bigint; reference: string },
): Promise<boolean> {
  const rows = await reader`
    SELECT 1 FROM shipment WHERE fulfilment_id = ${fulfilmentId} AND reference = ${reference}`
  return rows.length > 0
}
