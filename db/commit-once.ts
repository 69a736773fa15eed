import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import postgres from 'postgres'
import { Refusal } from '#domain/refusal'
import type { Db, Tx } from './client.ts'
import { isConflict, isConnectionLost, transaction } from './transaction.ts'
import { closeRefusals } from './close-refusals.ts'
import { returnRefusals } from './return-refusals.ts'
import { stockRefusals } from './stock-refusals.ts'
import { supplierCreditRefusals } from './supplier-credit-refusals.ts'
import { taxRefusals } from './tax-refusals.ts'

export interface Command {
  /** Business key for life, as `ship-order/4711`: never a run id, an attempt or a random value. */
  key: string
  /** What was asked; the same key with another request is refused. */
  request: unknown
  /** Who asked: a person, a channel or a process. */
  actor: string
}

/** How a database guard speaks to people. */
interface GuardRefusal {
  code: string
  message: string
}

/**
 * Which refusal a database guard means, by constraint name. A guard that is missing here is a
 * bug of the caller, and its error passes unchanged. Other areas add their own names.
 */
export const refusalForConstraint: Record<string, GuardRefusal> = {
  gl_period_open: {
    code: 'PeriodClosed',
    message:
      'The period is closed for this kind of entry: post in the first open period, or ask for a reopening.',
  },
  gl_period_known: {
    code: 'PeriodUnknown',
    message: 'There is no such accounting period: open it first.',
  },
  gl_period_reopen: {
    code: 'ReopenIncomplete',
    message:
      'A reopening needs a locked area and an approved exception of it: ask for one, and let another person approve it.',
  },
  gl_period_duties: {
    code: 'SameCloser',
    message:
      'One person may not prepare, close and reopen, or ask and approve: ask another controller.',
  },
  gl_period_transition: { code: 'PeriodNotOpen', message: 'The area is already locked.' },
  period_exception_until: {
    code: 'PeriodExceptionEnded',
    message: 'The exception has ended: ask for one that ends later.',
  },
  period_exception_open: {
    code: 'PeriodExceptionEnded',
    message: 'No exception of this name waits for an approval: ask for one first.',
  },
  period_exception_known: {
    code: 'PeriodExceptionKnown',
    message: 'An exception of this name has been asked for before: give the new one another name.',
  },
  period_exception_approval_pkey: {
    code: 'PeriodExceptionKnown',
    message: 'This exception has been approved before: use it.',
  },
  ...closeRefusals,
  ...stockRefusals,
  journal_line_manual: {
    code: 'AccountNotManual',
    message:
      'Only posting rules write to this account: record the event that it is about, or use an account that takes entries by hand.',
  },
  open_item_not_overdrawn: {
    code: 'OpenItemOverdrawn',
    message: 'More would be taken than was paid in: use the balance that is left.',
  },
  journal_entry_same_content: {
    code: 'IdempotencyMismatch',
    message: 'This event has already posted another entry: send a new event, or reverse the first.',
  },
  stock_position_not_negative: {
    code: 'NotEnoughStock',
    message: 'Fewer units are there than would be taken: count them, then take what there is.',
  },
  stock_quant_not_negative: {
    code: 'NotEnoughStock',
    message: 'Fewer units are there than would be taken: count them, then take what there is.',
  },
  stock_position_not_over_reserved: {
    code: 'StockReserved',
    message:
      'Orders are promised these units: cancel, backorder or reallocate them first, then take the units away.',
  },
  goods_receipt_receipt_no_key: {
    code: 'ReceiptExists',
    message:
      'This receipt has been booked before: read it, or send the new goods under a new number.',
  },
  expected_supply_source_type_source_id_item_id_site_id_key: {
    code: 'SupplyExists',
    message:
      'This source already expects the item at the site: change that supply instead of adding one.',
  },
  replenishment_maker_not_checker: {
    code: 'OwnProposal',
    message: 'Whoever changed a proposal does not approve it: ask somebody else.',
  },
  replenishment_signer_not_converter: {
    code: 'OwnProposal',
    message: 'Whoever approved a proposal does not convert it: ask somebody else.',
  },
  replenishment_policy_version: {
    code: 'VersionConflict',
    message: 'Somebody has begun this version meanwhile: read the policy again.',
  },
  supplier_edi_has_an_address: {
    code: 'SupplierIncomplete',
    message: 'A supplier that is sent EDI needs its EDI id: give it, or send by mail.',
  },
  purchase_order_maker_not_checker: {
    code: 'SelfApproval',
    message: 'You wrote this purchase order: somebody else has to approve it.',
  },
  purchase_order_buyer_not_receiver: {
    code: 'SelfReceipt',
    message: 'You wrote this purchase order: somebody else has to receive its goods.',
  },
  purchase_order_po_number_key: {
    code: 'PurchaseExists',
    message: 'A purchase order has this number: take another one.',
  },
  goods_inspection_not_over_received: {
    code: 'InspectedTooMuch',
    message: 'More would be judged than came: somebody else has judged units meanwhile.',
  },
  receipt_line_goes_back_once: {
    code: 'ReturnedTooMuch',
    message:
      'More of a receipt line would go back than is here of it: read its returns and inspections, then ask for what is left.',
  },
  ...returnRefusals,
  channel_polls_with_a_credential: {
    code: 'PollingIncomplete',
    message:
      'A channel that is asked for its orders needs an address and a credential: give both, or neither.',
  },
  count_entry_once: {
    code: 'AlreadyCounted',
    message: 'Somebody has counted this place just now: count what is left on the sheet.',
  },
  count_entry_by_another: {
    code: 'SameCounter',
    message: 'You have counted this place before: somebody else counts it again.',
  },
  count_line_once: {
    code: 'AlreadyInCount',
    message: 'Another count holds one of these places: finish or cancel that one first.',
  },
  item_complete: {
    code: 'ItemNotReady',
    message: 'The item lacks fields that it needs to be active: fill them in first.',
  },
  payment_run_proposer_not_approver: {
    code: 'SameSigner',
    message: 'Proposing, approving and releasing a payment run take different people: ask another.',
  },
  payment_run_approver_not_releaser: {
    code: 'SameSigner',
    message: 'Proposing, approving and releasing a payment run take different people: ask another.',
  },
  payment_run_bank_editor_not_signer: {
    code: 'BankEditorSigns',
    message:
      'Whoever has changed or verified where a supplier is paid does not sign its payment: ask another.',
  },
  ...supplierCreditRefusals,
  ...taxRefusals,
  settlement_external_once: {
    code: 'StatementLineKnown',
    message: 'An entry is in another statement already: send each payout, and each day, once.',
  },
  journal_entry_reverses_once: {
    code: 'AlreadyReversed',
    message: 'This entry has already been reversed.',
  },
}

