import { ApplicationFailure, log } from '@temporalio/activity'
import type { AddressDocument } from '#contracts/order-intake'
import type { Db } from '#db/client'
import { RequestRefused } from './gateways.ts'
import type { Effect, KeptOutcome } from './effect-outcomes.ts'
import type { Gateways } from './gateways.ts'

/** How often a provider is asked about an unknown outcome before a person is. */
const ASKS_BEFORE_A_PERSON = 3

/**
 * Makes one outside call that was written down before, under its one key. The first attempt
 * sends; after an answer that never came, every later one asks what became of it.
 */
export async function callOutside(
  db: Db,
  gateways: Gateways,
  effect: Effect,
  attempt: number,
): Promise<KeptOutcome> {
  if (effect.operation === 'verify-address') return verifyAddress(db, gateways, effect, attempt)
  const first = effect.state === 'intended'
  await db`UPDATE external_effect SET state = CASE WHEN state = 'intended' THEN 'sent' ELSE state END, attempts = attempts + 1 WHERE key = ${effect.key}`
  const outcome = await (first ? send(db, gateways, effect) : find(db, gateways, effect))
  if (outcome.outcome !== 'unknown' || attempt >= ASKS_BEFORE_A_PERSON) return outcome
  log.warn('no trustworthy answer yet', { effect: effect.key, attempt })
  throw ApplicationFailure.create({
    type: 'EffectUnknown',
    message: outcome.message,
    nextRetryDelay: attempt * 500,
  })
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
  try {
    if (effect.operation === 'void-label') return await gateways.voidLabel(effect)
    if (effect.gateway === 'carrier')
      return await gateways.buyLabel(effect, await destinationOf(db, effect))
    return await gateways.pay(effect)
  } catch (error) {
    if (error instanceof RequestRefused)
      return { outcome: 'refused', code: error.code, message: error.message }
    // Nothing was done: the next attempt may send again under the same key.
    await db`UPDATE external_effect SET state = 'unknown' WHERE key = ${effect.key} AND state = 'sent'`
    throw error
  }
}

async function find(db: Db, gateways: Gateways, effect: Effect): Promise<KeptOutcome> {
  const found = await findBy(gateways, effect)
  if (found.outcome !== 'absent') return found
  // The provider never saw it, so sending under the same key cannot double it.
  return send(db, gateways, effect)
}

function findBy(
  gateways: Gateways,
  effect: Effect,
): ReturnType<Gateways['findLabel' | 'findVoid' | 'findPayment']> {
  if (effect.operation === 'void-label') return gateways.findVoid(effect)
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
