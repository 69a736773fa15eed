import type { Tx } from '#db/client'
import type { OrderLine, SalesOrder } from '#db/stores/orders'
import { missingOf, type MissingUnits } from '#db/stores/routing'
import {
  drawPool,
  insertReservations,
  lockPositions,
  poolsOf,
  type Pool,
  type Position,
} from '#db/stores/stock'
import { recordDecisions } from '#db/stores/records'
import { candidateNodes, latestDelivery, type RoutedNode } from '#db/queries/routing'
import {
  allocate,
  type AllocationResult,
  type Assignment,
  type Availability,
  type Demand,
  type Units,
} from '#domain/orders/allocation'
import { openUnits, unplannedUnits } from '#domain/orders/phase'
import { addDays } from '#domain/dates'
import { healOrderCases, isCaseOpen, openOrderCase } from './cases.ts'
import { checkPromise } from './promise-check.ts'
import { promiseWaitingUnits } from './promises.ts'

export interface PlanOptions {
  actor: string
  today: string
  /** Also plan units that are waiting on backorder. */
  includeBackordered?: boolean
  /** The caller decides what becomes of units that no site has. */
  leavesShort?: boolean
}

/** Cases that have lost their object when every unit has stock or a promise. */
const ABOUT_STOCK = ['stock-short', 'consent-needed'] as const

/** What was allocated, and the sites as they were seen. */
export interface Plan extends AllocationResult {
  nodes: RoutedNode[]
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
  const waited = new Map(
    order.lines.map((line) => [line.id.toString(), line.backordered - line.dropShip]),
  )
  if (options.includeBackordered) planAnew(order)
  const demands = stockDemands(order)
  const plan = demands.length > 0 ? await allocateUnits(tx, order, demands, options, waited) : null
  if (!plan) await healOrderCases(tx, order, ABOUT_STOCK, 'every unit has stock or a promise')
  await promiseWaitingUnits(tx, order, options.actor)
  await checkPromise(tx, order, options.today)
  return plan
}

/** Waiting units ask for stock once more, but for those that a supplier ships; what they were promised no longer counts. */
function planAnew(order: SalesOrder): void {
  for (const line of order.lines) {
    if (line.backordered === line.dropShip) continue
    line.backordered = line.dropShip
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
  const nodes = await candidateNodes(tx, order)
  const usable = nodes.filter((node) => node.excluded === null).map((node) => node.siteId)
  const itemIds = [...new Set(demands.map((demand) => demand.itemId))]
  // From here on others wait for these units, so nothing that can be known before is asked after.
  const [positions, pools, missing] = await Promise.all([
    lockPositions(tx, itemIds, usable),
    poolsOf(tx, itemIds),
    missingOf(tx, itemIds),
  ])
  const free = freeFor(order.channelId, nodes, { positions, pools, missing })
  const result = allocate(demands, nodes, free, {
    policy: order.policies.routing.body,
    maxSplits: order.policies.order.body.maxSplits,
    shipComplete: order.shipComplete,
  })
  const planned = { demands, nodes, positions, pools, missing, result }
  await reserve(tx, order, planned, options.today)
  await recordAllocation(tx, order, planned, options)
  if (!options.leavesShort) await settleShortage(tx, order, result, waited)
  return { ...result, nodes }
}

/** What there is, as read under lock. */
interface Stock {
  positions: Position[]
  pools: Pool[]
  missing: MissingUnits[]
}

interface Planned extends Stock {
  demands: Demand[]
  nodes: RoutedNode[]
  result: AllocationResult
}

async function recordAllocation(
  tx: Tx,
  order: SalesOrder,
  { demands, nodes, positions, pools, missing, result }: Planned,
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
        barred: nodes.flatMap(({ code, barred }) => barred.map((item) => `${code}/${item}`)),
        deliverBy: latestDelivery(order),
        channelPriority: order.channelPriority,
        stock: positions,
        pools,
        missing,
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
  nodes: readonly RoutedNode[],
  { positions, pools, missing }: Stock,
): Availability {
  const free = new Map<number, Map<number, number>>()
  for (const position of positions) {
    const { itemId, siteId, onHand, reserved } = position
    if (nodes.some((node) => node.siteId === siteId && node.barred.includes(itemId))) continue
    const here = (row: { itemId: number; siteId: number }) =>
      row.itemId === itemId && row.siteId === siteId
    const others = pools.filter((pool) => here(pool) && pool.channelId !== channelId)
    const away = [...others, ...missing.filter(here)].reduce((qty, row) => qty + row.qty, 0n)
    const left = onHand - reserved - away
    const sites = free.get(itemId) ?? new Map<number, number>()
    free.set(itemId, sites.set(siteId, left > 0n ? Number(left) : 0))
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
      expiresAt: null,
    })),
  )
  await drawPool(tx, order.channelId, rows)
  for (const row of rows) {
    const line = lineOf(order, row.orderLineId)
    const node = nodes.find((candidate) => candidate.siteId === row.siteId)!
    line.allocated += row.qty
    const parcel = rows.filter((other) => other.siteId === row.siteId)
    promise(line, node, parcel, today)
  }
}

/** A line is promised for the day on which the last of its units that have stock can be there. */
export function promise(
  line: OrderLine,
  node: RoutedNode,
  parcel: readonly Units[],
  today: string,
): void {
  const day = addDays(today, node.shipInDays + node.quote(parcel).transitDays)
  line.promiseOn = line.promiseOn && line.promiseOn > day ? line.promiseOn : day
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
    return healOrderCases(tx, order, ABOUT_STOCK, 'stock was found')
  const all = order.policies.order.body.shortage === 'backorder'
  const waiting = result.shortages.flatMap((short) => {
    const qty = all ? short.qty : Math.min(short.qty, waited.get(short.orderLineId) ?? 0)
    return qty > 0 ? [{ ...short, qty }] : []
  })
  backorder(order, waiting)
  const short = order.lines.filter((line) => needsStock(line) && unplannedUnits(line) > 0)
  if (short.length === 0)
    return healOrderCases(tx, order, ABOUT_STOCK, 'every unit has stock or a promise')
  // While the customer is asked about a substitute, nobody is asked about the same units again.
  if (await isCaseOpen(tx, order, 'consent-needed')) return
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

export function lineOf(order: SalesOrder, id: bigint): OrderLine {
  const line = order.lines.find((candidate) => candidate.id === id)
  if (!line) throw new RangeError(`order ${order.id} has no line ${id}`)
  return line
}
