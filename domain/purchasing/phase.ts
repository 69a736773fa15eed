/** Where a purchase order stands; derived from what has happened, set by nobody. */
export const PURCHASE_PHASES = [
  'draft',
  'pending-approval',
  'approved',
  'sent',
  'acknowledged',
  'in-transit',
  'part-received',
  'received',
  'closed',
  'cancelled',
] as const
export type PurchasePhase = (typeof PURCHASE_PHASES)[number]

export interface PurchaseStanding {
  revision: number
  submittedRevision: number | null
  approvedRevision: number | null
  sentRevision: number | null
  acknowledgedRevision: number | null
  cancelled: boolean
  lines: readonly { open: bigint; received: bigint }[]
  /** Units under way by ship notices that have not come. */
  underway: bigint
  /** Units that nobody has judged yet. */
  toInspect: bigint
  openCases: number
  openEffects: number
}

export function purchasePhase(standing: PurchaseStanding): PurchasePhase {
  const received = standing.lines.some((line) => line.received > 0n)
  const open = standing.lines.some((line) => line.open > 0n)
  const settled = standing.toInspect === 0n && standing.openCases === 0
  if (standing.cancelled && !received) return 'cancelled'
  if (received && !open) return settled ? 'closed' : 'received'
  if (received) return 'part-received'
  if (standing.sentRevision === standing.revision) return sentPhase(standing, open)
  if (standing.approvedRevision === standing.revision) return 'approved'
  return standing.submittedRevision === standing.revision ? 'pending-approval' : 'draft'
}

function sentPhase(standing: PurchaseStanding, open: boolean): PurchasePhase {
  if (!open) return 'cancelled'
  if (standing.underway > 0n) return 'in-transit'
  return standing.acknowledgedRevision === standing.revision ? 'acknowledged' : 'sent'
}

/** Whether the process still has something to wait for. */
export function isOpenPurchase(phase: PurchasePhase, standing: PurchaseStanding): boolean {
  if (phase !== 'closed' && phase !== 'cancelled') return true
  return standing.openCases > 0 || standing.openEffects > 0
}
