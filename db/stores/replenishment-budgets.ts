import type { Tx } from '#db/client'
import { rateOn } from '#db/queries/rates'
import { convertMinor } from '#domain/ledger/fx'
import type { RunRow } from './replenishment-runs.ts'

interface Budget {
  supplierId: number | null
  limitMinor: bigint
}

/**
 * INV-27: the most urgent proposals take the month's budget first; those that it does not reach
 * any more say so and need a signature. Answers how many these are.
 */
export async function holdAgainstBudgets(tx: Tx, run: RunRow): Promise<number> {
  const budgets = await tx<Budget[]>`
    SELECT DISTINCT ON (supplier_id) supplier_id AS "supplierId", limit_minor AS "limitMinor" FROM replenishment_budget
    WHERE entity_id = ${run.entityId} AND month = date_trunc('month', ${run.runOn}::date) ORDER BY supplier_id, id DESC`
  const spent = await orderedThisMonth(tx, run)
  const over = new Set<bigint>()
  for (const { supplierId, limitMinor } of budgets) {
    const used = spent
      .filter((one) => supplierId === null || one.supplierId === supplierId)
      .reduce((sum, one) => sum + one.minor, 0n)
    const beyond = await tx<{ id: bigint }[]>`
      SELECT id FROM (
        SELECT id, sum(cost_minor) OVER (ORDER BY cover_days, id) AS running FROM replenishment_proposal
        WHERE entity_id = ${run.entityId} AND kind = 'buy' AND state IN ('computed', 'proposed', 'approved')
          AND (${supplierId}::int IS NULL OR supplier_id = ${supplierId})) r WHERE running > ${limitMinor - used}`
    for (const { id } of beyond) over.add(id)
  }
  const ids = [...over].map(String)
  await tx`
    UPDATE replenishment_proposal SET over_budget = (id = ANY(${ids}::bigint[])), version = version + 1
    WHERE entity_id = ${run.entityId} AND state IN ('computed', 'proposed') AND over_budget <> (id = ANY(${ids}::bigint[]))`
  return over.size
}

/** What this month's orders come to, by supplier, in the company's currency; closed lines as well, cancelled ones not. */
async function orderedThisMonth(
  tx: Tx,
  run: RunRow,
): Promise<{ supplierId: number; minor: bigint }[]> {
  const rows = await tx<{ supplierId: number; currency: string; minor: bigint }[]>`
    SELECT p.supplier_id AS "supplierId", p.currency, sum((l.qty_ordered - least(l.qty_cancelled, l.qty_ordered)) * l.unit_price_minor / l.price_per)::bigint AS minor
    FROM purchase_order p JOIN purchase_order_line l ON l.purchase_order_id = p.id
    WHERE p.entity_id = ${run.entityId} AND p.cancelled_at IS NULL AND date_trunc('month', p.ordered_on) = date_trunc('month', ${run.runOn}::date) GROUP BY 1, 2`
  const spent: { supplierId: number; minor: bigint }[] = []
  for (const { supplierId, currency, minor } of rows) {
    const ask = { from: currency, to: run.functionalCurrency, on: run.runOn }
    const rateE9 = await rateOn(tx, ask)
    // Counted as it stands where no rate is known: too little would let too much through.
    spent.push({
      supplierId,
      minor: rateE9 === undefined ? minor : convertMinor(minor, ask.from, ask.to, rateE9),
    })
  }
  return spent
}
