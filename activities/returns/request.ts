import type { RequestedReturn } from '#contracts/return-to-refund'
import type { Tx } from '#db/client'
import { returnPolicyFor } from '#db/queries/return-policy'
import {
  insertReturn,
  insertReturnedUnits,
  lockReturn,
  uncreditedUnits,
  type CustomerReturn,
  type ReturnedUnit,
} from '#db/stores/customer-returns'
import { lockOrder, type SalesOrder } from '#db/stores/orders'
import { recordDecisions } from '#db/stores/records'
import { returnableUnits, type ShippedUnit } from '#db/stores/returned-units'
import { dateAt } from '#domain/dates'
import { Refusal } from '#domain/refusal'
import { assessReturn, requireReason, type Assessment } from '#domain/returns/assess'
import type { PinnedReturnPolicy } from '#domain/returns/policy'
import { approve, openReturnCase } from './cases.ts'
import { valueOfUnits } from './credit.ts'
import { takeChannelRefund } from './channel-refund.ts'
import { takeBlindParcel } from './blind.ts'
import { inBooks, type ReturnWork } from './work.ts'

/**
 * Takes a wish in: claims the units, asks the policy, and says yes or asks a person.
 * @throws Refusal `RmaExists`, `NotReturnable`, `ReturnNotDelivered`, `ReturnReasonNotTaken`,
 * `CreditExceedsPaid`.
 */
export async function takeReturn(
  tx: Tx,
  request: RequestedReturn,
  workflowId: string,
): Promise<ReturnWork> {
  const { returnNo, orderId } = request
  const known = await tx`SELECT 1 FROM customer_return WHERE return_no = ${returnNo}`
  if (known.length > 0)
    throw new Refusal(
      'RmaExists',
      `There is a return ${returnNo}. Read it, or take a new number.`,
      {
        field: 'body.returnNo',
      },
    )
  if (orderId === undefined) return takeBlindParcel(tx, request, workflowId)
  const order = await lockOrder(tx, orderId)
  const policy = await returnPolicyFor(tx, order.channelCode)
  if (request.kind === 'return') requireReason(request.reason, policy.body)
  const joined = await unitsInReturns(tx, request)
  const units = await chooseUnits(tx, order, { lines: linesWithout(request, joined) })
  const doc = await insertDocument(tx, { request, order, units, policy, workflowId })
  const today = dateAt(Date.now(), order.timezone)
  const { actor, key } = request
  const work: ReturnWork = { tx, doc, order, actor, today, key, orderTouched: false }
  if (request.kind === 'channel-refund') await takeChannelRefund(work, order, { request, joined })
  else await askPolicy(work, order, { units, request })
  return work
}

interface Taking {
  request: RequestedReturn
  order: SalesOrder
  units: readonly ShippedUnit[]
  policy: PinnedReturnPolicy
  workflowId: string
}

async function insertDocument(tx: Tx, taking: Taking): Promise<CustomerReturn> {
  const { request, order, units, policy, workflowId } = taking
  const { kind, source, reason, note, actor, amountMinor, fees, exchangeOrderId } = request
  const siteId = await siteOf(tx, order, request, units)
  const id = await insertReturn(tx, {
    ...{ no: request.returnNo, workflowId, kind, entityId: order.entityId, orderId: order.id },
    ...{ siteId, source, reason, note: note ?? null },
    ...{ policyVersion: policy.version, policy: policy.body },
    refundTo: exchangeOrderId === undefined ? (request.refundTo ?? 'original') : 'store-credit',
    refundOn: request.advance || request.keepsGoods ? 'approved' : policy.body.refundOn,
    amountMinor: amountMinor === undefined ? null : BigInt(amountMinor),
    fees: fees ?? null,
    requestedBy: actor,
    requestedOn: dateAt(Date.now(), order.timezone),
    exchangeOrderId: exchangeOrderId === undefined ? null : BigInt(exchangeOrderId),
  })
  await insertReturnedUnits(
    tx,
    id,
    units.map(({ orderLineId, unit, shipmentId, itemId, goods }) => ({
      ...{ orderLineId, unit, shipmentId, itemId },
      state: goods && !request.keepsGoods ? ('expected' as const) : ('kept' as const),
    })),
  )
  return lockReturn(tx, id)
}

async function siteOf(
  tx: Tx,
  order: SalesOrder,
  { site }: RequestedReturn,
  units: readonly ShippedUnit[],
): Promise<number> {
  if (site === undefined && units[0]) return units[0].siteId
  const [row] = await tx<{ id: number }[]>`
    SELECT id FROM site WHERE entity_id = ${order.entityId} AND status = 'active' AND (${site ?? null}::text IS NULL OR code = ${site ?? null}) ORDER BY id LIMIT 1`
  if (!row)
    throw new Refusal(
      'UnknownSite',
      `${order.entityCode} has no active site ${site ?? ''}. Name one that it has.`,
      { field: 'body.site' },
    )
  return row.id
}

/** What a channel has paid back may be on its way here already: units of returns that nobody has credited. */
async function unitsInReturns(tx: Tx, { kind, lines }: RequestedReturn): Promise<ReturnedUnit[]> {
  if (kind !== 'channel-refund') return []
  const known = await uncreditedUnits(
    tx,
    lines.map(({ orderLineId }) => orderLineId),
  )
  return lines.flatMap(({ orderLineId, qty }) =>
    known.filter((unit) => unit.orderLineId.toString() === orderLineId).slice(0, qty),
  )
}

