import type { DocumentProgress } from '#contracts/document-progress'
import type { Tx } from '#db/client'
import type { OpenCase } from '#db/stores/cases'
import { recordAudit } from '#db/stores/records'
import { openDocumentCases, type CaseSubject } from './cases.ts'

/** What a person did to a document, for its time line. */
export interface DocumentStep {
  /** In the past tense. */
  action: string
  key: string
  actor: string
  reason?: string | undefined
  details?: Record<string, unknown>
}

/** A document of the warehouse as every commit leaves it. */
export interface StandingDocument extends CaseSubject {
  entity: string
  phase: string
  version: number
}

export interface Standing {
  phase: string
  open: boolean
  waitingFor: string
  whoMayAct: string
  sites: string[]
  atRiskMinor: bigint
  /** When its own rules look again; the due times of its cases are added. */
  deadlines: string[]
}

/** Ends every commit on a document: its header, its time line, and where it stands now. */
export async function finishDocument(
  tx: Tx,
  document: StandingDocument,
  step: DocumentStep,
  standing: Standing,
  save: (header: { phase: string; open: boolean }) => Promise<number>,
): Promise<DocumentProgress> {
  const cases = await openDocumentCases(tx, document)
  const open = standing.open || cases.length > 0
  const version = await save({ phase: standing.phase, open })
  await recordAudit(tx, [
    {
      subjectType: document.subjectType,
      subjectId: document.no,
      action: step.action,
      before: { phase: document.phase, version: document.version },
      after: { phase: standing.phase, version, ...step.details },
      reason: step.reason ?? null,
      actor: step.actor,
      commandKey: step.key,
    },
  ])
  return shown({ ...document, version }, standing, { cases, open })
}

/** Where a document stands without a change: its version stays, its time line gets nothing. */
export async function documentNow(
  tx: Tx,
  document: StandingDocument,
  standing: Standing,
): Promise<DocumentProgress> {
  const cases = await openDocumentCases(tx, document)
  return shown(document, standing, { cases, open: standing.open || cases.length > 0 })
}

function shown(
  document: StandingDocument,
  standing: Standing,
  { cases, open }: { cases: readonly OpenCase[]; open: boolean },
): DocumentProgress {
  const deadlines = [...standing.deadlines, ...cases.map((one) => one.dueAt)]
  return {
    id: document.id.toString(),
    no: document.no,
    version: document.version,
    open,
    phase: standing.phase,
    ...waiting(standing, cases, open),
    nextDeadline: open ? earliest(deadlines) : null,
    cases: cases.map((one) => ({ id: one.id.toString(), type: one.type, dueAt: one.dueAt })),
    sites: standing.sites,
    entity: document.entity,
    moneyAtRisk: {
      currency: document.functionalCurrency,
      minor: standing.atRiskMinor.toString(),
    },
  }
}

function waiting(
  { waitingFor, whoMayAct }: Standing,
  cases: readonly OpenCase[],
  open: boolean,
): Pick<DocumentProgress, 'waitingFor' | 'whoMayAct'> {
  if (!open) return { waitingFor: 'nothing', whoMayAct: 'nobody' }
  if (cases.length === 0) return { waitingFor, whoMayAct }
  const types = [...new Set(cases.map((one) => one.type))]
  const teams = [...new Set(cases.map((one) => one.ownerTeam))]
  return { waitingFor: `a decision: ${types.join(', ')}`, whoMayAct: teams.join(', ') }
}

function earliest(instants: readonly string[]): string | null {
  const [first] = instants.map((at) => new Date(at).toISOString()).sort()
  return first ?? null
}
