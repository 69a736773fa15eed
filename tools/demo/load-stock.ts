import type { Tx } from '#db/client'
import { openStock, type OpeningStock } from '#db/stores/goods'
import { postEntries } from '#db/stores/ledger'
import { jsonText } from '#db/stores/row-sets'
import { addDays } from '#domain/dates'
import { accountOfRole } from '#domain/ledger/chart'
import { credit, debit } from '#domain/ledger/journal'
import { postBalancesOpened } from '#domain/ledger/posting-inventory'
import type { DemoItem } from './catalogue.ts'
import { AMAZON, WHOLESALE } from './company.ts'
import type { Loading } from './load.ts'
import { seededRandom } from './random.ts'

/** How many units lie at a site when the books begin, and how many come soon. */
interface StockPlan {
  sku: string
  site: string
  qty: number
  unitCostMinor: number
  expected: number
}

const SITE_SHARES = [
  { site: 'NJ1', share: 1, costFactor: 1 },
  { site: 'CA1', share: 0.6, costFactor: 1.03 },
  // German cost is in euro cents.
  { site: 'LEJ1', share: 0.8, costFactor: 0.93 },
]

/** Nearly all items are well stocked; about one in twelve is low or gone, and some of it comes soon. */
export function stockPlan(items: readonly DemoItem[]): StockPlan[] {
  const random = seededRandom('opening stock')
  const stocked = items.filter((item) => item.kind === 'stock' && item.status === 'active')
  return stocked.flatMap((item) => {
    const scarce = random.chance(1 / 12)
    const usual = random.whole(220, 900)
    return SITE_SHARES.map(({ site, share, costFactor }) => ({
      sku: item.sku,
      site,
      qty: scarce ? random.whole(0, 4) : Math.round(usual * share),
      unitCostMinor: Math.round(item.costMinor * costFactor),
      expected: scarce && random.chance(0.6) ? random.whole(4, 20) * 12 : 0,
    }))
  })
}

/** Half of a FIFO item's units came later and cost a little more: a second layer. */
export async function loadOpeningStock({ tx, catalogue, today }: Loading): Promise<string> {
  const openedOn = `${today.slice(0, 4)}-01-01`
  const [sites, items] = await Promise.all([siteRows(tx), itemIds(tx)])
  const plan = stockPlan(catalogue.items).filter((line) => line.qty > 0)
  let units = 0
  for (const entity of new Set(sites.map((site) => site.entity))) {
    const own = sites.filter((site) => site.entity === entity)
    const opening: OpeningStock = {
      openingId: `stock/${entity}`,
      entityId: own[0]!.entityId,
      functionalCurrency: own[0]!.currency,
      openedOn,
      actor: 'demo',
      lines: plan.flatMap((line) => {
        const site = own.find(({ code }) => code === line.site)
        if (!site) return []
        units += line.qty
        return layersOf(line).map((layer) => ({
          ...layer,
          itemId: items.get(line.sku)!,
          siteId: site.id,
        }))
      }),
    }
    await openStock(tx, opening)
  }
  return `${units} units at ${sites.length} sites`
}

function layersOf({ qty, unitCostMinor }: StockPlan): { qty: bigint; valueMinor: bigint }[] {
  const layer = (units: number, cost: number) => ({
    qty: BigInt(units),
    valueMinor: BigInt(units * cost),
  })
  const later = Math.floor(qty / 2)
  if (later < 10) return [layer(qty, unitCostMinor)]
  return [layer(qty - later, unitCostMinor), layer(later, Math.round(unitCostMinor * 1.04))]
}

