import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { MoneyDto } from '#domain/money'
import type { CaseType, Resolution } from '#domain/orders/exceptions'
import type { PurchasePhase } from '#domain/purchasing/phase'

/** One purchase order, one workflow: the id is made of its number. */
export function procureToPayId(poNumber: string): string {
  return `procure-to-pay/${poNumber}`
}

export interface PurchaseLineDraft {
  sku: string
  site: string
  /** Base units, as text. */
  qty: string
  /** Absent: what the supplier item's price break says; it buys `pricePer` units. */
  unitPriceMinor?: string
  pricePer?: string
  /** Freight, duty and insurance for `pricePer` units, in the entity's currency. */
  landedEstimateMinor?: string
  neededOn: string
  inspect?: boolean
  /** The line of `shipsToOrder` that these units are for; its site is then one of kind dropship. */
  orderLineId?: string
}

/** What a buyer wants; no personal data, so that the start may carry it. */
export interface PurchaseDraft {
  supplier: string
  note?: string
  /** The sales order, by its id, whose buyer the supplier ships all of it to. */
  shipsToOrder?: string
  lines: PurchaseLineDraft[]
}

export interface ProcureToPayStart {
  poNumber: string
  draft: PurchaseDraft
  actor: string
}

/** Where a purchase stands, as its last commit left it. */
export interface PurchaseProgress {
  purchaseId: string
  poNumber: string
  /** Counts the commits; a later answer never gives way to an earlier one. */
  version: number
  revision: number
  open: boolean
  phase: PurchasePhase
  waitingFor: string
  whoMayAct: string
  nextDeadline: string | null
  /** Outside calls to make or to ask about now. */
  effects: { key: string; summary: string }[]
  cases: { id: string; type: CaseType; dueAt: string }[]
  sites: string[]
  entity: string
  supplier: string
  /** What is still to come, in the order's currency and in its company's. */
  openValue: MoneyDto
  openValueInBooks: MoneyDto
  lines: number
  total: MoneyDto
  apiUrl?: string
}

export interface PurchaseOutcome {
  purchaseId: string
  poNumber: string
  phase: PurchasePhase
}

export interface PurchaseCommand {
  key: string
  actor: string
  /** The version that the person saw; a stale one is refused. */
  expectedVersion?: number
}

export interface ChangePurchase extends PurchaseCommand {
  draft: PurchaseDraft
  reason: string
}

export interface SubmitPurchase extends PurchaseCommand {
  note?: string
}

export interface DecidePurchase extends PurchaseCommand {
  decision: 'approved' | 'rejected'
  /** The revision that the person saw: another one is not what they approve. */
  revision: number
  reason?: string
  /** Roles of the person at that moment. */
  roles: string[]
}

export interface AcknowledgePurchase extends PurchaseCommand {
  ackNo: string
  source: 'x12-855' | 'person'
  /** The whole order is refused. */
  rejected?: boolean
  lines: {
    lineNo: number
    qty: string
    unitPriceMinor?: string
    pricePer?: string
    promisedOn?: string
  }[]
}

export interface AnnounceShipment extends PurchaseCommand {
  asnNo: string
  source: 'x12-856' | 'person'
  shippedOn: string
  expectedOn?: string
  carrier?: string
  billOfLading?: string
  /** Of the parcel, where the supplier ships to the buyer. */
  trackingNumber?: string
  lines: { lineNo: number; qty: string; lot?: string; packageNo?: string }[]
}

export interface ReceivePurchase extends PurchaseCommand {
  receiptNo: string
  site: string
  receivedOn?: string
  /** The ship notice that came with it: then its quantities are what was expected. */
  asnNo?: string
  lines: ReceivedLine[]
}

/** Good and damaged units that were counted; of an item that is not ordered, its SKU instead of a line. */
export interface ReceivedLine {
  lineNo?: number
  sku?: string
  qty: string
  damaged?: string
  note?: string
  /** Of which lot all these units are; asked for where the item is kept by lot. */
  lot?: string
  /** Until when the lot lasts (YYYY-MM-DD); asked for where the item is kept by lot and date. */
  expiresOn?: string
  /** One a unit where the item is kept by serial: the good ones first, then the damaged ones. */
  serials?: string[]
  /** Codes that were read: they name lot, date and serials, and stand for as many units as were counted. */
  scans?: string[]
}

export interface InspectGoods extends PurchaseCommand {
  receiptNo: string
  inspectedOn?: string
  lines: {
    receiptLineNo: number
    accepted: string
    rejected: string
    reason?: string
    rejectedLots?: string[]
  }[]
}

export interface ClosePurchaseShort extends PurchaseCommand {
  reason: string
  /** Absent: whatever is still open. */
  lineNos?: number[]
}

export interface CancelPurchase extends PurchaseCommand {
  reason: string
}

export interface SentLineChange {
  lineNo: number
  /** Units of the line in all, those that have come included. */
  qty?: string
  unitPriceMinor?: string
  pricePer?: string
  neededOn?: string
}

/** Other terms of an order that the supplier has; they hold once it agrees. */
export interface ChangeSentPurchase extends PurchaseCommand {
  reason: string
  lines?: SentLineChange[]
  added?: PurchaseLineDraft[]
}

export interface DecidePurchaseChange extends PurchaseCommand {
  changeId: string
  /** Withdrawn: also after it was sent; the supplier is told. */
  decision: 'approved' | 'rejected' | 'withdrawn'
  /** Roles of the person at that moment. */
  roles: string[]
}

