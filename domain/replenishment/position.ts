/** What is to come to a site. */
export interface ComingUnits {
  qty: bigint
  dueDay: number
  /** A draft is an order that nobody has sent yet. */
  kind: 'purchase-order' | 'transfer' | 'production' | 'return' | 'draft'
}

export interface PositionInputs {
  onHand: bigint
  /** Units that the books hold and nobody finds. */
  missing: bigint
  reserved: bigint
  backordered: bigint
  coming: readonly ComingUnits[]
}

export interface Position extends Omit<PositionInputs, 'coming'> {
  onOrder: bigint
  inTransit: bigint
  /** On hand − missing + on order + in transit − reserved − backordered. */
  position: bigint
  /** The same with only what is due within the horizon. */
  projected: bigint
  /** Due before today and not here. */
  overdue: bigint
}

/** §3.5: what a site has and will have, less what it owes. */
export function positionOf(
  { coming, ...stock }: PositionInputs,
  { today, horizonDays }: { today: number; horizonDays: number },
): Position {
  const bare = stock.onHand - stock.missing - stock.reserved - stock.backordered
  const total = (counts: (units: ComingUnits) => boolean) =>
    coming.reduce((sum, units) => (counts(units) ? sum + units.qty : sum), 0n)
  const inTransit = total(({ kind }) => kind === 'transfer')
  const onOrder = total(({ kind }) => kind !== 'transfer')
  return {
    ...stock,
    onOrder,
    inTransit,
    position: bare + onOrder + inTransit,
    projected: bare + total(({ dueDay }) => dueDay <= today + horizonDays),
    overdue: total(({ dueDay, kind }) => dueDay < today && kind !== 'draft'),
  }
}
