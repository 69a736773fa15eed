import type { Tx } from '#db/client'
import { policiesFor } from '#db/queries/policies'
import type { ChannelStockPolicy } from '#domain/channel-stock'
import { allowedResolutions, type CaseType } from '#domain/orders/exceptions'
import { healCases, openCase, escalateCase, resolveCase, type NewCase } from './cases.ts'
import { recordDecisions } from './records.ts'

export interface StockChannel {
  id: number
  code: string
  entityId: number
  currency: string
}

const TYPES: CaseType[] = [
  'channel-stock-drift',
  'channel-listing-unknown',
  'channel-stock-failing',
]

/**
 * Opens the cases that the channel's state asks for, closes those whose cause is gone and hands on
 * those that nobody decides.
 * @param sweptDrift listings that drifted in the sweep that has just ended; null: none has ended
 */
export async function watchStockCases(
  tx: Tx,
  channel: StockChannel,
  policy: ChannelStockPolicy,
  sweptDrift: number | null,
): Promise<void> {
  const news = [
    ...(await driftCase(tx, channel, policy, sweptDrift)),
    ...(await unknownListings(tx, channel)),
    ...(await failingCase(tx, channel, policy)),
  ]
  if (news.length > 0) {
    const { exceptions } = await policiesFor(tx, channel.code)
    for (const found of news)
      await openCase(tx, { ...common(channel), ...found, policy: exceptions.body[found.type] })
  }
  await healStockCases(tx, channel, policy)
  await escalateLate(tx, channel)
}

type Found = Pick<NewCase, 'key' | 'type' | 'subjectType' | 'subjectId' | 'summary' | 'evidence'>

function common({ id, code, entityId, currency }: StockChannel) {
  return {
    workflowId: `channel-stock/${code}`,
    entityId,
    channelId: id,
    moneyAtRiskMinor: 0n,
    currency,
    customerClass: 'standard',
    openedBy: 'system',
  }
}

async function driftCase(
  tx: Tx,
  { id, code }: StockChannel,
  { driftCaseListings, driftCaseUnits }: ChannelStockPolicy,
  sweptDrift: number | null,
): Promise<Found[]> {
  const held = await tx<Record<string, unknown>[]>`
    SELECT l.external_id AS "externalId", i.sku, w.drift_ours::text AS ours, w.drift_theirs::text AS theirs, w.target::text AS wanted, w.drift_at AS since, w.drift_cause AS cause
    FROM channel_stock_listing w JOIN listing l ON l.id = w.listing_id JOIN item i ON i.id = l.item_id
    WHERE w.channel_id = ${id} AND w.state <> 'confirmed' AND w.held ORDER BY w.listing_id LIMIT 20`
  const many = sweptDrift !== null && sweptDrift >= driftCaseListings
  if (held.length === 0 && !many) return []
  const why = many
    ? `${sweptDrift} listings of ${code} did not show what we left there`
    : `a listing of ${code} shows at least ${driftCaseUnits} units less than we left there, and is not raised by itself`
  return [
    {
      key: `channel-stock-drift/${code}`,
      type: 'channel-stock-drift',
      subjectType: 'channel',
      subjectId: `${id}`,
      summary: why,
      evidence: { channel: code, sweptDrift, held },
    },
  ]
}

async function unknownListings(tx: Tx, { id, code }: StockChannel): Promise<Found[]> {
  const rows = await tx<{ listingId: number; externalId: string; sku: string; error: string }[]>`
    SELECT w.listing_id AS "listingId", l.external_id AS "externalId", i.sku, coalesce(w.error, '') AS error
    FROM channel_stock_listing w JOIN listing l ON l.id = w.listing_id AND l.state = 'live' JOIN item i ON i.id = l.item_id
    WHERE w.channel_id = ${id} AND w.state = 'absent'
      AND NOT EXISTS (SELECT FROM exception_case x WHERE x.key = 'channel-listing-unknown/' || w.listing_id AND x.state = 'open')
    ORDER BY w.listing_id LIMIT 100`
  return rows.map(({ listingId, ...row }) => ({
    key: `channel-listing-unknown/${listingId}`,
    type: 'channel-listing-unknown',
    subjectType: 'listing',
    subjectId: `${listingId}`,
    summary:
      `${code} does not know the listing ${row.externalId} of ${row.sku}: ${row.error}`.slice(
        0,
        500,
      ),
    evidence: { channel: code, ...row },
  }))
}

async function failingCase(
  tx: Tx,
  { id, code }: StockChannel,
  { failingCaseSeconds }: ChannelStockPolicy,
): Promise<Found[]> {
  const rows = await tx<{ since: string; failures: number; error: string | null }[]>`
    SELECT failing_since AS since, failures, last_error AS error FROM channel_stock
    WHERE channel_id = ${id} AND state = 'on' AND failing_since < clock_timestamp() - make_interval(secs => ${failingCaseSeconds})`
  return rows.map((evidence) => ({
    key: `channel-stock-failing/${code}`,
    type: 'channel-stock-failing',
    subjectType: 'channel',
    subjectId: `${id}`,
    summary:
      `${code} cannot be told what it may sell since ${evidence.since}: ${evidence.error ?? 'no reason told'}`.slice(
        0,
        500,
      ),
    evidence: { channel: code, ...evidence },
  }))
}

