import type { Reader } from '../client.ts'

export interface ValuationRow {
  sku: string
  entity: string
  currency: string
  qty: bigint
  layersMinor: bigint
  /** The inventory accounts, by the day of each fact: the same to the minor unit (INV-15). */
  ledgerMinor: bigint
  /** Of these, facts whose own period was locked, which the books hold on a later day than that asked for. */
  bookedLaterMinor: bigint
  /** Goods on their way to customers that are still ours: account 1315, by the day of its entries. */
  inTransitMinor: bigint
}

/**
 * What stock is worth at the end of a day, item by item within each company: two companies are
 * never one sum, as their currencies may differ. Facts of that day or before that became known
 * later are in it.
 */
export async function stockValuation(
  reader: Reader,
  ask: {
    asOf: string
    entities: readonly string[] | null
    entity?: string | undefined
    after: { sku: string; entity: string }
    limit: number
  },
): Promise<ValuationRow[]> {
  const { asOf, after } = ask
  const here = reader`l.entity_id = e.id AND l.item_id = i.id`
  const stock = reader`j.item_id = i.id AND je.entity_id = e.id AND je.book = 'main'`
  return reader<ValuationRow[]>`
    SELECT i.sku, e.code AS entity, e.functional_currency AS currency, (l.qty + a.qty - c.qty)::bigint AS qty,
      (l.value + a.value - c.value)::bigint AS "layersMinor", g.value::bigint AS "ledgerMinor", g.later::bigint AS "bookedLaterMinor", g.transit::bigint AS "inTransitMinor"
    FROM item i CROSS JOIN entity e
    CROSS JOIN LATERAL (SELECT count(*) AS n, coalesce(sum(qty0) FILTER (WHERE ranked_on <= ${asOf}), 0) AS qty, coalesce(sum(value0_minor) FILTER (WHERE ranked_on <= ${asOf}), 0) AS value
      FROM cost_layer l WHERE ${here}) l
    CROSS JOIN LATERAL (SELECT coalesce(sum(a.qty), 0) AS qty, coalesce(sum(a.value_minor), 0) AS value
      FROM cost_layer l JOIN layer_adjustment a ON a.layer_id = l.id WHERE ${here} AND a.effective_on <= ${asOf}) a
    CROSS JOIN LATERAL (SELECT coalesce(sum(c.qty), 0) AS qty, coalesce(sum(c.value_minor), 0) AS value
      FROM cost_layer l JOIN layer_consumption c ON c.layer_id = l.id WHERE ${here} AND c.effective_on <= ${asOf}) c
    CROSS JOIN LATERAL (SELECT
        coalesce(sum(j.func_minor) FILTER (WHERE j.account_id <> 1315 AND coalesce(je.fact_on, je.effective_on) <= ${asOf}), 0) AS value,
        coalesce(sum(j.func_minor) FILTER (WHERE j.account_id <> 1315 AND je.fact_on <= ${asOf} AND je.effective_on > ${asOf}), 0) AS later,
        coalesce(sum(j.func_minor) FILTER (WHERE j.account_id = 1315 AND je.effective_on <= ${asOf}), 0) AS transit
      FROM journal_line j JOIN journal_entry je ON je.id = j.entry_id WHERE ${stock} AND j.account_id IN (1300, 1310, 1315, 1320, 1330)) g
    WHERE i.kind = 'stock' AND l.n > 0 AND (i.sku, e.code) > (${after.sku}, ${after.entity})
      AND (${ask.entities === null} OR e.code = ANY(${[...(ask.entities ?? [])]}::text[]))
      ${ask.entity === undefined ? reader`` : reader`AND e.code = ${ask.entity}`}
    ORDER BY i.sku, e.code LIMIT ${ask.limit}`
}
