/** What has become of the units of one line so far; each counter only grows. */
export interface TransferCounters {
  qty: bigint
  /** Promised at the source and not sent yet. */
  reserved: bigint
  shipped: bigint
  received: bigint
  damaged: bigint
  lost: bigint
  cameBack: bigint
  cancelled: bigint
}

/** Header status, always derived from the lines; nobody sets it. */
export type TransferPhase =
  | 'requested'
  | 'short'
  | 'allocated'
  | 'part-shipped'
  | 'in-transit'
  | 'part-received'
  | 'closed'
  | 'cancelled'

/** Units that were sent and of which nobody has said what became of them. */
export function unitsInTransit(line: TransferCounters): bigint {
  return line.shipped - line.received - line.damaged - line.lost - line.cameBack
}

/** Units that are still to be sent. */
export function unitsToShip(line: TransferCounters): bigint {
  return line.qty - line.shipped - line.cancelled
}

export function transferPhase(
  lines: readonly TransferCounters[],
  { approved }: { approved: boolean },
): TransferPhase {
  const total = (units: (line: TransferCounters) => bigint) =>
    lines.reduce((all, line) => all + units(line), 0n)
  const toShip = total(unitsToShip)
  const underway = total(unitsInTransit)
  const shipped = total((line) => line.shipped)
  if (toShip === 0n && underway === 0n) return shipped === 0n ? 'cancelled' : 'closed'
  if (!approved) return 'requested'
  if (total((line) => line.reserved) < toShip) return 'short'
  if (shipped === 0n) return 'allocated'
  if (toShip > 0n) return 'part-shipped'
  return underway < shipped ? 'part-received' : 'in-transit'
}
