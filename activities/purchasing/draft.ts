import type { ChangePurchase, ProcureToPayStart, PurchaseDraft } from '#contracts/procure-to-pay'
import type { Tx } from '#db/client'
import { purchasingPolicyFor } from '#db/queries/purchasing-policy'
import { readSupplier, type SupplierRow } from '#db/queries/suppliers'
import {
  agreedTerms,
  insertPurchase,
  lockPurchase,
  rewritePurchase,
  type NewPurchaseLine,
  type PurchaseOrder,
} from '#db/stores/purchase-orders'
import { recordDecisions } from '#db/stores/records'
import { itemIdsOf, siteByCode } from '#db/stores/stock-settings'
import { Refusal } from '#domain/refusal'
import { bindToOrder, checkDropShip } from './drop-ship.ts'

/** Takes a draft in: every line is an item that may move, at a site of the supplier's entity, at a price. */
export async function draftPurchase(
  tx: Tx,
  { poNumber, draft, actor }: ProcureToPayStart,
  workflowId: string,
): Promise<bigint> {
  const supplier = await usableSupplier(tx, draft.supplier)
  const on = await todayOf(tx, supplier.entityId)
  await checkDropShip(tx, draft)
  const lines = await linesOf(tx, supplier, draft, on)
  const id = await insertPurchase(tx, {
    ...{ poNumber, entityId: supplier.entityId, supplierId: supplier.id, workflowId },
    ...{ currency: supplier.currency, orderedOn: on, termsDays: supplier.termsDays },
    ...{ incoterm: supplier.incoterm, note: draft.note ?? null, actor, lines },
    shipsToOrderId: draft.shipsToOrder === undefined ? null : BigInt(draft.shipsToOrder),
    policies: { purchasing: await purchasingPolicyFor(tx, supplier.entity) },
  })
  const by = { actor, key: workflowId, today: on }
  if (draft.shipsToOrder === undefined) await noteOtherNeeds(tx, id, lines, actor)
  else await bindToOrder(tx, await lockPurchase(tx, id), [], by)
  return id
}

/**
 * An edit makes a new revision, which no approval holds for.
 * @throws Refusal `PurchaseSent` once the order is on its way to the supplier.
 */
export async function changePurchase(
  tx: Tx,
  order: PurchaseOrder,
  { draft, actor, key, today }: ChangePurchase & { today: string },
): Promise<void> {
  const [sending] = await tx`
    SELECT 1 FROM external_effect WHERE subject_type = 'purchase-order' AND subject_id = ${`${order.id}`}`
  if (order.cancelledAt !== null || sending)
    throw new Refusal(
      'PurchaseSent',
      `${order.poNumber} is on its way to the supplier, or cancelled. Close it short or cancel it, and order anew.`,
    )
  if (draft.supplier !== order.supplier)
    throw new Refusal(
      'SupplierFixed',
      'An order stays with its supplier: cancel it and order anew.',
      {
        field: 'body.supplier',
      },
    )
  if ((draft.shipsToOrder ?? null) !== (order.shipsToOrderId?.toString() ?? null))
    throw new Refusal('BuyerFixed', 'Where an order ships to stays: cancel it and order anew.', {
      field: 'body.shipsToOrder',
    })
  const supplier = await usableSupplier(tx, draft.supplier)
  await checkDropShip(tx, draft)
  const lines = await linesOf(tx, supplier, draft, order.orderedOn)
  await rewritePurchase(tx, order, { note: draft.note ?? null, lines, actor })
  if (order.shipsToOrderId !== null)
    await bindToOrder(tx, await lockPurchase(tx, order.id), order.lines, { actor, key, today })
}

/** Lines that are added to an order of this supplier that was sent. */
export async function draftedLines(
  tx: Tx,
  code: string,
  lines: PurchaseDraft['lines'],
  on: string,
): Promise<NewPurchaseLine[]> {
  if (lines.length === 0) return []
  const draft = { supplier: code, lines }
  await checkDropShip(tx, draft)
  return linesOf(tx, await usableSupplier(tx, code), draft, on)
}

async function usableSupplier(tx: Tx, code: string): Promise<SupplierRow> {
  const supplier = await readSupplier(tx, code)
  if (!supplier)
    throw new Refusal('UnknownSupplier', `There is no supplier "${code}". Propose it first.`, {
      field: 'body.supplier',
    })
  if (supplier.state === 'blocked' || supplier.state === 'rejected')
    throw new Refusal('SupplierNotApproved', `Supplier ${code} is ${supplier.state}.`)
  return supplier
}

