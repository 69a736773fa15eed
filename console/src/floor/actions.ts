export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }
export type Body = { [name: string]: Json }

/** What the API said to an action that it did not carry out. */
export interface Refused {
  status: number
  code: string
  detail: string
  errors: { field: string; message: string }[]
}

/** A field of the body that somebody may correct: where it stands, its word, and what it holds. */
export interface Edit {
  at: readonly (string | number)[]
  name:
    | 'bin'
    | 'scan'
    | 'qty'
    | 'reason'
    | 'weightG'
    | 'package'
    | 'damaged'
    | 'note'
    | 'toBin'
    | 'fromBin'
    | 'lot'
    | 'counted'
    | 'short'
    | 'description'
  /** `units` travel as text, `number` as a number; an empty field that is no text is left out. */
  as: 'text' | 'optional' | 'number' | 'units'
}

/** Something that was done on the floor: it happens once on the server, however often it is sent. */
export interface Action {
  /** In the order in which things were done. */
  id: number
  /** Idempotency-Key: the same for ever for the same body. */
  key: string
  /** Keys are the caller's own: nobody else sends it. */
  userId: string
  email: string
  kind: ActionKind
  /**
   * A path such as `order/12/pick/77/`. An action waits for every earlier one at or below its own
   * path: packing an order (`order/12/`) for all its picks, a pick for none but its own.
   */
  chain: string
  path: string
  body: Body
  edits: Edit[]
  /** What it is about, in codes: `W2`, `3 × MUG @ A-01`. */
  subject: string
  about: string
  /** What it settles in a list that was taken along: the task, the line, the place. */
  settles: string
  /** Units that go into a box by it. */
  packs?: { sku: string; qty: number }
  /** ISO instant. */
  madeAt: string
  state: 'waiting' | 'refused' | 'done'
  /** It has left the device at least once: whether it was carried out is not known without an answer. */
  sent: boolean
  refused?: Refused
  answeredAt?: string
}

export type ActionKind =
  | 'pick'
  | 'pick-order'
  | 'pack'
  | 'close-box'
  | 'empty-box'
  | 'buy-labels'
  | 'ship-boxes'
  | 'receive'
  | 'put-away'
  | 'count'
  | 'unknown-item'
  | 'transfer-ship'
  | 'transfer-receive'

/** What a page says was done; the queue adds who, when and the key. */
export type Done = Pick<
  Action,
  'kind' | 'chain' | 'path' | 'body' | 'edits' | 'subject' | 'about' | 'settles' | 'packs'
>

/**
 * The actions that may be sent now, in order: the caller's own, and none that would overtake one
 * which is not done and on which it builds.
 */
export function sendable(actions: readonly Action[], userId: string): Action[] {
  const open = actions.filter((one) => one.userId === userId && one.state !== 'done')
  return open.filter(
    (action) => action.state === 'waiting' && !open.some((one) => precedes(one, action)),
  )
}

/** The refused action behind which this one waits. */
export function heldBy(action: Action, actions: readonly Action[]): Action | undefined {
  return actions.find(
    (one) => one.userId === action.userId && one.state === 'refused' && precedes(one, action),
  )
}

function precedes(earlier: Action, later: Action): boolean {
  return earlier.id < later.id && earlier.chain.startsWith(later.chain)
}

/**
 * What has become of a line of a list by what was done on this device; undefined where the list
 * says so itself, because it was taken after the answer.
 * @param listAt ISO instant at which the list was asked for
 */
export function standing(
  actions: readonly Action[],
  settles: string,
  listAt: string,
): Action['state'] | undefined {
  const last = actions.findLast((one) => one.settles === settles)
  if (last?.state === 'done' && last.answeredAt! <= listAt) return undefined
  return last?.state
}

/** Only what was refused, or has never left, is known not to have happened. */
export function mayDrop({ state, sent }: Action): boolean {
  return state === 'refused' || (state === 'waiting' && !sent)
}

/** The field as somebody reads it. */
export function edited(body: Body, { at }: Edit): string {
  const value = at.reduce<Json | undefined>(
    (inside, step) => (inside as Record<string | number, Json> | undefined)?.[step],
    body,
  )
  return value === undefined || value === null ? '' : String(value)
}

/** The body with one field as somebody typed it. */
export function withEdit(body: Body, { at, as }: Edit, typed: string): Body {
  const copy = structuredClone(body)
  const inside = at
    .slice(0, -1)
    .reduce<Json>((value, step) => (value as Record<string | number, Json>)[step]!, copy)
  const holder = inside as Record<string | number, Json>
  const last = at.at(-1)!
  if (typed.trim() === '' && as !== 'text') delete holder[last]
  else holder[last] = as === 'number' ? Number(typed) : typed.trim()
  return copy
}
