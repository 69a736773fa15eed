import type { Reader } from '#db/client'
import { addDays } from '#domain/dates'
import { accountOfRole } from '#domain/ledger/chart'
import type { Leak } from '#domain/reports/leaks'
import { readTaxReturn } from './tax-report.ts'

/** One place where money runs out, with where one sees it. */
export interface LeakRow {
  what: string
  /** Minor units of the company's functional currency. */
  minor: bigint
  since: string
  /** Page of the console; null where there is none. */
  page: string | null
}

export interface LeakAsk {
  entityId: number
  entity: string
  /** A business date of the company. */
  today: string
}

/** What a detector finds, the oldest first, at most so many; all of them are looked at each time. */
export async function leakRows(reader: Reader, leak: Leak, ask: LeakAsk): Promise<LeakRow[]> {
  const rows = await DETECTORS[leak](reader, ask)
  return [...rows].sort((a, b) => a.since.localeCompare(b.since))
}

const DETECTORS: Record<Leak, (reader: Reader, ask: LeakAsk) => PromiseLike<LeakRow[]>> = {
  'stock-inaccuracy': inaccurate,
  'late-fulfilment': late,
  'duplicate-purchasing': bought,
  'unposted-returns': returned,
  'tax-errors': taxed,
  'channel-gaps': channels,
}

/** What a unit of an item costs now, on average of its open layers. */
const unitCost = (reader: Reader, item: string, entityId: number) => reader`
  (SELECT sum(c.remaining_minor) / nullif(sum(c.remaining_qty), 0) FROM cost_layer c WHERE c.item_id = ${reader(item)} AND c.entity_id = ${entityId} AND c.remaining_qty > 0)`

function inaccurate(reader: Reader, { entityId, today }: LeakAsk): PromiseLike<LeakRow[]> {
  return reader<LeakRow[]>`
    SELECT i.sku || ' @ ' || s.code || coalesce(' ' || nullif(l.bin, ''), '') AS what, coalesce(l.variance_minor, 0)::bigint AS minor, l.settled_at::text AS since, '/stock?sku=' || i.sku AS page
    FROM count_line l JOIN site s ON s.id = l.site_id JOIN item i ON i.id = l.item_id
    WHERE s.entity_id = ${entityId} AND l.within_tolerance = false AND l.settled_at >= ${today}::date - 28
    UNION ALL SELECT m.qty || ' × ' || i.sku || ' @ ' || s.code, coalesce(round(m.qty * ${unitCost(reader, 'm.item_id', entityId)}), 0)::bigint, m.recorded_at::text, '/stock?sku=' || i.sku
    FROM missing_stock m JOIN site s ON s.id = m.site_id JOIN item i ON i.id = m.item_id WHERE s.entity_id = ${entityId} AND m.settled_at IS NULL`
}

function late(reader: Reader, { entityId, today }: LeakAsk): PromiseLike<LeakRow[]> {
  return reader<LeakRow[]>`
    SELECT o.order_number AS what, round(o.total_minor * (o.rate_e9 / 1e9))::bigint AS minor, (f.ship_on + 1)::text AS since, '/orders/' || o.id AS page
    FROM fulfilment_order f JOIN sales_order o ON o.id = f.order_id WHERE o.entity_id = ${entityId} AND f.state = 'released' AND f.ship_on < ${today}::date`
}

/** Open cases of these types, each with its page. */
const openCases = (reader: Reader, entityId: number, types: readonly string[]) => reader`
  SELECT x.summary AS what, x.money_at_risk_minor AS minor, x.opened_at::text AS since, '/exceptions/' || x.id AS page
  FROM exception_case x WHERE x.entity_id = ${entityId} AND x.state = 'open' AND x.type = ANY(${[...types]}::text[])`

function bought(reader: Reader, { entityId }: LeakAsk): PromiseLike<LeakRow[]> {
  return reader<LeakRow[]>`
    ${openCases(reader, entityId, ['bill-duplicate'])}
    UNION ALL SELECT i.sku || ': ' || p.po_number || ' ↔ ' || q.po_number, round(l.unit_price_minor::numeric * l.qty_open / l.price_per)::bigint, p.recorded_at::text, '/buying/orders/' || p.po_number
    FROM purchase_order_line l JOIN purchase_order p ON p.id = l.purchase_order_id JOIN item i ON i.id = l.item_id
    CROSS JOIN LATERAL (SELECT a.po_number FROM purchase_order_line b JOIN purchase_order a ON a.id = b.purchase_order_id
      WHERE b.item_id = l.item_id AND b.site_id = l.site_id AND b.qty_open > 0 AND a.supplier_id = p.supplier_id AND a.id < p.id AND a.cancelled_at IS NULL AND a.closed_at IS NULL
        AND a.ordered_on >= p.ordered_on - 7 ORDER BY a.id DESC LIMIT 1) q
    WHERE p.entity_id = ${entityId} AND l.qty_open > 0 AND p.cancelled_at IS NULL AND p.closed_at IS NULL`
}

function returned(reader: Reader, { entityId, entity, today }: LeakAsk): PromiseLike<LeakRow[]> {
  const account = accountOfRole.VendorReceivable
  return reader<LeakRow[]>`
    ${openCases(reader, entityId, ['settlement-refund-unasked', 'settlement-reimbursement'])}
    UNION ALL SELECT v.key, v.func_minor, v.opened_on::text, '/finance/lines?entity=' || ${entity}::text || '&account=' || v.account_id || '&openKey=' || v.key
    FROM open_item v WHERE v.entity_id = ${entityId} AND v.account_id = ${account} AND v.balance_minor > 0 AND v.opened_on < ${today}::date - 30`
}

async function taxed(reader: Reader, { entityId, today }: LeakAsk): Promise<LeakRow[]> {
  const month = today.slice(0, 7)
  const last = addDays(`${month}-01`, -1).slice(0, 7)
  const rows: LeakRow[] = []
  for (const period of [last, month]) {
    const lines = await readTaxReturn(reader, { entityId, period, from: `${last}-01` })
    for (const { jurisdiction, taxCode, ledgerMinor, documentsMinor } of lines) {
      const minor = ledgerMinor - documentsMinor
      if (minor === 0n) continue
      const page = `/finance/tax?period=${period}`
      const what = `${jurisdiction} ${taxCode} ${period}`
      rows.push({ what, minor: minor < 0n ? -minor : minor, since: `${period}-01`, page })
    }
  }
  return rows
}

function channels(reader: Reader, { entityId }: LeakAsk): PromiseLike<LeakRow[]> {
  const types = ['document-refused', 'channel-stock-drift', 'channel-listing-unknown']
  return reader<LeakRow[]>`
    ${openCases(reader, entityId, [...types, 'channel-stock-failing', 'unknown-sku'])}
    UNION ALL SELECT c.name, 0::bigint, s.swept_at::text, NULL FROM channel c JOIN channel_sync s ON s.channel_id = c.id
    WHERE c.entity_id = ${entityId} AND c.status = 'active' AND c.poll_url IS NOT NULL AND s.swept_at < clock_timestamp() - greatest(interval '1 hour', c.poll_seconds * interval '10 seconds')`
}
