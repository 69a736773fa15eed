import { z } from 'zod'
import type { AddressDocument } from '#contracts/order-intake'
import { resolveException, type ResolveException } from '#contracts/order-to-cash'
import { resolveTrouble } from '#contracts/replenishment'
import { caseSummary, listCases, type CaseRow } from '#db/queries/exceptions'
import { decidersOf, mayDecideCase } from '#domain/orders/case-roles'
import { CASE_RESOLUTIONS, type CaseType, type Resolution } from '#domain/orders/exceptions'
import { decideBill, decideUnbilledReceipt } from '../bill-commands.ts'
import { billPreviewSchema, billProgressSchema, unbilledDecided } from '../bill-schemas.ts'
import { answerOf, caseInScope, notOpen } from '../case-scope.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { decideDocument } from '../document-decisions.ts'
import { takeAddressOut } from '../given-address.ts'
import { callerOf, commandOrder } from '../order-commands.ts'
import { A_NUMBER, AN_ID, AN_INSTANT, cursorParts, pageOf, pageQuery, toPage } from '../paging.ts'
import { forbidden } from '../problem.ts'
import { actorName, bigId, jsonObject, money, shortText } from '../schemas.ts'
import { Refusal } from '#domain/refusal'
import { documentProgress } from '../document-schemas.ts'
import { documentDecided, previewedEffect, progress } from '../order-schemas.ts'
import { decidePurchaseCase, previewedPurchase, previewPurchaseCase } from '../purchase-cases.ts'
import { purchaseProgress } from '../purchase-commands.ts'
import { decideStock, STOCK_CASES } from '../stock-decisions.ts'
import { commandReplenished, replenishmentStood } from '../replenishment-commands.ts'
import { decideWarehouseCase, isWarehouseCase, warehouseDecided } from '../warehouse-decisions.ts'

const tags = ['exceptions']
const params = z.object({ caseId: bigId })
const types = Object.keys(CASE_RESOLUTIONS) as [CaseType, ...CaseType[]]
const choices = [...new Set(Object.values(CASE_RESOLUTIONS).flat())] as [
  Resolution,
  ...Resolution[],
]

const exceptionCase = z.object({
  id: z.string(),
  type: z.string(),
  state: z.string(),
  subjectType: z.string(),
  subjectId: z.string(),
  workflowId: z.string(),
  entity: z.string(),
  channel: z.string().nullable(),
  site: z.string().nullable(),
  ownerTeam: z.string(),
  ownerUser: z.string().nullable(),
  ownerName: actorName,
  severity: z.string(),
  escalations: z.int(),
  dueAt: z.string(),
  openedAt: z.string(),
  openedBy: z.string(),
  openedByName: actorName,
  moneyAtRisk: money,
  customerClass: z.string(),
  summary: z.string(),
  evidence: jsonObject,
  allowed: z.array(z.string()),
  resolution: z.string().nullable(),
  resolvedBy: z.string().nullable(),
  resolvedByName: actorName,
  resolvedAt: z.string().nullable(),
  reopened: z.int(),
  rank: z.string(),
  rankParts: z.object({
    money: z.string().describe('Whole units of the company’s currency, with decimals.'),
    currency: z.string(),
    hoursLeft: z.string(),
    classWeight: z.string(),
  }),
})
const choice = z.strictObject({
  resolution: z.enum(choices),
  params: z
    .record(z.string().max(60), z.union([z.string().max(500), z.number(), z.boolean(), z.null()]))
    .optional(),
})

const stockDecided = z.object({ caseId: z.string(), resolution: z.string() })

