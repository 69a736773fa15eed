import { isInScope, type Place } from '#domain/access'
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