const MAX_ATTEMPTS = 5

/**
 * The one way to write: a single transaction, carried out once per business key for ever. The
 * same key and request again returns the first result; a concurrent holder of the key is waited
 * for. Conflicts and lost connections are retried here: if only the acknowledgement of COMMIT was
 * lost, the retry finds the command's row. `work` must touch nothing but `tx`, and its result must
 * be JSON (no bigint, no Date): both the first and the later caller get its JSON form.
 */
export async function commitOnce<T>(
  db: Db,
  command: Command,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const hash = requestHash(command.request)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptCommit(db, command, hash, work)
    } catch (error) {
      const transient = isConflict(error) || isConnectionLost(error)
      if (!transient || attempt === MAX_ATTEMPTS) throw toRefusal(error)
      // Spread, so that two that collided do not collide again.
      await wait(2 ** attempt * 5 * (0.5 + Math.random()))
    }
  }
}

/**
 * For a command that somebody else commits: the key is claimed, the question asked, and its answer
 * kept, so that the same key and request get it again for ever. `ask` is given a name for this
 * attempt: whoever repeats an unanswered question uses the same one, and after a refusal, which
 * gives the claim back, the next attempt has another. `isRefusal` says which errors are answers
 * that nothing was done; after any other nobody knows, so the claim stays.
 * @throws Refusal IdempotencyMismatch
 */
export async function askOnce<T>(
  db: Db,
  { key, request, actor }: Command,
  ask: (attempt: string) => Promise<T>,
  isRefusal: (error: unknown) => boolean,
): Promise<T> {
  const claim = await claimKey(db, key, requestHash(request), actor)
  if (claim.result !== null) return claim.result as T
  try {
    const json = toJson(key, await ask(`${key}/${claim.attempt}`))
    await db`UPDATE command SET result = ${json}::text::jsonb WHERE key = ${key} AND result IS NULL`
    return JSON.parse(json) as T
  } catch (error) {
    if (isRefusal(error))
      await db`DELETE FROM command WHERE key = ${key} AND result IS NULL AND ${attemptOf(db)} = ${claim.attempt}`
    throw error
  }
}

/**
 * What the command of this key has answered, where its whole key names a step that the asker does
 * not know: it begins with `under`. Undefined when none has committed.
 */
export async function committedAnswer<T>(
  db: Db,
  { under, key }: { under: string; key: string },
): Promise<T | undefined> {
  const [done] = await db<{ result: T }[]>`
    SELECT result FROM command WHERE key BETWEEN ${under} AND ${`${under}\uffff`}
      AND right(key, ${key.length + 1}) = ${`/${key}`} AND result IS NOT NULL`
  return done?.result
}

