import { sum } from '#domain/money'

/** One movement with the balance that it led to. */
export interface ChainLink {
  amountMinor: bigint
  balanceMinor: bigint
}

export interface BalanceChain {
  openingMinor: bigint
  closingMinor: bigint
}

/**
 * First and last balance of movements that follow one another, in whatever order they stand: each
 * movement leads from one balance to the next, so that a lost, changed or doubled one leaves a
 * balance that nothing leads to. Null where they do not make one chain.
 */
export function balanceChain(links: readonly ChainLink[]): BalanceChain | null {
  const [first] = links
  if (!first) return null
  const ends = new Map<bigint, number>()
  const group = new Groups()
  for (const { amountMinor, balanceMinor } of links) {
    const before = balanceMinor - amountMinor
    ends.set(before, (ends.get(before) ?? 0) + 1)
    ends.set(balanceMinor, (ends.get(balanceMinor) ?? 0) - 1)
    group.join(before, balanceMinor)
  }
  if (group.count !== 1) return null
  const loose = [...ends].filter(([, left]) => left !== 0)
  if (loose.length === 0) return roundTrip(links)
  const opening = loose.find(([, left]) => left === 1)
  const closing = loose.find(([, left]) => left === -1)
  if (loose.length !== 2 || !opening || !closing) return null
  return { openingMinor: opening[0], closingMinor: closing[0] }
}

/** A chain that ends where it began could begin anywhere: the order of the file tells. */
function roundTrip(links: readonly ChainLink[]): BalanceChain {
  const [first, last] = [links[0]!, links.at(-1)!]
  const isNewestFirst = first.balanceMinor === last.balanceMinor - last.amountMinor
  const start = isNewestFirst ? last : first
  const openingMinor = start.balanceMinor - start.amountMinor
  return { openingMinor, closingMinor: openingMinor + sum(links.map((link) => link.amountMinor)) }
}

/** Counts how many groups of balances hang together. */
class Groups {
  count = 0
  private readonly above = new Map<bigint, bigint>()

  join(one: bigint, other: bigint): void {
    const [a, b] = [this.rootOf(one), this.rootOf(other)]
    if (a === b) return
    this.above.set(a, b)
    this.count--
  }

  private rootOf(balance: bigint): bigint {
    if (!this.above.has(balance)) {
      this.above.set(balance, balance)
      this.count++
      return balance
    }
    let root = balance
    while (this.above.get(root) !== root) root = this.above.get(root)!
    let at = balance
    while (at !== root) {
      const next = this.above.get(at)!
      this.above.set(at, root)
      at = next
    }
    return root
  }
}
