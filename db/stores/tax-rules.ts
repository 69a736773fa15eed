import type { TaxProfile } from '#db/queries/tax-rules'
import type { Tx } from '../client.ts'
import { Refusal } from '#domain/refusal'
import { json } from './records.ts'

export interface StatedRate {
  jurisdiction: string
  category: string
  ratePpm: number
}

export interface StatedArea {
  jurisdiction: string
  level: 'county' | 'city' | 'special'
  postalFrom: string
  postalTo: string
}

/**
 * The next version of a jurisdiction's profile, with the rates and places that begin with it.
 * @throws Refusal `VersionConflict` when somebody else has stated one meanwhile; `TaxRateKnown` from the guards.
 */
export async function insertTaxProfile(
  tx: Tx,
  profile: Omit<TaxProfile, 'version'> & { basedOn: number },
  { rates, areas }: { rates: readonly StatedRate[]; areas: readonly StatedArea[] },
): Promise<number> {
  const { jurisdiction, basedOn, validFrom } = profile
  const version = basedOn + 1
  const added = await tx`
    INSERT INTO tax_profile (jurisdiction, version, valid_from, system, sourcing, basis, rounding, stack, shipping, facilitator, source, owner)
    SELECT ${jurisdiction}, ${version}, ${validFrom}::date, ${profile.system}, ${profile.sourcing}, ${profile.basis}, ${profile.rounding}, ${profile.stack},
      ${profile.shipping}, ${profile.facilitator}, ${profile.source}, ${profile.owner}
    WHERE ${basedOn}::int = (SELECT coalesce(max(version), 0) FROM tax_profile WHERE jurisdiction = ${jurisdiction})
    ON CONFLICT DO NOTHING RETURNING 1`
  if (added.length === 0)
    throw new Refusal(
      'VersionConflict',
      `The profile of ${jurisdiction} has another newest version than ${basedOn}: read it again.`,
    )
  await tx`
    INSERT INTO tax_rate (jurisdiction, tax_category, rate_ppm, valid_from) SELECT jurisdiction, category, "ratePpm", ${validFrom}::date
    FROM jsonb_to_recordset(${json(tx, rates)}) AS r (jurisdiction text, category text, "ratePpm" int)`
  await tx`
    INSERT INTO tax_area (jurisdiction, state, level, postal_from, postal_to, valid_from) SELECT jurisdiction, ${jurisdiction}, level, "postalFrom", "postalTo", ${validFrom}::date
    FROM jsonb_to_recordset(${json(tx, areas)}) AS a (jurisdiction text, level text, "postalFrom" text, "postalTo" text)`
  return version
}

export interface NewCertificate {
  channel: string
  customer: string
  number: string
  jurisdictions: readonly string[]
  kind: string
  validFrom: string
  validTo: string
}

/** @throws Refusal `UnknownChannel`, `CertificateKnown` from the guard. */
export async function insertCertificate(
  tx: Tx,
  certificate: NewCertificate,
  actor: string,
): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO exemption_certificate (channel_id, customer, number, jurisdictions, kind, valid_from, valid_to, captured_by)
    SELECT id, ${certificate.customer}, ${certificate.number}, ${[...certificate.jurisdictions]}::text[], ${certificate.kind}, ${certificate.validFrom}, ${certificate.validTo}, ${actor}
    FROM channel WHERE code = ${certificate.channel} RETURNING id`
  if (!row) throw unknownChannel(certificate.channel)
  return row.id
}

function unknownChannel(code: string): Refusal {
  return new Refusal('UnknownChannel', `There is no channel "${code}".`, { field: 'body.channel' })
}

/** @throws Refusal `SameVerifier` or `CertificateDecided` from the guard. */
export async function decideCertificate(
  tx: Tx,
  id: bigint,
  { decision, reason, actor }: { decision: string; reason: string; actor: string },
): Promise<void> {
  await tx`
    INSERT INTO exemption_decision (certificate_id, decision, decided_by, reason) VALUES (${id}, ${decision}, ${actor}, ${reason})`
}

export interface NewVatIdCheck {
  channel: string
  customer: string
  vatId: string
  valid: boolean
  checkedOn: string
  reference: string
}

/** @throws Refusal `UnknownChannel`. */
export async function insertVatIdCheck(tx: Tx, check: NewVatIdCheck, actor: string): Promise<void> {
  const [kept] = await tx`
    INSERT INTO vat_id_check (channel_id, customer, vat_id, valid, checked_on, reference, checked_by)
    SELECT id, ${check.customer}, ${check.vatId}, ${check.valid}, ${check.checkedOn}, ${check.reference}, ${actor} FROM channel WHERE code = ${check.channel} RETURNING 1`
  if (!kept) throw unknownChannel(check.channel)
}
