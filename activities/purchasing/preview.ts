import type { PreviewedPurchase, PurchasePreviews } from '#contracts/procure-to-pay'
import type { Db, Tx } from '#db/client'
import { preview } from '#db/commit-once'
import { openCasesOf } from '#db/stores/cases'
import { lockPurchase, type PurchaseOrder } from '#db/stores/purchase-orders'
import { dateAt } from '#domain/dates'
import { orderValue } from '#domain/purchasing/order'
import { finishPurchase } from './progress.ts'
import { resolvePurchaseCase } from './resolve.ts'
import { agree, changeSentPurchase } from './sent-change.ts'

/** The same code as the command itself, always rolled back: a preview cannot differ from the act. */
export function purchasePreviews(db: Db): PurchasePreviews {
  return {
    changeSentPurchase: (purchaseId, command) =>
      preview(db, async (tx) => {
        const order = await lockPurchase(tx, purchaseId)
        const today = dateAt(Date.now(), order.timezone)
        const change = await changeSentPurchase(tx, order, { ...command, today })
        await agree(tx, order, { ...change, neededStep: null }, command)
        const { currency } = order
        const now = await lockPurchase(tx, order.id)
        const total = (lines: PurchaseOrder['lines']) => ({
          ...{ currency, minor: `${orderValue(lines)}` },
        })
        const { supply } = await changesOf(tx, now)
        const needs = change.neededStep
        return { totalBefore: total(order.lines), totalAfter: total(now.lines), needs, supply }
      }),
    resolvePurchaseCase: (purchaseId, command) =>
      preview(db, async (tx) => {
        const order = await lockPurchase(tx, purchaseId)
        const today = dateAt(Date.now(), order.timezone)
        const known = await openCasesOf(tx, 'purchase-order', purchaseId)
        await resolvePurchaseCase(tx, order, { ...command, today })
        const { actor, key } = command
        const progress = await finishPurchase(tx, order.id, {
          action: 'preview',
          actor,
          key,
          today,
        })
        return {
          ...{ phase: progress.phase, waitingFor: progress.waitingFor },
          ...(await changesOf(tx, order)),
          newCases: progress.cases
            .filter((one) => !known.some(({ id }) => `${id}` === one.id))
            .map((one) => one.type),
          outsideCalls: progress.effects.map((effect) => effect.summary),
        }
      }),
  }
}

async function changesOf(
  tx: Tx,
  order: PurchaseOrder,
): Promise<Pick<PreviewedPurchase, 'stock' | 'supply' | 'entries'>> {
  const stock = await tx<PreviewedPurchase['stock']>`
    SELECT i.sku, s.code AS site, m.condition, sum(m.qty)::text AS delta FROM (
      SELECT item_id, to_site_id AS site_id, to_condition AS condition, qty FROM stock_movement WHERE xmin::text = pg_current_xact_id()::xid::text AND to_site_id IS NOT NULL
      UNION ALL SELECT item_id, from_site_id, from_condition, -qty FROM stock_movement WHERE xmin::text = pg_current_xact_id()::xid::text AND from_site_id IS NOT NULL) m
    JOIN item i ON i.id = m.item_id JOIN site s ON s.id = m.site_id GROUP BY 1, 2, 3 HAVING sum(m.qty) <> 0 ORDER BY 1, 2, 3`
  const supply = await tx<PreviewedPurchase['supply']>`
    SELECT source_id AS source, (qty - received)::text AS open, due_on AS "dueOn" FROM expected_supply
    WHERE source_type = 'purchase-order' AND source_id LIKE ${`${order.poNumber}/%`} AND state = 'open' ORDER BY id`
  const entries = await tx<PreviewedPurchase['entries']>`
    SELECT e.event_type AS "eventType", jsonb_agg(jsonb_build_object('account', a.code || ' ' || a.name, 'amountMinor', l.amount_minor::text, 'currency', l.currency) ORDER BY l.line_no) AS lines
    FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id JOIN gl_account a ON a.id = l.account_id WHERE e.xid = pg_current_xact_id() GROUP BY e.id, 1 ORDER BY e.id`
  return { stock: [...stock], supply: [...supply], entries: [...entries] }
}
