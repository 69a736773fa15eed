import type { Reader } from '#db/client'
import { addDays } from '#domain/dates'
import { returnPolicyFor } from './return-policy.ts'

/** What was sold in some days, and what of it was given back or came back until another; functional. */
export interface Cohort {
  netMinor: bigint
  costMinor: bigint
  creditedMinor: bigint
  returnedCostMinor: bigint
}

interface CohortOf {
  entityId: number
  channelId: number
  from: string
  to: string
  /** What is known of its returns: until this day. */
  knownOn: string
}

/** Sales by the day on which they were earned, by order line, with the returns of these very lines. */
export async function readCohort(reader: Reader, cohort: CohortOf): Promise<Cohort> {
  const { entityId, channelId, from, to, knownOn } = cohort
  const [row] = await reader<Cohort[]>`
    WITH sold AS (
      SELECT l.order_line_id, coalesce(-sum(l.func_minor) FILTER (WHERE l.account_id IN (4010, 4110)), 0) AS net, coalesce(sum(l.func_minor) FILTER (WHERE l.account_id = 5010), 0) AS cost
      FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id
      WHERE e.entity_id = ${entityId} AND e.book = 'main' AND e.event_type IN ('goods-shipped', 'goods-delivered') AND e.effective_on BETWEEN ${from} AND ${to}
        AND l.channel_id = ${channelId} AND l.account_id IN (4010, 4110, 5010) GROUP BY 1)
    SELECT coalesce(sum(s.net), 0)::bigint AS "netMinor", coalesce(sum(s.cost), 0)::bigint AS "costMinor", coalesce(sum(b.credited), 0)::bigint AS "creditedMinor",
      coalesce(sum(b.cost), 0)::bigint AS "returnedCostMinor"
    FROM sold s LEFT JOIN LATERAL (
      SELECT sum(l.func_minor) FILTER (WHERE l.account_id = 4120) AS credited, -sum(l.func_minor) FILTER (WHERE l.account_id = 5010) AS cost
      FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
      WHERE l.order_line_id = s.order_line_id AND e.event_type IN ('return-credited', 'return-received') AND l.effective_on <= ${knownOn}) b ON true`
  return row!
}

/** A channel that a company sells by, with the days within which its goods may come back. */
export interface ReservedChannel {
  id: number
  code: string
  windowDays: number
  recoveryLossPpm: number
}

export async function channelsOf(reader: Reader, entityId: number): Promise<ReservedChannel[]> {
  const rows = await reader<{ id: number; code: string }[]>`
    SELECT id, code FROM channel WHERE entity_id = ${entityId} ORDER BY id`
  const channels: ReservedChannel[] = []
  for (const { id, code } of rows) {
    const { windowDays, recoveryLossPpm } = (await returnPolicyFor(reader, code)).body
    channels.push({ id, code, windowDays: Math.max(0, windowDays), recoveryLossPpm })
  }
  return channels
}

/** What share of a year's sales came back, of those whose window was over on a day; parts per million. */
export async function returnRate(
  reader: Reader,
  { id: channelId, windowDays }: ReservedChannel,
  { entityId, on }: { entityId: number; on: string },
): Promise<bigint> {
  const to = addDays(on, -windowDays - 1)
  const cohort = { entityId, channelId, from: addDays(to, -364), to, knownOn: on }
  const { netMinor, creditedMinor } = await readCohort(reader, cohort)
  return netMinor <= 0n || creditedMinor <= 0n ? 0n : (creditedMinor * 1_000_000n) / netMinor
}

export interface BackTest {
  channel: string
  month: string
  netMinor: bigint
  estimatedMinor: bigint
  actualMinor: bigint
}

/** The last three months whose window is over: what was to be expected at their end, and what came (ledger.md §5.1). */
export async function returnBackTest(
  reader: Reader,
  { entityId, on }: { entityId: number; on: string },
): Promise<BackTest[]> {
  const tests: BackTest[] = []
  for (const channel of await channelsOf(reader, entityId)) {
    let end = addDays(`${addDays(on, -channel.windowDays).slice(0, 8)}01`, -1)
    for (let n = 0; n < 3; n += 1) {
      const from = `${end.slice(0, 8)}01`
      const of = { entityId, channelId: channel.id, from, to: end, knownOn: on }
      const { netMinor, creditedMinor } = await readCohort(reader, of)
      const rate = await returnRate(reader, channel, { entityId, on: end })
      tests.push({
        ...{ channel: channel.code, month: end.slice(0, 7), netMinor },
        ...{ estimatedMinor: (netMinor * rate) / 1_000_000n, actualMinor: creditedMinor },
      })
      end = addDays(from, -1)
    }
  }
  return tests
}
