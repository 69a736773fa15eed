import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { MoneyDto } from '#domain/money'
import type { CaseType, Resolution } from '#domain/orders/exceptions'
import type { OrderPhase } from '#domain/orders/phase'

/** One order, one workflow, for ever: the id is made of what the channel calls the order. */
export function orderToCashId(channel: string, externalId: string): string {
  return `order-to-cash/${channel}/${externalId}`
}

/**
 * Histories are kept long and cannot be edited, so the start names the stored document instead
 * of carrying a customer's name and address.
 */
export interface OrderToCashStart {
  inboxId: string
  channel: string
  externalId: string
  /** Whoever or whatever brought the order, for the audit trail. */
  actor: string
  /**
   * Takes an order up again whose process has ended, because something came that a person must
   * decide: the key of what came. Nothing is taken in; `inboxId` is not read.
   */
  again?: string
}

/** Where an order stands, as its last commit left it. Small: it rides in every update's answer. */
export interface OrderProgress {
  orderId: string
  orderNo: string
  /** Counts the commits; a later answer never gives way to an earlier one. */
  version: number
  open: boolean
  phase: OrderPhase
  waitingFor: string
  whoMayAct: string
  /** When silence has a consequence next (ISO instant), or null. */
  nextDeadline: string | null
  /** Outside calls to make or to ask about now; one that is to be asked about later is none of them. */
  effects: { key: string; summary: string }[]
  cases: { id: string; type: CaseType; dueAt: string }[]
  /** Codes of the sites that keep stock for it. */
  sites: string[]
  entity: string
  /** What is open, in the order's currency and, at the order's rate, in its company's. */
  moneyAtRisk: MoneyDto
  moneyAtRiskInBooks: MoneyDto
  lines: number
  total: MoneyDto
  /** Where people reach the API; absent where nobody has set it. */
  apiUrl?: string
}

export interface OrderOutcome {
  orderId: string
  orderNo: string
  phase: 'closed' | 'cancelled' | 'refused'
}

/** Every command names who gives it and the key under which it happens once. */
export interface CommandBase {
  key: string
  actor: string
  /** The version that the person saw; a stale one is refused instead of overwriting. */
  expectedVersion?: number
}

export interface ResolveException extends CommandBase {
  caseId: string
  resolution: Resolution
  /** Never personal data: histories and audit rows cannot be edited. */
  params?: Record<string, unknown>
  /** The personal-data row that holds the address of `correct`. */
  addressId?: string
}

export interface ReopenException extends CommandBase {
  caseId: string
  reason: string
}

export interface ConfirmPick extends CommandBase {
  fulfilmentId: string
  /** Units of each line in all; empty where `task` says what was picked. */
  lines: { orderLineId: string; picked: number; shortReason?: string }[]
  /** One task of a pick list: its units come out of its bin, and the line follows from its tasks. */
  task?: PickedTask
}

export interface PickedTask {
  taskId: string
  /** What the scanner read at the bin and on the goods: a SKU, a GTIN or a GS1 element string. */
  bin: string
  scan: string
  /** Absent: all that the task asks for. */
  picked?: number
  shortReason?: string
  /** Every code that was read, instead of one: what they stand for is what was picked. */
  scans?: string[]
}

/** A site says that it will not ship what it was given. */
export interface RejectFulfilment extends CommandBase {
  fulfilmentId: string
  reason: string
}

export interface ConfirmShipment extends CommandBase {
  fulfilmentId: string
  /** The warehouse's own reference of this shipment; confirming it twice ships once. */
  reference: string
  shippedOn?: string
  /** Absent: everything on the fulfilment order that is still open. */
  lines?: { orderLineId: string; qty: number }[]
  parcels?: {
    trackingNumber?: string
    carrier?: string
    service?: string
    weightG?: number
    /** What it holds; said of every parcel or of none. */
    lines?: { orderLineId: string; qty: number }[]
  }[]
  /** What lies in closed boxes that have not left, instead of `lines`. */
  packed?: true
}

export interface RequestCancellation extends CommandBase {
  reason: string
  /** Absent: the whole order. */
  lines?: { orderLineId: string; qty: number }[]
}

export interface ChangeOrder extends CommandBase {
  actions: OrderChangeAction[]
  /** The personal-data row that holds the address of a `ship-to`. */
  addressId?: string
}

export type OrderChangeAction =
  | { kind: 'cancel-units'; orderLineId: string; qty: number }
  | {
      kind: 'add-line'
      sku: string
      qty: number
      unitPriceMinor: string
      taxRatePpm?: number
      jurisdiction?: string
    }
  | { kind: 'ship-to' }

export interface PlaceHold extends CommandBase {
  reason: string
  keepsStock?: boolean
}

export interface ReleaseOrder extends CommandBase {
  note?: string
}

export interface BuyLabels extends CommandBase {
  fulfilmentId: string
  parcels: { weightG: number; lengthMm?: number; widthMm?: number; heightMm?: number }[]
  /** One for each closed box that has no label, by its size and what it weighed; `parcels` is empty. */
  packed?: true
  /** Override of the service that the rate shop would choose; needs a reason. */
  service?: { carrier: string; service: string; reason: string }
}

