import type { Tx } from '#db/client'
import {
  channelsOf,
  readCohort,
  returnRate,
  type ReservedChannel,
} from '#db/queries/return-cohorts'
import { addDays } from '#domain/dates'
import { postReturnReserved } from '#domain/ledger/posting-return-reserve'
import { postEntries } from './ledger.ts'

/** What a company expects to come back of a channel's sales; functional. */
export interface ReserveTarget {
  channelId: number
  channel: string
  ratePpm: bigint
  openNetMinor: bigint
  openCostMinor: bigint
  liabilityMinor: bigint
  assetMinor: bigint
}

interface Reserving {
  entityId: number
  functionalCurrency: string
  /** The day whose books it is for, usually a period's last. */
  on: string
  actor: string
}

/**
 * Row 12: sets refund liability and right to recover of a company to their targets, channel by
 * channel, once a day: what of the sales that may still come back is expected to, at the rate at
 * which a year's sales came back whose window is over, less what has come of them already. The
 * asset is their cost less what they are expected to lose (IFRS 15.B25). Asked again for the same
 * day it answers what was set.
 */
export async function setReturnReserve(tx: Tx, reserving: Reserving): Promise<ReserveTarget[]> {
  const { entityId, functionalCurrency, on, actor } = reserving
  // Whoever sets it at the same moment waits here, and finds it set.
  await tx`SELECT pg_advisory_xact_lock(hashtext('return-reserve'), ${entityId})`
  const known = await reserveOf(tx, reserving)
  if (known.length > 0) return known
  const targets: ReserveTarget[] = []
  for (const channel of await channelsOf(tx, entityId))
    targets.push(await targetOf(tx, channel, reserving))
  const changes = []
  for (const target of targets) {
    const booked = await bookedFor(tx, { entityId, channelId: target.channelId, on })
    changes.push({
      channelId: target.channelId,
      liabilityMinor: target.liabilityMinor - booked.liabilityMinor,
      assetMinor: target.assetMinor - booked.assetMinor,
    })
    await keepTarget(tx, target, reserving)
  }
  if (changes.some((change) => change.liabilityMinor !== 0n || change.assetMinor !== 0n))
    await postEntries(
      tx,
      [
        postReturnReserved({
          ...{ entity: entityId, functionalCurrency, reservedOn: on, channels: changes },
        }),
      ],
      actor,
    )
  return targets
}

async function targetOf(
  tx: Tx,
  channel: ReservedChannel,
  { entityId, on }: Reserving,
): Promise<ReserveTarget> {
  const ratePpm = await returnRate(tx, channel, { entityId, on })
  const from = addDays(on, -channel.windowDays)
  const open = { entityId, channelId: channel.id, from, to: on, knownOn: on }
  const cohort = await readCohort(tx, open)
  const share = (minor: bigint) => (minor * ratePpm) / 1_000_000n
  const cost = atLeastZero(share(cohort.costMinor) - cohort.returnedCostMinor)
  return {
    ...{ channelId: channel.id, channel: channel.code, ratePpm },
    ...{ openNetMinor: cohort.netMinor, openCostMinor: cohort.costMinor },
    liabilityMinor: atLeastZero(share(cohort.netMinor) - cohort.creditedMinor),
    assetMinor: (cost * BigInt(1_000_000 - channel.recoveryLossPpm)) / 1_000_000n,
  }
}

function atLeastZero(minor: bigint): bigint {
  return minor > 0n ? minor : 0n
}

async function bookedFor(
  tx: Tx,
  { entityId, channelId, on }: { entityId: number; channelId: number; on: string },
): Promise<{ liabilityMinor: bigint; assetMinor: bigint }> {
  const [row] = await tx<{ liabilityMinor: bigint; assetMinor: bigint }[]>`
    SELECT coalesce(-sum(l.func_minor) FILTER (WHERE l.account_id = 2130), 0)::bigint AS "liabilityMinor", coalesce(sum(l.func_minor) FILTER (WHERE l.account_id = 1350), 0)::bigint AS "assetMinor"
    FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
    WHERE e.entity_id = ${entityId} AND e.book = 'main' AND l.account_id IN (2130, 1350) AND l.channel_id = ${channelId} AND l.effective_on <= ${on}`
  return row!
}

async function keepTarget(tx: Tx, target: ReserveTarget, { entityId, on, actor }: Reserving) {
  await tx`
    INSERT INTO return_reserve (entity_id, channel_id, reserved_on, rate_ppm, open_net_minor, open_cost_minor, liability_minor, asset_minor, actor)
    VALUES (${entityId}, ${target.channelId}, ${on}, ${Number(target.ratePpm)}, ${target.openNetMinor}, ${target.openCostMinor}, ${target.liabilityMinor}, ${target.assetMinor}, ${actor})`
}

async function reserveOf(tx: Tx, { entityId, on }: Reserving): Promise<ReserveTarget[]> {
  const rows = await tx<ReserveTarget[]>`
    SELECT r.channel_id AS "channelId", c.code AS channel, r.rate_ppm::bigint AS "ratePpm", r.open_net_minor AS "openNetMinor", r.open_cost_minor AS "openCostMinor",
      r.liability_minor AS "liabilityMinor", r.asset_minor AS "assetMinor"
    FROM return_reserve r JOIN channel c ON c.id = r.channel_id WHERE r.entity_id = ${entityId} AND r.reserved_on = ${on} ORDER BY r.channel_id`
  return [...rows]
}
