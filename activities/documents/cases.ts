import type { ResolveException } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { policiesFor } from '#db/queries/policies'
import {
  escalateCase,
  healCases,
  openCase,
  openCasesOf,
  resolveCase,
  type OpenCase,
} from '#db/stores/cases'
import { addToOutbox, recordDecisions } from '#db/stores/records'
import { allowedResolutions, type CaseType } from '#domain/orders/exceptions'
import type { CasePolicy } from '#domain/orders/policies'
import { Refusal } from '#domain/refusal'

/** A document of the warehouse, as its cases name it. */
export interface CaseSubject {
  subjectType: 'transfer' | 'cycle-count' | 'vendor-return' | 'customer-return'
  id: bigint
  no: string
  workflowId: string
  entityId: number
  functionalCurrency: string
}

export interface FoundCase {
  type: CaseType
  /** Tells two situations of one type apart, such as an arrival or a bin. */
  discriminator?: string
  siteId: number
  summary: string
  evidence: Record<string, unknown>
  moneyAtRiskMinor: bigint
  openedBy: string
}

/** Opens a case on a document of the warehouse, under the exceptions policy in force for all. */
export async function openDocumentCase(
  tx: Tx,
  subject: CaseSubject,
  found: FoundCase,
): Promise<void> {
  const { discriminator, ...rest } = found
  const { subjectType, id, workflowId, entityId } = subject
  await openCase(tx, {
    ...rest,
    key: `${subjectType}/${id}/${found.type}${discriminator ? `/${discriminator}` : ''}`,
    subjectType,
    subjectId: id.toString(),
    workflowId,
    entityId,
    channelId: null,
    policy: await casePolicy(tx, found.type),
    currency: subject.functionalCurrency,
    customerClass: 'standard',
  })
}

async function casePolicy(tx: Tx, type: CaseType): Promise<CasePolicy> {
  return (await policiesFor(tx, '*')).exceptions.body[type]
}

export async function openDocumentCases(tx: Tx, subject: CaseSubject): Promise<OpenCase[]> {
  return openCasesOf(tx, subject.subjectType, subject.id.toString())
}

/** Lets cases of these types leave the queue because what they were about is gone. */
export async function healDocumentCases(
  tx: Tx,
  subject: CaseSubject,
  types: readonly CaseType[],
  reason: string,
): Promise<void> {
  const open = await openDocumentCases(tx, subject)
  const gone = open.filter((found) => types.includes(found.type)).map((found) => found.id)
  await healCases(tx, gone, reason)
}

/**
 * Closes a case with a person's choice and keeps why. What is still wrong afterwards opens it again.
 * @throws Refusal `CaseNotOpen`, `ResolutionNotAllowed`.
 */
export async function decideDocumentCase(
  tx: Tx,
  subject: CaseSubject,
  command: ResolveException,
): Promise<OpenCase> {
  const open = await openDocumentCases(tx, subject)
  const found = open.find((candidate) => candidate.id.toString() === command.caseId)
  if (!found)
    throw new Refusal(
      'CaseNotOpen',
      `Case ${command.caseId} is not open on ${subject.subjectType} ${subject.no}. Somebody else may have resolved it.`,
    )
  const allowed = allowedResolutions(found.type)
  if (!allowed.includes(command.resolution))
    throw new Refusal(
      'ResolutionNotAllowed',
      `A ${found.type} case allows ${allowed.join(', ')}; "${command.resolution}" is none of these.`,
    )
  const { resolution, params = {}, actor } = command
  await resolveCase(tx, found.id, { resolution, params, actor })
  await recordDecisions(tx, [
    {
      subjectType: subject.subjectType,
      subjectId: subject.id.toString(),
      kind: `exception:${found.type}`,
      rule: 'person',
      ruleVersion: 1,
      inputs: { caseId: command.caseId, evidence: found.evidence, params },
      choice: { resolution },
      alternatives: allowed.filter((r) => r !== resolution).map((other) => ({ resolution: other })),
      actor,
    },
  ])
  return found
}

/** An SLA that passed moves its case up, to whom the policy names. */
export async function escalateDocumentCases(tx: Tx, subject: CaseSubject): Promise<void> {
  const now = Date.now()
  for (const found of await openDocumentCases(tx, subject)) {
    if (Date.parse(found.dueAt) > now) continue
    const { escalateTo, slaMinutes } = await casePolicy(tx, found.type)
    await escalateCase(tx, found.id, { team: escalateTo, slaMinutes })
    await addToOutbox(tx, [
      {
        topic: 'escalation',
        key: `${found.id}/${found.escalations + 1}`,
        body: {
          caseId: found.id,
          type: found.type,
          from: found.ownerTeam,
          to: escalateTo,
          subject: `${subject.subjectType}/${subject.no}`,
        },
      },
    ])
  }
}
