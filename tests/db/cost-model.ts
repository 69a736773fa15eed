interface ModelLayer {
  qty: bigint
  value: bigint
}

/**
 * Cost layers in memory, as an accountant would keep them on paper: what the database must come to
 * after any sequence of receipts, issues and counts of one item at one place.
 */
export class CostModel {
  readonly #method: 'fifo' | 'moving-average'
  readonly #layers: ModelLayer[] = []
  /** What the newest layer has cost in all, for units that are found. */
  #newest: ModelLayer | undefined

  constructor(method: 'fifo' | 'moving-average') {
    this.#method = method
  }

  receive(lines: readonly { qty: bigint; unit: bigint }[]): void {
    for (const { qty, unit } of lines) this.#add(qty, qty * unit)
  }

  /** What the units cost; undefined when there are not as many. */
  issue(qty: bigint): bigint | undefined {
    if (this.left().qty < qty) return undefined
    let missing = qty
    let cost = 0n
    while (missing > 0n) {
      const layer = this.#layers[0]!
      const taken = missing < layer.qty ? missing : layer.qty
      const value =
        taken === layer.qty
          ? layer.value
          : (layer.value * taken * 2n + layer.qty) / (layer.qty * 2n)
      layer.qty -= taken
      layer.value -= value
      missing -= taken
      cost += value
      if (layer.qty === 0n) this.#layers.shift()
    }
    return cost
  }

  /** Units found, at the newest cost or the average, or missing; false when it cannot be. */
  count(qty: bigint): boolean {
    if (qty < 0n) return this.issue(-qty) !== undefined
    const pool = this.#method === 'moving-average' ? this.#layers[0] : undefined
    const known = pool ?? this.#newest
    if (known === undefined) return false
    this.#add(qty, (known.value * qty * 2n + known.qty) / (known.qty * 2n))
    return true
  }

  left(): ModelLayer {
    const sum = { qty: 0n, value: 0n }
    for (const { qty, value } of this.#layers) {
      sum.qty += qty
      sum.value += value
    }
    return sum
  }

  #add(qty: bigint, value: bigint): void {
    const pool = this.#method === 'moving-average' ? this.#layers[0] : undefined
    if (pool) {
      pool.qty += qty
      pool.value += value
      this.#newest = { qty: this.#newest!.qty + qty, value: this.#newest!.value + value }
    } else {
      this.#layers.push({ qty, value })
      this.#newest = { qty, value }
    }
  }
}
