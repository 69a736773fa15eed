/** Units of one order line that are to be picked. */
export interface PickWish {
  fulfilmentId: bigint
  orderLineId: bigint
  itemId: number
  qty: number
}

/** Units that lie in a place and that no other task takes. */
export interface PickPlace {
  itemId: number
  bin: string
  lot: string
  qty: number
}

export type NewPickTask = PickWish & Pick<PickPlace, 'bin' | 'lot'>

/**
 * Which units come out of which place, in the order of the places: what expires first, then in
 * pick order. Units that no place holds become a task of the place without a bin, so that somebody
 * looks for them and says that they are not there.
 */
export function cutTasks(wishes: readonly PickWish[], places: readonly PickPlace[]): NewPickTask[] {
  const left = places.map((place) => ({ ...place }))
  return wishes.flatMap((wish) => {
    let open = wish.qty
    const tasks = left
      .filter((place) => place.itemId === wish.itemId)
      .flatMap((place) => {
        const qty = Math.min(open, Math.max(0, place.qty))
        open -= qty
        place.qty -= qty
        return qty > 0 ? [{ ...wish, bin: place.bin, lot: place.lot, qty }] : []
      })
    return open > 0 ? [...tasks, { ...wish, bin: '', lot: '', qty: open }] : tasks
  })
}