async function todayOf(tx: Tx, entityId: number): Promise<string> {
  const [row] = await tx<{ on: string }[]>`
    SELECT (clock_timestamp() AT TIME ZONE timezone)::date AS on FROM entity WHERE id = ${entityId}`
  return row!.on
}

async function linesOf(
  tx: Tx,
  supplier: SupplierRow,
  draft: PurchaseDraft,
  on: string,
): Promise<NewPurchaseLine[]> {
  const skus = draft.lines.map((line) => line.sku)
  const itemIds = await itemIdsOf(tx, skus, (n) => `body.lines.${n}.sku`)
  const lines: NewPurchaseLine[] = []
  for (const [n, line] of draft.lines.entries()) {
    const site = await siteByCode(tx, line.site)
    if (site.entityId !== supplier.entityId)
      throw new Refusal(
        'SiteOfAnotherEntity',
        `${line.site} belongs to ${site.entity}, and ${supplier.code} sells to ${supplier.entity}.`,
        { field: `body.lines.${n}.site` },
      )
    lines.push(
      await lineOf(tx, supplier, { ...line, n, itemId: itemIds[n]!, siteId: site.siteId, on }),
    )
  }
  return lines
}

async function lineOf(
  tx: Tx,
  supplier: SupplierRow,
  line: PurchaseDraft['lines'][number] & { n: number; itemId: number; siteId: number; on: string },
): Promise<NewPurchaseLine> {
  const qty = BigInt(line.qty)
  const terms = await agreedTerms(tx, supplier.id, line.itemId, { qty, on: line.on })
  if (terms && (qty < terms.moq || qty % terms.multiple !== 0n))
    throw new Refusal(
      'QuantityNotOrderable',
      `${supplier.code} sells ${line.sku} from ${terms.moq} in steps of ${terms.multiple}: order such a quantity.`,
      { field: `body.lines.${line.n}.qty` },
    )
  const unitPriceMinor = line.unitPriceMinor ?? terms?.priceMinor
  if (unitPriceMinor === undefined || unitPriceMinor === null)
    throw new Refusal(
      'NoPriceKnown',
      `No price of ${line.sku} at ${supplier.code} is known. Give it, or keep it with the supplier’s item.`,
      { field: `body.lines.${line.n}.unitPriceMinor` },
    )
  const own = line.unitPriceMinor !== undefined
  return {
    ...{ itemId: line.itemId, siteId: line.siteId, qty, neededOn: line.neededOn },
    vendorSku: terms?.vendorSku ?? null,
    unitPriceMinor: BigInt(unitPriceMinor),
    pricePer: own ? BigInt(line.pricePer ?? '1') : (terms?.pricePer ?? 1n),
    landedEstimateMinor: BigInt(line.landedEstimateMinor ?? '0'),
    // What goes to a buyer is never here to be looked at.
    inspect: line.orderLineId === undefined && (line.inspect ?? terms?.inspect ?? false),
    orderLineId: line.orderLineId === undefined ? null : BigInt(line.orderLineId),
  }
}

/** The same need on two orders is the buyer's to see: what else is to come of these items. */
async function noteOtherNeeds(
  tx: Tx,
  id: bigint,
  lines: readonly NewPurchaseLine[],
  actor: string,
): Promise<void> {
  const others = await tx<{ sku: string; site: string; qty: string; source: string }[]>`
    SELECT i.sku, s.code AS site, (es.qty - es.received)::text AS qty, es.source_id AS source FROM expected_supply es
    JOIN item i ON i.id = es.item_id JOIN site s ON s.id = es.site_id
    JOIN unnest(${lines.map((line) => line.itemId)}::int[], ${lines.map((line) => line.siteId)}::int[]) AS w (item_id, site_id) ON (w.item_id, w.site_id) = (es.item_id, es.site_id)
    WHERE es.state = 'open' ORDER BY 1, 2, 4`
  if (others.length === 0) return
  await recordDecisions(tx, [
    {
      ...{ subjectType: 'purchase-order', subjectId: `${id}`, kind: 'duplicate-need' },
      ...{ rule: 'open-supply', ruleVersion: 1, inputs: { alreadyExpected: [...others] } },
      ...{ choice: { draft: 'kept' }, alternatives: [{ draft: 'not needed' }], actor },
    },
  ])
}
