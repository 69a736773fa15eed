import type { Tx } from '#db/client'
import { sendAlong, writeAtEnd } from '#db/transaction'
import { sum } from '#domain/money'
import { Refusal } from '#domain/refusal'
import { json } from './records.ts'

export interface NewShipmentLine {
  orderLineId: bigint
  qty: number
  unitFrom: number
  goodsMinor: bigint
  discountMinor: bigint
  shippingMinor: bigint
  taxMinor: bigint
  costMinor: bigint
}

export interface NewShipment {
  orderId: bigint
  fulfilmentId: bigint
  siteId: number
  reference: string
  shippedOn: string
  /** Expected carrier cost; posted when the revenue is. */
  freightMinor: bigint
  /** Who is owed for it, as `carrier/UPS/Ground`. */
  freightParty?: string | undefined
  actor: string
  /** Whether nothing of the fulfilment order is left after it, so that every label leaves with it. */
  last: boolean
  parcels: readonly {
    trackingNumber?: string
    carrier?: string
    service?: string
    weightG?: number
  }[]
}

/** Bought for goods of the fulfilment order that have not left yet. */
interface WaitingLabel {
  id: string
  trackingNumber: string | null
}

/** The shipment with its parcels, if any: those whose labels were bought before, and those confirmed with it. */
export async function insertShipment(
  tx: Tx,
  shipment: NewShipment,
): Promise<{ id: bigint; hasParcels: boolean }> {
  const [row] = await tx<{ id: bigint; waiting: WaitingLabel[] }[]>`
    WITH shipped AS (
      INSERT INTO shipment (order_id, fulfilment_id, site_id, reference, shipped_on, freight_minor, freight_party, actor)
      VALUES (${shipment.orderId}, ${shipment.fulfilmentId}, ${shipment.siteId}, ${shipment.reference}, ${shipment.shippedOn}, ${shipment.freightMinor}, ${shipment.freightParty ?? null}, ${shipment.actor}) RETURNING id)
    SELECT id, (SELECT coalesce(jsonb_agg(jsonb_build_object('id', p.id::text, 'trackingNumber', p.tracking_number) ORDER BY p.id), '[]')
      FROM parcel p WHERE p.fulfilment_id = ${shipment.fulfilmentId} AND p.shipment_id IS NULL AND p.voided_at IS NULL) AS waiting FROM shipped`
  const { waiting } = row!
  const labelled = await takeLabelled(tx, shipment, row!.id, waiting)
  const further = shipment.parcels.filter(
    ({ trackingNumber }) => trackingNumber === undefined || !labelled.includes(trackingNumber),
  )
  if (further.length > 0) {
    await tx`
      INSERT INTO parcel (order_id, fulfilment_id, shipment_id, parcel_no, carrier, service, tracking_number, weight_g)
      SELECT ${shipment.orderId}, ${shipment.fulfilmentId}, ${row!.id},
        (SELECT coalesce(max(parcel_no), 0) FROM parcel WHERE fulfilment_id = ${shipment.fulfilmentId}) + row_number() OVER (),
        carrier, service, "trackingNumber", "weightG"
      FROM jsonb_to_recordset(${json(tx, further)}) AS p (carrier text, service text, "trackingNumber" text, "weightG" int)`
  }
  return { id: row!.id, hasParcels: waiting.length > 0 || further.length > 0 }
}

/**
 * Labels leave with the goods that they were bought for: those that the warehouse names, else the
 * only one, else all that are left. Answers their tracking numbers.
 * @throws Refusal `ParcelUnclear`.
 */
async function takeLabelled(
  tx: Tx,
  { parcels, last }: NewShipment,
  shipmentId: bigint,
  waiting: readonly WaitingLabel[],
): Promise<string[]> {
  const named = parcels.flatMap(({ trackingNumber }) => trackingNumber ?? [])
  const leaving =
    parcels.length > 0
      ? waiting.filter((label) => label.trackingNumber && named.includes(label.trackingNumber))
      : waiting
  if (parcels.length === 0 && waiting.length > 1 && !last)
    throw new Refusal(
      'ParcelUnclear',
      `${waiting.length} labels have been bought and part of the goods leaves: name the parcels that leave now by their tracking numbers.`,
      { trackingNumbers: waiting.map((label) => label.trackingNumber) },
    )
  if (leaving.length === 0) return []
  await tx`UPDATE parcel SET shipment_id = ${shipmentId} WHERE id = ANY(${leaving.map((label) => label.id)}::bigint[])`
  return leaving.flatMap((label) => label.trackingNumber ?? [])
}

export async function insertShipmentLines(
  tx: Tx,
  shipmentId: bigint,
  lines: readonly NewShipmentLine[],
): Promise<void> {
  await sendAlong(
    tx,
    tx`
    INSERT INTO shipment_line (shipment_id, order_line_id, qty, unit_from, goods_minor, discount_minor, shipping_minor, tax_minor, cost_minor)
    SELECT ${shipmentId}, "orderLineId", qty, "unitFrom", "goodsMinor", "discountMinor", "shippingMinor", "taxMinor", "costMinor"
    FROM jsonb_to_recordset(${json(tx, lines)}) AS l ("orderLineId" bigint, qty int, "unitFrom" int, "goodsMinor" bigint, "discountMinor" bigint, "shippingMinor" bigint, "taxMinor" bigint, "costMinor" bigint)`,
  )
}

export interface NewInvoice {
  entityId: number
  orderId: bigint
  shipmentId: bigint
  issuedOn: string
  dueOn: string
  currency: string
  lines: readonly NewShipmentLine[]
}

/**
 * An invoice per shipment, with the entity's next number. The number is gapless, so whoever holds
 * it keeps the entity's other invoices waiting: it is taken on the way to COMMIT.
 */
export async function insertInvoice(tx: Tx, invoice: NewInvoice): Promise<void> {
  await writeAtEnd(tx, writeInvoices, [invoice])
}

function writeInvoices(tx: Tx, invoices: readonly NewInvoice[]): PromiseLike<unknown> {
  const rows = invoices.map(({ lines, ...invoice }) => {
    const net = sum(lines.map((line) => line.goodsMinor - line.discountMinor + line.shippingMinor))
    const tax = sum(lines.map((line) => line.taxMinor))
    return { ...invoice, net, tax, gross: net + tax }
  })
  return tx`
    INSERT INTO customer_invoice (entity_id, order_id, shipment_id, issued_on, due_on, currency, net_minor, tax_minor, gross_minor)
    SELECT "entityId", "orderId", "shipmentId", "issuedOn", "dueOn", currency, net, tax, gross
    FROM jsonb_to_recordset(${json(tx, rows)})
      AS i ("entityId" int, "orderId" bigint, "shipmentId" bigint, "issuedOn" date, "dueOn" date, currency text, net bigint, tax bigint, gross bigint)
    ORDER BY "shipmentId"`
}

/** What the carrier is expected to charge for a shipment, in functional currency, and which carrier it is. */
export async function freightOfShipment(
  tx: Tx,
  shipmentId: bigint,
): Promise<{ minor: bigint; party: string | undefined }> {
  const [row] = await tx<{ minor: bigint; party: string | null }[]>`
    SELECT freight_minor AS minor, freight_party AS party FROM shipment WHERE id = ${shipmentId}`
  return { minor: row!.minor, party: row!.party ?? undefined }
}