/** The exception queue: what is stuck, why, whose it is and what may be done about it. */
export async function exceptionRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addSummary(server, deps)
  addDecisions(server, deps)
  addPreview(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/exceptions',
    {
      config: { permission: 'exceptions:read' },
      schema: {
        summary: 'The queue, ranked by money, time left and customer class',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          state: z.enum(['open', 'resolved', 'self-healed']).default('open'),
          type: z.enum(types).optional(),
          team: shortText.optional(),
          subjectId: bigId.optional(),
        }),
        response: { 200: pageOf(exceptionCase) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal }) => {
      // Ranks change with the clock: every page shows them as they were when the first was read.
      const [instant, rank, id] = cursorParts(cursor, [AN_INSTANT, A_NUMBER, AN_ID]) ?? []
      const at = instant ?? new Date().toISOString()
      const rows = await listCases(db, {
        ...filter,
        limit: limit + 1,
        at,
        behind: rank === undefined || id === undefined ? undefined : { rank, id: BigInt(id) },
        scopes: principal.scopes,
      })
      return toPage(rows, limit, (row) => [at, row.exactRank, row.id], toCase)
    },
  )
}

function addSummary(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/exceptions/summary',
    {
      config: { permission: 'exceptions:read' },
      schema: {
        summary: 'Open cases by type and owner, with money and age',
        tags,
        response: {
          200: z.object({
            items: z.array(
              z.object({
                type: z.string(),
                ownerTeam: z.string(),
                open: z.int(),
                overdue: z.int(),
                moneyAtRisk: money,
                oldest: z.string(),
              }),
            ),
          }),
        },
      },
    },
    async ({ principal }) => {
      const rows = await caseSummary(db, principal.scopes)
      return {
        items: rows.map(({ moneyAtRiskMinor, currency, ...row }) => ({
          ...row,
          moneyAtRisk: { currency, minor: moneyAtRiskMinor.toString() },
        })),
      }
    },
  )
  server.get(
    '/exceptions/:caseId',
    {
      config: { permission: 'exceptions:read' },
      schema: { summary: 'One case', tags, params, response: { 200: exceptionCase } },
    },
    async (request) => toCase(await caseInScope(db, request.principal, request.params.caseId)),
  )
}

function addDecisions(server: ApiServer, deps: ApiDeps): void {
  const { db } = deps
  server.post(
    '/exceptions/:caseId/resolution',
    {
      config: { permission: 'exceptions:decide', asksProcess: true },
      schema: {
        summary: 'Resolve a case; its process goes on',
        tags,
        params,
        body: choice,
        response: {
          200: z.union([
            progress,
            billProgressSchema,
            unbilledDecided,
            documentDecided,
            stockDecided,
            purchaseProgress,
            documentProgress,
            replenishmentStood,
            warehouseDecided,
          ]),
        },
      },
    },
    async (request) => {
      const found = await decidable(db, request.principal, request.params.caseId, request.body)
      if (found.type === 'document-refused')
        return decideDocument(deps, request, found.subjectId, choiceOf(found, request.body))
      if (found.subjectType === 'purchase-order') return decidePurchaseCase(deps, request, found)
      if (isWarehouseCase(found)) return decideWarehouseCase(deps, request, found, request.body)
      if (found.subjectType === 'receipt-line')
        return decideUnbilledReceipt(deps, found, request.body, callerOf(request))
      if (found.subjectType === 'vendor-bill')
        return decideBill(deps, found, request.body, callerOf(request)).catch((error: unknown) => {
          throw answerOf(found, error)
        })
      if (STOCK_CASES.includes(found.type))
        return decideStock(deps, request, found, request.body.resolution)
      const place = {
        id: BigInt(found.subjectId),
        workflowId: found.workflowId,
        entity: found.entity,
        channel: found.channel ?? '',
      }
      const { address, command } = decisionOf(found, request.body)
      try {
        const caller = { ...callerOf(request), address }
        if (found.subjectType === 'item')
          return await commandReplenished(deps, found.entity, resolveTrouble, command, caller)
        return await commandOrder(deps, place, resolveException, command, caller)
      } catch (error) {
        // Asked all the same: whoever repeats the request that closed the case gets its answer.
        throw answerOf(found, error)
      }
    },
  )
}