interface Claim {
  result: unknown
  attempt: string
}

/** An attempt is named by the microsecond in which its claim was made: a key has one claim at a time. */
const attemptOf = (db: Db) => db`(extract(epoch FROM recorded_at) * 1000000)::bigint::text`

async function claimKey(db: Db, key: string, hash: Buffer, actor: string): Promise<Claim> {
  for (;;) {
    await db`INSERT INTO command (key, request_hash, actor) VALUES (${key}, ${hash}, ${actor}) ON CONFLICT (key) DO NOTHING`
    const [claim] = await db<(Claim & { requestHash: Buffer })[]>`
      SELECT request_hash AS "requestHash", result, ${attemptOf(db)} AS attempt FROM command WHERE key = ${key}`
    // Given back in between by somebody who was refused.
    if (!claim) continue
    if (!claim.requestHash.equals(hash)) throw usedOtherwise(key)
    return claim
  }
}

/**
 * Runs the same work and always rolls back: shows a decision's effect before it is taken. It takes
 * the same locks as the act, so it is tried again where the act would be.
 */
export async function preview<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await previewOnce(db, work)
    } catch (error) {
      if (!isConflict(error) || attempt === MAX_ATTEMPTS) throw toRefusal(error)
      await wait(2 ** attempt * 5 * (0.5 + Math.random()))
    }
  }
}

async function previewOnce<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  const rollback = new Error('preview')
  let result: { value: T } | undefined
  try {
    await transaction(db, async (tx) => {
      result = { value: await work(tx) }
      await tx`SET CONSTRAINTS ALL IMMEDIATE`
      throw rollback
    })
  } catch (error) {
    if (error !== rollback) throw error
  }
  return result!.value
}

async function attemptCommit<T>(
  db: Db,
  { key, actor }: Command,
  hash: Buffer,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  let recorded: Promise<unknown> | undefined
  const result = await transaction(db, async (tx) => {
    const taken = await tx`
      INSERT INTO command (key, request_hash, actor) VALUES (${key}, ${hash}, ${actor})
      ON CONFLICT (key) DO NOTHING RETURNING 1`
    if (taken.length === 0) return firstResult(tx, key, hash)
    const json = toJson(key, await work(tx))
    // Not awaited here, so that it travels together with COMMIT; its own outcome is judged below.
    recorded = tx`UPDATE command SET result = ${json}::text::jsonb WHERE key = ${key}`.execute()
    recorded.catch(() => {})
    return JSON.parse(json) as unknown
  })
  // Had the update failed, the server would have answered COMMIT with a rollback.
  await recorded
  return result as T
}

async function firstResult(tx: Tx, key: string, hash: Buffer): Promise<unknown> {
  const [first] = await tx<{ request_hash: Buffer; result: unknown }[]>`
    SELECT request_hash, result FROM command WHERE key = ${key}`
  if (!first?.request_hash.equals(hash)) throw usedOtherwise(key)
  return first.result
}

function usedOtherwise(key: string): Refusal {
  return new Refusal(
    'IdempotencyMismatch',
    `The key ${key} was already used for another request: send the same request, or a new key.`,
    { key },
  )
}

function toJson(key: string, result: unknown): string {
  try {
    return JSON.stringify(result) ?? 'null'
  } catch (cause) {
    throw new TypeError(`the result of ${key} is not JSON: bigints are strings on the wire`, {
      cause,
    })
  }
}

/** sha256 of the request's canonical JSON: keys sorted, bigints as strings, undefined left out. */
export function requestHash(request: unknown): Buffer {
  return createHash('sha256').update(canonicalJson(request)).digest()
}

/** Same content, same text: keys sorted, bigints as strings, undefined members left out. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'bigint') return `"${value}"`
  if (value === undefined) return 'null'
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if ('toJSON' in value) return JSON.stringify(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  members.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`
}

/** A guard's error as the refusal that it means; any other error unchanged. */
export function toRefusal(error: unknown): unknown {
  if (!(error instanceof postgres.PostgresError)) return error
  const refusal = refusalForConstraint[error.constraint_name ?? '']
  if (!refusal) return error
  const refused = new Refusal(refusal.code, refusal.message, {
    reason: error.message,
    ...details(error),
  })
  refused.cause = error
  return refused
}

function details(error: postgres.PostgresError): Record<string, unknown> {
  if (!error.detail?.startsWith('{')) return {}
  return JSON.parse(error.detail) as Record<string, unknown>
}
