import type { Reader, Tx } from '#db/client'
import {
  channelsOf,
  readCohort,
  returnRate,
  type ReservedChannel,
} from '#db/queries/return-cohorts'
import { addDays } from '#domain/dates'
import type { JournalEntryDraft } from '#domain/ledger/journal'
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

interface ReserveOf {
  entityId: number
  functionalCurrency: string
  /** The day whose books it is for, usually a period's last. */
  on: string
  approvalId?: string | undefined
}

/** What the reserve has to be, and the entry that takes it there; none where it is there. */
export interface ReservePlan {
  targets: ReserveTarget[]
  draft?: JournalEntryDraft
}

/**
 * Row 12: sets refund liability and right to recover of a company to their targets, channel by
 * channel: what of the sales that may still come back is expected to, at the rate at which a
 * year's sales came back whose window is over, less what has come of them already. The asset is
 * their cost less what they are expected to lose (IFRS 15.B25). Set twice is set once.
 */
export async function setReturnReserve(
  tx: Tx,
  { actor, ...of }: ReserveOf & { actor: string },
): Promise<ReserveTarget[]> {
  // Whoever sets it at the same moment waits here, and finds it set.
  await tx`SELECT pg_advisory_xact_lock(hashtext('return-reserve'), ${of.entityId})`
  const { targets, draft } = await planReturnReserve(tx, of)
  if (!draft) return targets
  await postEntries(tx, [draft], actor)
  await keepTargets(tx, targets, { ...of, actor })
  return targets
}

/** What `setReturnReserve` would post. */
export async function planReturnReserve(reader: Reader, of: ReserveOf): Promise<ReservePlan> {
  const { entityId: entity, functionalCurrency, on, approvalId } = of
  const targets: ReserveTarget[] = []
  const changes = []
  for (const channel of await channelsOf(reader, entity)) {
    const target = await targetOf(reader, channel, of)
    const booked = await bookedFor(reader, { entityId: entity, channelId: channel.id, on })
    targets.push(target)
    changes.push({
      channelId: target.channelId,
      liabilityMinor: target.liabilityMinor - booked.liabilityMinor,
      assetMinor: target.assetMinor - booked.assetMinor,
    })
  }
  if (changes.every((change) => change.liabilityMinor === 0n && change.assetMinor === 0n))
    return { targets }
  const nth = (await timesSet(reader, of)) + 1
  const money = { entity, functionalCurrency, reservedOn: on, nth, approvalId }
  return { targets, draft: postReturnReserved({ ...money, channels: changes }) }
}

async function timesSet(reader: Reader, { entityId, on }: ReserveOf): Promise<number> {
  const [row] = await reader<{ times: number }[]>`
    SELECT count(*)::int AS times FROM journal_entry WHERE entity_id = ${entityId} AND source_type = 'return-reserve' AND source_id = ${`${entityId}/${on}`} AND reverses IS NULL`
  return row!.times
}

async function targetOf(
  reader: Reader,
  channel: ReservedChannel,
  { entityId, on }: ReserveOf,
): Promise<ReserveTarget> {
  const ratePpm = await returnRate(reader, channel, { entityId, on })
  const from = addDays(on, -channel.windowDays)
  const open = { entityId, channelId: channel.id, from, to: on, knownOn: on }
  const cohort = await readCohort(reader, open)
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
  reader: Reader,
  { entityId, channelId, on }: { entityId: number; channelId: number; on: string },
): Promise<{ liabilityMinor: bigint; assetMinor: bigint }> {
  const [row] = await reader<{ liabilityMinor: bigint; assetMinor: bigint }[]>`
    SELECT coalesce(-sum(l.func_minor) FILTER (WHERE l.account_id = 2130), 0)::bigint AS "liabilityMinor", coalesce(sum(l.func_minor) FILTER (WHERE l.account_id = 1350), 0)::bigint AS "assetMinor"
    FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
    WHERE e.entity_id = ${entityId} AND e.book = 'main' AND l.account_id IN (2130, 1350) AND l.channel_id = ${channelId} AND l.effective_on <= ${on}`
  return row!
}

/** The rates and the sales that the targets stand on, as they were then. */
export async function keepTargets(
  tx: Tx,
  targets: readonly ReserveTarget[],
  { entityId, on, actor }: Pick<ReserveOf, 'entityId' | 'on'> & { actor: string },
): Promise<void> {
  for (const target of targets)
    await tx`
      INSERT INTO return_reserve (entity_id, channel_id, reserved_on, rate_ppm, open_net_minor, open_cost_minor, liability_minor, asset_minor, actor)
      VALUES (${entityId}, ${target.channelId}, ${on}, ${Number(target.ratePpm)}, ${target.openNetMinor}, ${target.openCostMinor}, ${target.liabilityMinor}, ${target.assetMinor}, ${actor})`
}
