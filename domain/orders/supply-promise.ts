import { addDays } from '../dates.ts'
import type { Demand } from './allocation.ts'

/** What is to come and nobody else is promised, in whole units. */
export interface OpenSupply {
  supplyId: bigint
  itemId: number
  site: string
  dueOn: string
  free: number
}

export interface BoundUnits {
  supplyId: bigint
  orderLineId: string
  qty: number
}

export interface SupplyPromise {
  bound: BoundUnits[]
  /** The day on which all waiting units of a line are promised; null while some have no supply. */
  promiseOn: Map<string, string | null>
}

/** Days from the day a supply is due until its goods are at the customer's door. */
const DAYS_FROM_DOCK_TO_DOOR = 3

/**
 * The day of a line of which a supplier ships some units to the buyer: the later of theirs and of the
 * others', `undefined` where there are no others. A day that has passed promises nothing.
 */
export function withDropShip(
  { dropShip, dropShipDueOn }: { dropShip: number; dropShipDueOn: string | null },
  others: string | null | undefined,
  today: string,
): string | null {
  if (dropShip === 0) return others ?? null
  const day = dropShipDueOn !== null && dropShipDueOn >= today ? dropShipDueOn : null
  if (others === undefined || day === null || others === null) return others === null ? null : day
  return others > day ? others : day
}

/**
 * Binds waiting units to what is expected, earliest first, and never the same expected unit
 * twice. A line that no supply covers whole has no promise: half a promise would be a lie.
 */
export function promiseFromSupply(
  waiting: readonly Demand[],
  supplies: readonly OpenSupply[],
): SupplyPromise {
  const left = new Map(supplies.map((supply) => [supply.supplyId, supply.free]))
  const earliest = [...supplies].sort((a, b) =>
    a.dueOn === b.dueOn ? Number(a.supplyId - b.supplyId) : a.dueOn < b.dueOn ? -1 : 1,
  )
  const bound: BoundUnits[] = []
  const promiseOn = new Map<string, string | null>()
  for (const { orderLineId, itemId, qty } of waiting) {
    let open = qty
    let last: string | null = null
    for (const { supplyId, dueOn } of earliest.filter((supply) => supply.itemId === itemId)) {
      const taken = Math.min(open, left.get(supplyId)!)
      if (taken <= 0) continue
      left.set(supplyId, left.get(supplyId)! - taken)
      open -= taken
      last = dueOn
      bound.push({ supplyId, orderLineId, qty: taken })
    }
    promiseOn.set(orderLineId, open === 0 && last ? addDays(last, DAYS_FROM_DOCK_TO_DOOR) : null)
  }
  return { bound, promiseOn }
}