/** What makes available-to-sell less than what lies there, and what may be promised beyond it. */
export async function loadStockRules({ tx, catalogue, today }: Loading): Promise<string> {
  const plan = stockPlan(catalogue.items)
  const random = seededRandom('stock rules')
  const plenty = plan.filter((line) => line.qty > 150)
  const safety = plenty
    .filter(() => random.chance(0.3))
    .map((line) => ({ ...line, safety: Math.round(line.qty * 0.04) }))
  const pools = plenty
    .filter((line) => line.site === 'NJ1' && random.chance(0.25))
    .map((line, n) => ({ ...line, channel: n % 3 === 0 ? AMAZON : WHOLESALE, pool: 24 }))
  const supply = plan
    .filter((line) => line.expected > 0)
    .map((line, n) => ({
      ...line,
      order: `PO-${5001 + n}`,
      dueOn: addDays(today, 3 + (n % 5) * 4),
      confidence: 70 + (n % 4) * 8,
    }))
  await tx`
    INSERT INTO stock_policy (item_id, site_id, safety_stock, effective_from, reason, actor)
    SELECT i.id, s.id, p.safety, ${today}, 'three days of sales', 'demo'
    FROM jsonb_to_recordset(${jsonText(safety)}::text::jsonb) AS p (sku text, site text, safety bigint)
    JOIN item i ON i.sku = p.sku JOIN site s ON s.code = p.site`
  await tx`
    INSERT INTO stock_pool (channel_id, item_id, site_id, qty, reason)
    SELECT c.id, i.id, s.id, p.pool, 'kept for ' || c.name
    FROM jsonb_to_recordset(${jsonText(pools)}::text::jsonb) AS p (sku text, site text, channel text, pool bigint)
    JOIN item i ON i.sku = p.sku JOIN site s ON s.code = p.site JOIN channel c ON c.code = p.channel`
  await tx`
    INSERT INTO expected_supply (item_id, site_id, qty, due_on, confidence_pct, source_type, source_id)
    SELECT i.id, s.id, p.expected, p."dueOn", p.confidence, 'purchase-order', p.order
    FROM jsonb_to_recordset(${jsonText(supply)}::text::jsonb) AS p (sku text, site text, expected bigint, "dueOn" date, confidence int, "order" text)
    JOIN item i ON i.sku = p.sku JOIN site s ON s.code = p.site`
  return `${safety.length} safety stocks, ${pools.length} pools, ${supply.length} deliveries due`
}

/** In major units of the entity's own currency. */
const BALANCES: Record<string, { bank: number; prepaid: number; bills: [string, number][] }> = {
  'HP-US': {
    bank: 412_350,
    prepaid: 9_600,
    bills: [
      ['porto-ceramica', 38_410],
      ['shenzhen-lumina', 61_275],
      ['gdansk-wood', 17_930],
    ],
  },
  'HP-DE': {
    bank: 238_700,
    prepaid: 4_200,
    bills: [
      ['porto-ceramica', 21_640],
      ['denizli-textil', 33_120],
    ],
  },
}

/** Bank, prepayments, unpaid bills and the capital that is left: account 3900 ends at zero. */
export async function loadOpeningBalances({ tx, today }: Loading): Promise<string> {
  const openedOn = `${today.slice(0, 4)}-01-01`
  const entities = await tx<{ id: number; code: string; currency: string; opened: bigint }[]>`
    SELECT e.id, e.code, e.functional_currency AS currency, coalesce(o.opened, 0)::bigint AS opened FROM entity e
    LEFT JOIN (SELECT j.entity_id, sum(l.func_minor)::bigint AS opened FROM journal_line l JOIN journal_entry j ON j.id = l.entry_id
      WHERE l.account_id = ${accountOfRole.OpeningBalances} GROUP BY 1) o ON o.entity_id = e.id
    WHERE e.code = ANY (${Object.keys(BALANCES)}::text[]) ORDER BY e.id`
  const drafts = entities.map(({ id, code, currency, opened }) => {
    const { bank, prepaid, bills } = BALANCES[code]!
    const minor = (major: number) => BigInt(major) * 100n
    const owed = minor(bills.reduce((all, [, amount]) => all + amount, 0))
    const capital = minor(bank + prepaid) - owed - opened
    return postBalancesOpened({
      openingId: `balances/${code}`,
      entity: id,
      openedOn,
      currency,
      balances: [
        debit('Bank', minor(bank)),
        debit('Prepaid', minor(prepaid)),
        ...bills.map(([supplier, amount]) =>
          credit('Payables', minor(amount), {
            party: `supplier/${supplier}`,
            openKey: `bill/opening-${supplier}`,
          }),
        ),
        credit('Capital', capital),
      ],
    })
  })
  await postEntries(tx, drafts, 'demo')
  return entities.map(({ code }) => code).join(', ')
}

interface SiteRow {
  id: number
  code: string
  entity: string
  entityId: number
  currency: string
}

async function siteRows(tx: Tx): Promise<SiteRow[]> {
  return tx<SiteRow[]>`
    SELECT s.id, s.code, e.code AS entity, e.id AS "entityId", e.functional_currency AS currency
    FROM site s JOIN entity e ON e.id = s.entity_id WHERE s.code = ANY (${SITE_SHARES.map(({ site }) => site)}::text[]) ORDER BY s.id`
}

async function itemIds(tx: Tx): Promise<Map<string, number>> {
  const rows = await tx<{ id: number; sku: string }[]>`SELECT id, sku FROM item`
  return new Map(rows.map(({ id, sku }) => [sku, id]))
}
