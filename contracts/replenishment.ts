import { defineQuery, defineUpdate } from '@temporalio/workflow'
import type { CommandBase, ResolveException } from './order-to-cash.ts'

/** One process a company that has policies, for as long as it has some. */
export function replenishmentId(entity: string): string {
  return `replenishment/${entity}`
}

export interface ReplenishmentStart {
  entity: string
}

/** How far a run is. */
export interface RunProgress {
  runId: string
  cause: string
  /** `computed`: every item-node is looked at, and nothing is shown yet. */
  state: 'running' | 'computed' | 'done'
  /** Item-nodes to look at, and those looked at. */
  total: number
  done: number
  proposed: number
  superseded: number
  kept: number
  unsourced: number
  overBudget: number
}

/** Where the process stands; also what a case's decision is answered with. */
export interface ReplenishmentStanding {
  entity: string
  run: RunProgress | null
  /** When it looks by itself next (ISO instant). */
  nextRunAt: string | null
}

/** What a run begins with: how often this company looks, and whether it still does. */
export interface BegunRun {
  /** `off`: no policy speaks of anything any more. */
  state: 'begun' | 'off'
  progress: RunProgress | null
  againMs: number
}

export interface BeginRun {
  entity: string
  key: string
  cause: string
  actor: string
}

export interface RunNow extends CommandBase {
  reason: string
}

/** What the caller may, as the API knows it. */
export interface ProposalAuthority {
  /** Sites that the caller is limited to; null: answers for all of them. */
  sites: string[] | null
}

export interface DecideProposals extends CommandBase, ProposalAuthority {
  entity: string
  decision: 'approve' | 'snooze' | 'dismiss' | 'change' | 'convert'
  proposalIds: string[]
  /** Of `change`: units that are wanted instead. */
  qty?: string
  /** Of `snooze`: the day on which it comes back. */
  until?: string
  reason: string
}

export interface DecidedProposals {
  proposals: { id: string; state: string; version: number }[]
  /** What a conversion has drafted: a purchase order a supplier, a transfer a proposal. */
  documents: { type: 'purchase-order' | 'transfer'; no: string }[]
}

export interface ResolveTrouble extends ResolveException {
  entity: string
}

export const runNow = defineUpdate<RunProgress | null, [RunNow]>('runNow')
export const decideProposals = defineUpdate<DecidedProposals, [DecideProposals]>('decideProposals')
/** The same name as of every process, so that whoever decides a case need not know whose it is. */
export const resolveTrouble = defineUpdate<ReplenishmentStanding, [ResolveException]>(
  'resolveException',
)
export const replenishmentStanding = defineQuery<ReplenishmentStanding>('replenishmentStanding')

export interface ReplenishmentActivities {
  beginRun(begin: BeginRun): Promise<BegunRun>
  /** Computes batch after batch, each one commit, until the run is through or some seconds are over. */
  computeItems(run: { runId: string }): Promise<RunProgress>
  /** Holds proposals against budgets, shows them, and closes what is over. */
  finishRun(run: { runId: string }): Promise<RunProgress>
  decideProposals(decision: DecideProposals): Promise<DecidedProposals>
  resolveTrouble(choice: ResolveTrouble): Promise<void>
}
