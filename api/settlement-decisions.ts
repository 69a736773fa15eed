import type { FastifyRequest } from 'fastify'
import type { DocumentProgress } from '#contracts/document-progress'
import type { ResolveException } from '#contracts/order-to-cash'
import type { SettlementPreview } from '#contracts/settlement-previews'
import type { CaseRow } from '#db/queries/exceptions'
import { settlementPolicyOfCompany } from '#db/queries/settlement-policy'
import { writeOffRoles } from '#domain/settlement/approval'
import { Refusal } from '#domain/refusal'
import { decideDocumentCase } from './document-commands.ts'
import type { ApiDeps, Principal } from './deps.ts'
import type { CommandCaller } from './order-commands.ts'
import { forbidden } from './problem.ts'

type Told = Omit<ResolveException, 'key' | 'actor'>

/** Tells a statement's process what a person has decided about one of its cases. */
export async function decideSettlement(
  deps: ApiDeps,
  found: CaseRow,
  command: Told,
  { caller, request }: { caller: CommandCaller; request: FastifyRequest },
): Promise<DocumentProgress> {
  await requireTier(deps, request.principal, found, command)
  return decideDocumentCase(deps, 'settlement', found, command, caller)
}

/** @throws Refusal `NothingToPreview` where no previews are shown. */
export async function previewSettlement(
  deps: ApiDeps,
  found: CaseRow,
  command: Told,
  { id, principal }: FastifyRequest,
): Promise<SettlementPreview> {
  await requireTier(deps, principal, found, command)
  const { settlementPreviews } = deps
  if (!settlementPreviews)
    throw new Refusal('NothingToPreview', 'Statements are not previewed here: read the case.')
  const by = { key: `preview/${id}`, actor: principal.actor }
  return settlementPreviews.resolveCase(found.subjectId, { ...command, ...by })
}

/** What is given up for good is given up by whoever may give up so much. */
async function requireTier(
  { db }: ApiDeps,
  { roles }: Principal,
  found: CaseRow,
  { resolution }: Told,
): Promise<void> {
  if (resolution !== 'accept' && resolution !== 'bank-fee') return
  const { body } = await settlementPolicyOfCompany(db, found.entity)
  const allowed = writeOffRoles(found.moneyAtRiskMinor, body)
  if (!allowed.some((role) => roles.includes(role)))
    throw forbidden(
      'NotAllowed',
      `Giving up this much is the choice of ${allowed.filter((role) => role !== 'system').join(' or ')}.`,
    )
}
