import { setTimeout as wait } from 'node:timers/promises'
import { Context, heartbeat } from '@temporalio/activity'
import type {
  ChannelCall,
  ChannelLook,
  ChannelStockActivities,
  SweptPage,
} from '#contracts/channel-stock'
import type { Db } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { channelStockPolicy } from '#db/queries/channel-stock'
import {
  pauseOrResume,
  readToldChannel,
  wantSweep,
  type ToldChannel,
} from '#db/stores/channel-stock'
import {
  channelAnswered,
  channelFailed,
  channelThrottled,
  settleSet,
  takeCall,
  type SetOutcome,
  type StockCall,
} from '#db/stores/channel-stock-calls'
import { watchStockCases } from '#db/stores/channel-stock-cases'
import { lookForChanges, NOT_TOLD } from '#db/stores/channel-stock-plan'
import { settleRead, sweptPage, takeSweepPage } from '#db/stores/channel-stock-reads'
import { transaction } from '#db/transaction'
import type { ChannelStockPolicy } from '#domain/channel-stock'
import { GatewayHiccup } from '../gateways/outcome.ts'
import { SlowDown } from '../gateways/shop.ts'
import type { StockAccess, StockGateway } from '../gateways/shop-stock.ts'

export interface ChannelStockDeps {
  db: Db
  stock: StockGateway
  /** The credential behind the variable that the channel names. */
  secretOf: (variable: string) => string | undefined
  /** How long one look waits for something to do. */
  watchMs: number
}

const LOOK_EVERY_MS = 500

export function channelStockActivities(deps: ChannelStockDeps): ChannelStockActivities {
  const { db } = deps
  return {
    lookForStockChanges: ({ channel }) => watch(deps, channel),
    async callStockChannel({ channel: code }) {
      const channel = await readToldChannel(db, code)
      if (!channel) return NO_CALL
      const policy = await channelStockPolicy(db, code)
      const call = await takeCall(db, channel.id, policy)
      return call.call === 'none' ? NO_CALL : alive(() => carryOut(deps, channel, policy, call))
    },
    async sweepStockPage({ channel: code }) {
      const channel = await readToldChannel(db, code)
      if (!channel) return { state: 'later', read: 0, drifted: 0 }
      const policy = await channelStockPolicy(db, code)
      return alive(() => sweepPage(deps, channel, policy))
    },
    async wishOfStock({ channel, wish, key, actor }) {
      await commitOnce(
        db,
        { key: `channel-stock/${channel}/${key}`, request: { channel, wish }, actor },
        async (tx) => {
          if (wish === 'sweep') await wantSweep(tx, channel, actor)
          else await pauseOrResume(tx, channel, wish === 'pause' ? 'paused' : 'on', actor)
        },
      )
    },
  }
}

/** Variations of many products are many calls: the engine must hear from us meanwhile. */
async function alive<T>(work: () => Promise<T>): Promise<T> {
  heartbeat()
  const beating = setInterval(() => heartbeat(), 10_000)
  try {
    return await work()
  } finally {
    clearInterval(beating)
  }
}

/** A look is a few reads, so an activity of some seconds is cheaper than a timer between each two. */
async function watch({ db, watchMs }: ChannelStockDeps, code: string): Promise<ChannelLook> {
  const until = Date.now() + watchMs
  const { cancellationSignal } = Context.current()
  let changed = 0
  for (;;) {
    heartbeat()
    const channel = await readToldChannel(db, code)
    if (!channel) return NOT_TOLD
    const policy = await channelStockPolicy(db, code)
    const look = await lookForChanges(db, code, policy)
    changed += look.changed
    const isOver = look.state === 'off' || look.due > 0 || look.sweepDue || Date.now() >= until
    if (!isOver && !cancellationSignal.aborted) {
      await wait(Math.min(LOOK_EVERY_MS, watchMs))
      continue
    }
    await transaction(db, (tx) => watchStockCases(tx, channel, policy, null))
    return { ...look, changed }
  }
}

const NO_CALL: ChannelCall = {
  call: 'none',
  listings: 0,
  confirmed: 0,
  stale: 0,
  refused: 0,
  unknown: 0,
  message: null,
}