function linesWithout({ lines }: RequestedReturn, joined: readonly ReturnedUnit[]) {
  const left = lines.map(({ orderLineId, qty }) => {
    const there = joined.filter((unit) => unit.orderLineId.toString() === orderLineId)
    return { orderLineId, qty: qty - there.length }
  })
  return left.filter(({ qty }) => qty > 0)
}

/** The first units of each line that left and that no return has. */
async function chooseUnits(
  tx: Tx,
  order: SalesOrder,
  { lines }: Pick<RequestedReturn, 'lines'>,
): Promise<ShippedUnit[]> {
  if (lines.length === 0) return []
  const returnable = await returnableUnits(tx, order.id)
  return lines.flatMap(({ orderLineId, qty }, n) => {
    const left = returnable.filter((unit) => unit.orderLineId.toString() === orderLineId)
    const chosen = left.slice(0, qty)
    if (chosen.length < qty)
      throw new Refusal(
        'NotReturnable',
        `Of line ${orderLineId} ${left.length} units have left and are in no return; ${qty} were asked for. Ask for no more.`,
        { field: `body.lines.${n}.qty`, returnable: left.length },
      )
    if (chosen.some((unit) => !unit.earned))
      throw new Refusal(
        'ReturnNotDelivered',
        `Units of line ${orderLineId} are still ours: they are earned by their delivery. Wait for it, or claim the parcel as lost.`,
        { field: `body.lines.${n}` },
      )
    return chosen
  })
}

interface Asked {
  units: readonly ShippedUnit[]
  request: RequestedReturn
}

/** What the policy says, kept as a decision; where it does not say yes, a person is asked. */
async function askPolicy(work: ReturnWork, order: SalesOrder, { units, request }: Asked) {
  const { doc } = work
  const value = doc.kind === 'goodwill' ? (doc.amountMinor ?? 0n) : valueOfUnits(work, doc.units)
  const valueMinor = inBooks(order, value)
  const earlierReturns = await earlierReturnsOf(work, order)
  const sinceOn = units
    .map((unit) => unit.deliveredOn ?? unit.shippedOn)
    .sort()
    .at(-1)
  const verdict =
    doc.kind === 'goodwill'
      ? assessGoodwill(valueMinor, BigInt(doc.policy.goodwillFromMinor))
      : assessReturn(
          {
            today: work.today,
            sinceOn: sinceOn ?? work.today,
            valueMinor,
            earlierReturns,
          },
          doc.policy,
        )
  const asked = keptWithoutRule(verdict, request, valueMinor, BigInt(doc.policy.keepBelowMinor))
  await keepVerdict(work, asked, { valueMinor, earlierReturns, sinceOn })
  if (asked.verdict === 'approved') return approve(work, 'policy')
  await openReturnCase(work, {
    type: asked.type,
    summary: `${doc.no} of ${order.orderNumber}: ${asked.because}`,
    evidence: { because: asked.because, valueMinor: value.toString(), reason: doc.reason },
    moneyAtRiskMinor: value,
  })
}

function assessGoodwill(valueMinor: bigint, limit: bigint): Assessment {
  return valueMinor < limit
    ? { verdict: 'approved', because: `goodwill below ${limit}` }
    : {
        verdict: 'asks',
        type: 'return-approval',
        because: `goodwill of ${valueMinor}, and from ${limit} another person approves`,
      }
}

/** Goods stay with the customer by the policy's own limit, or because a person says so. */
function keptWithoutRule(
  verdict: Assessment,
  { keepsGoods }: RequestedReturn,
  valueMinor: bigint,
  keepBelow: bigint,
): Assessment {
  if (verdict.verdict !== 'approved' || !keepsGoods || valueMinor < keepBelow) return verdict
  const because = `the goods would stay with the customer, worth ${valueMinor}; below ${keepBelow} they may`
  return { verdict: 'asks', type: 'return-approval', because }
}

async function keepVerdict({ tx, doc, actor }: ReturnWork, verdict: Assessment, inputs: object) {
  await recordDecisions(tx, [
    {
      subjectType: 'customer-return',
      subjectId: doc.id.toString(),
      kind: 'return-policy',
      rule: 'returns',
      ruleVersion: doc.policyVersion,
      inputs: JSON.parse(
        JSON.stringify(inputs, (_, value: unknown) =>
          typeof value === 'bigint' ? value.toString() : value,
        ),
      ),
      choice: { ...verdict, refundOn: doc.refundOn },
      actor,
    },
  ])
}

async function earlierReturnsOf({ tx, doc, today }: ReturnWork, order: SalesOrder) {
  if (order.customerId === null) return 0
  const [row] = await tx<{ n: number }[]>`
    SELECT count(*)::int AS n FROM customer_return r JOIN sales_order o ON o.id = r.order_id
    WHERE o.customer_id = ${order.customerId} AND r.kind IN ('return', 'blind') AND r.id <> ${doc.id} AND r.ended_as IS DISTINCT FROM 'cancelled'
      AND r.requested_on > ${today}::date - ${doc.policy.abuseDays}::int`
  return row!.n
}
