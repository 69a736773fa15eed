import type { ResolvePurchaseCase } from '#contracts/procure-to-pay'
import type { Tx } from '#db/client'
import { openCasesOf, resolveCase, type OpenCase } from '#db/stores/cases'
import {
  lockPurchase,
  changeLine,
  markPurchase,
  type PurchaseOrder,
} from '#db/stores/purchase-orders'
import { refundPrepayments } from '#db/stores/prepayments'
import { recordDecisions } from '#db/stores/records'
import { allowedResolutions } from '#domain/orders/exceptions'
import { Refusal } from '#domain/refusal'
import { policiesFor } from '#db/queries/policies'
import { acceptChange } from './acknowledge.ts'
import { cancelPurchase, closePurchaseShort } from './close.ts'
import { decideDiscrepancy } from './discrepancy-decisions.ts'
import { intendAgain, intendSame, takeAsSent } from './sending.ts'
import { acceptCounter, closeCounter } from './sent-change.ts'
import { expectLines } from './supply.ts'
import { loseInTransit } from './title.ts'

export interface Deciding {
  command: ResolvePurchaseCase
  found: OpenCase
  actor: string
  today: string
  key: string
  reason: string
}

/**
 * Carries a person's choice on a stuck purchase out.
 * @throws Refusal `CaseNotOpen`, `ResolutionNotAllowed`, and those of what is chosen
 */
export async function resolvePurchaseCase(
  tx: Tx,
  order: PurchaseOrder,
  command: ResolvePurchaseCase & { today: string },
): Promise<void> {
  const found = await openCaseOf(tx, order, command)
  const { actor, today, key, resolution, params } = command
  const reason = typeof params?.['reason'] === 'string' ? params['reason'] : resolution
  const deciding: Deciding = { command, found, actor, today, key, reason }
  if (resolution === 'remind' || (resolution === 'wait' && found.type !== 'receipt-short'))
    return giveTime(tx, order, deciding)
  await resolveCase(tx, found.id, { resolution, params: params ?? {}, actor })
  await recordDecisions(tx, [
    {
      ...{ subjectType: 'purchase-order', subjectId: `${order.id}` },
      ...{ kind: `exception:${found.type}`, rule: 'person', ruleVersion: 1 },
      inputs: { caseId: command.caseId, evidence: found.evidence },
      choice: { resolution },
      alternatives: allowedResolutions(found.type)
        .filter((other) => other !== resolution)
        .map((other) => ({ resolution: other })),
      actor,
    },
  ])
  await carryOut(tx, order, deciding)
}

async function openCaseOf(
  tx: Tx,
  order: PurchaseOrder,
  command: ResolvePurchaseCase,
): Promise<OpenCase> {
  const open = await openCasesOf(tx, 'purchase-order', `${order.id}`)
  const found = open.find(({ id }) => `${id}` === command.caseId)
  if (!found)
    throw new Refusal(
      'CaseNotOpen',
      `Case ${command.caseId} is not open on ${order.poNumber}. Somebody else may have resolved it.`,
    )
  const allowed = allowedResolutions(found.type)
  if (!allowed.includes(command.resolution))
    throw new Refusal(
      'ResolutionNotAllowed',
      `A ${found.type} case allows ${allowed.join(', ')}; "${command.resolution}" is none of these.`,
    )
  return found
}

