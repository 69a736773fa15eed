import { exchangeRate } from '../queries/rates.ts'
import { takeBooked } from '#domain/ledger/open-value'
import {
  earnedBreakage,
  postBreakageRecognised,
  postCardEscheated,
} from '#domain/ledger/posting-breakage'
import { BREAKAGE_KEY, giftCardKey } from '#domain/ledger/sales-terms'
import type { Tx } from '../client.ts'
import { lockOpenItem, openItem } from './ledger-open-items.ts'
import { postEntries } from './ledger.ts'

interface CardBooks {
  entityId: number
  functionalCurrency: string
  currency: string
  actor: string
}

export interface BreakageRun extends CardBooks {
  /** Names the run for ever: the key of the command that asked for it. */
  runId: string
  recognisedOn: string
  policyVersion: number
  expectedPpm: number
  /** Where unused cards go to the state, as `US-DE`: no breakage is earned there. */
  escheatIn: readonly string[]
}

/**
 * Sets recognised breakage to what is earned of the portfolio by now (row 14): a second run
 * right after it changes nothing, as the target has been reached.
 */
export async function recogniseBreakage(
  tx: Tx,
  run: BreakageRun,
): Promise<{ earnedMinor: bigint; changeMinor: bigint }> {
  const { entityId, functionalCurrency, currency, recognisedOn, policyVersion } = run
  // One run at a time: both would see the same breakage recognised before.
  const key = { entityId, account: 'GiftCards' as const, currency, key: BREAKAGE_KEY }
  await tx`SELECT pg_advisory_xact_lock(7261004, ${entityId})`
  const [portfolio] = await tx<{ issued: bigint; left: bigint }[]>`
    SELECT coalesce(sum(c.face_minor), 0)::bigint AS issued, coalesce(sum(-i.balance_minor), 0)::bigint AS left
    FROM gift_card c JOIN open_item i ON i.entity_id = c.entity_id AND i.account_id = 2110 AND i.currency = c.currency AND i.book = 'main' AND i.key = 'gift-card/' || c.id
    WHERE c.entity_id = ${entityId} AND c.currency = ${currency} AND NOT coalesce(c.jurisdiction = ANY (${[...run.escheatIn]}::text[]), false)`
  const earnedMinor = earnedBreakage({
    issuedMinor: portfolio!.issued,
    usedMinor: portfolio!.issued - portfolio!.left,
    expectedPpm: run.expectedPpm,
  })
  const before = await openItem(tx, key)
  const changeMinor = earnedMinor - (before?.balanceMinor ?? 0n)
  if (changeMinor !== 0n) {
    const rateE9 = await exchangeRate(tx, {
      from: currency,
      to: functionalCurrency,
      on: recognisedOn,
    })
    const books = { entity: entityId, currency, functionalCurrency, rateE9 }
    const recognised = { runId: run.runId, recognisedOn, policyVersion, changeMinor }
    await postEntries(tx, [postBreakageRecognised({ ...books, ...recognised })], run.actor)
  }
  return { earnedMinor, changeMinor }
}

export interface Escheat extends CardBooks {
  escheatedOn: string
  jurisdiction: string
  /** Cards that nothing has moved since before this day. */
  unusedSince: string
}

/** Gives what is left on the cards of a state that nobody used for long enough to the state. */
export async function escheatCards(
  tx: Tx,
  run: Escheat,
): Promise<{ cards: number; amountMinor: bigint }> {
  const { entityId, functionalCurrency, currency, escheatedOn, jurisdiction } = run
  const unused = await tx<{ id: bigint }[]>`
    SELECT c.id FROM gift_card c JOIN open_item i ON i.entity_id = c.entity_id AND i.account_id = 2110 AND i.currency = c.currency AND i.book = 'main' AND i.key = 'gift-card/' || c.id
    WHERE c.entity_id = ${entityId} AND c.currency = ${currency} AND c.jurisdiction = ${jurisdiction} AND i.balance_minor < 0
      AND NOT EXISTS (SELECT FROM open_item_match m JOIN journal_entry e ON e.id = m.entry_id WHERE m.open_item_id = i.id AND e.effective_on >= ${run.unusedSince})
    ORDER BY c.id`
  const rateE9 = await exchangeRate(tx, { from: currency, to: functionalCurrency, on: escheatedOn })
  const books = { entity: entityId, currency, functionalCurrency, rateE9 }
  const drafts = []
  let total = 0n
  for (const { id } of unused) {
    const key = giftCardKey(id)
    const item = await lockOpenItem(tx, { entityId, account: 'GiftCards', currency, key })
    const open = { amountMinor: -item!.balanceMinor, funcMinor: -item!.funcMinor }
    const { amountMinor } = open
    // Spent meanwhile, by somebody who was quicker.
    if (amountMinor <= 0n) continue
    const bookedFuncMinor = takeBooked(open, amountMinor)
    const card = { cardId: id, escheatedOn, jurisdiction, amountMinor, bookedFuncMinor }
    drafts.push(postCardEscheated({ ...books, ...card }))
    total += amountMinor
  }
  await postEntries(tx, drafts, run.actor)
  return { cards: drafts.length, amountMinor: total }
}
