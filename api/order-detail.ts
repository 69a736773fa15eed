import { z } from 'zod'

/** One order with all that hangs on it, on the wire; amounts are minor units of `currency` as text. */

const text = z.string()
const maybe = text.nullable()
const minor = text.meta({ example: '1099' })
const units = z.int()

const orderLine = z.object({
  id: text,
  lineNo: units,
  sku: maybe,
  title: text,
  goodsMinor: minor,
  discountMinor: minor,
  shippingMinor: minor,
  taxMinor: minor,
  ordered: units,
  cancelled: units,
  allocated: units,
  backordered: units,
  released: units,
  picked: units,
  shipped: units,
  delivered: units,
  promiseOn: maybe,
  substitutionOf: maybe.describe('Id of the line whose item could not be had.'),
})

const hold = z.object({
  type: text,
  reason: text,
  openedAt: text,
  openedBy: text,
  releasedAt: maybe,
  releasedBy: maybe,
})

const openCase = z.object({
  id: text,
  type: text,
  state: text,
  ownerTeam: text,
  dueAt: text,
  summary: text,
  resolution: maybe,
  resolvedBy: maybe,
  resolvedByName: maybe,
})

const parcel = z.object({
  id: text,
  trackingNumber: maybe,
  carrier: maybe,
  service: maybe,
  deliveredAt: maybe,
  events: z.array(z.object({ status: text, at: text })),
})

const payment = z.object({
  id: text,
  kind: text,
  provider: text,
  dueMinor: minor,
  authorisedMinor: minor,
  capturedMinor: minor,
  refundPendingMinor: minor,
  refundedMinor: minor,
  expiresAt: maybe,
})

const header = {
  id: text,
  orderNumber: text,
  channel: text,
  entity: text,
  externalId: text,
  externalVersion: text,
  workflowId: text,
  phase: text,
  waitingFor: text,
  version: z.int(),
  placedAt: text,
  closedAt: maybe,
  currency: text,
  totalMinor: minor,
  settlement: text,
  taxCollectedBy: text,
  fulfilledBy: text,
  customerId: maybe,
  customerClass: text,
  segment: text,
  shipCountry: maybe,
  shipRegion: maybe,
  shipBy: maybe,
  deliverBy: maybe,
  acceptedLateUntil: maybe,
  split: z
    .object({
      reason: text,
      sites: z.array(text),
      freightMinor: minor,
      oneParcelMinor: minor,
      extraMinor: minor,
    })
    .nullable()
    .describe('Why it ships from several sites; freight in functional currency.'),
  shipComplete: z.boolean(),
  enteredBy: maybe,
  enteredByName: maybe,
}

export const orderDetail = z.object({
  ...header,
  lines: z.array(orderLine),
  holds: z.array(hold),
  cases: z.array(openCase),
  reservations: z.array(
    z.object({ sku: text, site: text, qty: units, live: units, consumed: units, released: units }),
  ),
  fulfilments: z.array(
    z.object({
      id: text,
      site: text,
      state: text,
      carrier: maybe,
      service: maybe,
      shipOn: text,
      promiseOn: maybe,
    }),
  ),
  shipments: z.array(
    z.object({
      id: text,
      reference: text,
      site: text,
      shippedOn: text,
      parcels: z.array(parcel),
    }),
  ),
  payments: z.array(payment),
  effects: z.array(z.object({ key: text, operation: text, state: text, attempts: z.int() })),
  invoices: z.array(
    z.object({
      id: text,
      number: text,
      issuedOn: text,
      dueOn: text,
      netMinor: minor,
      taxMinor: minor,
      grossMinor: minor,
    }),
  ),
  entries: z.array(z.object({ id: text, eventType: text, effectiveOn: text, key: text })),
  timeline: z
    .array(
      z.object({
        action: text,
        after: z.unknown().describe('Phase, version and what else the step says.'),
        reason: maybe,
        actor: text,
        actorName: maybe,
        at: text,
      }),
    )
    .describe('What happened, oldest first.'),
})