async function carryOut(tx: Tx, order: PurchaseOrder, deciding: Deciding): Promise<void> {
  const { command, found, actor, key, reason } = deciding
  const by = { actor, key, reason }
  if (found.evidence['told'] === 'cut') return tellCutAgain(tx, deciding)
  switch (command.resolution) {
    case 'cancel':
      return cancelPurchase(tx, order, by)
    case 'close-short':
      return closeShort(tx, order, deciding)
    case 'keep-order':
      await closeCounter(tx, order, found.evidence['changeId'], actor)
      return intendAgain(tx, order, { operation: 'send-order', key: `again/${found.id}/${key}` })
    case 'send-again':
      return intendAgain(tx, order, { operation: 'send-order', key: `again/${found.id}/${key}` })
    case 'refunded':
      return refundPrepayments(tx, order.id, { actor, on: deciding.today, reference: reason })
    case 'mark-sent':
      return takeAsSent(tx, order, 'a person says that the supplier has it')
    case 'confirm-as-ordered':
      return markPurchase(tx, order, { acknowledgedRevision: order.revision })
    case 'accept-change':
      if (typeof found.evidence['changeId'] === 'string')
        return acceptCounter(tx, order, found.evidence['changeId'], by)
      return acceptChange(tx, order, BigInt(String(found.evidence['ackId'])), by)
    case 'write-off':
    case 'claim':
      return loseInTransit(tx, order, deciding)
    case 'new-date':
      return newDate(tx, order, deciding)
    default:
      return decideDiscrepancy(tx, order, deciding)
  }
}

/** What the supplier was to be told of units that we do not take: once more, or a person has told it. */
async function tellCutAgain(tx: Tx, { command, found, key }: Deciding): Promise<void> {
  if (command.resolution === 'send-again')
    return intendSame(tx, String(found.evidence['effect']), `again/${found.id}/${key}`)
  if (command.resolution === 'cancel')
    throw new Refusal(
      'ResolutionNotAllowed',
      'What the supplier was to be told is a cancellation already: send it again, or say that it was told.',
    )
}

/** A reminder goes out, or somebody waits: the case stays, with its time anew. */
async function giveTime(
  tx: Tx,
  order: PurchaseOrder,
  { command, found, key }: Deciding,
): Promise<void> {
  const { exceptions } = await policiesFor(tx, order.entity)
  const seconds = exceptions.body[found.type].slaMinutes * 60
  await tx`
    UPDATE exception_case SET due_at = clock_timestamp() + make_interval(secs => ${seconds}), evidence = evidence || ${tx.json({ lastChoice: command.resolution })}
    WHERE id = ${found.id}`
  if (command.resolution !== 'remind') return
  const text =
    found.type === 'purchase-late'
      ? `Our purchase order ${order.poNumber} is overdue. Please tell us when it will come.`
      : found.type === 'prepayment-stranded'
        ? `Our purchase order ${order.poNumber} is cancelled. Please pay back what we paid ahead for it.`
        : `Please confirm our purchase order ${order.poNumber}.`
  await intendAgain(tx, order, { operation: 'remind', key: `remind/${found.id}/${key}`, text })
}

async function closeShort(tx: Tx, order: PurchaseOrder, deciding: Deciding): Promise<void> {
  const { command, found, actor, key, reason } = deciding
  if (found.type === 'receipt-short') return decideDiscrepancy(tx, order, deciding)
  const lineNos = found.evidence['lineNos'] as number[] | undefined
  const about = command.params?.['lineNo']
  await closePurchaseShort(tx, order, {
    ...{ actor, key, reason },
    ...(typeof about === 'number' ? { lineNos: [about] } : lineNos ? { lineNos } : {}),
  })
}

/** The supplier says when it will come after all; orders that wait are promised by that. */
async function newDate(tx: Tx, order: PurchaseOrder, deciding: Deciding): Promise<void> {
  const { command, found, actor, key, today } = deciding
  const promisedOn = command.params?.['promisedOn']
  if (
    typeof promisedOn !== 'string' ||
    !/^2\d{3}-[01]\d-[0-3]\d$/.test(promisedOn) ||
    promisedOn < today
  )
    throw new Refusal(
      'DateMissing',
      'Say in params.promisedOn when the goods will come, today or later.',
      { field: 'body.params.promisedOn' },
    )
  const late = found.evidence['lineNos'] as number[]
  for (const line of order.lines)
    if (late.includes(line.lineNo)) await changeLine(tx, line.id, { promisedOn })
  const reason = `the supplier now says ${promisedOn}`
  await expectLines(tx, await lockPurchase(tx, order.id), { actor, key, reason })
}