async function healStockCases(
  tx: Tx,
  { id }: StockChannel,
  { driftCaseListings }: ChannelStockPolicy,
): Promise<void> {
  const healed = await tx<{ id: bigint }[]>`
    SELECT x.id FROM exception_case x JOIN channel_stock s ON s.channel_id = x.channel_id
    WHERE x.channel_id = ${id} AND x.state = 'open' AND CASE x.type
      WHEN 'channel-stock-failing' THEN s.failing_since IS NULL
      WHEN 'channel-stock-drift' THEN s.sweep_after IS NULL AND s.sweep_drift < ${driftCaseListings}
        AND NOT EXISTS (SELECT FROM channel_stock_listing w WHERE w.channel_id = ${id} AND w.state <> 'confirmed' AND w.held)
      WHEN 'channel-listing-unknown' THEN NOT EXISTS (SELECT FROM channel_stock_listing w WHERE w.listing_id = x.subject_id::int AND w.state = 'absent')
      ELSE false END`
  await healCases(
    tx,
    healed.map((row) => row.id),
    'the channel shows what we want',
  )
}

async function escalateLate(tx: Tx, { id, code }: StockChannel): Promise<void> {
  const late = await tx<{ id: bigint; type: CaseType }[]>`
    SELECT id, type FROM exception_case WHERE channel_id = ${id} AND type = ANY (${TYPES}::text[]) AND state = 'open' AND due_at < clock_timestamp() LIMIT 50`
  if (late.length === 0) return
  const { exceptions } = await policiesFor(tx, code)
  for (const { id: caseId, type } of late) {
    const { escalateTo, slaMinutes } = exceptions.body[type]
    await escalateCase(tx, caseId, { team: escalateTo, slaMinutes })
  }
}

export type StockResolution =
  'overwrite' | 'pause-listing' | 'ask-again' | 'retry' | 'pause-channel'

export interface StockDecision {
  caseId: bigint
  resolution: StockResolution
  actor: string
}

/** Carries out what a person has decided; false when the case is not open any more. */
export async function decideStockCase(tx: Tx, by: StockDecision): Promise<boolean> {
  const [found] = await tx<
    { type: CaseType; channelId: number; subjectId: string; evidence: Record<string, unknown> }[]
  >`
    SELECT type, channel_id AS "channelId", subject_id AS "subjectId", evidence FROM exception_case WHERE id = ${by.caseId} AND state = 'open' FOR NO KEY UPDATE`
  if (!found) return false
  await resolveCase(tx, by.caseId, by)
  await recordDecisions(tx, [
    {
      subjectType: found.type === 'channel-listing-unknown' ? 'listing' : 'channel',
      subjectId: found.subjectId,
      kind: `exception:${found.type}`,
      rule: 'person',
      ruleVersion: 1,
      inputs: { caseId: by.caseId.toString(), evidence: found.evidence },
      choice: { resolution: by.resolution },
      alternatives: allowedResolutions(found.type)
        .filter((resolution) => resolution !== by.resolution)
        .map((resolution) => ({ resolution })),
      actor: by.actor,
    },
  ])
  await carryOut(tx, by.resolution, found)
  return true
}

async function carryOut(
  tx: Tx,
  resolution: StockResolution,
  { type, channelId, subjectId }: { type: CaseType; channelId: number; subjectId: string },
): Promise<void> {
  const about =
    type === 'channel-listing-unknown'
      ? tx`w.listing_id = ${Number(subjectId)}`
      : tx`w.channel_id = ${channelId} AND w.held`
  switch (resolution) {
    case 'overwrite':
      await tx`UPDATE channel_stock_listing w SET held = false, not_before = NULL WHERE ${about}`
      return
    case 'pause-listing':
      await tx`UPDATE listing SET state = 'paused' WHERE id IN (SELECT w.listing_id FROM channel_stock_listing w WHERE ${about})`
      await tx`UPDATE channel_stock_listing w SET held = false WHERE ${about}`
      return
    case 'ask-again':
      await tx`UPDATE channel_stock_listing w SET state = 'unknown', not_before = NULL, error = NULL WHERE ${about} AND w.state = 'absent'`
      return
    case 'retry':
      await tx`UPDATE channel_stock SET failing_since = NULL, failures = 0, not_before = NULL WHERE channel_id = ${channelId}`
      return
    case 'pause-channel':
      await tx`UPDATE channel_stock SET state = 'paused' WHERE channel_id = ${channelId}`
  }
}
