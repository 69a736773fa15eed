import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

export interface EffectRow {
  key: string
  gateway: string
  operation: string
  subjectType: string
  subjectId: string
  state: string
  attempts: number
  intendedAt: string
  settledAt: string | null
  /** The instant of its intent to the microsecond, as text that sorts. */
  place: string
}

export interface EffectFilter {
  state?: string | undefined
  gateway?: string | undefined
  subjectType?: string | undefined
  subjectId?: string | undefined
  scopes: Scopes
  behind?: { place: string; key: string } | undefined
  limit: number
}

/**
 * Calls to the outside, newest first, without what was said in them. One that is about no order
 * is shown only to whoever has no limits of company or channel.
 */
export async function listEffects(reader: Reader, filter: EffectFilter): Promise<EffectRow[]> {
  const { state, gateway, subjectType, subjectId, behind } = filter
  const { entities, channels } = filter.scopes
  const all = reader``
  return reader<EffectRow[]>`
    SELECT f.key, f.gateway, f.operation, f.subject_type AS "subjectType", f.subject_id AS "subjectId", f.state, f.attempts, f.intended_at AS "intendedAt",
      f.settled_at AS "settledAt", f.intended_at::text AS place
    FROM external_effect f LEFT JOIN sales_order o ON f.subject_type = 'order' AND o.id::text = f.subject_id
      LEFT JOIN channel c ON c.id = o.channel_id LEFT JOIN entity e ON e.id = o.entity_id
    WHERE (${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[]))
      AND (${channels === null} OR c.code = ANY(${[...(channels ?? [])]}::text[]))
      ${state === undefined ? all : reader`AND f.state = ${state}`}
      ${gateway === undefined ? all : reader`AND f.gateway = ${gateway}`}
      ${subjectType === undefined ? all : reader`AND f.subject_type = ${subjectType}`}
      ${subjectId === undefined ? all : reader`AND f.subject_id = ${subjectId}`}
      ${behind === undefined ? all : reader`AND (f.intended_at, f.key) < (${behind.place}::text::timestamptz, ${behind.key})`}
    ORDER BY f.intended_at DESC, f.key DESC LIMIT ${filter.limit}`
}
