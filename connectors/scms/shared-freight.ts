import { apportion } from '#domain/apportion'
import type { FreightTerms } from '#domain/purchasing/past-purchase'
import { toCents } from '../delimited-rows.ts'
import type { ScmsRow } from './scms-row.ts'

export interface FreightShare {
  freightMinor: bigint
  terms: FreightTerms
}

/** The rows whose freight stands in one of them, which is the first. */
export type FreightGroup = [carrying: ScmsRow, ...sharing: ScmsRow[]]

/**
 * Puts the rows together that one freight charge is for: `See ASN-93 (ID#:1281)` is carried by row
 * 1281, whose shipment it is. A reference that leads nowhere or in a circle rejects its row.
 */
export function freightGroups(rows: readonly ScmsRow[]): FreightGroup[] {
  const byId = new Map(rows.map((row) => [row.id, row]))
  const groups = new Map<ScmsRow, FreightGroup>()
  for (const row of rows) if (row.freight.see === null) groups.set(row, [row])
  for (const row of rows) {
    if (row.freight.see === null) continue
    const carrying = carrierOf(row, byId)
    if (carrying) groups.get(carrying)!.push(row)
    else groups.set(row, [row])
  }
  return [...groups.values()]
}

const FIELD = 'Freight Cost (USD)'

function carrierOf(from: ScmsRow, byId: ReadonlyMap<string, ScmsRow>): ScmsRow | null {
  const seen = new Set<ScmsRow>()
  let at = from
  while (at.freight.see) {
    const { id, shipment } = at.freight.see
    const next = byId.get(id)
    seen.add(at)
    if (!next) from.row.reject(FIELD, 'unknown-shipment', `there is no row with the ID ${id}`)
    else if (next.shipment !== shipment)
      from.row.reject(
        FIELD,
        'other-shipment',
        `row ${id} is of ${next.shipment}, not of ${shipment}`,
      )
    else if (seen.has(next)) from.row.reject(FIELD, 'freight-in-a-circle', `${id} leads back here`)
    if (from.row.problem !== null || !next) return null
    at = next
  }
  return at
}

/** Splits the group's freight over its rows by their value, to the cent. */
export function shareFreight(group: FreightGroup): Map<ScmsRow, FreightShare> {
  const [{ freight }] = group
  const total = toCents(freight.amount)
  const shares = apportion(
    total,
    group.map(({ value }) => value),
  )
  const terms = freight.terms === 'charged' && group.length > 1 ? 'shared' : freight.terms
  return new Map(group.map((row, n) => [row, { freightMinor: shares[n]!, terms }]))
}
