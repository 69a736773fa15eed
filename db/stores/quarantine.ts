import type { Tx } from '#db/client'
import {
  postQuarantineReleased,
  postStockScrapped,
  type QuarantineEnded,
} from '#domain/ledger/posting-inventory'
import { postEntries } from './ledger.ts'
import { addToOutbox, recordAudit } from './records.ts'
import { consumeCost, moveStock, receiveCost, type CostUse } from './stock.ts'

export interface QuarantineDecision {
  decisionId: string
  entityId: number
  functionalCurrency: string
  siteId: number
  site: string
  itemId: number
  sku: string
  condition: 'quarantine' | 'damaged'
  bin: string
  lot: string
  qty: bigint
  decision: 'release' | 'scrap'
  reason: string
  decidedOn: string
  actor: string
}

/**
 * What was set aside is looked at: good units may be sold again at the cost that they came in with,
 * the others are thrown away at it.
 */
export async function endQuarantine(tx: Tx, decision: QuarantineDecision): Promise<void> {
  const { itemId, siteId, condition, qty, actor, decidedOn, bin, lot } = decision
  const cause = { causeType: 'quarantine', causeId: decision.decisionId }
  const released = decision.decision === 'release'
  await moveStock(tx, [
    {
      itemId,
      qty,
      kind: 'adjustment',
      fromSiteId: siteId,
      fromCondition: condition,
      fromBin: bin,
      fromLot: lot,
      ...(released ? { toSiteId: siteId, toCondition: 'sellable', toBin: bin, toLot: lot } : {}),
      ...cause,
      reason: decision.reason,
      actor,
      effectiveOn: decidedOn,
    },
  ])
  const uses = await consumeCost(tx, [
    { itemId, siteId, condition, qty, ...cause, effectiveOn: decidedOn },
  ])
  const layers = released ? await layersOnShelf(tx, decision, uses) : []
  await postEnd(tx, decision, uses, layers)
  await recordAudit(tx, [
    {
      subjectType: 'stock',
      subjectId: `${decision.sku}/${decision.site}`,
      action: released ? 'released from quarantine' : 'scrapped',
      after: { condition, qty, bin, lot },
      reason: decision.reason,
      actor,
    },
  ])
  if (released)
    await addToOutbox(tx, [
      {
        topic: 'stock-arrived',
        key: `quarantine/${decision.decisionId}`,
        body: { itemIds: [itemId] },
      },
    ])
}

async function layersOnShelf(
  tx: Tx,
  decision: QuarantineDecision,
  uses: readonly CostUse[],
): Promise<bigint[]> {
  return receiveCost(
    tx,
    uses.map((use) => ({
      entityId: decision.entityId,
      itemId: decision.itemId,
      siteId: decision.siteId,
      rankedOn: decision.decidedOn,
      qty: use.qty,
      valueMinor: use.valueMinor,
      sourceType: 'quarantine',
      sourceId: decision.decisionId,
    })),
  )
}

async function postEnd(
  tx: Tx,
  decision: QuarantineDecision,
  uses: readonly CostUse[],
  layers: readonly bigint[],
): Promise<void> {
  if (uses.every((use) => use.valueMinor === 0n)) return
  const { itemId, siteId, condition } = decision
  const accounts = await accountsOf(
    tx,
    uses.map((use) => use.layerId),
  )
  const value = (use: CostUse) => ({ itemId, siteId, qty: use.qty, costMinor: use.valueMinor })
  const event: QuarantineEnded = {
    decisionId: decision.decisionId,
    entity: decision.entityId,
    decidedOn: decision.decidedOn,
    functionalCurrency: decision.functionalCurrency,
    from: uses.map((use) => ({
      ...value(use),
      condition,
      layerId: use.layerId,
      account: accounts.has(use.layerId) ? 'Quarantine' : 'Inventory',
    })),
    released: layers.map((layerId, n) => ({ ...value(uses[n]!), layerId, condition: 'sellable' })),
  }
  const post = decision.decision === 'release' ? postQuarantineReleased : postStockScrapped
  await postEntries(tx, [post(event)], decision.actor)
}

/** Layers whose value stands on account 1320; receipts book whatever they set aside on 1300. */
async function accountsOf(tx: Tx, layers: readonly bigint[]): Promise<Set<bigint>> {
  const rows = await tx<{ layerId: bigint }[]>`
    SELECT DISTINCT layer_id AS "layerId" FROM journal_line WHERE layer_id = ANY(${layers.map(String)}::bigint[]) AND account_id = 1320 AND func_minor > 0`
  return new Set(rows.map((row) => row.layerId))
}
