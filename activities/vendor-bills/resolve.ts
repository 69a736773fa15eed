import type { ResolveBillCase } from '#contracts/vendor-bill'
import type { Tx } from '#db/client'
import { attachLines, decideLines, type BillLine, type VendorBill } from '#db/stores/bills'
import { openCasesOf, resolveCase, type OpenCase } from '#db/stores/cases'
import { recordDecisions } from '#db/stores/records'
import { policiesFor } from '#db/queries/policies'
import { allowedResolutions } from '#domain/orders/exceptions'
import { sum } from '#domain/money'
import { Refusal } from '#domain/refusal'
import { SUBJECT } from './cases.ts'
import { acceptedNet, matchBill } from './match.ts'
import type { Posting } from './post.ts'
import { lookAt } from './review.ts'

const WAITS = new Set(['hold', 'wait'])

/**
 * Carries out what a person has chosen, then looks at the bill again: it may be posted now, or
 * another question may be left.
 */
export async function resolveBill(
  tx: Tx,
  bill: VendorBill,
  command: ResolveBillCase,
  by: Posting,
): Promise<void> {
  const found = await openCaseOf(tx, bill, command)
  if (WAITS.has(command.resolution)) return moreTime(tx, found)
  mayDecide(bill, command)
  await resolveCase(tx, found.id, {
    resolution: command.resolution,
    params: command.params,
    actor: command.actor,
  })
  await recordDecisions(tx, [
    {
      subjectType: SUBJECT,
      subjectId: bill.id.toString(),
      kind: `exception:${found.type}`,
      rule: 'person',
      ruleVersion: 1,
      inputs: { caseId: command.caseId, evidence: found.evidence },
      choice: { resolution: command.resolution },
      alternatives: allowedResolutions(found.type)
        .filter((other) => other !== command.resolution)
        .map((resolution) => ({ resolution })),
      actor: command.actor,
    },
  ])
  await carryOut(tx, bill, found, command)
  await lookAt(tx, bill, by)
}

async function openCaseOf(tx: Tx, bill: VendorBill, command: ResolveBillCase): Promise<OpenCase> {
  const open = await openCasesOf(tx, SUBJECT, bill.id.toString())
  const found = open.find((candidate) => candidate.id.toString() === command.caseId)
  if (!found)
    throw new Refusal(
      'CaseNotOpen',
      `Case ${command.caseId} is not open on bill ${bill.number}. Somebody else may have resolved it.`,
    )
  if (!allowedResolutions(found.type).includes(command.resolution))
    throw new Refusal(
      'ResolutionNotAllowed',
      `A ${found.type} case allows ${allowedResolutions(found.type).join(', ')}; "${command.resolution}" is none of these.`,
    )
  return found
}

/** GOV-14: whoever wrote a bill down may refuse it, and may not wave it through. */
function mayDecide(bill: VendorBill, { resolution, actor }: ResolveBillCase): void {
  const approves = ['approve-once', 'mark-distinct', 'dispute'].includes(resolution)
  if (!approves) return
  if (actor === bill.capturedBy)
    throw new Refusal(
      'SelfApproval',
      'You wrote this bill down: let another person decide that it is paid.',
    )
  bill.approvedBy = actor
}

async function moreTime(tx: Tx, found: OpenCase): Promise<void> {
  const { exceptions } = await policiesFor(tx, '*')
  const seconds = exceptions.body[found.type].slaMinutes * 60
  await tx`UPDATE exception_case SET due_at = clock_timestamp() + make_interval(secs => ${seconds}) WHERE id = ${found.id}`
}

async function carryOut(
  tx: Tx,
  bill: VendorBill,
  found: OpenCase,
  command: ResolveBillCase,
): Promise<void> {
  switch (command.resolution) {
    case 'reject':
      return reject(tx, bill, command)
    case 'mark-distinct':
      bill.distinctFrom.push(...suspected(found))
      return
    case 'attach':
      return attach(tx, bill, found, command)
    case 'approve-once':
      return approve(tx, bill, found, command.actor)
    case 'dispute':
      return dispute(tx, bill, found)
    default:
      return
  }
}

