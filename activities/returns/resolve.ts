import type { ResolveException } from '#contracts/order-to-cash'
import {
  insertReturnedUnits,
  lockReturn,
  saveUnits,
  type ReturnedUnit,
} from '#db/stores/customer-returns'
import type { OpenCase } from '#db/stores/cases'
import { lockOrder } from '#db/stores/orders'
import { endSurplus, openSurplus, type Surplus } from '#db/stores/return-receipts'
import { returnableUnits } from '#db/stores/returned-units'
import { addDays } from '#domain/dates'
import { Refusal } from '#domain/refusal'
import { decideDocumentCase } from '../documents/cases.ts'
import { textParam, unitsParam } from '../documents/params.ts'
import { approve } from './cases.ts'
import { setAside } from './receive.ts'
import type { ReturnWork } from './work.ts'

type Decided = ResolveException & { today: string }

/** Carries a person's choice on a case out. @throws Refusal `OwnReturn`, `CaseNotOpen`, `ResolutionNotAllowed`. */
export async function resolveCaseOf(work: ReturnWork, command: Decided): Promise<void> {
  const { tx, doc } = work
  const found = await decideDocumentCase(tx, doc, command)
  switch (found.type) {
    case 'return-approval':
    case 'return-past-window':
      return decideOnWish(work, command)
    case 'refund-over-limit':
      return decideOnLimit(work, command)
    case 'return-not-as-sent':
      return decideOnCondition(work, found, command)
    case 'return-not-expected':
      return decideOnSurplus(work, command, BigInt(String(found.evidence['surplusId'])))
    case 'return-unannounced':
      return decideOnParcel(work, command)
    default:
      return decideOnMissing(work, command)
  }
}

/** Whoever asks for money does not agree to it (maker and checker). */
function requireAnother({ doc, actor }: ReturnWork): void {
  if (actor === doc.requestedBy)
    throw new Refusal(
      'OwnReturn',
      `You asked for ${doc.no} yourself: somebody else agrees to it. You may decline it.`,
    )
}

async function decideOnWish(work: ReturnWork, { resolution, actor }: Decided): Promise<void> {
  const { doc, tx } = work
  if (resolution === 'decline') {
    Object.assign(doc, { endedAs: 'declined', endedBy: actor })
    return dropExpected(work)
  }
  requireAnother(work)
  if (resolution === 'store-credit') doc.refundTo = 'store-credit'
  approve(work, actor)
  await saveUnits(tx, doc.units)
}

/** Nobody sends these units back any more; they may be asked back anew. */
export async function dropExpected({ tx, doc }: ReturnWork): Promise<void> {
  const dropped = doc.units.filter(
    (unit) => unit.creditId === null && ['expected', 'kept'].includes(unit.state),
  )
  for (const unit of dropped) unit.state = 'dropped'
  await saveUnits(tx, dropped)
}

async function decideOnLimit(work: ReturnWork, command: Decided): Promise<void> {
  const { tx, doc } = work
  const open = doc.units.filter((unit) => unit.creditId === null)
  if (command.resolution !== 'decline') {
    requireAnother(work)
    doc.refundApprovedBy = command.actor
  }
  if (command.resolution !== 'approve') lower(open, command)
  await saveUnits(tx, open)
}

/** Less is given back: the percentage that the choice names, or nothing. */
function lower(units: readonly ReturnedUnit[], { resolution, params }: Decided): void {
  const percent = resolution === 'decline' ? 0 : percentOf(params)
  for (const unit of units) {
    unit.creditPpm = percent * 10_000
    unit.creditDecided = true
  }
}

function percentOf(params: Decided['params']): number {
  const percent = Number(unitsParam(params, 'percent') ?? 0n)
  if (percent >= 1 && percent <= 100) return percent
  throw new Refusal('MissingParameter', 'params.percent must be whole percent, from 1 to 100.', {
    field: 'params.percent',
  })
}

