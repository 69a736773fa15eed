/** How a channel is told what it may sell; a versioned policy of kind `channel-stock`. */
export interface ChannelStockPolicy {
  /** Calls that we make at most, whatever the channel would bear. */
  callsPerMinute: number
  /** Listings in one call. */
  batch: number
  /** How far behind the channel may be before less is told. */
  lagLimitSeconds: number
  /** Units of a listing kept back for each minute above the limit, and at most. */
  lagBufferPerMinute: number
  lagBufferCap: number
  /** How long a number that fell at the channel is left alone: its orders may be on their way. */
  settleSeconds: number
  /** The hour, by the company's clock, at which everything is read back. */
  sweepHour: number
  /** All listings are computed anew this often, for what no cursor tells. */
  wholeLookSeconds: number
  /** Drift of one listing, and listings in one sweep, from which a person is asked. */
  driftCaseUnits: number
  driftCaseListings: number
  /** How long calls may fail before a person is asked. */
  failingCaseSeconds: number
}

export const DEFAULT_CHANNEL_STOCK: ChannelStockPolicy = {
  callsPerMinute: 60,
  batch: 100,
  lagLimitSeconds: 120,
  lagBufferPerMinute: 1,
  lagBufferCap: 5,
  settleSeconds: 60,
  sweepHour: 3,
  wholeLookSeconds: 300,
  driftCaseUnits: 100,
  driftCaseListings: 50,
  failingCaseSeconds: 900,
}

/** Both shops take a hundred listings in a call, and a rule of no calls at all would never end. */
export function possible(policy: ChannelStockPolicy): ChannelStockPolicy {
  const batch = Math.min(100, Math.max(1, policy.batch))
  return { ...policy, batch, callsPerMinute: Math.max(1, policy.callsPerMinute) }
}

/**
 * Units of each listing to keep back: the longer the channel has not heard of a change, the more
 * of what it believes to have may be sold elsewhere.
 */
export function lagBuffer(policy: ChannelStockPolicy, lagSeconds: number): number {
  const over = lagSeconds - policy.lagLimitSeconds
  if (over <= 0) return 0
  const minutes = Math.ceil(over / 60)
  return Math.min(policy.lagBufferCap, minutes * policy.lagBufferPerMinute)
}

/** Seconds that a channel is left alone after so many failures in a row. */
export function pauseAfterFailures(failures: number): number {
  return Math.min(60, 2 ** Math.min(failures, 6))
}

/** What most likely made the number at the channel another than the one that we left there. */
export const DRIFT_CAUSES = {
  fell: 'sold there by orders that have not reached us, or lowered by hand',
  rose: 'put back there by a cancellation or return, or raised by hand',
} as const
