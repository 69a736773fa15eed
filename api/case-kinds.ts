import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { DocumentSubject } from '#contracts/document-progress'
import { resolveTrouble } from '#contracts/replenishment'
import type { CaseRow } from '#db/queries/exceptions'
import type { CaseType, Resolution } from '#domain/orders/exceptions'
import { Refusal } from '#domain/refusal'
import { decideBill, decideUnbilledReceipt } from './bill-commands.ts'
import { billPreviewSchema, billProgressSchema, unbilledDecided } from './bill-schemas.ts'
import { decideCloseCase } from './close-commands.ts'
import type { ApiDeps } from './deps.ts'
import { decideDocument } from './document-decisions.ts'
import { decideDocumentCase } from './document-commands.ts'
import { documentProgress } from './document-schemas.ts'
import { decideOrderCase, decisionOf, previewOrderCase, reopenOrderCase } from './order-cases.ts'
import type { CommandCaller } from './order-commands.ts'
import { documentDecided, previewedEffect, progress } from './order-schemas.ts'
import { decidePurchaseCase, previewedPurchase, previewPurchaseCase } from './purchase-cases.ts'
import { purchaseProgress } from './purchase-commands.ts'
import { commandReplenished, replenishmentStood } from './replenishment-commands.ts'
import { decideSettlement, previewSettlement } from './settlement-decisions.ts'
import { settlementPreviewSchema } from './settlement-schemas.ts'
import { previewedReturn } from './return-schemas.ts'
import { decideStock, STOCK_CASES, stockDecided } from './stock-decisions.ts'
import { decideWarehouseCase, warehouseDecided } from './warehouse-decisions.ts'

/** What somebody who may decide the case has chosen, and how often: once a caller's key. */
export interface CaseDecision {
  found: CaseRow
  chosen: { resolution: Resolution; params?: Record<string, unknown> | undefined }
  caller: CommandCaller
  request: FastifyRequest
}

/** What can be done about cases of one kind of subject. */
export interface CaseKind {
  decide: Shown
  /** What a choice would do, or why that is not shown. */
  preview: Shown | string
  /** Takes a decision back, or why none is. */
  reopen: ((deps: ApiDeps, found: CaseRow, asked: Reopening) => Promise<ReopenedCase>) | string
  /** Whether many are decided at once; a refusal names the others where their type is in the schema. */
  bulk: boolean
  /** Types that only these subjects have, and that no bulk decision may name. */
  neverInBulk?: readonly string[]
}

interface Shown {
  answer: z.ZodType
  by(deps: ApiDeps, decision: CaseDecision): Promise<unknown>
}

interface Reopening {
  reason: string
  request: FastifyRequest
}

type ReopenedCase = z.output<typeof progress>

/** An answer that is checked against its own schema, not against those of all kinds. */
function shown<A extends z.ZodType>(
  answer: A,
  by: (deps: ApiDeps, decision: CaseDecision) => Promise<z.input<A>>,
): Shown {
  return { answer, by }
}

const order: CaseKind = {
  decide: shown(progress, (deps, { found, chosen, caller }) =>
    decideOrderCase(deps, found, chosen, caller),
  ),
  preview: shown(previewedEffect, (deps, { found, chosen, request }) =>
    previewOrderCase(deps, found, chosen, previewedBy(request)),
  ),
  reopen: (deps, found, { reason, request }) => reopenOrderCase(deps, found, reason, request),
  bulk: true,
}

const bill: CaseKind = {
  decide: shown(billProgressSchema, (deps, { found, chosen, caller }) =>
    decideBill(deps, found, chosen, caller),
  ),
  preview: shown(billPreviewSchema, async ({ billPreviews }, { found, chosen, request }) => {
    if (!billPreviews) throw new Refusal('NothingToPreview', notPreviewedYet('vendor-bill'))
    const { resolution, params } = chosen
    const asked = { ...previewedBy(request), caseId: found.id.toString(), resolution }
    return billPreviews.resolveBillCase(found.subjectId, { ...asked, ...(params && { params }) })
  }),
  reopen: 'A decision on a bill has moved its books: answer it by a credit, or by another bill.',
  bulk: true,
}

const unbilledReceipt: CaseKind = {
  decide: shown(unbilledDecided, (deps, { found, chosen, caller }) =>
    decideUnbilledReceipt(deps, found, chosen, caller),
  ),
  preview:
    'Clearing takes what is open of the receipt line off its stock, as /v1/grni shows it; waiting changes nothing.',
  reopen: bill.reopen,
  bulk: true,
}

const refusedDocument: CaseKind = {
  decide: shown(documentDecided, async (deps, { found, chosen, request }) =>
    decideDocument(deps, request, found.subjectId, retryOrReject(found, chosen.resolution)),
  ),
  preview:
    'A refused document has made no order yet, so neither choice touches stock, money or books.',
  reopen: hasMovedGoods('inbox'),
  bulk: false,
  neverInBulk: ['document-refused'],
}

const channelStock: CaseKind = {
  decide: shown(stockDecided, (deps, { found, chosen, request }) =>
    decideStock(deps, request, found, chosen.resolution),
  ),
  preview: 'What a channel shows is no stock of ours, so no choice touches stock, money or books.',
  reopen:
    'What was decided about a channel has been carried out: change the listing, or how the channel is told.',
  bulk: false,
  neverInBulk: STOCK_CASES,
}

const purchase: CaseKind = {
  decide: shown(purchaseProgress, (deps, { found, chosen, caller }) =>
    decidePurchaseCase(deps, found, chosen, caller),
  ),
  preview: shown(previewedPurchase, (deps, { found, request }) =>
    previewPurchaseCase(deps.purchasePreviews, request, found),
  ),
  reopen: 'What was chosen about a purchase has moved goods or money.',
  bulk: true,
}

