import type { Tx } from '#db/client'
import { lockOrder, type SalesOrder } from '#db/stores/orders'
import { recordAudit } from '#db/stores/records'
import { Refusal } from '#domain/refusal'
import { openUnits } from '#domain/orders/phase'
import { openOrderCase } from './cases.ts'
import { text } from './params.ts'
import { rescreen } from './rescreen.ts'
import type { Resolving } from './resolve.ts'

/**
 * Teaches the channel what its SKU means: maps it to an item, or creates the item first. The
 * order's lines and every later order of that listing use it.
 */
export async function mapUnknownSku(
  tx: Tx,
  order: SalesOrder,
  { command, actor }: Resolving,
): Promise<SalesOrder> {
  const sku = text(command.params, 'sku')
  if (command.resolution === 'create-item') await createItem(tx, sku, command.params ?? {}, actor)
  const [item] = await tx<
    { id: number; kind: string }[]
  >`SELECT id, kind FROM item WHERE sku = ${sku}`
  if (!item)
    throw new Refusal(
      'UnknownSku',
      `No item has the SKU "${sku}". Create it, or map to one that exists.`,
    )
  if (item.kind === 'kit')
    throw new Refusal(
      'KitNotMappable',
      `${sku} is a kit; an order that is already placed cannot be exploded. Map to a single item.`,
    )
  const unknown = order.lines.filter(
    (line) =>
      line.itemId === null &&
      (command.params?.['orderLineId'] === undefined ||
        line.id.toString() === command.params['orderLineId']),
  )
  if (unknown.length === 0)
    throw new Refusal('LineNotFound', 'No line of this order waits for an item.')
  if (new Set(unknown.map((line) => line.externalListingId ?? line.sku)).size > 1)
    throw new Refusal(
      'LineNeeded',
      'Several different things of this order are unknown: name the line in params.orderLineId.',
    )
  await tx`UPDATE sales_order_line SET item_id = ${item.id} WHERE id = ANY(${unknown.map((line) => line.id.toString())}::bigint[])`
  for (const line of unknown) {
    const externalId = line.externalListingId ?? line.sku
    if (externalId)
      await tx`INSERT INTO listing (channel_id, external_id, item_id) VALUES (${order.channelId}, ${externalId}, ${item.id}) ON CONFLICT (channel_id, external_id) DO NOTHING`
  }
  const fresh = await lockOrder(tx, order.id)
  const lines = order.lines.map((line) => ({ ...line, ...pick(fresh, line.id) }))
  const changed = { ...order, lines }
  await askAboutTheRest(tx, changed)
  const mapped = unknown.map((line) => line.id)
  await rescreen(tx, changed, { lines: mapped, types: ['price', 'compliance'], actor })
  return changed
}

async function askAboutTheRest(tx: Tx, order: SalesOrder): Promise<void> {
  const left = order.lines.filter((line) => line.itemId === null && openUnits(line) > 0)
  if (left.length === 0) return
  const skus = left.map((line) => line.sku ?? '(none)')
  await openOrderCase(tx, order, {
    type: 'unknown-sku',
    openedBy: 'rule: data',
    summary: `${order.orderNumber}: no item is listed for ${skus.join(', ')}`,
    evidence: { lines: left.map((line) => line.lineNo), skus },
  })
}

function pick(
  fresh: SalesOrder,
  id: bigint,
): Pick<SalesOrder['lines'][number], 'itemId' | 'itemKind' | 'sku'> {
  const line = fresh.lines.find((candidate) => candidate.id === id)!
  return { itemId: line.itemId, itemKind: line.itemKind, sku: line.sku }
}

async function createItem(
  tx: Tx,
  sku: string,
  params: Record<string, unknown>,
  actor: string,
): Promise<void> {
  const name = text(params, 'name')
  const facts = ['weight_g', 'length_mm', 'width_mm', 'height_mm'].map((field) =>
    typeof params[field] === 'number' ? params[field] : null,
  )
  const complete =
    facts.every((fact) => fact !== null) &&
    typeof params['hs_code'] === 'string' &&
    typeof params['origin'] === 'string'
  if (!complete)
    throw new Refusal(
      'ItemNotReady',
      'A stock item needs weight_g, length_mm, width_mm, height_mm, hs_code and origin before it may be sold.',
    )
  await tx`
    INSERT INTO item (sku, name, status, weight_g, length_mm, width_mm, height_mm, hs_code, origin)
    VALUES (${sku}, ${name}, 'active', ${facts[0] as number}, ${facts[1] as number}, ${facts[2] as number}, ${facts[3] as number}, ${String(params['hs_code'])}, ${String(params['origin'])})
    ON CONFLICT (sku) DO NOTHING`
  await recordAudit(tx, [
    {
      subjectType: 'item',
      subjectId: sku,
      action: 'created',
      after: { sku, name },
      reason: 'unknown SKU on an order',
      actor,
    },
  ])
}
