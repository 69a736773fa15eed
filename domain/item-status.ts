export const ITEM_STATUSES = ['draft', 'active', 'blocked', 'retired'] as const
export type ItemStatus = (typeof ITEM_STATUSES)[number]

/** A retired SKU never comes back: its number may stand on old labels and in old reports. */
const MOVES: readonly (readonly [ItemStatus, ItemStatus])[] = [
  ['draft', 'active'],
  ['draft', 'retired'],
  ['active', 'blocked'],
  ['active', 'retired'],
  ['blocked', 'active'],
  ['blocked', 'retired'],
]

export function mayBecome(from: ItemStatus, to: ItemStatus): boolean {
  return from === to || MOVES.some(([before, after]) => before === from && after === to)
}
