import type { Reader } from '#db/client'
import type { Rate, TaxRounding } from '#domain/tax/calculate'
import type { Scopes } from '#domain/scopes'
import type { ShippingTax } from '#domain/tax/rated-parts'

/** How a jurisdiction taxes from a day on (R6–R12). */
export interface TaxProfile extends TaxRounding {
  jurisdiction: string
  version: number
  validFrom: string
  system: 'sales-tax' | 'vat'
  sourcing: 'destination' | 'origin'
  shipping: ShippingTax
  facilitator: boolean
  source: string
  owner: string
}

const profileColumns = (reader: Reader) => reader`
  jurisdiction, version, valid_from AS "validFrom", system, sourcing, basis, rounding, stack, shipping, facilitator, source, owner`

/** The profile of the nearest of these places that has one on a day. */
export async function profileOn(
  reader: Reader,
  places: readonly string[],
  on: string,
): Promise<TaxProfile | undefined> {
  const [row] = await reader<TaxProfile[]>`
    SELECT ${profileColumns(reader)} FROM tax_profile WHERE jurisdiction = ANY(${[...places]}::text[]) AND valid_from <= ${on}::date
    ORDER BY array_position(${[...places]}::text[], jurisdiction), valid_from DESC, version DESC LIMIT 1`
  return row
}

/** Every version, by jurisdiction. */
export async function taxProfiles(reader: Reader, jurisdiction?: string): Promise<TaxProfile[]> {
  return reader<TaxProfile[]>`
    SELECT ${profileColumns(reader)} FROM tax_profile WHERE ${jurisdiction ?? null}::text IS NULL OR jurisdiction = ${jurisdiction ?? null}
    ORDER BY jurisdiction, version`
}

/**
 * The places that tax what goes to an address: the state itself, then county, city and districts
 * whose range of postal codes it lies in.
 */
export async function taxStack(
  reader: Reader,
  { state, postalCode, on }: { state: string; postalCode: string | null; on: string },
): Promise<string[]> {
  // Five digits: a ZIP+4 lies where its ZIP lies.
  const rows = await reader<{ jurisdiction: string }[]>`
    SELECT jurisdiction FROM tax_area WHERE state = ${state} AND ${postalCode?.slice(0, 5) ?? null} BETWEEN postal_from AND postal_to AND valid_from <= ${on}::date
    GROUP BY jurisdiction, level ORDER BY array_position('{county,city,special}'::text[], level), jurisdiction`
  return [state, ...rows.map((row) => row.jurisdiction)]
}

/**
 * The rates of each category at each of these places, in their order; a category without a rate of
 * its own at a place goes by the standard one there. Missing: no place has any.
 */
export async function stackedRates(
  reader: Reader,
  ask: { places: readonly string[]; categories: readonly string[]; on: string },
): Promise<Map<string, Rate[]>> {
  const rows = await reader<(Rate & { category: string })[]>`
    SELECT category, jurisdiction, "ratePpm" FROM (
      SELECT DISTINCT ON (c.category, r.jurisdiction) c.category, r.jurisdiction, r.rate_ppm AS "ratePpm"
      FROM unnest(${[...ask.categories]}::text[]) AS c (category)
      JOIN tax_rate r ON r.tax_category IN (c.category, 'standard') AND r.jurisdiction = ANY(${[...ask.places]}::text[])
        AND r.valid_from <= ${ask.on}::date AND (r.valid_to IS NULL OR r.valid_to >= ${ask.on}::date)
      ORDER BY c.category, r.jurisdiction, (r.tax_category = c.category) DESC, r.valid_from DESC) r
    ORDER BY category, array_position(${[...ask.places]}::text[], jurisdiction)`
  const byCategory = new Map<string, Rate[]>()
  for (const { category, ...rate } of rows)
    byCategory.set(category, [...(byCategory.get(category) ?? []), rate])
  return byCategory
}

/** Registrations that hold on a day. */
export async function registrationsOn(
  reader: Reader,
  entityId: number,
  on: string,
): Promise<{ scheme: 'domestic' | 'oss' | 'ioss'; jurisdiction: string }[]> {
  return reader<{ scheme: 'domestic' | 'oss' | 'ioss'; jurisdiction: string }[]>`
    SELECT DISTINCT scheme, jurisdiction FROM tax_registration WHERE entity_id = ${entityId} AND valid_from <= ${on}::date`
}

/** Whose buyer, by the channel's id; a guest has neither certificate nor number. */
export interface TaxedBuyer {
  channelId: number
  customer: string | null
}

/**
 * The verified certificate of a buyer for a state: one that is valid on the day, failing that the
 * one that ended last or has not begun.
 */