export interface AnswerPurchaseChange extends PurchaseCommand {
  /** Absent: the one that the supplier was sent. */
  changeId?: string
  answer: 'accepted' | 'refused'
  source: 'x12-865' | 'person'
  /** What it offers instead, where it refuses. */
  lines?: SentLineChange[]
}

export interface ResolvePurchaseCase extends PurchaseCommand {
  caseId: string
  resolution: Resolution
  params?: Record<string, unknown>
}

export interface PurchaseRef {
  purchaseId: string
}

/** Answers where the order stands once the draft is taken in, or why it was refused. */
export const purchaseDrafted = defineUpdate<PurchaseProgress>('purchaseDrafted')
export const changePurchase = defineUpdate<PurchaseProgress, [ChangePurchase]>('changePurchase')
export const submitPurchase = defineUpdate<PurchaseProgress, [SubmitPurchase]>('submitPurchase')
export const decidePurchase = defineUpdate<PurchaseProgress, [DecidePurchase]>('decidePurchase')
export const acknowledgePurchase = defineUpdate<PurchaseProgress, [AcknowledgePurchase]>(
  'acknowledgePurchase',
)
export const announceShipment = defineUpdate<PurchaseProgress, [AnnounceShipment]>(
  'announceShipment',
)
export const receivePurchase = defineUpdate<PurchaseProgress, [ReceivePurchase]>('receivePurchase')
export const inspectGoods = defineUpdate<PurchaseProgress, [InspectGoods]>('inspectGoods')
export const closePurchaseShort = defineUpdate<PurchaseProgress, [ClosePurchaseShort]>(
  'closePurchaseShort',
)
export const cancelPurchase = defineUpdate<PurchaseProgress, [CancelPurchase]>('cancelPurchase')
export const changeSentPurchase = defineUpdate<PurchaseProgress, [ChangeSentPurchase]>(
  'changeSentPurchase',
)
export const decidePurchaseChange = defineUpdate<PurchaseProgress, [DecidePurchaseChange]>(
  'decidePurchaseChange',
)
export const answerPurchaseChange = defineUpdate<PurchaseProgress, [AnswerPurchaseChange]>(
  'answerPurchaseChange',
)
export const resolvePurchaseCase = defineUpdate<PurchaseProgress, [ResolvePurchaseCase]>(
  'resolvePurchaseCase',
)
/** Something outside this order changed (units that were set aside went back): look again. */
export const lookAtPurchase = defineSignal<[{ cause: string }]>('lookAgain')
export const purchaseProgress = defineQuery<PurchaseProgress | undefined>('purchaseProgress')

/** What the process may do: each is one commit; `sendToSupplier` makes one outside call before its own. */
export interface PurchaseActivities {
  draftPurchase(start: ProcureToPayStart): Promise<PurchaseProgress>
  changePurchase(command: ChangePurchase & PurchaseRef): Promise<PurchaseProgress>
  submitPurchase(command: SubmitPurchase & PurchaseRef): Promise<PurchaseProgress>
  decidePurchase(command: DecidePurchase & PurchaseRef): Promise<PurchaseProgress>
  acknowledgePurchase(command: AcknowledgePurchase & PurchaseRef): Promise<PurchaseProgress>
  announceShipment(command: AnnounceShipment & PurchaseRef): Promise<PurchaseProgress>
  receivePurchase(command: ReceivePurchase & PurchaseRef): Promise<PurchaseProgress>
  inspectGoods(command: InspectGoods & PurchaseRef): Promise<PurchaseProgress>
  closePurchaseShort(command: ClosePurchaseShort & PurchaseRef): Promise<PurchaseProgress>
  cancelPurchase(command: CancelPurchase & PurchaseRef): Promise<PurchaseProgress>
  changeSentPurchase(command: ChangeSentPurchase & PurchaseRef): Promise<PurchaseProgress>
  decidePurchaseChange(command: DecidePurchaseChange & PurchaseRef): Promise<PurchaseProgress>
  answerPurchaseChange(command: AnswerPurchaseChange & PurchaseRef): Promise<PurchaseProgress>
  resolvePurchaseCase(command: ResolvePurchaseCase & PurchaseRef): Promise<PurchaseProgress>
  passPurchaseDeadline(deadline: { at: string } & PurchaseRef): Promise<PurchaseProgress>
  sendToSupplier(effect: { key: string } & PurchaseRef): Promise<PurchaseProgress>
}

/** What a choice on a stuck purchase would do; found by doing it and taking it back. */
export interface PreviewedPurchase {
  phase: string
  waitingFor: string
  /** Units by item, site and condition. */
  stock: { sku: string; site: string; condition: string; delta: string }[]
  supply: { source: string; open: string; dueOn: string }[]
  newCases: string[]
  outsideCalls: string[]
  entries: {
    eventType: string
    lines: { account: string; amountMinor: string; currency: string }[]
  }[]
}

/** What a change would do once the supplier agrees. */
export interface PreviewedPurchaseChange {
  totalBefore: MoneyDto
  totalAfter: MoneyDto
  /** Whose signature it needs before it is sent. */
  needs: string | null
  supply: PreviewedPurchase['supply']
}

export interface PurchasePreviews {
  resolvePurchaseCase(purchaseId: string, command: ResolvePurchaseCase): Promise<PreviewedPurchase>
  changeSentPurchase(
    purchaseId: string,
    command: ChangeSentPurchase,
  ): Promise<PreviewedPurchaseChange>
}