const replenishedItem: CaseKind = {
  decide: shown(replenishmentStood, (deps, { found, chosen, caller }) =>
    commandReplenished(
      deps,
      found.entity,
      resolveTrouble,
      decisionOf(found, chosen).command,
      caller,
    ),
  ),
  preview: notPreviewedYet('item'),
  reopen: hasMovedGoods('item'),
  bulk: true,
}

const settlement: CaseKind = {
  decide: shown(documentProgress, (deps, { found, chosen, caller, request }) =>
    decideSettlement(deps, found, decisionOf(found, chosen).command, { caller, request }),
  ),
  preview: shown(settlementPreviewSchema, (deps, { found, chosen, request }) =>
    previewSettlement(deps, found, decisionOf(found, chosen).command, request),
  ),
  reopen: 'What was chosen about a statement has moved its books: answer it by another entry.',
  bulk: true,
}

/** A document with a process of its own, which is told under the same name as an order's. */
function ownDocument(subject: DocumentSubject): CaseKind {
  return {
    decide: shown(documentProgress, (deps, { found, chosen, caller }) =>
      decideDocumentCase(deps, subject, found, decisionOf(found, chosen).command, caller),
    ),
    preview: notPreviewedYet(subject),
    reopen: hasMovedGoods(subject),
    bulk: true,
  }
}

const customerReturn: CaseKind = {
  ...ownDocument('customer-return'),
  preview: shown(previewedReturn, async ({ returnPreviews }, { found, chosen, request }) => {
    if (!returnPreviews) throw new Refusal('NothingToPreview', notPreviewedYet('customer-return'))
    const { command } = decisionOf(found, chosen)
    return returnPreviews.resolveReturnCase(found.subjectId, {
      ...command,
      ...previewedBy(request),
    })
  }),
  reopen: 'What was chosen on a return has moved goods or money.',
}

const chargeback: CaseKind = {
  ...ownDocument('chargeback'),
  preview: shown(
    settlementPreviewSchema,
    async ({ chargebackPreviews }, { found, chosen, request }) => {
      if (!chargebackPreviews) throw new Refusal('NothingToPreview', notPreviewedYet('chargeback'))
      const { command } = decisionOf(found, chosen)
      return chargebackPreviews.resolveCase(found.subjectId, {
        ...command,
        ...previewedBy(request),
      })
    },
  ),
}

function outsideWarehouse(subject: string): CaseKind {
  return {
    decide: shown(warehouseDecided, (deps, { found, chosen, request }) =>
      decideWarehouseCase(deps, request, found, chosen),
    ),
    preview: notPreviewedYet(subject),
    reopen: hasMovedGoods(subject),
    bulk: false,
  }
}

const close: CaseKind = {
  decide: shown(documentProgress, (deps, { found, chosen, request }) =>
    decideCloseCase(deps, request, found, chosen),
  ),
  preview: notPreviewedYet('period-close'),
  reopen:
    'What was chosen about a close is in the books. What is still wrong opens a case by itself.',
  bulk: false,
  neverInBulk: ['close-mismatch', 'close-late-bill', 'close-unposted', 'close-reopen'],
}

/** By what a case is about. A new kind is one entry here; an answer is read by the first schema that fits. */
const KINDS: Readonly<Record<string, CaseKind>> = {
  order,
  'vendor-bill': bill,
  'receipt-line': unbilledReceipt,
  inbox: refusedDocument,
  channel: channelStock,
  listing: channelStock,
  'purchase-order': purchase,
  transfer: ownDocument('transfer'),
  'cycle-count': ownDocument('cycle-count'),
  'vendor-return': ownDocument('vendor-return'),
  chargeback,
  recall: ownDocument('recall'),
  'period-close': close,
  'customer-return': customerReturn,
  item: replenishedItem,
  settlement,
  'fulfilment-order': outsideWarehouse('fulfilment-order'),
  'warehouse-document': outsideWarehouse('warehouse-document'),
  'outside-warehouse': outsideWarehouse('outside-warehouse'),
}

/** @throws Error when cases are opened about a subject that has no entry. */
export function caseKindOf({ subjectType }: { subjectType: string }): CaseKind {
  const kind = KINDS[subjectType]
  if (!kind) throw new Error(`Cases about a ${subjectType} have no entry in api/case-kinds.ts.`)
  return kind
}

const kinds = Object.values(KINDS)

export const decidedSchemas = once(kinds.map((kind) => kind.decide.answer))

export const previewedSchemas = once(
  kinds.flatMap(({ preview }) => (typeof preview === 'string' ? [] : [preview.answer])),
)

/** A refused document is read anew by itself, and a channel's stock is no order's. */
export function isBulkType(type: CaseType): boolean {
  return !kinds.some(({ neverInBulk }) => neverInBulk?.includes(type))
}

function once(schemas: z.ZodType[]): z.ZodType[] {
  return [...new Set(schemas)]
}

function previewedBy({ id, principal }: FastifyRequest): { key: string; actor: string } {
  return { key: `preview/${id}`, actor: principal.actor }
}

function notPreviewedYet(subject: string): string {
  return `A choice on a ${subject} is not previewed yet: read the document; its lines say what each choice is about.`
}

function hasMovedGoods(subject: string): string {
  return `What was chosen on a ${subject} has moved goods. What is still wrong opens a case by itself.`
}

function retryOrReject({ allowed }: CaseRow, resolution: Resolution): 'retry' | 'reject' {
  if (resolution === 'retry' || resolution === 'reject') return resolution
  throw new Refusal(
    'ResolutionNotAllowed',
    `A document-refused case allows ${allowed.join(', ')}; "${resolution}" is none of these.`,
  )
}
