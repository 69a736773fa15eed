import type { ResolveException } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import type { OpenCase } from '#db/stores/cases'
import { postCloseEntries } from '#db/stores/close-entries'
import { refreshTie } from '#db/stores/close-ties'
import {
  keepItemDecision,
  keepPreparation,
  policyOfClose,
  type PeriodCloseDoc,
} from '#db/stores/period-closes'
import { accountsOfJudgement } from '#domain/ledger/close-checklist'
import type { LedgerArea } from '#domain/ledger/journal'
import { postInvoiceAccrued } from '#domain/ledger/posting-close'
import { invariant, Refusal } from '#domain/refusal'
import { decideDocumentCase } from '../documents/cases.ts'
import { textParam } from '../documents/params.ts'
import { showMismatches } from './check.ts'
import { approveReopening } from './lock.ts'
import { acceptRed } from './sign.ts'

/**
 * Carries out a person's choice on what keeps a period open.
 * @throws Refusal `CaseNotOpen`, `ResolutionNotAllowed`, `MissingParameter` and what the choice itself refuses.
 */
export async function resolveCloseCaseOf(
  tx: Tx,
  doc: PeriodCloseDoc,
  command: ResolveException,
): Promise<void> {
  const found = await decideDocumentCase(tx, doc, command)
  const carryOut = CHOICES[command.resolution as keyof typeof CHOICES]
  invariant(carryOut, `nobody carries out ${command.resolution}`)
  await carryOut(tx, doc, { found, ...command })
}

type Choice = ResolveException & { found: OpenCase }

const CHOICES = {
  // The document that is wrong is corrected where it belongs; the check sees it by itself.
  correct: askTask,
  'look-again': askTask,
  accept: async (tx: Tx, doc: PeriodCloseDoc, { found, params, actor }: Choice) =>
    acceptRed(tx, doc, { task: taskOf(found), reason: textParam(params, 'reason'), actor }),
  reclassify: prepareReclassification,
  accrue: accrueLateBill,
  'next-period': leaveToNextPeriod,
  approve: async (tx: Tx, doc: PeriodCloseDoc, { found, actor }: Choice) => {
    const { approvalId, areas } = found.evidence as { approvalId: string; areas: LedgerArea[] }
    await approveReopening(tx, doc, { approvalId, areas, actor })
  },
  refuse: async () => {},
}

async function askTask(tx: Tx, doc: PeriodCloseDoc, { found }: Choice): Promise<void> {
  await refreshTie(tx, doc, { task: taskOf(found), kind: 'check' }, await policyOfClose(tx, doc))
}

/** Moves an amount to where it belongs, once another person has reviewed it. */
async function prepareReclassification(
  tx: Tx,
  doc: PeriodCloseDoc,
  { found, params, actor }: Choice,
): Promise<void> {
  const reason = textParam(params, 'reason')
  const amountMinor = minorParam(params)
  const [from, to] = [accountParam(params, 'from'), accountParam(params, 'to')]
  await keepPreparation(tx, doc.id, {
    task: 'manual-accruals',
    note: `Reclassification for ${taskOf(found)}: ${reason}`,
    lines: [
      { accountId: to, amountMinor: amountMinor.toString() },
      { accountId: from, amountMinor: (-amountMinor).toString() },
    ],
    reverses: false,
    preparedBy: actor,
  })
}

/** The cost of a bill that came late is booked in its period and taken back on day one, when the bill posts. */
async function accrueLateBill(
  tx: Tx,
  doc: PeriodCloseDoc,
  { found, params, actor }: Choice,
): Promise<void> {
  const { entityId, entity, period, ends, functionalCurrency } = doc
  const item = found.evidence.item as string
  const of = { entity: entityId, entityCode: entity, period, closedOn: ends, functionalCurrency }
  const accrued = {
    item,
    accountId: accountParam(params, 'account'),
    amountMinor: minorParam(params),
  }
  const draft = postInvoiceAccrued({ ...of, task: taskOf(found), nth: 1 }, accrued)
  await postCloseEntries(tx, doc, { drafts: [draft], reverses: true }, actor)
  await decideItems(tx, doc, found, { items: [item], choice: 'accrue', reason: `accrued`, actor })
}

/** It is booked when it comes, in the first open period, and names the one that it belongs to. */
async function leaveToNextPeriod(
  tx: Tx,
  doc: PeriodCloseDoc,
  { found, params, actor }: Choice,
): Promise<void> {
  const rows = found.evidence.rows as { item: string }[] | undefined
  const items = rows ? rows.map(({ item }) => item) : [found.evidence.item as string]
  const reason = textParam(params, 'reason')
  await decideItems(tx, doc, found, { items, choice: 'next-period', reason, actor })
}

async function decideItems(
  tx: Tx,
  doc: PeriodCloseDoc,
  found: OpenCase,
  decided: { items: string[]; choice: 'accrue' | 'next-period'; reason: string; actor: string },
): Promise<void> {
  const { items, ...rest } = decided
  const task = taskOf(found)
  for (const item of items) await keepItemDecision(tx, doc.id, { task, item, ...rest })
  await refreshTie(tx, doc, { task, kind: 'check' }, await policyOfClose(tx, doc))
  await showMismatches(tx, doc)
}

function taskOf(found: OpenCase): string {
  return found.evidence.task as string
}

function minorParam(params: Record<string, unknown> | undefined): bigint {
  const text = textParam(params, 'amountMinor')
  if (/^[1-9]\d{0,15}$/.test(text)) return BigInt(text)
  throw new Refusal(
    'MissingParameter',
    'params.amountMinor must be minor units above zero, as text.',
    {
      field: 'params.amountMinor',
    },
  )
}

function accountParam(params: Record<string, unknown> | undefined, name: string): number {
  const allowed = accountsOfJudgement('manual-accruals')
  const account = Number(params?.[name])
  if (allowed.includes(account)) return account
  throw new Refusal('MissingParameter', `params.${name} must be one of ${allowed.join(', ')}.`, {
    field: `params.${name}`,
  })
}
