import type { Tx } from '#db/client'
import { policiesFor } from '#db/queries/policies'
import { healCases, openCase, openCasesOf } from '#db/stores/cases'
import type { VendorBill } from '#db/stores/bills'
import type { CaseType } from '#domain/orders/exceptions'
import { sum } from '#domain/money'
import type { LineProblem } from './match.ts'

/** Something about a bill that a person decides. */
export interface BillQuestion {
  type: CaseType
  summary: string
  evidence: Record<string, unknown>
  riskMinor: bigint
}

export const SUBJECT = 'vendor-bill'

/** Opens a case for each question, and closes those whose reason is gone. Answers whether any is open. */
export async function keepCases(
  tx: Tx,
  bill: VendorBill,
  questions: readonly BillQuestion[],
): Promise<boolean> {
  const id = bill.id.toString()
  const { exceptions } = await policiesFor(tx, '*')
  for (const question of questions) {
    await openCase(tx, {
      key: `vendor-bill/${id}/${question.type}`,
      type: question.type,
      subjectType: SUBJECT,
      subjectId: id,
      workflowId: bill.workflowId,
      entityId: bill.entityId,
      channelId: null,
      policy: exceptions.body[question.type],
      moneyAtRiskMinor: question.riskMinor,
      currency: bill.currency,
      customerClass: 'standard',
      summary: question.summary,
      evidence: { supplier: bill.supplier, number: bill.number, ...question.evidence },
      openedBy: 'rule:bill-match',
    })
  }
  const open = await openCasesOf(tx, SUBJECT, id)
  const asked = new Set(questions.map(({ type }) => type))
  // What the bank sent back is a person's to settle, whatever a look finds.
  const gone = open.filter(({ type }) => !asked.has(type) && type !== 'bill-payment-returned')
  await healCases(
    tx,
    gone.map((each) => each.id),
    'the reason is gone',
  )
  return questions.length > 0
}

export function lineQuestion(
  type: CaseType,
  summary: string,
  problems: readonly LineProblem[],
): BillQuestion[] {
  if (problems.length === 0) return []
  const lines = problems.map(({ riskMinor: _risk, ...line }) => line)
  const riskMinor = sum(problems.map((problem) => problem.riskMinor))
  return [{ type, summary, evidence: { lines }, riskMinor }]
}
