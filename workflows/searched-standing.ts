import { upsertSearchAttributes } from '@temporalio/workflow'
import {
  entityKey,
  exceptionTypeKey,
  moneyAtRiskKey,
  phaseKey,
  siteKey,
  waitingForKey,
} from '#contracts/search-attributes'

/** The longest keyword that every visibility store takes. */
const LONGEST_KEYWORD = 255

/** What processes are searched by in Temporal UI. */
interface SearchedStanding {
  phase: string
  waitingFor: string
  cases: readonly { type: string }[]
  entity: string
  sites: string[]
}

/**
 * Tells Temporal's visibility where a process stands, with its money in minor units.
 * Answers what the search attributes now say; the caller hands it in the next time.
 */
export function tellSearch(now: SearchedStanding, moneyMinor: string, shown: string): string {
  const attributes = [
    { key: phaseKey, value: now.phase },
    { key: waitingForKey, value: now.waitingFor.slice(0, LONGEST_KEYWORD) },
    { key: exceptionTypeKey, value: now.cases.map((one) => one.type) },
    { key: moneyAtRiskKey, value: Number(moneyMinor) },
    { key: entityKey, value: now.entity },
    { key: siteKey, value: now.sites },
  ]
  const says = attributes.map(({ value }) => JSON.stringify(value))
  const said = shown.split('\n')
  // Each upsert is an event and a visibility write, and each value in it costs: only news are told.
  const news = attributes.filter((_, nth) => says[nth] !== said[nth])
  if (news.length > 0) upsertSearchAttributes(news)
  return says.join('\n')
}