export interface RecordPayment {
  key: string
  /** The stored event that says so; the commit that acts on it takes it off the list. */
  eventId?: string
  kind:
    | 'captured'
    | 'authorised'
    | 'declined'
    | 'voided'
    | 'expired'
    | 'refund-settled'
    | 'refund-failed'
    /** Moved at the processor without us; a person books it. */
    | 'disputed'
    | 'refunded-elsewhere'
  provider: string
  /** The provider's id of the payment. */
  reference: string
  /** Authorised: in all, taken or not; captured: in all by this payment; a refund: its own. */
  amountMinor: string
  /** The effect of ours that caused it; a refund always names it. */
  effectKey?: string
  /** The provider's id of the dispute or refund itself, and the name of its message about it. */
  object?: string
  said?: string
  /** The provider's word for why, of what failed. */
  reason?: string
  effectiveOn: string
  expiresAt?: string
  actor: string
}

export interface RecordTracking {
  providerEventId: string
  /** The stored event that says so; the commit that acts on it takes it off the list. */
  eventId?: string
  trackingNumber: string
  status: 'pre-transit' | 'in-transit' | 'out-for-delivery' | 'delivered' | 'exception' | 'returned'
  at: string
  details?: string
  actor: string
}

export interface ReallocateStock extends CommandBase {
  /** The order that gives its units up; it is told and promised anew. */
  fromOrderId: string
  orderLineId: string
  qty: number
  reason: string
}

export const orderPlaced = defineUpdate<OrderProgress>('orderPlaced')
export const resolveException = defineUpdate<OrderProgress, [ResolveException]>('resolveException')
export const reopenException = defineUpdate<OrderProgress, [ReopenException]>('reopenException')
export const confirmPick = defineUpdate<OrderProgress, [ConfirmPick]>('confirmPick')
export const rejectFulfilment = defineUpdate<OrderProgress, [RejectFulfilment]>('rejectFulfilment')
export const confirmShipment = defineUpdate<OrderProgress, [ConfirmShipment]>('confirmShipment')
export const requestCancellation = defineUpdate<OrderProgress, [RequestCancellation]>(
  'requestCancellation',
)
export const changeOrder = defineUpdate<OrderProgress, [ChangeOrder]>('changeOrder')
export const placeHold = defineUpdate<OrderProgress, [PlaceHold]>('placeHold')
export const releaseOrder = defineUpdate<OrderProgress, [ReleaseOrder]>('releaseOrder')
export const buyLabels = defineUpdate<OrderProgress, [BuyLabels]>('buyLabels')
export const reallocateStock = defineUpdate<OrderProgress, [ReallocateStock]>('reallocateStock')

/** The channel sent a newer version, a payment or a cancellation; the inbox row holds it. */
export const channelChanged = defineSignal<[{ inboxId: string }]>('channelChanged')
export const recordPayment = defineSignal<[RecordPayment]>('recordPayment')
export const recordTracking = defineSignal<[RecordTracking]>('recordTracking')
/** Something outside this order changed (stock arrived, units were taken away): look again. */
export const lookAgain = defineSignal<[{ cause: string }]>('lookAgain')

export const orderProgress = defineQuery<OrderProgress | undefined>('orderProgress')

/** What the process may do: each is one commit; `settleEffect` makes one outside call before its own. */
export interface OrderActivities {
  receiveOrder(start: OrderToCashStart): Promise<OrderProgress>
  resolveException(command: ResolveException & OrderRef): Promise<OrderProgress>
  reopenException(command: ReopenException & OrderRef): Promise<OrderProgress>
  confirmPick(command: ConfirmPick & OrderRef): Promise<OrderProgress>
  rejectFulfilment(command: RejectFulfilment & OrderRef): Promise<OrderProgress>
  confirmShipment(command: ConfirmShipment & OrderRef): Promise<OrderProgress>
  cancelOrder(command: RequestCancellation & OrderRef): Promise<OrderProgress>
  changeOrder(command: ChangeOrder & OrderRef): Promise<OrderProgress>
  placeHold(command: PlaceHold & OrderRef): Promise<OrderProgress>
  releaseOrder(command: ReleaseOrder & OrderRef): Promise<OrderProgress>
  buyLabels(command: BuyLabels & OrderRef): Promise<OrderProgress>
  reallocateStock(command: ReallocateStock & OrderRef): Promise<OrderProgress>
  applyChannelChange(change: { inboxId: string } & OrderRef): Promise<OrderProgress>
  recordPayment(event: RecordPayment & OrderRef): Promise<OrderProgress>
  recordTracking(event: RecordTracking & OrderRef): Promise<OrderProgress>
  /** Re-plans what is not allocated and lets cases heal whose reason is gone. */
  reviewOrder(look: { cause: string; key: string } & OrderRef): Promise<OrderProgress>
  /** Does what a passed deadline asks for: escalate, re-authorise, give up, watch a parcel. */
  passDeadline(deadline: { at: string } & OrderRef): Promise<OrderProgress>
  settleEffect(effect: { key: string } & OrderRef): Promise<OrderProgress>
  /** Asks the engine for the tax of a stored document that states none, and keeps what it says. */
  quoteTax(ask: { inboxId: string }): Promise<void>
  /** Keeps why a stored document was refused, so that its sender can be told. */
  refuseDocument(refusal: { inboxId: string; code: string; message: string }): Promise<void>
  /** Keeps why a fact could not be taken yet; it is told again after a pause. */
  explainEvent(refusal: { eventId: string; code: string; message: string }): Promise<void>
}

export interface OrderRef {
  orderId: string
}

export const ORDER_TASK_QUEUE = 'orders'
