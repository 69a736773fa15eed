import type { FastifyRequest } from 'fastify'
import { disputeOf, tellDispute } from '#clients/chargebacks'
import { factOf, tellFact } from '#clients/order-facts'
import { orderOfEvent } from '#db/queries/provider-events'
import {
  storeProviderEvent,
  takeProviderEvent,
  type ProviderEvent,
  type StoredEvent,
} from '#db/stores/provider-events'
import { documentRefused } from './channel-intake.ts'
import type { ApiDeps } from './deps.ts'
import { unstorable } from '#connectors/storable'

/** `told`: its order knows; `kept`: stored, and told when its order is there; `ignored`: stored, for nobody yet. */
export interface EventAnswer {
  outcome: 'told' | 'kept' | 'ignored'
}

/**
 * Stores an event of a provider, then tells the order that it is about. Once stored nothing is
 * lost: an event that is ahead of its order, or comes while the process engine is away, is told
 * by the sweep. The same event again changes nothing.
 */
export async function takeEvent(
  deps: ApiDeps,
  request: FastifyRequest,
  event: ProviderEvent,
  options: { taken: boolean },
): Promise<EventAnswer> {
  const problems = unstorable('$', event).map((found) => ({ ...found, code: 'not-storable' }))
  if (problems.length > 0) throw documentRefused(problems)
  const stored = await storeProviderEvent(deps.db, event, options)
  if (stored.state === 'untaken') return { outcome: 'ignored' }
  if (stored.state === 'taken') return { outcome: 'told' }
  try {
    return { outcome: (await tell(deps, stored)) ? 'told' : 'kept' }
  } catch (error) {
    request.log.warn({ err: error, event: stored.id }, 'stored; the sweep will tell the order')
    return { outcome: 'kept' }
  }
}

async function tell(deps: ApiDeps, event: StoredEvent): Promise<boolean> {
  const { db, temporal } = deps
  if (await tellEventOfDispute(deps, event)) return true
  const place = await orderOfEvent(db, event)
  return (
    place !== undefined && (await tellFact(temporal, place.workflowId, factOf(event))) === 'told'
  )
}

/** A dispute has a process of its own, also where no order of ours is known; false for other events. */
async function tellEventOfDispute(
  { db, temporal, orderTaskQueue }: ApiDeps,
  event: StoredEvent,
): Promise<boolean> {
  const fact = disputeOf(event)
  if (!fact) return false
  const updateId = `provider-event/${event.id}/${event.attempts}`
  await tellDispute(temporal, fact, { updateId, taskQueue: orderTaskQueue })
  await takeProviderEvent(db, event.id, null)
  return true
}
