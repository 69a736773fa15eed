import { defineSignal } from '@temporalio/workflow'

/** One process a channel that can be asked for its orders, for as long as it is active. */
export function channelSyncId(channel: string): string {
  return `channel-sync/${channel}`
}

export interface ChannelSyncStart {
  channel: string
}

/** One page of the sweep that is under way; the first is asked for with nothing. */
export interface PollPage {
  channel: string
  /** The channel's own mark of the page, from the answer before. */
  page: string | null
  /** The youngest change that the pages so far have told (ISO instant). */
  seenTo: string | null
}

export interface Polled {
  /** `off`: the channel is paused, closed to us, or nobody wants it asked any more. */
  state: 'swept' | 'more' | 'off'
  page: string | null
  seenTo: string | null
  /** Orders on this page, and how many of them nobody had told us of in this version. */
  listed: number
  found: number
  refused: number
  /** How long the channel is left alone after a sweep. */
  againMs: number
}

export interface ChannelSyncActivities {
  /** Asks the channel for one page of changed orders and keeps those that are new. */
  pollChannel(page: PollPage): Promise<Polled>
}

/** Somebody does not want to wait for the next sweep. */
export const syncNow = defineSignal('syncNow')
