import type { Tx } from '#db/client'
import type { OrderLine, SalesOrder } from '#db/stores/orders'
import { drawPool, insertReservations, lockPositions, poolsOf } from '#db/stores/stock'
import { recordDecisions } from '#db/stores/records'
import { candidateNodes, type RoutedNode } from '#db/queries/routing'
import {
  allocate,
  type AllocationResult,
  type Assignment,
  type Availability,
  type Demand,
} from '#domain/orders/allocation'
import { openUnits, unplannedUnits } from '#domain/orders/phase'
import { addDays } from '#domain/dates'
import { openOrderCase, healOrderCases } from './cases.ts'
import { promiseWaitingUnits } from './promises.ts'

export interface PlanOptions {
  actor: string
  today: string
  /** Sites that a decision rules out, e.g. after a short pick there. */
  without?: number[]
  /** Also plan units that are waiting on backorder. */
  includeBackordered?: boolean
  /** The caller decides what becomes of units that no site has. */
  leavesShort?: boolean
}

/** What was allocated, and the sites as they were seen when no decision ruled one out. */
export interface Plan extends AllocationResult {
  nodes: RoutedNode[] | undefined
}

/**
 * Gives every unit that has no stock and no promise a site, by row locks taken in key order.
 * What no site has becomes a case for a person, or waits, as the channel's policy says.
 */
export async function planOrder(
  tx: Tx,
  order: SalesOrder,
  options: PlanOptions,
): Promise<Plan | null> {
  planServices(order)
  const waited = new Map(order.lines.map((line) => [line.id.toString(), line.backordered]))
  if (options.includeBackordered) planAnew(order)
  const demands = stockDemands(order)
  const plan = demands.length > 0 ? await allocateUnits(tx, order, demands, options, waited) : null
  if (!plan) await healOrderCases(tx, order, ['stock-short'], 'every unit has stock or a promise')
  await promiseWaitingUnits(tx, order, options.actor)
  await checkPromise(tx, order, options)
  return plan
}

/** Waiting units ask for stock once more; what they were promised no longer counts. */
function planAnew(order: SalesOrder): void {
  for (const line of order.lines) {
    if (line.backordered === 0) continue
    line.backordered = 0
    line.promiseOn = null
  }
}

async function allocateUnits(
  tx: Tx,
  order: SalesOrder,
  demands: Demand[],
  options: PlanOptions,
  waited: ReadonlyMap<string, number>,
): Promise<Plan> {
  const nodes = await candidateNodes(tx, order, options.without ?? [])
  const usable = nodes.filter((node) => node.excluded === null).map((node) => node.siteId)
  const itemIds = [...new Set(demands.map((demand) => demand.itemId))]
  // From here on others wait for these units, so nothing that can be known before is asked after.
  const [positions, pools] = await Promise.all([
    lockPositions(tx, itemIds, usable),
    poolsOf(tx, itemIds),
  ])
  const result = allocate(demands, nodes, freeFor(order.channelId, positions, pools), {
    policy: order.policies.routing.body,
    maxSplits: order.policies.order.body.maxSplits,
    shipComplete: order.shipComplete,
  })
  const planned = { demands, nodes, positions, pools, result }
  await reserve(tx, order, planned, options.today)
  await recordAllocation(tx, order, planned, options)
  if (!options.leavesShort) await settleShortage(tx, order, result, waited)
  return { ...result, nodes: options.without ? undefined : nodes }
}

interface Planned {
  demands: Demand[]
  nodes: Awaited<ReturnType<typeof candidateNodes>>
  positions: Awaited<ReturnType<typeof lockPositions>>
  pools: Awaited<ReturnType<typeof poolsOf>>
  result: AllocationResult
}

async function recordAllocation(
  tx: Tx,
  order: SalesOrder,
  { demands, nodes, positions, pools, result }: Planned,
  options: PlanOptions,
): Promise<void> {
  await recordDecisions(tx, [
    {
      subjectType: 'order',
      subjectId: order.id.toString(),
      kind: 'allocation',
      rule: 'routing',
      ruleVersion: order.policies.routing.version,
      inputs: {
        demands,
        shipTo: { country: order.shipCountry, region: order.shipRegion },
        shipComplete: order.shipComplete,
        without: options.without ?? [],
        channelPriority: order.channelPriority,
        stock: positions,
        pools,
      },
      choice: {
        assignments: result.assignments.map((a) => ({
          ...a,
          site: nodes.find((node) => node.siteId === a.siteId)?.code,
        })),
        shortages: result.shortages,
        split: result.split,
      },
      alternatives: result.considered,
      actor: options.actor,
    },
  ])
}

/** Services and gift cards need no stock: they count as planned at once and leave with the first goods. */
function planServices(order: SalesOrder): void {
  for (const line of order.lines) {
    if (needsStock(line) || line.itemId === null) continue
    line.allocated = openUnits(line)
    line.backordered = 0
  }
}

export function needsStock(line: Pick<OrderLine, 'itemKind' | 'itemId'>): boolean {
  return line.itemId !== null && line.itemKind === 'stock'
}

/** Units of goods that have neither stock nor a promise. */
export function stockDemands(order: SalesOrder): Demand[] {
  return order.lines.flatMap((line) =>
    needsStock(line) && unplannedUnits(line) > 0
      ? [{ orderLineId: line.id.toString(), itemId: line.itemId!, qty: unplannedUnits(line) }]
      : [],
  )
}