async function carryOut(
  deps: ChannelStockDeps,
  channel: ToldChannel,
  policy: ChannelStockPolicy,
  call: Exclude<StockCall, { call: 'none' }>,
): Promise<ChannelCall> {
  const listings = call.listings.length
  try {
    const access = accessOf(deps, channel)
    if (call.call === 'set') return await setNumbers(deps, channel, access, call)
    const { found, missing, throttle } = await deps.stock.read(access, call.listings)
    await transaction(deps.db, async (tx) => {
      await channelAnswered(tx, channel.id, throttle)
      await settleRead(tx, { found, missing, askedAt: call.askedAt }, policy)
      await watchStockCases(tx, channel, policy, null)
    })
    return { ...NO_CALL, call: 'ask', listings, confirmed: found.length, refused: missing.length }
  } catch (error) {
    const key = call.call === 'set' ? call.key : null
    return { ...(await notAnswered(deps, channel, policy, error, key)), listings }
  }
}

async function setNumbers(
  { db, stock }: ChannelStockDeps,
  channel: ToldChannel,
  access: StockAccess,
  { key, listings }: Extract<StockCall, { call: 'set' }>,
): Promise<ChannelCall> {
  const { throttle, ...told } = await stock.set(access, key, listings)
  const named = told.done.length + told.stale.length + told.refused.length
  await transaction(db, async (tx) => {
    await channelAnswered(tx, channel.id, throttle)
    await settleSet(tx, key, { ...told, others: 'unknown', message: 'the answer does not name it' })
  })
  return {
    ...NO_CALL,
    call: 'set',
    listings: listings.length,
    confirmed: told.done.length,
    stale: told.stale.length,
    refused: told.refused.length,
    unknown: listings.length - named,
  }
}

/** Whatever is not certainly undone is asked about before anything else is set. */
async function notAnswered(
  { db }: ChannelStockDeps,
  channel: ToldChannel,
  policy: ChannelStockPolicy,
  error: unknown,
  key: string | null,
): Promise<ChannelCall> {
  const message = error instanceof Error ? error.message : String(error)
  const slow = error instanceof SlowDown
  const undone = slow || error instanceof GatewayHiccup
  await transaction(db, async (tx) => {
    if (slow) await channelThrottled(tx, channel.id, error.waitMs)
    else await channelFailed(tx, channel.id, message)
    if (key !== null) await settleSet(tx, key, lost(undone ? 'not-set' : 'unknown', message))
    await watchStockCases(tx, channel, policy, null)
  })
  return { ...NO_CALL, call: slow ? 'slow-down' : 'failed', message }
}

function lost(others: SetOutcome['others'], message: string): SetOutcome {
  return { done: [], stale: [], refused: [], others, message }
}

async function sweepPage(
  deps: ChannelStockDeps,
  channel: ToldChannel,
  policy: ChannelStockPolicy,
): Promise<SweptPage> {
  const page = await takeSweepPage(deps.db, channel.id, policy)
  if (!page) return { state: 'later', read: 0, drifted: 0 }
  try {
    const { listings } = page
    const there =
      listings.length > 0
        ? await deps.stock.read(accessOf(deps, channel), listings)
        : { found: [], missing: [], throttle: null }
    return await transaction(deps.db, async (tx) => {
      await channelAnswered(tx, channel.id, there.throttle)
      const { drifted } = await settleRead(tx, { ...there, askedAt: page.askedAt }, policy)
      const soFar = await sweptPage(tx, channel.id, page, drifted)
      await watchStockCases(tx, channel, policy, page.last ? soFar.drifted : null)
      return { state: page.last ? ('swept' as const) : ('more' as const), ...soFar }
    })
  } catch (error) {
    await notAnswered(deps, channel, policy, error, null)
    return { state: 'later', read: 0, drifted: 0 }
  }
}

function accessOf({ secretOf }: ChannelStockDeps, channel: ToldChannel): StockAccess {
  const { kind, pollUrl, pollSecretRef, location, code } = channel
  const credential = secretOf(pollSecretRef)
  if (!credential)
    throw new GatewayHiccup(
      `${pollSecretRef} is not set: set it to the credential of ${code} and restart the worker, or name another variable at the channel`,
    )
  return { kind, baseUrl: pollUrl.replace(/\/+$/, ''), credential, location }
}
