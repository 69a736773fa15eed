import type { Reader } from '#db/client'
import { actorName } from './actor-name.ts'
import type { Place, Scopes } from '#domain/scopes'

export interface DecisionRow {
  id: bigint
  subjectType: string
  subjectId: string
  kind: string
  rule: string
  ruleVersion: number
  inputs: unknown
  choice: unknown
  alternatives: unknown
  actor: string
  /** Of the person behind it. */
  actorName: string | null
  recordedAt: string
}

export interface AuditRow {
  id: bigint
  subjectType: string
  subjectId: string
  action: string
  before: unknown
  after: unknown
  reason: string | null
  actor: string
  actorName: string | null
  commandKey: string | null
  recordedAt: string
}

export interface PolicyVersion {
  kind: string
  scope: string
  version: number
  owner: string
  approver: string | null
  effectiveFrom: string
  body: Record<string, unknown>
  recordedAt: string
}

/** Why something was decided as it was, oldest first. */
export async function decisionsAbout(
  db: Reader,
  about: { subjectType: string; subjectId: string; kind?: string | undefined },
  { after, limit }: { after: bigint; limit: number },
): Promise<DecisionRow[]> {
  return db<DecisionRow[]>`
    SELECT id, subject_type AS "subjectType", subject_id AS "subjectId", kind, rule, rule_version AS "ruleVersion",
      inputs, choice, alternatives, actor, ${actorName(db, db`actor`)} AS "actorName", recorded_at AS "recordedAt"
    FROM decision_record
    WHERE subject_type = ${about.subjectType} AND subject_id = ${about.subjectId} AND id > ${after}
      ${about.kind === undefined ? db`` : db`AND kind = ${about.kind}`}
    ORDER BY id LIMIT ${limit}`
}

export interface AuditFilter {
  subjectType?: string | undefined
  subjectId?: string | undefined
  actor?: string | undefined
  action?: string | undefined
  from?: string | undefined
  to?: string | undefined
  /** Newest first: rows older than this id. */
  before: bigint
  limit: number
}

export async function listAudit(db: Reader, filter: AuditFilter): Promise<AuditRow[]> {
  const { subjectType, subjectId, actor, action, from, to, before, limit } = filter
  return db<AuditRow[]>`
    SELECT id, subject_type AS "subjectType", subject_id AS "subjectId", action, before, after, reason, actor,
      ${actorName(db, db`actor`)} AS "actorName", command_key AS "commandKey", recorded_at AS "recordedAt"
    FROM audit_event
    WHERE id < ${before}
      ${subjectType === undefined ? db`` : db`AND subject_type = ${subjectType}`}
      ${subjectId === undefined ? db`` : db`AND subject_id = ${subjectId}`}
      ${actor === undefined ? db`` : db`AND actor = ${actor}`}
      ${action === undefined ? db`` : db`AND action = ${action}`}
      ${from === undefined ? db`` : db`AND recorded_at >= ${from}::timestamptz`}
      ${to === undefined ? db`` : db`AND recorded_at < ${to}::timestamptz`}
    ORDER BY id DESC LIMIT ${limit}`
}

/**
 * Where the subject of a decision lies, for the scope check. Undefined for a kind of subject that
 * has no place or is not known here: only a caller without limits may then read it.
 */
export async function placeOfSubject(
  db: Reader,
  subjectType: string,
  subjectId: string,
): Promise<Place | undefined> {
  if (subjectType === 'item') return {}
  if (subjectType === 'policy') return placeOfPolicy(db, subjectId)
  if (subjectType === 'purchase-order' && /^\d{1,18}$/.test(subjectId)) {
    const [place] = await db<Place[]>`
      SELECT e.code AS entity FROM purchase_order p JOIN entity e ON e.id = p.entity_id WHERE p.id = ${subjectId}`
    return place
  }
  if (!['order', 'sales-order', 'sales_order'].includes(subjectType)) return undefined
  if (!/^\d{1,18}$/.test(subjectId)) return undefined
  const [place] = await db<Place[]>`
    SELECT e.code AS entity, c.code AS channel FROM sales_order o
    JOIN channel c ON c.id = o.channel_id JOIN entity e ON e.id = o.entity_id WHERE o.id = ${subjectId}`
  return place
}

/** A policy for all channels lies nowhere in particular, and so does one of a channel that is still to come. */
async function placeOfPolicy(db: Reader, subjectId: string): Promise<Place> {
  const scope = subjectId.slice(subjectId.indexOf('/') + 1)
  const [place] = await db<Place[]>`
    SELECT e.code AS entity, c.code AS channel FROM channel c JOIN entity e ON e.id = c.entity_id WHERE c.code = ${scope}`
  return place ?? (scope === '*' ? {} : { channel: scope })
}

const policyColumns = (db: Reader) => db`
  kind, scope, version, owner, approver, effective_from AS "effectiveFrom", body, recorded_at AS "recordedAt"`

/** The newest version of each policy, by kind and scope. */
export async function listPolicies(
  db: Reader,
  filter: {
    kind?: string | undefined
    scope?: string | undefined
    after: string
    limit: number
    scopes: Scopes
  },
): Promise<PolicyVersion[]> {
  const { kind, scope, after, limit, scopes } = filter
  return db<PolicyVersion[]>`
    SELECT DISTINCT ON (kind || ' ' || scope) ${policyColumns(db)} FROM policy
    WHERE kind || ' ' || scope > ${after}
      ${scopes.channels === null ? db`` : db`AND scope = ANY(${[...scopes.channels, '*']})`}
      ${scopes.entities === null ? db`` : db`AND NOT EXISTS (SELECT FROM channel c JOIN entity e ON e.id = c.entity_id WHERE c.code = scope AND e.code <> ALL(${[...scopes.entities]}))`}
      ${kind === undefined ? db`` : db`AND kind = ${kind}`}
      ${scope === undefined ? db`` : db`AND scope = ${scope}`}
    ORDER BY kind || ' ' || scope, version DESC LIMIT ${limit}`
}

/** All versions of one policy, newest first. */
export async function policyVersions(
  db: Reader,
  { kind, scope }: { kind: string; scope: string },
  { before, limit }: { before: number; limit: number },
): Promise<PolicyVersion[]> {
  return db<PolicyVersion[]>`
    SELECT ${policyColumns(db)} FROM policy
    WHERE kind = ${kind} AND scope = ${scope} AND version < ${before} ORDER BY version DESC LIMIT ${limit}`
}
