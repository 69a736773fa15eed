import { defineUpdate } from '@temporalio/workflow'

/** One process a channel that is told what it may sell, for as long as it is to be told. */
export function channelStockId(channel: string): string {
  return `channel-stock/${channel}`
}

export interface ChannelStockStart {
  channel: string
}

/** How the channel stands after a look at what has changed here. */
export interface ChannelLook {
  /** `off`: the channel is closed, or nobody wants it told any more. */
  state: 'on' | 'paused' | 'off'
  changed: number
  /** Listings that it has not been told of, and those of them that may be told now. */
  open: number
  due: number
  lagSeconds: number
  /** Units of each listing that are kept back while it lags. */
  lagBuffer: number
  sweepDue: boolean
  waitsUntil: string | null
  waitsBecause: string | null
}

/** What one call to the channel has done. */
export interface ChannelCall {
  call: 'none' | 'ask' | 'set' | 'failed' | 'slow-down'
  listings: number
  /** Listings whose number there is the one that we want. */
  confirmed: number
  stale: number
  refused: number
  unknown: number
  message: string | null
}

export interface SweptPage {
  /** `later`: the channel is left alone for now; the sweep goes on where it is. */
  state: 'more' | 'swept' | 'later'
  /** Read back, and found otherwise than we left it, in this sweep so far. */
  read: number
  drifted: number
}

/** What a person wants of the process, and who; `key` makes a repeat harmless. */
export interface StockWish {
  key: string
  actor: string
}

export interface ChannelStockActivities {
  /** Looks twice a second, for some seconds, until something is to be done. */
  lookForStockChanges(ask: ChannelStockStart): Promise<ChannelLook>
  /** One call: a question or a set of numbers, whichever is more urgent. */
  callStockChannel(ask: ChannelStockStart): Promise<ChannelCall>
  /** Reads one page of listings back. */
  sweepStockPage(ask: ChannelStockStart): Promise<SweptPage>
  wishOfStock(
    ask: StockWish & ChannelStockStart & { wish: 'sweep' | 'pause' | 'resume' },
  ): Promise<void>
}

/** Everything is read back now and not only at night. */
export const sweepStockNow = defineUpdate<void, [StockWish]>('sweepNow')
/** Nothing is told until somebody resumes; changes are still found, so the lag is known. */
export const pauseStock = defineUpdate<void, [StockWish]>('pause')
export const resumeStock = defineUpdate<void, [StockWish]>('resume')