export async function certificateFor(
  reader: Reader,
  { channelId, customer }: TaxedBuyer,
  { state, on }: { state: string; on: string },
): Promise<{ id: bigint; number: string; valid: boolean } | undefined> {
  if (customer === null) return undefined
  const [row] = await reader<{ id: bigint; number: string; valid: boolean }[]>`
    SELECT id, number, ${on}::date BETWEEN valid_from AND valid_to AS valid FROM exemption_certificate c
    WHERE channel_id = ${channelId} AND customer = ${customer} AND ${state} = ANY(jurisdictions)
      AND EXISTS (SELECT FROM exemption_decision d WHERE d.certificate_id = c.id AND d.decision = 'verified')
      AND NOT EXISTS (SELECT FROM exemption_decision d WHERE d.certificate_id = c.id AND d.decision = 'revoked')
    ORDER BY valid DESC, valid_to DESC, id DESC LIMIT 1`
  return row
}

/** A VAT number counts as long as the latest answer about it is that it is valid. */
export async function validVatId(
  reader: Reader,
  { channelId, customer }: TaxedBuyer,
  on: string,
): Promise<string | null> {
  if (customer === null) return null
  const [row] = await reader<{ vatId: string; valid: boolean }[]>`
    SELECT vat_id AS "vatId", valid FROM vat_id_check WHERE channel_id = ${channelId} AND customer = ${customer} AND checked_on <= ${on}::date
    ORDER BY checked_on DESC, id DESC LIMIT 1`
  return row?.valid ? row.vatId : null
}

/**
 * Net sales to consumers in other member states in a calendar year or, if more, the year before,
 * in functional minor units: what the limit of Article 59c is about.
 */
export async function crossBorderSales(
  reader: Reader,
  {
    entityId,
    seat,
    states,
    on,
  }: { entityId: number; seat: string; states: readonly string[]; on: string },
): Promise<bigint> {
  const [row] = await reader<{ minor: bigint }[]>`
    SELECT coalesce(max(net), 0)::bigint AS minor FROM (
      SELECT date_part('year', o.placed_on) AS year,
        sum(round((l.goods_minor - l.discount_minor + l.shipping_minor)::numeric * (l.qty_ordered - l.qty_cancelled) / l.qty_ordered * o.rate_e9 / 1000000000)) AS net
      FROM sales_order o JOIN sales_order_line l ON l.order_id = o.id
      WHERE o.entity_id = ${entityId} AND o.ship_country <> ${seat} AND o.ship_country = ANY(${[...states]}::text[])
        AND o.placed_on BETWEEN date_trunc('year', ${on}::date) - interval '1 year' AND ${on}::date AND o.tax_collected_by = 'seller'
        AND NOT EXISTS (SELECT FROM order_line_tax t WHERE t.order_line_id = l.id AND t.tax_code LIKE '%/reverse-charge')
      GROUP BY 1) y`
  return row!.minor
}

export interface Certificate {
  id: bigint
  channel: string
  customer: string
  number: string
  jurisdictions: string[]
  kind: 'resale' | 'government' | 'charity' | 'education' | 'manufacturing' | 'direct-pay' | 'other'
  validFrom: string
  validTo: string
  state: 'captured' | 'verified' | 'rejected' | 'revoked'
  capturedBy: string
}

/** Certificates of the channels in reach, the newest first. */
export async function listCertificates(
  reader: Reader,
  ask: { channel?: string; customer?: string; before: bigint; limit: number; scopes: Scopes },
): Promise<Certificate[]> {
  const { channel = null, customer = null, before, limit, scopes } = ask
  return reader<Certificate[]>`
    SELECT x.id, c.code AS channel, customer, number, jurisdictions, x.kind, valid_from AS "validFrom", valid_to AS "validTo", captured_by AS "capturedBy",
      coalesce((SELECT d.decision FROM exemption_decision d WHERE d.certificate_id = x.id ORDER BY d.decision = 'verified' LIMIT 1), 'captured') AS state
    FROM exemption_certificate x JOIN channel c ON c.id = x.channel_id JOIN entity e ON e.id = c.entity_id
    WHERE x.id < ${before} AND (${channel}::text IS NULL OR c.code = ${channel}) AND (${customer}::text IS NULL OR customer = ${customer})
      AND (${scopes.entities}::text[] IS NULL OR e.code = ANY(${scopes.entities}::text[])) AND (${scopes.channels}::text[] IS NULL OR c.code = ANY(${scopes.channels}::text[]))
    ORDER BY x.id DESC LIMIT ${limit}`
}

export async function channelOfCertificate(
  reader: Reader,
  id: bigint,
): Promise<{ channel: string; entity: string } | undefined> {
  const [row] = await reader<{ channel: string; entity: string }[]>`
    SELECT c.code AS channel, e.code AS entity FROM exemption_certificate x JOIN channel c ON c.id = x.channel_id JOIN entity e ON e.id = c.entity_id WHERE x.id = ${id}`
  return row
}