/** Of units that came worse than they went, or did not come in their box: what is given back for them. */
async function decideOnCondition(
  work: ReturnWork,
  { evidence }: OpenCase,
  command: Decided,
): Promise<void> {
  const { tx, doc } = work
  const graded = evidence['units'] as { orderLineId: string; unit: number }[] | undefined
  const units = graded
    ? doc.units.filter((unit) =>
        graded.some((one) => one.orderLineId === `${unit.orderLineId}` && one.unit === unit.unit),
      )
    : doc.units
        .filter((unit) => unit.sku === evidence['sku'] && unit.state === 'expected')
        .slice(0, Number(evidence['qty']))
  if (command.resolution !== 'decline') requireAnother(work)
  // What did not come in its box never comes: whatever is given back, nobody waits for it.
  if (!graded) for (const unit of units) unit.state = 'lost'
  for (const unit of units) unit.creditDecided = true
  if (command.resolution !== 'approve') lower(units, command)
  await saveUnits(tx, units)
}

async function decideOnSurplus(work: ReturnWork, command: Decided, id: bigint): Promise<void> {
  const surplus = await openSurplus(work.tx, work.doc.id, id)
  await endOrTake(work, command, surplus)
}

/** Whose parcel it is, by its order; from then on it is a return like any other. */
async function decideOnParcel(work: ReturnWork, command: Decided): Promise<void> {
  const { tx, doc } = work
  const surplus = await openSurplus(tx, doc.id)
  if (command.resolution === 'create') {
    const orderNumber = textParam(command.params, 'orderNumber')
    const [row] = await tx<{ id: bigint }[]>`
      SELECT id FROM sales_order WHERE entity_id = ${doc.entityId} AND order_number = ${orderNumber} ORDER BY id DESC LIMIT 1`
    if (!row)
      throw new Refusal(
        'OrderNotFound',
        `There is no order ${orderNumber} of this company. Name the one that the goods were of.`,
        { field: 'params.orderNumber' },
      )
    work.order = await lockOrder(tx, row.id)
    doc.orderId = row.id
    // Whoever says whose it is has looked at it; what it is credited with waits for its grade.
    if (doc.approvedOn === null)
      approve(work, command.actor === doc.requestedBy ? 'policy' : command.actor)
  } else Object.assign(doc, { endedAs: 'cancelled', endedBy: command.actor })
  await endOrTake(work, command, surplus)
}

async function endOrTake(
  work: ReturnWork,
  { resolution }: Decided,
  surplus: readonly Surplus[],
): Promise<void> {
  const ids = surplus.map((one) => one.id)
  if (resolution !== 'create')
    return endSurplus(work.tx, ids, resolution === 'send-back' ? 'sent-back' : 'disposed')
  for (const one of surplus) await takeSurplus(work, one)
  await endSurplus(work.tx, ids, 'taken')
}

/** Units that came unannounced are units of the order after all: claimed, and set aside at their cost. */
async function takeSurplus(work: ReturnWork, surplus: Surplus): Promise<void> {
  const { tx, doc, order } = work
  const skuOf = new Map(order?.lines.map((line) => [line.id, line.sku]))
  const left = order ? await returnableUnits(tx, order.id) : []
  const units = left
    .filter((unit) => skuOf.get(unit.orderLineId) === surplus.sku && unit.goods && unit.earned)
    .slice(0, surplus.qty)
  if (units.length < surplus.qty)
    throw new Refusal(
      'NotReturnable',
      `Of ${surplus.sku} ${units.length} units of the order have left and are in no return; ${surplus.qty} came. Send the others back, or name another order.`,
    )
  await insertReturnedUnits(
    tx,
    doc.id,
    units.map((unit) => ({ ...unit, state: 'expected' as const })),
  )
  const { units: now } = await lockReturn(tx, doc.id)
  const added = now.filter((unit) =>
    units.some((one) => one.orderLineId === unit.orderLineId && one.unit === unit.unit),
  )
  for (const unit of added) unit.condition = surplus.condition
  doc.units.push(...added)
  await setAside(
    work,
    {
      receiptId: surplus.receiptId,
      surplusId: surplus.id,
      siteId: surplus.siteId,
      on: surplus.receivedOn,
    },
    added,
  )
}

/** Refunded, and the goods have not come. */
async function decideOnMissing(work: ReturnWork, { resolution, today }: Decided): Promise<void> {
  const { tx, doc } = work
  if (resolution === 'wait') {
    doc.chaseOn = addDays(today, Math.max(1, doc.policy.chaseDays))
    return
  }
  if (resolution === 'keeps-goods') requireAnother(work)
  const missing = doc.units.filter((unit) => unit.state === 'expected')
  for (const unit of missing) unit.state = resolution === 'keeps-goods' ? 'kept' : 'lost'
  await saveUnits(tx, missing)
}
