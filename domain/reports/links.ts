/** Which journal lines a cell is the sum of: filters of `/v1/ledger/lines`, all on the same line. */
export interface LineQuery {
  account?: number
  /** Several accounts, where the cell is a subtotal of them. */
  accounts?: readonly number[]
  from?: string | null
  asOf?: string
  currency?: string
  channel?: string | null
  sku?: string | null
  site?: string | null
  segment?: string | null
  promotion?: string | null
  provider?: string | null
  condition?: string | null
  order?: string | null
  openKey?: string
  without?: readonly string[]
  /** Leaves out entries that move a result into retained earnings. */
  resultTransfers?: 'left-out'
}

/** The address of those lines, within the company and knowledge of the report. */
export type LinkTo = (lines: LineQuery) => string

const FILTER_OF = {
  channel: 'channel',
  item: 'sku',
  site: 'site',
  segment: 'segment',
  promotion: 'promotion',
} as const
export type Grain = keyof typeof FILTER_OF

/** By which filter a member of a grain is found again; what belongs to none has its own filter. */
export function memberQuery(by: Grain, member: string | null): LineQuery {
  return member === null ? { without: [by] } : { [FILTER_OF[by]]: member }
}
