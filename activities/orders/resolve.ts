import type { ResolveException } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { openCasesOf, resolveCase, type OpenCase } from '#db/stores/cases'
import type { SalesOrder } from '#db/stores/orders'
import { addToOutbox, recordDecisions } from '#db/stores/records'
import { allowedResolutions, type CaseType, type Resolution } from '#domain/orders/exceptions'
import type { MailTemplate } from '#domain/orders/policies'
import { Refusal } from '#domain/refusal'
import { acceptLate } from './accept-late.ts'
import { cancelHere } from './cancel-case.ts'
import { decideOnCard } from './card-decisions.ts'
import { decideOnConsent } from './consent.ts'
import { decideOnEffect, retryLabel } from './effect-decisions.ts'
import { giveExcessBack } from './excess.ts'
import { firstOfTwo, liftHold } from './lift-hold.ts'
import { text } from './params.ts'
import { decideOnLost } from './lost-decisions.ts'
import { decideOnPayment, decideOnRefund } from './payment-decisions.ts'
import { afterRecall, sayWhatWasChosen } from './recalled.ts'
import { afterShortPick, findStock } from './stock-decisions.ts'
import { bookedByHand } from './told-elsewhere.ts'
import { decideOnTax } from './tax-decisions.ts'
import { deliver, lose } from './tracking.ts'

export interface Resolving {
  command: ResolveException
  found: OpenCase
  actor: string
  today: string
}

/**
 * Carries a person's choice out and lets the order go on. The choice must be one that this case
 * allows now; the same choice again finds the case closed and is refused.
 */
export async function resolveException(
  tx: Tx,
  order: SalesOrder,
  command: ResolveException & { today: string },
): Promise<SalesOrder> {
  const found = await openCaseOf(tx, order, command)
  const resolving: Resolving = { command, found, actor: command.actor, today: command.today }
  if (WAITS.has(command.resolution)) return wait(tx, order, resolving)
  if (found.type === 'compliance-match' && (await firstOfTwo(tx, order, resolving))) return order
  // Closed before it is carried out: what is still wrong afterwards opens it again.
  await resolveCase(tx, found.id, {
    resolution: command.resolution,
    params: { ...command.params, ...(command.addressId ? { addressId: command.addressId } : {}) },
    actor: command.actor,
  })
  await recordDecisions(tx, [
    {
      subjectType: 'order',
      subjectId: order.id.toString(),
      kind: `exception:${found.type}`,
      rule: 'person',
      ruleVersion: 1,
      inputs: { caseId: command.caseId, evidence: found.evidence },
      choice: { resolution: command.resolution },
      alternatives: allowedResolutions(found.type)
        .filter((r) => r !== command.resolution)
        .map((resolution) => ({ resolution })),
      actor: command.actor,
    },
  ])
  return carryOut(tx, order, resolving)
}

async function openCaseOf(tx: Tx, order: SalesOrder, command: ResolveException): Promise<OpenCase> {
  const open = await openCasesOf(tx, 'order', order.id.toString())
  const found = open.find((candidate) => candidate.id.toString() === command.caseId)
  if (!found)
    throw new Refusal(
      'CaseNotOpen',
      `Case ${command.caseId} is not open on order ${order.orderNumber}. Somebody else may have resolved it.`,
    )
  if (!allowedResolutions(found.type).includes(command.resolution)) {
    throw new Refusal(
      'ResolutionNotAllowed',
      `A ${found.type} case allows ${allowedResolutions(found.type).join(', ')}; "${command.resolution}" is none of these.`,
    )
  }
  return found
}

const CANCELS = new Set<Resolution>(['cancel', 'cancel-and-block', 'reject'])
const WAITS = new Set<Resolution>(['wait', 'ask-for-evidence', 'ask-customer', 'keep-waiting'])

async function carryOut(tx: Tx, order: SalesOrder, resolving: Resolving): Promise<SalesOrder> {
  const { command, found } = resolving
  if (found.type === 'consent-needed') return decideOnConsent(tx, order, resolving)
  if (CANCELS.has(command.resolution)) return cancelHere(tx, order, resolving)
  switch (found.type) {
    case 'stock-short':
      return findStock(tx, order, resolving)
    case 'short-pick':
      return afterShortPick(tx, order, resolving)
    case 'paid-unfulfillable':
      return giveExcessBack(tx, order, resolving)
    case 'payment-declined':
    case 'authorisation-expired':
      return decideOnPayment(tx, order, resolving)
    case 'refund-failed':
      return decideOnRefund(tx, order, resolving)
    case 'payment-disputed':
    case 'refunded-elsewhere':
      return bookedByHand(order, resolving)
    case 'effect-unknown':
      return decideOnEffect(tx, order, resolving)
    case 'gift-card-unknown':
      return decideOnCard(tx, order, resolving)
    case 'label-failed':
      return retryLabel(tx, order, resolving)
    case 'cancel-too-late':
      return tellCanceller(tx, order, resolving)
    case 'channel-changed-after-release':
      return afterRecall(tx, order, resolving)
    case 'parcel-stalled':
      return decideOnParcel(tx, order, resolving)
    case 'parcel-lost':
      return decideOnLost(tx, order, resolving)
    case 'tax-check':
      return decideOnTax(tx, order, resolving)
    case 'promise-infeasible':
      return acceptLate(tx, order, resolving)
    default:
      return liftHold(tx, order, resolving)
  }
}

/** The mail by which a choice asks the customer; what is asked depends on the case. */
function mailOf(resolution: Resolution, type: CaseType): MailTemplate | undefined {
  if (resolution === 'ask-for-evidence') return 'evidence'
  if (resolution !== 'ask-customer') return undefined
  return type === 'consent-needed' ? 'consent' : 'address'
}

/** Gives the case more time; whoever waits says for what. */
async function wait(tx: Tx, order: SalesOrder, { command, found }: Resolving): Promise<SalesOrder> {
  const minutes = order.policies.exceptions.body[found.type].slaMinutes
  await tx`UPDATE exception_case SET due_at = clock_timestamp() + make_interval(secs => ${minutes * 60}), evidence = evidence || ${tx.json({ lastChoice: command.resolution })} WHERE id = ${found.id}`
  const template = mailOf(command.resolution, found.type)
  if (template) {
    await addToOutbox(tx, [
      {
        topic: 'mail',
        key: `${template}/${found.id}/${command.key}`,
        body: { template, orderId: order.id, caseId: found.id },
      },
    ])
  }
  return order
}

/** The goods have left: the carrier is asked, a return is awaited, or the answer is no. */
async function tellCanceller(tx: Tx, order: SalesOrder, resolving: Resolving): Promise<SalesOrder> {
  await sayWhatWasChosen(tx, order, resolving)
  return order
}

async function decideOnParcel(
  tx: Tx,
  order: SalesOrder,
  { command, found, actor, today }: Resolving,
): Promise<SalesOrder> {
  const parcelId = BigInt(text(found.evidence, 'parcelId'))
  const [parcel] = await tx<
    { id: bigint; shipmentId: bigint | null; deliveredAt: string | null; now: string }[]
  >`
    SELECT id, shipment_id AS "shipmentId", delivered_at AS "deliveredAt", clock_timestamp() AS now FROM parcel WHERE id = ${parcelId} FOR NO KEY UPDATE`
  if (command.resolution === 'mark-delivered')
    await deliver(tx, order, parcel!, { at: parcel!.now, actor })
  else {
    const { claimBy } = found.evidence
    const by = { on: today, actor, claimBy: typeof claimBy === 'string' ? claimBy : null }
    await lose(tx, order, parcel!, by)
  }
  return order
}
