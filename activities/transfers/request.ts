import type { RequestedTransfer } from '#contracts/transfer'
import type { Tx } from '#db/client'
import { stockPolicy } from '#db/queries/stock-policies'
import { itemIdsOf, siteByCode } from '#db/stores/stock-settings'
import { recordDecisions } from '#db/stores/records'
import { insertTransfer, lockTransfer, type TransferDoc } from '#db/stores/transfers'
import { addDays } from '#domain/dates'
import { divideRounded, sum } from '#domain/money'
import { Refusal } from '#domain/refusal'
import { allocateTransfer } from './allocate.ts'

/**
 * Takes a wish in. Below the policy's value it is approved by the rule and promised its units at
 * once; from there on a second person decides.
 * @throws Refusal `UnknownSite`, `UnknownSku`, `TransferAcrossEntities`, `SameSite`, `TransferExists`, `SiteNotActive`.
 */
export async function takeRequest(
  tx: Tx,
  request: RequestedTransfer,
  workflowId: string,
): Promise<TransferDoc> {
  const [from, to] = [await siteByCode(tx, request.from), await siteByCode(tx, request.to)]
  if (from.siteId === to.siteId)
    throw new Refusal(
      'SameSite',
      'A transfer goes from one site to another. Within a site, move between bins.',
      { field: 'body.to' },
    )
  if (from.entityId !== to.entityId)
    throw new Refusal(
      'TransferAcrossEntities',
      `${request.from} belongs to ${from.entity} and ${request.to} to ${to.entity}: that is a sale between companies. Sell it, and receive it there.`,
      { field: 'body.to' },
    )
  await requireFree(tx, request)
  const itemIds = await itemIdsOf(
    tx,
    request.lines.map((line) => line.sku),
    (n) => `body.lines.${n}.sku`,
  )
  const policy = await stockPolicy(tx, 'transfer', [`site.${request.from}`])
  const dueOn = request.dueOn ?? addDays(from.today, policy.body.transitDays)
  const lines = request.lines.map((line, n) => ({ itemId: itemIds[n]!, qty: BigInt(line.qty) }))
  const id = await insertTransfer(tx, {
    no: request.transferNo,
    workflowId,
    entityId: from.entityId,
    fromSiteId: from.siteId,
    toSiteId: to.siteId,
    dueOn,
    overdueOn: addDays(dueOn, policy.body.overdueGraceDays),
    valueMinor: await worthOf(tx, from.siteId, lines),
    policy,
    requestedBy: request.actor,
    reason: request.reason,
    lines,
  })
  const doc = await lockTransfer(tx, id)
  await approveByRule(tx, doc)
  return doc
}

/** A number names one transfer for ever, and a site that is closed neither sends nor takes. */
async function requireFree(tx: Tx, { transferNo, from, to }: RequestedTransfer): Promise<void> {
  const known = await tx`SELECT 1 FROM transfer WHERE transfer_no = ${transferNo}`
  if (known.length > 0)
    throw new Refusal(
      'TransferExists',
      `There is a transfer ${transferNo}. Read it, or ask under a new number.`,
      { field: 'body.transferNo' },
    )
  const [closed] = await tx<{ code: string; status: string }[]>`
    SELECT code, status FROM site WHERE code IN (${from}, ${to}) AND status = 'closed' LIMIT 1`
  if (closed)
    throw new Refusal('SiteNotActive', `${closed.code} is closed. Name a site that works.`, {
      field: closed.code === from ? 'body.from' : 'body.to',
    })
}

/** What units of each item cost at the source on average now; what has no cost there is worth nothing. */
async function worthOf(
  tx: Tx,
  siteId: number,
  lines: readonly { itemId: number; qty: bigint }[],
): Promise<bigint> {
  const itemIds = lines.map((line) => line.itemId)
  const rows = await tx<{ itemId: number; qty: bigint; value: bigint }[]>`
    SELECT item_id AS "itemId", sum(remaining_qty)::bigint AS qty, sum(remaining_minor)::bigint AS value FROM cost_layer
    WHERE site_id = ${siteId} AND item_id = ANY(${itemIds}::int[]) AND condition = 'sellable' AND remaining_qty > 0 GROUP BY 1`
  return sum(
    lines.map(({ itemId, qty }) => {
      const known = rows.find((row) => row.itemId === itemId)
      return known ? divideRounded(known.value * qty, known.qty) : 0n
    }),
  )
}

async function approveByRule(tx: Tx, doc: TransferDoc): Promise<void> {
  const { approvalFromMinor } = doc.policy.body
  const alone = doc.valueMinor < BigInt(approvalFromMinor)
  await recordDecisions(tx, [
    {
      subjectType: 'transfer',
      subjectId: doc.id.toString(),
      kind: 'approval',
      rule: 'transfer',
      ruleVersion: doc.policy.version,
      inputs: { valueMinor: doc.valueMinor, approvalFromMinor, scope: doc.policy.scope },
      choice: { approved: alone ? 'by the rule' : 'a second person decides' },
      actor: 'system',
    },
  ])
  if (!alone) return
  doc.approvedBy = 'rule: transfer'
  await allocateTransfer(tx, doc, { actor: 'system', asks: true })
}
