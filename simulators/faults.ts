export type FaultKind =
  | 'decline'
  | 'timeout-before'
  | 'timeout-after-success'
  | 'late-success'
  | 'error-500'
  | 'garbage'
  | 'duplicate-webhook'
  | 'delay'

export interface Fault {
  kind: FaultKind
  /** Operation as the journal names it, e.g. `payment_intents.capture`; none means any. */
  operation?: string
  /** How many of the next matching calls; 1 unless told. */
  count?: number
  /**
   * `delay` waits this long before the work; a `hang` is cut after it (a minute unless told);
   * `late-success` answers never and does the work this long after (a second unless told).
   */
  delayMs?: number
  /** A decline's code, in the provider's own words. */
  code?: string
  /** Of those that never answer: keep the caller waiting, or cut the connection at once. */
  mode?: 'hang' | 'reset'
}

export interface Faults {
  /** Faults queue up; one call takes at most one fault of each kind. */
  add(fault: Fault): void
  /** Takes one count of the first fault that matches, if any. */
  take(kinds: FaultKind[], operation: string): Fault | undefined
  list(): Fault[]
  clear(): void
}

export function createFaults(): Faults {
  let waiting: (Fault & { count: number })[] = []
  return {
    add: (fault) => void waiting.push({ ...fault, count: fault.count ?? 1 }),
    take(kinds, operation) {
      const fault = waiting.find((candidate) => {
        const matches = candidate.operation === undefined || candidate.operation === operation
        return matches && kinds.includes(candidate.kind)
      })
      if (!fault) return undefined
      fault.count -= 1
      waiting = waiting.filter((candidate) => candidate.count > 0)
      return { ...fault }
    },
    list: () => waiting.map((fault) => ({ ...fault })),
    clear: () => void (waiting = []),
  }
}

const KINDS: readonly string[] = [
  'decline',
  'timeout-before',
  'timeout-after-success',
  'late-success',
  'error-500',
  'garbage',
  'duplicate-webhook',
  'delay',
] satisfies FaultKind[]

/** Body of `POST /_faults`: one fault, or `{ "clear": true }`. */
export function applyFaultCommand(faults: Faults, body: unknown): string | null {
  const command = (body ?? {}) as Record<string, unknown>
  if (command['clear'] === true) {
    faults.clear()
    return null
  }
  if (!KINDS.includes(String(command['kind']))) return `kind must be one of ${KINDS.join(', ')}`
  faults.add(command as unknown as Fault)
  return null
}
