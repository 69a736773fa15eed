import { createHash } from 'node:crypto'
import { ApplicationFailure, Context, heartbeat, log } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import { tellOrder } from '#clients/order-process'
import { changedAt, channelOrderOf, externalIdIn } from '#connectors/channel-document'
import { storable } from '#connectors/storable'
import type { ChannelSyncActivities, Polled, PollPage } from '#contracts/channel-sync'
import type { Db } from '#db/client'
import {
  moveCursor,
  readPolledChannel,
  unknownVersions,
  type PolledChannel,
} from '#db/stores/channel-sync'
import { markTold, markTooLate, storeDocument } from '#db/stores/inbox'
import { storeRefusal } from '#db/stores/refused-documents'
import { SlowDown, type ShopAccess, type ShopGateway } from '../gateways/shop.ts'

export interface ChannelSyncDeps {
  db: Db
  temporal: Client
  shops: ShopGateway
  /** The credential behind the variable that the channel names. */
  secretOf: (variable: string) => string | undefined
  orderTaskQueue: string
}

/** Changes may become visible a little after their time stamp; asked for again, they do no harm. */
const OVERLAP_MS = 5 * 60_000
/** How far the first sweep of a channel looks back. */
const FIRST_SWEEP_MS = 24 * 3_600_000

export function channelSyncActivities(deps: ChannelSyncDeps): ChannelSyncActivities {
  return {
    async pollChannel(ask) {
      const channel = await readPolledChannel(deps.db, ask.channel)
      if (!channel) return { ...NOTHING, state: 'off' }
      try {
        return await pollPage(deps, channel, ask)
      } catch (error) {
        if (!(error instanceof SlowDown)) throw error
        throw ApplicationFailure.create({
          type: 'SlowDown',
          message: error.message,
          nextRetryDelay: error.waitMs,
          category: 'BENIGN',
        })
      }
    },
  }
}

const NOTHING: Polled = {
  state: 'swept',
  page: null,
  seenTo: null,
  listed: 0,
  found: 0,
  refused: 0,
  againMs: 0,
}

async function pollPage(
  deps: ChannelSyncDeps,
  channel: PolledChannel,
  ask: PollPage,
): Promise<Polled> {
  const access = accessOf(deps, channel, ask.channel)
  const { orders, next } = await deps.shops.page(access, {
    since: sinceOf(channel),
    page: ask.page,
  })
  const taken = await takeNew(deps, { ...channel, code: ask.channel }, access, orders)
  const seenTo = [ask.seenTo, ...orders.map((order) => changedAt(channel.kind, order))]
    .filter((at) => at !== null)
    .sort()
    .at(-1)
  if (next === null && seenTo !== undefined) await moveCursor(deps.db, channel.id, seenTo)
  return {
    ...taken,
    state: next === null ? 'swept' : 'more',
    page: next,
    seenTo: seenTo ?? null,
    listed: orders.length,
    againMs: channel.pollSeconds * 1000,
  }
}

function accessOf(
  { secretOf }: ChannelSyncDeps,
  { kind, pollUrl, pollSecretRef }: PolledChannel,
  code: string,
): ShopAccess {
  const credential = secretOf(pollSecretRef)
  if (!credential)
    throw new Error(
      `${pollSecretRef} is not set: set it to the credential of ${code} and restart the worker, or name another variable at the channel`,
    )
  return { kind, baseUrl: pollUrl.replace(/\/+$/, ''), credential }
}

function sinceOf({ syncedTo }: PolledChannel): string {
  const from = syncedTo === null ? Date.now() - FIRST_SWEEP_MS : Date.parse(syncedTo) - OVERLAP_MS
  return new Date(from).toISOString()
}

type Sought = PolledChannel & { code: string }

async function takeNew(
  deps: ChannelSyncDeps,
  channel: Sought,
  access: ShopAccess,
  orders: readonly unknown[],
): Promise<Pick<Polled, 'found' | 'refused'>> {
  const listed = orders.map((order) => ({
    order,
    externalId: externalIdIn(JSON.stringify(order)) ?? '',
    version: changedAt(channel.kind, order) ?? '',
  }))
  const unknown = await unknownVersions(deps.db, channel, listed)
  let found = 0
  let refused = 0
  for (const { order, externalId, version } of listed) {
    if (!unknown.has(externalId)) continue
    heartbeat()
    Context.current().cancellationSignal.throwIfAborted()
    const raw = await deps.shops.complete(access, order)
    if ((await take(deps, channel, { raw, externalId, version })) === 'taken') found += 1
    else refused += 1
  }
  return { found, refused }
}

/** Kept under order and version, so that a webhook of the same change, or another sweep, is harmless. */
async function take(
  { db, temporal, orderTaskQueue }: ChannelSyncDeps,
  { kind, code }: Sought,
  { raw, externalId, version }: { raw: unknown; externalId: string; version: string },
): Promise<'taken' | 'refused'> {
  const body = Buffer.from(JSON.stringify(raw))
  const named = externalId !== '' && version !== ''
  const message = {
    source: `${kind}/${code}`,
    eventId: named
      ? `${externalId}/${version}`
      : `listed/${createHash('sha256').update(body).digest('hex')}`,
    topic: 'updated' as const,
  }
  const read = storable(channelOrderOf(kind, raw, code))
  if (!read.ok) {
    const { problems } = read
    const asks = !problems.every((problem) => problem.code === 'order-not-ready')
    // What will be an order later is listed again then, as a newer version.
    if (asks)
      await storeRefusal(db, {
        ...message,
        channel: code,
        externalId,
        body,
        problems,
        asks,
      })
    return 'refused'
  }
  const document = read.value
  const { inboxId, outcome } = await storeDocument(db, { ...message, document })
  if (outcome !== 'received') return 'taken'
  const actor = `channel-sync:${code}`
  const told = { ...message, inboxId, document, actor, taskQueue: orderTaskQueue }
  try {
    if ((await tellOrder(temporal, told)) === 'ended') await markTooLate(db, inboxId)
    else await markTold(db, [inboxId])
  } catch (error) {
    log.warn('stored; the sweep will tell the order process', { inboxId, error: String(error) })
  }
  return 'taken'
}
