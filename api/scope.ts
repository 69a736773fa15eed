import type { Reader } from '#db/client'
import { readChannel } from '#db/queries/masters'
import { EVERYWHERE, isInScope, scopesInclude, type Place } from '#domain/scopes'
import type { Principal } from './deps.ts'
import { forbidden, notFound } from './problem.ts'

/** What was read, when it exists and lies in the caller's scope; otherwise 404 for both. */
export function visible<Row>(
  principal: Principal,
  row: Row | undefined,
  what: string,
  placeOf: (row: Row) => Place,
): Row {
  if (row === undefined || !isInScope(principal.scopes, placeOf(row))) throw notFound(what)
  return row
}

/** A command on what lies outside the caller's scope is refused. */
export function requireScope(principal: Principal, place: Place): void {
  if (!isInScope(principal.scopes, place))
    throw forbidden(
      'OutOfScope',
      'This lies outside the entities, sites or channels of the caller.',
    )
}

/**
 * A command on a channel, which lies in its company as well. One that does not exist lies nowhere:
 * what to answer about it is the caller's to say.
 */
export async function requireChannelScope(
  db: Reader,
  principal: Principal,
  code: string,
): Promise<void> {
  const channel = await readChannel(db, code)
  requireScope(principal, { channel: code, ...(channel ? { entity: channel.entity } : {}) })
}

/**
 * A policy steers a whole channel, or all of them (`*`): whoever is limited names a channel within
 * reach, and who is limited to sites changes none.
 */
export async function requirePolicyScope(
  db: Reader,
  principal: Principal,
  scope: string,
): Promise<void> {
  if (scopesInclude(principal.scopes, EVERYWHERE)) return
  const channel = principal.scopes.sites === null ? await readChannel(db, scope) : undefined
  if (!channel || !isInScope(principal.scopes, { entity: channel.entity, channel: channel.code }))
    throw forbidden('OutOfScope', 'A policy reaches further than you do: name a channel of yours.')
}

/** An item's lots and codes lie at many sites and its units were sold by many channels: whoever decides sees them all. */
export function requireEverywhere({ scopes }: Principal, what: string): void {
  if (!scopesInclude(scopes, EVERYWHERE))
    throw forbidden(
      'OutOfScope',
      `A ${what} reaches further than you do: somebody without limits decides.`,
    )
}
