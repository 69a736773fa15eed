import { ApplicationFailure, log } from '@temporalio/activity'
import type { AddressDocument } from '#contracts/order-intake'
import type { Db } from '#db/client'
import { InvariantViolation } from '#domain/refusal'
import { GatewayHiccup } from '../gateways/outcome.ts'
import type { Effect, KeptOutcome } from './effect-outcomes.ts'
import { checkTax, commitTax, findTaxCommit } from './tax-calls.ts'
import { findScreening, screen } from './screening.ts'
import { interceptByPerson } from './intercepts.ts'
import { RequestRefused, type Gateways, type LabelOffer } from './gateways.ts'

/** How often a provider is asked about an unknown outcome before a person is. */
const ASKS_BEFORE_A_PERSON = 3

/**
 * Makes one outside call that was written down before, under its one key. What never left us is
 * sent; after an answer that never came every later attempt asks what became of it. A provider
 * that cannot be reached is an outcome that nobody knows: the order must not wait for it.
 */
export async function callOutside(
  db: Db,
  gateways: Gateways,
  effect: Effect,
  attempt: number,
): Promise<KeptOutcome> {
  if (effect.operation === 'verify-address') return verifyAddress(db, gateways, effect, attempt)
  await db`UPDATE external_effect SET attempts = attempts + 1 WHERE key = ${effect.key}`
  const outcome = await howToCall(effect)(db, gateways, effect).catch(orUnknown)
  const settled = outcome.outcome !== 'unknown'
  if (settled || outcome.askInMs !== undefined || outcome.forPerson) return outcome
  if (attempt >= ASKS_BEFORE_A_PERSON) return outcome
  log.warn('no trustworthy answer yet', { effect: effect.key, attempt })
  throw ApplicationFailure.create({
    type: 'EffectUnknown',
    message: outcome.message,
    nextRetryDelay: attempt * 500,
  })
}

function howToCall(effect: Effect): typeof send {
  if (effect.operation === 'check-tax') return checkTax
  if (effect.operation === 'intercept') return async () => interceptByPerson(effect)
  return effect.sentAt === null ? send : find
}

/** A bug of ours stops loudly; whatever else goes wrong on the way out leaves the outcome open. */
function orUnknown(error: unknown): KeptOutcome {
  if (error instanceof InvariantViolation || error instanceof TypeError) throw error
  return { outcome: 'unknown', message: error instanceof Error ? error.message : String(error) }
}

/** Asking costs nothing and does nothing: a carrier that does not answer has no suggestion. */
async function verifyAddress(
  db: Db,
  gateways: Gateways,
  effect: Effect,
  attempt: number,
): Promise<KeptOutcome> {
  const [row] = await db<{ personalDataId: bigint; shipTo: AddressDocument | null }[]>`
    SELECT d.id AS "personalDataId", d.body->'shipTo' AS "shipTo" FROM sales_order o JOIN personal_data d ON d.id = o.personal_data_id
    WHERE o.id = ${BigInt(String(effect.request['orderId']))}`
  if (!row?.shipTo)
    return { outcome: 'refused', code: 'no-address', message: 'there is no address to verify' }
  try {
    const verdict = await gateways.verifyAddress(row.shipTo)
    // Personal data stays with the customer's row, so that erasing it erases the suggestion too.
    if (verdict.suggestion)
      await db`UPDATE personal_data SET body = body || ${db.json({ suggestion: verdict.suggestion } as never)} WHERE id = ${row.personalDataId} AND body->'shipTo' = ${db.json(row.shipTo as never)}`
    const { suggestion, ...kept } = verdict
    return { outcome: 'confirmed', facts: { ...kept, suggested: suggestion !== null } }
  } catch (error) {
    if (attempt < ASKS_BEFORE_A_PERSON) throw error
    return { outcome: 'refused', code: 'no-answer', message: String(error) }
  }
}

async function send(db: Db, gateways: Gateways, effect: Effect): Promise<KeptOutcome> {
  const [mine] = await db`
    UPDATE external_effect SET state = 'sent', sent_at = clock_timestamp() WHERE key = ${effect.key} AND state IN ('intended', 'sent', 'unknown') RETURNING 1`
  // Somebody settled it a moment ago: nothing is sent, and whatever is answered here changes nothing.
  if (!mine) return { outcome: 'unknown', message: 'it was settled meanwhile', forPerson: true }
  try {
    if (effect.operation === 'void-label') return await gateways.voidLabel(effect)
    if (effect.gateway === 'tax') return await commitTax(db, gateways, effect)
    if (effect.gateway === 'compliance') return await screen(db, gateways, effect)
    if (effect.gateway !== 'carrier') return await gateways.pay(effect)
    return await gateways.buyLabel(effect, await destinationOf(db, effect), (offer) =>
      keepOffer(db, effect, offer),
    )
  } catch (error) {
    if (error instanceof RequestRefused)
      return { outcome: 'refused', code: error.code, message: error.message }
    // Nothing reached the provider, so the next attempt sends instead of asking.
    if (error instanceof GatewayHiccup)
      await db`UPDATE external_effect SET sent_at = NULL WHERE key = ${effect.key}`
    throw error
  }
}

/** Committed before anything is bought, so that every later attempt buys on the same shipment. */
async function keepOffer(db: Db, effect: Effect, offer: LabelOffer | null): Promise<void> {
  const prepared = offer === null ? null : db.json({ ...offer } as never)
  await db`UPDATE external_effect SET prepared = ${prepared} WHERE key = ${effect.key}`
}

async function find(db: Db, gateways: Gateways, effect: Effect): Promise<KeptOutcome> {
  const found = await findBy(gateways, effect)
  if (found.outcome !== 'absent') return found
  const age = Date.now() - Date.parse(effect.sentAt ?? effect.intendedAt)
  const tooEarlyBy = found.final ? 0 : gateways.absentIsFinalAfterMs - age
  if (tooEarlyBy > 0)
    return {
      outcome: 'unknown',
      message: `the provider does not show it ${Math.round(age / 1000)} s after it was sent, and may still be working on it`,
      askInMs: tooEarlyBy,
    }
  // The provider never saw it, so sending under the same key cannot double it.
  return send(db, gateways, effect)
}

function findBy(
  gateways: Gateways,
  effect: Effect,
): ReturnType<Gateways['findLabel' | 'findVoid' | 'findPayment']> {
  if (effect.operation === 'void-label') return gateways.findVoid(effect)
  if (effect.gateway === 'tax') return findTaxCommit(gateways, effect)
  if (effect.gateway === 'compliance') return findScreening(gateways, effect)
  return effect.gateway === 'carrier' ? gateways.findLabel(effect) : gateways.findPayment(effect)
}

export interface Route {
  from: AddressDocument
  to: AddressDocument
}

async function destinationOf(db: Db, effect: Effect): Promise<Route> {
  const [row] = await db<{ to: AddressDocument | null; from: AddressDocument }[]>`
    SELECT d.body->'shipTo' AS to, jsonb_build_object('name', s.name, 'company', null, 'line1', s.name, 'line2', null, 'city', s.name, 'region', s.region, 'postalCode', s.postal_code, 'country', s.country) AS from
    FROM parcel p JOIN fulfilment_order f ON f.id = p.fulfilment_id JOIN site s ON s.id = f.site_id
    JOIN sales_order o ON o.id = p.order_id JOIN personal_data d ON d.id = o.personal_data_id WHERE p.id = ${BigInt(String(effect.request['parcelId']))}`
  if (!row?.to) throw new RequestRefused('no-address', 'The order has no ship-to address.')
  return { from: row.from, to: row.to }
}
