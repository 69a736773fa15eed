/** Header status, always derived from line counters, holds, cases, calls and parcels; nobody sets it. */
export type OrderPhase =
  | 'held'
  | 'short'
  | 'backordered'
  | 'allocated'
  | 'released'
  | 'part-shipped'
  | 'shipped'
  | 'closed'
  | 'cancelled'

export interface LineCounters {
  ordered: number
  cancelled: number
  allocated: number
  backordered: number
  released: number
  picked: number
  shipped: number
  delivered: number
}

export interface OrderStanding {
  lines: readonly LineCounters[]
  openHolds: number
  openEffects: number
  openCases: number
  /** Money still to come before the order may close: an uncaptured or unpaid amount. */
  awaitsPayment: boolean
  /** Parcels that are tracked and not yet delivered. */
  parcelsUnderway: number
}

/** Units of a line that nobody has cancelled or shipped yet. */
export function openUnits(line: LineCounters): number {
  return line.ordered - line.cancelled - line.shipped
}

/** Units of a line that still need stock or a promise. */
export function unplannedUnits(line: LineCounters): number {
  return openUnits(line) - line.allocated - line.backordered
}

/** The phase of an order; the earliest unfinished thing names it. */
export function orderPhase(order: OrderStanding): OrderPhase {
  const { lines } = order
  const shipped = lines.some((line) => line.shipped > 0)
  if (lines.every((line) => openUnits(line) === 0)) {
    if (!shipped) return 'cancelled'
    return isSettled(order) ? 'closed' : 'shipped'
  }
  if (order.openHolds > 0) return 'held'
  if (lines.some((line) => unplannedUnits(line) > 0)) return 'short'
  if (shipped) return 'part-shipped'
  if (lines.some((line) => line.released > 0)) return 'released'
  if (lines.every((line) => line.allocated === 0)) return 'backordered'
  return 'allocated'
}

export function isOpen(order: OrderStanding): boolean {
  return order.lines.some((line) => openUnits(line) > 0) || !isSettled(order)
}

function isSettled(order: OrderStanding): boolean {
  const shipped = order.lines.some((line) => line.shipped > 0)
  return (
    order.openEffects === 0 &&
    order.openCases === 0 &&
    order.parcelsUnderway === 0 &&
    !(shipped && order.awaitsPayment)
  )
}