function addPreview(server: ApiServer, deps: ApiDeps): void {
  const { db, previews, purchasePreviews, billPreviews } = deps
  if (!previews) return
  server.post(
    '/exceptions/:caseId/resolution/preview',
    {
      config: { permission: 'exceptions:decide', idempotencyKey: false },
      schema: {
        summary: 'What a resolution would do to stock, money, promise and margin; changes nothing',
        tags,
        params,
        body: choice,
        response: { 200: z.union([previewedEffect, billPreviewSchema, previewedPurchase]) },
      },
    },
    async (request) => {
      const found = await decidable(db, request.principal, request.params.caseId, request.body)
      if (found.state !== 'open') throw notOpen(found)
      if (found.type === 'document-refused')
        throw new Refusal(
          'NothingToPreview',
          'A refused document has made no order yet, so neither choice touches stock, money or books.',
        )
      if (found.subjectType === 'purchase-order')
        return previewPurchaseCase(purchasePreviews, request, found)
      if (found.type === 'receipt-unbilled')
        throw new Refusal(
          'NothingToPreview',
          'Clearing takes what is open of the receipt line off its stock, as /v1/grni shows it; waiting changes nothing.',
        )
      const by = { key: `preview/${request.id}`, actor: request.principal.actor }
      if (found.subjectType === 'vendor-bill' && billPreviews) {
        const { resolution, params: given } = request.body
        const asked = { ...by, caseId: found.id.toString(), resolution }
        return billPreviews.resolveBillCase(found.subjectId, {
          ...asked,
          ...(given ? { params: given } : {}),
        })
      }
      if (STOCK_CASES.includes(found.type))
        throw new Refusal(
          'NothingToPreview',
          'What a channel shows is no stock of ours, so no choice touches stock, money or books.',
        )
      if (found.subjectType !== 'order')
        throw new Refusal(
          'NothingToPreview',
          `A choice on a ${found.subjectType} is not previewed yet: read the document; its lines say what each choice is about.`,
        )
      const { address, command } = decisionOf(found, request.body)
      return previews.resolveException(found.subjectId, { ...command, ...by }, address)
    },
  )
}

/** What the process is told of a choice; only a correction has an address, and only `create-item` a name. */
function decisionOf(
  found: CaseRow,
  { resolution, params }: z.output<typeof choice>,
): { address: AddressDocument | undefined; command: Omit<ResolveException, 'key' | 'actor'> } {
  const { address, rest } = takeAddressOut(params)
  const told = resolution === 'create-item' ? (params ?? {}) : rest
  return {
    address: resolution === 'correct' ? address : undefined,
    command: {
      caseId: found.id.toString(),
      resolution,
      ...(Object.keys(told).length > 0 ? { params: told } : {}),
    },
  }
}

async function decidable(
  db: ApiDeps['db'],
  principal: Principal,
  id: string,
  { resolution }: { resolution: Resolution },
): Promise<CaseRow> {
  const found = await caseInScope(db, principal, id)
  if (!mayDecideCase(principal.roles, found.type as CaseType))
    throw forbidden(
      'NotAllowed',
      `A ${found.type} case is decided by ${found.ownerTeam}, not by ${principal.roles.join(', ')}.`,
    )
  if (!mayDecideCase(principal.roles, found.type as CaseType, resolution))
    throw forbidden(
      'NotAllowed',
      `"${resolution}" is the choice of ${decidersOf(resolution).join(' or ')}: assign the case to one of them, or choose another way.`,
    )
  return found
}

function choiceOf(
  { allowed }: CaseRow,
  { resolution }: { resolution: Resolution },
): 'retry' | 'reject' {
  if (resolution === 'retry' || resolution === 'reject') return resolution
  throw new Refusal(
    'ResolutionNotAllowed',
    `A document-refused case allows ${allowed.join(', ')}; "${resolution}" is none of these.`,
  )
}

function toCase({ id, moneyAtRiskMinor, currency, exactRank: _, ...row }: CaseRow) {
  return {
    ...row,
    id: id.toString(),
    moneyAtRisk: { currency, minor: moneyAtRiskMinor.toString() },
  }
}
