import type { AddressDocument } from '../orders/document.ts'

/** What we say to a bank about a charge: as we know it on the day on which it is put together. */
export interface EvidencePack {
  dispute: {
    no: string
    reference: string
    reason: string | null
    round: number
    currency: string
    amountMinor: string
  }
  order: {
    number: string
    channel: string
    placedAt: string
    currency: string
    totalMinor: string
    lines: { sku: string | null; title: string; ordered: number; shipped: number; minor: string }[]
  }
  /** Who ordered, and where the goods went; nothing where it was erased. */
  customer: { name: string | null; email: string | null; shipTo: AddressDocument | null } | null
  payments: { kind: string; amountMinor: string; on: string; reference: string | null }[]
  parcels: {
    carrier: string | null
    trackingNumber: string | null
    shippedOn: string | null
    deliveredAt: string | null
    events: { status: string; at: string; details: string | null }[]
  }[]
  /** What we have written to the customer. */
  messages: { subject: string; at: string; state: string }[]
  /** The rules that the order was placed under. */
  policies: { kind: string; version: number }[]
  refunds: { kind: string; amountMinor: string; on: string }[]
  /** ISO instant. */
  builtAt: string
}