function freeFor(
  channelId: number,
  positions: Awaited<ReturnType<typeof lockPositions>>,
  pools: Awaited<ReturnType<typeof poolsOf>>,
): Availability {
  const free = new Map<number, Map<number, number>>()
  for (const position of positions) {
    const others = pools
      .filter(
        (pool) =>
          pool.itemId === position.itemId &&
          pool.siteId === position.siteId &&
          pool.channelId !== channelId,
      )
      .reduce((qty, pool) => qty + pool.qty, 0n)
    const left = position.onHand - position.reserved - others
    const sites = free.get(position.itemId) ?? new Map<number, number>()
    free.set(position.itemId, sites.set(position.siteId, left > 0n ? Number(left) : 0))
  }
  return free
}

async function reserve(
  tx: Tx,
  order: SalesOrder,
  { result, nodes, pools }: Planned,
  today: string,
): Promise<void> {
  const own = pools
    .filter((pool) => pool.channelId === order.channelId)
    .map((pool) => ({ ...pool }))
  const rows = result.assignments.map((a) => ({
    orderId: order.id,
    orderLineId: BigInt(a.orderLineId),
    itemId: a.itemId,
    siteId: a.siteId,
    qty: a.qty,
    priority: order.channelPriority,
    fromPool: drawn(own, a),
  }))
  const reserved = await insertReservations(tx, rows)
  order.reservations.push(
    ...reserved.map((row) => ({
      id: row.id,
      orderLineId: row.orderLineId,
      itemId: row.itemId,
      siteId: row.siteId,
      siteCode: nodes.find((node) => node.siteId === row.siteId)!.code,
      live: row.qty,
      onFulfilment: 0,
    })),
  )
  await drawPool(tx, order.channelId, rows)
  for (const row of rows) {
    const line = lineOf(order, row.orderLineId)
    const node = nodes.find((candidate) => candidate.siteId === row.siteId)!
    line.allocated += row.qty
    const promise = addDays(today, node.shipInDays + node.transitDays)
    line.promiseOn = line.promiseOn && line.promiseOn > promise ? line.promiseOn : promise
  }
}

/** Units of this assignment that the channel's pool still has at the site; they are gone from it then. */
function drawn(own: Planned['pools'], { itemId, siteId, qty }: Assignment): number {
  const pool = own.find((one) => one.itemId === itemId && one.siteId === siteId)
  if (!pool) return 0
  const units = pool.qty < BigInt(qty) ? Number(pool.qty) : qty
  pool.qty -= BigInt(units)
  return units
}

/** Units that waited go on waiting; whether others do is the policy's, or a person's, to say. */
async function settleShortage(
  tx: Tx,
  order: SalesOrder,
  result: AllocationResult,
  waited: ReadonlyMap<string, number>,
): Promise<void> {
  if (result.shortages.length === 0)
    return healOrderCases(tx, order, ['stock-short'], 'stock was found')
  const all = order.policies.order.body.shortage === 'backorder'
  const waiting = result.shortages.flatMap((short) => {
    const qty = all ? short.qty : Math.min(short.qty, waited.get(short.orderLineId) ?? 0)
    return qty > 0 ? [{ ...short, qty }] : []
  })
  backorder(order, waiting)
  const short = order.lines.filter((line) => needsStock(line) && unplannedUnits(line) > 0)
  if (short.length === 0)
    return healOrderCases(tx, order, ['stock-short'], 'every unit has stock or a promise')
  const skus = short.map((line) => `${unplannedUnits(line)} × ${line.sku}`)
  await openOrderCase(tx, order, {
    type: 'stock-short',
    summary: `${order.orderNumber}: no stock for ${skus.join(', ')}`,
    evidence: { shortages: stockDemands(order), considered: result.considered },
    openedBy: 'rule: allocation',
  })
}

/** Units wait for stock; the plan that follows promises them from what is expected. */
export function backorder(order: SalesOrder, shortages: readonly Demand[]): void {
  for (const short of shortages) lineOf(order, BigInt(short.orderLineId)).backordered += short.qty
}

/** FUL-30: a promise that no site can keep is said when the order is taken, not when it is late. */
async function checkPromise(tx: Tx, order: SalesOrder, options: PlanOptions): Promise<void> {
  const late = order.lines.filter(
    (line) => order.deliverBy && line.promiseOn && line.promiseOn > order.deliverBy,
  )
  if (late.length === 0)
    return healOrderCases(tx, order, ['promise-infeasible'], 'the promise can be kept')
  await openOrderCase(tx, order, {
    type: 'promise-infeasible',
    summary: `${order.orderNumber}: promised by ${order.deliverBy}, earliest delivery ${late
      .map((line) => line.promiseOn)
      .sort()
      .at(-1)}`,
    evidence: {
      deliverBy: order.deliverBy,
      today: options.today,
      lines: late.map((line) => ({ sku: line.sku, promiseOn: line.promiseOn })),
    },
    openedBy: 'rule: promise',
  })
}

export function lineOf(order: SalesOrder, id: bigint): OrderLine {
  const line = order.lines.find((candidate) => candidate.id === id)
  if (!line) throw new RangeError(`order ${order.id} has no line ${id}`)
  return line
}
