import { defineQuery, defineUpdate } from '@temporalio/workflow'

/** One process a company that has laid down how it closes, for as long as it has. */
export function continuousCloseId(entity: string): string {
  return `continuous-close/${entity}`
}

export interface ContinuousCloseStart {
  entity: string
}

/** What a round found, over all periods that are watched. */
export interface TiesRefreshed {
  /** False: nobody has laid down how this company closes any more. */
  watching: boolean
  periods: string[]
  asked: number
  red: number
  /** Closes under way of whose questions one has another answer; the key names which. */
  changed: { workflowId: string; key: string }[]
  againMs: number
}

/** Asks everything at once instead of at the next minute. */
export const refreshNow = defineUpdate<TiesRefreshed, []>('refreshNow')
export const lastRefresh = defineQuery<TiesRefreshed | undefined>('lastRefresh')

export interface ContinuousCloseActivities {
  refreshTies(start: ContinuousCloseStart): Promise<TiesRefreshed>
}