async function reject(tx: Tx, bill: VendorBill, { params }: ResolveBillCase): Promise<void> {
  const reason = typeof params?.['reason'] === 'string' ? params['reason'] : 'rejected'
  const [row] = await tx<{ at: string }[]>`
    UPDATE vendor_bill SET reject_reason = ${reason}, rejected_at = clock_timestamp() WHERE id = ${bill.id} RETURNING rejected_at AS at`
  bill.rejectedAt = row!.at
  // What else was asked about it need not be answered any more.
  for (const other of await openCasesOf(tx, SUBJECT, bill.id.toString()))
    await resolveCase(tx, other.id, { resolution: 'reject', actor: 'system' })
}

function suspected(found: OpenCase): bigint[] {
  const bills = found.evidence['suspected'] as { billId: string }[]
  return bills.map(({ billId }) => BigInt(billId))
}

function linesOf(bill: VendorBill, found: OpenCase): BillLine[] {
  const named = found.evidence['lines'] as { lineNo: number }[]
  return bill.lines.filter(({ lineNo }) => named.some((line) => line.lineNo === lineNo))
}

async function attach(
  tx: Tx,
  bill: VendorBill,
  found: OpenCase,
  { params }: ResolveBillCase,
): Promise<void> {
  const given = (name: string) => {
    const value = params?.[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const [poNumber, receiptNo] = [given('poNumber'), given('receiptNo')]
  if (!poNumber && !receiptNo)
    throw new Refusal(
      'AttachToWhat',
      'Say in params what the lines are for: poNumber, or receiptNo for goods that nobody ordered.',
    )
  await attachLines(tx, bill, {
    lineNos: linesOf(bill, found).map(({ lineNo }) => lineNo),
    ...(poNumber ? { poNumber } : {}),
    ...(receiptNo ? { receiptNo } : {}),
  })
}

async function approve(tx: Tx, bill: VendorBill, found: OpenCase, actor: string): Promise<void> {
  const lines = linesOf(bill, found)
  for (const line of lines) {
    if (found.type === 'bill-price-over') line.priceApprovedBy = actor
    else line.qtyApprovedBy = actor
  }
  await decideLines(tx, bill, lines)
}

/** Short-pay: what was agreed is paid, the rest is the vendor's to credit. */
async function dispute(tx: Tx, bill: VendorBill, found: OpenCase): Promise<void> {
  const lines = linesOf(bill, found)
  if (bill.kind === 'landed-cost')
    disputeCost(lines, BigInt(String(found.evidence['estimateMinor'])))
  else {
    const { lines: matched } = await matchBill(tx, bill)
    for (const line of lines) {
      const match = matched.find((each) => each.line.lineNo === line.lineNo)?.match
      if (found.type === 'bill-quantity-over') {
        line.acceptedQty = match!.allowedQty < line.qty ? match!.allowedQty : line.qty
        line.acceptedNetMinor = (acceptedNet(line) * line.acceptedQty) / line.qty
      } else line.acceptedNetMinor = match ? expectedOf(line, match) : 0n
    }
  }
  await decideLines(tx, bill, lines)
  if (sum(bill.lines.map(acceptedNet)) > 0n) return
  throw new Refusal(
    'NothingAccepted',
    'Nothing of the bill would be paid: reject it, and ask the vendor for a right one.',
  )
}

function expectedOf(line: BillLine, { expectedMinor }: { expectedMinor: bigint }): bigint {
  const asked = acceptedNet(line)
  return expectedMinor < asked ? expectedMinor : asked
}

/** A freight bill is paid up to what was expected of it, line by line. */
function disputeCost(lines: BillLine[], estimateMinor: bigint): void {
  let left = estimateMinor
  for (const line of lines) {
    line.acceptedNetMinor = left < line.netMinor ? left : line.netMinor
    left -= line.acceptedNetMinor
  }
}
