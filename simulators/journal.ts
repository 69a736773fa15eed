export interface JournalEntry {
  seq: number
  /** ISO instant by the simulator's clock. */
  at: string
  /** `call`: a request came in. `effect`: the world changed. `webhook`: an event went out. */
  kind: 'call' | 'effect' | 'webhook'
  operation: string
  key?: string
  reference?: string
  amount?: number
  currency?: string
  status?: number
  fault?: string
}

export interface Journal {
  entries: JournalEntry[]
  add(entry: Omit<JournalEntry, 'seq' | 'at'>): void
  /** How often the world changed by this operation: the proof that nothing was doubled. */
  effects(operation: string, match?: { key?: string; reference?: string }): JournalEntry[]
  calls(operation: string): JournalEntry[]
  webhooks(operation?: string): JournalEntry[]
}

export function createJournal(now: () => number): Journal {
  const entries: JournalEntry[] = []
  return {
    entries,
    add(entry) {
      entries.push({ seq: entries.length + 1, at: new Date(now()).toISOString(), ...entry })
    },
    effects: (operation, match = {}) =>
      entries.filter(
        (entry) =>
          entry.kind === 'effect' &&
          entry.operation === operation &&
          (match.key === undefined || entry.key === match.key) &&
          (match.reference === undefined || entry.reference === match.reference),
      ),
    calls: (operation) =>
      entries.filter((entry) => entry.kind === 'call' && entry.operation === operation),
    webhooks: (operation) =>
      entries.filter(
        (entry) => entry.kind === 'webhook' && (!operation || entry.operation === operation),
      ),
  }
}
