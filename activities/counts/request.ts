import type { RequestedCount } from '#contracts/cycle-count'
import type { Tx } from '#db/client'
import { countCandidates } from '#db/queries/count-candidates'
import { stockPolicy } from '#db/queries/stock-policies'
import {
  insertCountLines,
  insertCountTask,
  lockCountTask,
  type CountLine,
  type CountTask,
  type NewCountLine,
} from '#db/stores/count-tasks'
import { recordDecisions } from '#db/stores/records'
import { itemIdsOf, siteByCode } from '#db/stores/stock-settings'
import { Refusal } from '#domain/refusal'
import { chooseForCount } from '#domain/stock/count-selection'

/**
 * Takes a wish in: the places that somebody names, or those that the rules put first. Why each was
 * chosen is kept.
 * @throws Refusal `UnknownSite`, `UnknownSku`, `CountExists`, `NothingToCount`.
 */
export async function takeCountRequest(
  tx: Tx,
  request: RequestedCount,
  workflowId: string,
): Promise<CountTask> {
  const site = await siteByCode(tx, request.site)
  const known = await tx`SELECT 1 FROM count_task WHERE count_no = ${request.countNo}`
  if (known.length > 0)
    throw new Refusal(
      'CountExists',
      `There is a count ${request.countNo}. Read it, or ask under a new number.`,
      { field: 'body.countNo' },
    )
  const id = await insertCountTask(tx, {
    no: request.countNo,
    workflowId,
    entityId: site.entityId,
    siteId: site.siteId,
    reason: request.reason,
    requestedBy: request.actor,
  })
  const at = { siteId: site.siteId, site: request.site }
  const lines = request.places
    ? await named(tx, at, request.places, request.reason)
    : await chosen(tx, at, id, request.choose ?? 20)
  if (lines.length === 0)
    throw new Refusal(
      'NothingToCount',
      `Nothing at ${request.site} is due to be counted, or other counts hold it. Name places, or wait.`,
    )
  await insertCountLines(tx, { id, siteId: site.siteId }, lines)
  return lockCountTask(tx, id)
}

interface At {
  siteId: number
  site: string
}

async function named(
  tx: Tx,
  at: At,
  places: NonNullable<RequestedCount['places']>,
  reason: string,
): Promise<NewCountLine[]> {
  const skus = places.map((place) => place.sku)
  const ids = await itemIdsOf(tx, skus, (n) => `body.places.${n}.sku`)
  const lines: NewCountLine[] = []
  for (const [n, { bin = '', lot = '' }] of places.entries()) {
    const itemId = ids[n]!
    const policy = await tolerancesOf(tx, at, itemId)
    lines.push({ itemId, bin, lot, reasons: [reason], policy })
  }
  return lines
}

async function chosen(tx: Tx, at: At, id: bigint, limit: number): Promise<NewCountLine[]> {
  const policy = await stockPolicy(tx, 'count', [`site.${at.site}`])
  const candidates = await countCandidates(tx, at.siteId, { days: policy.body.rootCauseDays })
  const chosen = chooseForCount(candidates, policy.body, limit)
  await recordDecisions(tx, [
    {
      subjectType: 'cycle-count',
      subjectId: id.toString(),
      kind: 'selection',
      rule: 'count',
      ruleVersion: policy.version,
      inputs: { site: at.site, candidates: candidates.length, limit },
      choice: chosen.map(({ sku, bin, lot, abc, score, reasons }) => ({
        ...{ sku, bin, lot, abc, score, reasons },
      })),
      actor: 'system',
    },
  ])
  const lines: NewCountLine[] = []
  for (const { itemId, bin, lot, reasons } of chosen)
    lines.push({ itemId, bin, lot, reasons, policy: await tolerancesOf(tx, at, itemId) })
  return lines
}

/** The item's own tolerances, else those of its class, else those of the site, else everybody's. */
export async function tolerancesOf(
  tx: Tx,
  { site }: Pick<At, 'site'>,
  itemId: number,
): Promise<CountLine['policy']> {
  const [item] = await tx<{ sku: string; class: string | null }[]>`
    SELECT sku, class FROM item WHERE id = ${itemId}`
  const ofClass = item!.class === null ? [] : [`class.${item!.class}`]
  return stockPolicy(tx, 'count', [`item.${item!.sku}`, ...ofClass, `site.${site}`])
}
