import type { JournalEntryDraft } from '#domain/ledger/journal'

/** What the ledger must answer to one set of entries. */
export type Verdict =
  | { posted: boolean[] }
  | { refused: 'journal_entry_balanced' | 'open_item_not_overdrawn' | 'journal_entry_same_content' }

const LIMITED = new Set([2100, 2110, 2120])

/**
 * The ledger in memory, as simple as it can be: predicts every answer and every balance, so that
 * the database has something to be compared with after any sequence of events.
 */
export class Auditor {
  readonly balances = new Map<string, bigint>()
  readonly functional = new Map<string, bigint>()
  readonly items = new Map<string, bigint>()
  readonly #contents = new Map<string, string>()

  /** Judges a set as a whole, as the door does: all of it or nothing. */
  post(set: readonly JournalEntryDraft[]): Verdict {
    const fresh: JournalEntryDraft[] = []
    const keys = new Map(this.#contents)
    const posted: boolean[] = []
    let conflict = false
    for (const draft of set) {
      const known = keys.get(`${draft.entityId}/${draft.key}`)
      posted.push(known === undefined)
      if (known === undefined) fresh.push(draft)
      else if (known !== content(draft)) conflict = true
      keys.set(`${draft.entityId}/${draft.key}`, known ?? content(draft))
    }
    if (fresh.some((draft) => !isBalanced(draft))) return { refused: 'journal_entry_balanced' }
    const items = this.#itemsAfter(fresh)
    if (items === undefined) return { refused: 'open_item_not_overdrawn' }
    if (conflict) return { refused: 'journal_entry_same_content' }
    this.#take(fresh, items)
    return { posted }
  }

  #itemsAfter(fresh: readonly JournalEntryDraft[]): Map<string, bigint> | undefined {
    const items = new Map(this.items)
    for (const { entityId, lines } of fresh) {
      for (const line of lines) {
        if (line.openKey !== undefined)
          add(
            items,
            `${entityId}/${line.accountId}/${line.currency}/${line.openKey}`,
            line.amountMinor,
          )
      }
    }
    const overdrawn = [...items].some(
      ([key, balance]) => LIMITED.has(Number(key.split('/')[1])) && balance > 0n,
    )
    return overdrawn ? undefined : items
  }

  #take(fresh: readonly JournalEntryDraft[], items: Map<string, bigint>): void {
    for (const draft of fresh) {
      this.#contents.set(`${draft.entityId}/${draft.key}`, content(draft))
      for (const line of draft.lines) {
        const key = `${draft.entityId}/${line.accountId}/${line.currency}`
        add(this.balances, key, line.amountMinor)
        add(this.functional, key, line.funcMinor)
      }
    }
    this.items.clear()
    for (const [key, balance] of items) this.items.set(key, balance)
  }
}

function isBalanced({ lines }: JournalEntryDraft): boolean {
  const sums = new Map<string, bigint>()
  for (const line of lines) add(sums, line.currency, line.amountMinor)
  return [...sums.values()].every((total) => total === 0n)
}

function content(draft: JournalEntryDraft): string {
  return JSON.stringify(draft, (_name, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
}

function add(sums: Map<string, bigint>, key: string, amount: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + amount)
}
