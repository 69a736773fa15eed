import { randomUUID } from 'node:crypto'
import type { Tx } from '#db/client'
import { journalHash } from '#connectors/accounting/journal-file'
import { buildEvidence } from '#db/stores/chargeback-evidence'
import { openStock } from '#db/stores/goods'
import { transaction } from '#db/transaction'
import { DEFAULT_PURCHASING_POLICY } from '#domain/purchasing/policy'
import { aLine, anOrder } from '#tests/support/company'
import type { RunningApi } from './running-api.ts'
import { storedPassword } from './support.ts'

/** One object of each kind that lies in another company, channel and site than the caller's. */
export interface Foreign {
  userId: string
  keyId: string
  orderId: string
  workflowId: string
  fulfilmentId: string
  pickTaskId: string
  caseId: string
  listingId: string
  entryId: string
  openItemId: string
  approvalId: string
  supplyId: string
  proposalId: string
  replenishmentRunId: string
  eventId: string
  importId: string
  openingId: string
  inboxId: string
  supplierChangeId: string
  billId: string
  runId: string
  settlementId: string
  creditId: string
  prepaymentId: string
  deferralId: string
  claimId: string
  certificateId: string
  taxReturnId: string
}

/** What no answer to a limited caller may hold, by what the foreign objects are called. */
export const FOREIGN = {
  entity: 'ACME-DE',
  site: 'NORD',
  channel: 'de',
  amazon: 'amz-de',
  transfer: 'TR-DE',
  count: 'CC-DE',
  receipt: 'GR-RTV-DE',
  vendorReturn: 'RTV-DE',
  charge: 'pi_de',
  dispute: 'dp_de',
  customerReturn: 'RMA-DE',
  wave: 'WAVE-DE',
  expected: 'XI-DE',
  user: 'frida@example.com',
  key: 'foreign-key',
  supplier: 'KERAMIK',
  purchase: 'PO-KERAMIK',
  statement: 'SETTLE-DE',
  bankLine: 'ABROAD-BANK',
  closed: `${new Date().getUTCFullYear()}-02`,
} as const

const abroad = {
  currency: 'EUR',
  channel: FOREIGN.channel,
  shipTo: {
    name: 'Emil Kern',
    company: null,
    line1: 'Am Hafen 1',
    line2: null,
    city: 'Hamburg',
    region: null,
    postalCode: '20457',
    country: 'DE',
  },
} as const

/** A second company beside ACME-US, with an order at the warehouse and one that waits for its money. */
export async function foundForeignCompany(api: RunningApi): Promise<Foreign> {
  const { admin } = api.database
  const entityId = await foundMasters(api)
  await stockUp(api, entityId)
  const { orderId } = await api.place(
    anOrder({ ...abroad, lines: [aLine({ sku: 'MUG', unitPriceMinor: '1000' })] }),
  )
  const unpaid = await api.place(
    anOrder({
      ...abroad,
      lines: [aLine({ sku: 'MUG', unitPriceMinor: '1000' })],
      payment: { state: 'pending', provider: 'stripe', reference: null, amountMinor: '0' },
    }),
  )
  const caseId = unpaid.cases[0]!.id
  await admin`UPDATE exception_case SET type = 'parcel-stalled', site_id = (SELECT id FROM site WHERE code = ${FOREIGN.site}) WHERE id = ${caseId}`
  await admin`INSERT INTO expected_supply (item_id, site_id, qty, due_on, source_type, source_id) SELECT i.id, s.id, 5, current_date + 9, 'purchase-order', 'PO-DE' FROM item i, site s WHERE i.sku = 'MUG' AND s.code = ${FOREIGN.site}`
  await admin`
    INSERT INTO site (entity_id, code, name, kind, country) SELECT id, ${`${FOREIGN.site}-2`}, 'Bremen', 'own', 'DE' FROM entity WHERE code = ${FOREIGN.entity}`
  await admin`
    INSERT INTO transfer (transfer_no, workflow_id, entity_id, from_site_id, to_site_id, phase, reason, due_on, overdue_on, value_minor, policy, requested_by)
    SELECT ${FOREIGN.transfer}, ${`transfer/${FOREIGN.transfer}`}, ${entityId}, f.id, t.id, 'requested', 'x', current_date, current_date, 0, '{}', 'user:frida'
    FROM site f, site t WHERE f.code = ${FOREIGN.site} AND t.code = ${`${FOREIGN.site}-2`}`
  await admin`
    INSERT INTO transfer_line (transfer_id, line_no, item_id, qty) SELECT t.id, 1, i.id, 2 FROM transfer t, item i WHERE t.transfer_no = ${FOREIGN.transfer} AND i.sku = 'MUG'`
  await admin`
    INSERT INTO count_task (count_no, workflow_id, entity_id, site_id, phase, reason, requested_by)
    SELECT ${FOREIGN.count}, ${`cycle-count/${FOREIGN.count}`}, ${entityId}, id, 'closed', 'x', 'user:frida' FROM site WHERE code = ${FOREIGN.site}`
  await admin`
    INSERT INTO count_line (task_id, line_no, item_id, site_id, policy, state, expected, counted, expected_minor, variance_minor, within_tolerance, settled_at)
    SELECT t.id, 1, i.id, t.site_id, '{"scope": "*", "version": 0}', 'matched', 1, 1, 1, 0, true, now() FROM count_task t, item i WHERE t.count_no = ${FOREIGN.count} AND i.sku = 'MUG'`
  await admin`
    INSERT INTO goods_receipt (receipt_no, entity_id, site_id, supplier, received_on, actor)
    SELECT ${FOREIGN.receipt}, ${entityId}, id, 'x', current_date, 'user:frida' FROM site WHERE code = ${FOREIGN.site}`
  await admin`
    INSERT INTO vendor_return (return_no, workflow_id, entity_id, site_id, receipt_id, party, currency, phase, reason, requested_by)
    SELECT ${FOREIGN.vendorReturn}, ${`vendor-return/${FOREIGN.vendorReturn}`}, ${entityId}, site_id, id, 'x', 'EUR', 'requested', 'x', 'user:frida'
    FROM goods_receipt WHERE receipt_no = ${FOREIGN.receipt}`
  await admin`UPDATE payment SET reference = ${FOREIGN.charge} WHERE order_id = ${orderId}`
  await admin`
    INSERT INTO chargeback (provider, dispute_id, workflow_id, entity_id, order_id, payment_id, reference, stage, currency, amount_minor, phase, told_on)
    SELECT 'stripe', ${FOREIGN.dispute}, ${`chargeback/stripe/${FOREIGN.dispute}`}, ${entityId}, order_id, id, reference, 'inquiry', 'EUR', 1, 'inquiry', current_date
    FROM payment WHERE order_id = ${orderId}`
  await transaction(admin, async (tx) => {
    const [dispute] = await tx<{ id: bigint }[]>`
      SELECT id FROM chargeback WHERE dispute_id = ${FOREIGN.dispute}`
    await buildEvidence(tx, { id: dispute!.id, no: FOREIGN.dispute }, 'user:frida')
  })
  await admin`
    INSERT INTO customer_return (return_no, workflow_id, kind, entity_id, order_id, site_id, source, phase, reason, policy_version, policy, refund_on, requested_by, requested_on)
    SELECT ${FOREIGN.customerReturn}, ${`return-to-refund/${FOREIGN.customerReturn}`}, 'return', ${entityId}, ${orderId}, id, 'agent', 'requested', 'other', 0, '{}', 'inspected', 'user:frida', current_date
    FROM site WHERE code = ${FOREIGN.site}`
  await addOutsideWarehouse(api, entityId)
  await admin`SELECT open_periods(${entityId}, 2026)`
  await admin`
    INSERT INTO period_close (entity_id, period_id, workflow_id, policy_version, materiality_minor, opened_by)
    SELECT entity_id, id, 'period-close/' || ${FOREIGN.entity} || '/2026-05', 0, 0, 'user:frida' FROM gl_period WHERE entity_id = ${entityId} AND period = '2026-05'`
  await admin`
    INSERT INTO expected_invoice (invoice_no, workflow_id, entity_id, period_id, account_id, party, description, currency, expected_minor, requested_by)
    SELECT ${FOREIGN.expected}, ${`expected-invoice/${FOREIGN.expected}`}, entity_id, id, 6070, 'x', 'x', 'EUR', 1, 'user:frida' FROM gl_period WHERE entity_id = ${entityId} AND period = '2026-05'`
  await admin`INSERT INTO lot (item_id, code) SELECT id, 'L-DE' FROM item WHERE sku = 'MUG'`
  await admin`
    INSERT INTO recall (item_id, lot, entity_id, blocked, reason, requested_by) SELECT id, 'L-DE', ${entityId}, '[]', 'x', 'user:frida' FROM item WHERE sku = 'MUG'`
  await admin`
    INSERT INTO stock_movement (item_id, qty, kind, from_site_id, to_site_id, to_lot, cause_type, cause_id, actor, effective_on)
    SELECT i.id, 1, 'bin-move', s.id, s.id, 'L-DE', 'test', 'lot', 'test', current_date FROM item i, site s WHERE i.sku = 'MUG' AND s.code = ${FOREIGN.site}`
  await admin`INSERT INTO inbox (source, event_id, topic, body_hash, outcome, problems) VALUES (${`shopify/${FOREIGN.channel}`}, 'DE-1', 'placed', ${Buffer.from('x')}, 'refused', '[]')`
  await admin`INSERT INTO external_effect (key, gateway, operation, subject_type, subject_id, request, state) VALUES ('effect-abroad', 'carrier', 'buy-label', 'order', ${orderId}, '{}', 'confirmed')`
  await admin`INSERT INTO supplier (entity_id, code, name, country, currency, state, created_by, approved_by) VALUES (${entityId}, ${FOREIGN.supplier}, 'Keramik GmbH', 'DE', 'EUR', 'approved', 'test', 'frida')`
  await admin`INSERT INTO supplier_change (supplier_id, kind, based_on, body, reason, requested_by) SELECT id, 'change', 1, '{"termsDays": 14}', 'better terms', 'test' FROM supplier WHERE code = ${FOREIGN.supplier}`
  const policies = { purchasing: { version: 0, owner: 'x', body: DEFAULT_PURCHASING_POLICY } }
  await admin`
    INSERT INTO purchase_order (po_number, entity_id, supplier_id, workflow_id, currency, ordered_on, terms_days, created_by, authors, policies)
    SELECT ${FOREIGN.purchase}, ${entityId}, id, 'procure-to-pay/none', 'EUR', current_date, 30, 'test', '{test}', ${admin.json(policies as never)} FROM supplier WHERE code = ${FOREIGN.supplier}`
  await admin`
    INSERT INTO purchase_order_line (purchase_order_id, line_no, item_id, site_id, unit_price_minor, needed_on, qty_ordered)
    SELECT p.id, 1, i.id, s.id, 400, current_date + 9, 10 FROM purchase_order p, item i, site s WHERE p.po_number = ${FOREIGN.purchase} AND i.sku = 'MUG' AND s.code = ${FOREIGN.site}`
  await admin`INSERT INTO wave (wave_no, site_id, ship_until, planned_by) SELECT ${FOREIGN.wave}, id, current_date, 'user:frida' FROM site WHERE code = ${FOREIGN.site}`
  await admin`INSERT INTO gs1_prefix (entity_id, prefix) VALUES (${entityId}, '39501101')`
  await admin`INSERT INTO package_type (entity_id, code, length_mm, width_mm, height_mm, tare_g, max_weight_g) VALUES (${entityId}, 'KARTON', 300, 300, 300, 100, 9000)`
  await admin`
    INSERT INTO pack_box (fulfilment_id, box_no, entity_id, package, opened_by) SELECT id, 1, ${entityId}, 'KARTON', 'user:frida' FROM fulfilment_order WHERE order_id = ${orderId}`
  await admin`INSERT INTO period_closing (period_id, closed_by) SELECT id, 'x' FROM gl_period WHERE entity_id = ${entityId} AND period = ${FOREIGN.closed}`
  await admin`INSERT INTO account_mapping (entity_id, version, package, codes, reason, actor) SELECT ${entityId}, 1, 'DATEV', jsonb_object_agg(id::text, id::text), 'x', 'x' FROM gl_account`
  await admin`
    INSERT INTO journal_export (entity_id, number, mode, to_on, upto_xid, mapping_version, row_count, debit_minor, content_hash, actor)
    VALUES (${entityId}, 1, 'day', '2020-01-01', '0', 1, 1, 0, ${journalHash([], 'EUR')}, 'x')`
  const one = async (sql: string) => String((await admin.unsafe<{ id: unknown }[]>(sql))[0]!.id)
  return {
    ...(await addBill(api, entityId)),
    ...(await addAccess(api)),
    orderId,
    workflowId: await one(`SELECT workflow_id AS id FROM sales_order WHERE id = ${orderId}`),
    caseId,
    prepaymentId: await one(`
      INSERT INTO vendor_prepayment (purchase_order_id, entity_id, supplier_id, currency, amount_minor, due_on, reason, requested_by)
      SELECT id, entity_id, supplier_id, currency, 1, current_date, 'x', 'x' FROM purchase_order WHERE po_number = '${FOREIGN.purchase}' RETURNING id`),
    claimId: await one(`
      WITH lost AS (INSERT INTO parcel (order_id, fulfilment_id, parcel_no, tracking_number) SELECT order_id, id, 99, 'LOST-DE' FROM fulfilment_order WHERE order_id = ${orderId} RETURNING id)
      INSERT INTO carrier_claim (parcel_id, order_id, entity_id, cost_minor, claimed_on, actor) SELECT id, ${orderId}, ${entityId}, 0, current_date, 'x' FROM lost RETURNING id`),
    deferralId: await one(`
      WITH left_now AS (INSERT INTO shipment (order_id, fulfilment_id, site_id, reference, shipped_on, actor) SELECT order_id, id, site_id, 'DE-S', current_date, 'x' FROM fulfilment_order WHERE order_id = ${orderId} RETURNING id)
      INSERT INTO deferred_revenue (shipment_id, order_line_id, entity_id, currency, minor, starts_on) SELECT s.id, l.id, ${entityId}, 'EUR', 1, current_date FROM left_now s, sales_order_line l WHERE l.order_id = ${orderId} LIMIT 1 RETURNING id`),
    fulfilmentId: await one(`SELECT id FROM fulfilment_order WHERE order_id = ${orderId}`),
    pickTaskId: await one(`
      INSERT INTO pick_task (wave_id, fulfilment_id, order_line_id, item_id, site_id, bin, lot, qty) SELECT w.id, l.fulfilment_id, l.order_line_id, l.item_id, w.site_id, '', '', 1
      FROM wave w, fulfilment_line l JOIN fulfilment_order f ON f.id = l.fulfilment_id WHERE w.wave_no = '${FOREIGN.wave}' AND f.order_id = ${orderId} RETURNING id`),
    listingId: await one(`SELECT id FROM listing WHERE external_id = 'DE-MUG'`),
    entryId: await one(`SELECT max(id) AS id FROM journal_entry WHERE entity_id = ${entityId}`),
    openingId: await one(
      `SELECT cause_id AS id FROM stock_movement WHERE cause_id LIKE 'abroad-%' LIMIT 1`,
    ),
    importId: await one(
      `INSERT INTO import_run (key, format, actor) VALUES ('foreign', 'csv', 'user:frida') RETURNING id`,
    ),
    ...(await addReplenishment(api, entityId)),
    settlementId: await addSettlement(api, entityId),
    supplyId: await one(`SELECT id FROM expected_supply WHERE source_id = 'PO-DE'`),
    supplierChangeId: await one(`SELECT max(id) AS id FROM supplier_change`),
    inboxId: await one(`SELECT id FROM inbox WHERE event_id = 'DE-1'`),
    openItemId: await one(`SELECT max(id) AS id FROM open_item WHERE entity_id = ${entityId}`),
    certificateId: await one(
      `INSERT INTO exemption_certificate (channel_id, customer, number, jurisdictions, kind, valid_from, valid_to, captured_by)
      SELECT id, 'C9', 'ST-DE', '{US-NY}', 'resale', current_date, current_date, 'x' FROM channel WHERE code = '${FOREIGN.channel}' RETURNING id`,
    ),
    taxReturnId: await one(
      `INSERT INTO tax_return (entity_id, scheme, jurisdiction, period, currency, due_minor, prepared_by) VALUES (${entityId}, 'domestic', 'DE', '2020-01', 'EUR', 0, 'x') RETURNING id`,
    ),
    approvalId: await one(
      `SELECT request_period_exception(${entityId}, '${new Date().getUTCFullYear()}-06', '{TAX}', NULL, 'late', now() + interval '1 hour', 'x') AS id`,
    ),
  }
}

/** A marketplace's statement, and a line of the bank. */
async function addSettlement(
  { database: { admin } }: RunningApi,
  entityId: number,
): Promise<string> {
  const [row] = await admin<{ id: bigint }[]>`
    WITH account AS (INSERT INTO settlement_account (provider, account, entity_id, channel_id) SELECT 'amazon', 'DE', ${entityId}, id FROM channel WHERE code = ${FOREIGN.channel} RETURNING id)
    INSERT INTO settlement_statement (account_id, statement_id, workflow_id, currency, effective_on, opening_minor, closing_minor, total_minor, payout_minor, line_count, content_hash, received_by)
    SELECT id, ${FOREIGN.statement}, 'settlement/amazon/DE/none', 'EUR', current_date, 0, 0, 100, 100, 1, sha256('x'), 'x' FROM account RETURNING id`
  await admin`INSERT INTO settlement_line (statement_id, account_id, line_no, amount_minor, posted_on, class, type) SELECT id, account_id, 1, 100, current_date, 'sale', 'x' FROM settlement_statement WHERE id = ${row!.id}`
  await admin`
    WITH bank AS (INSERT INTO bank_statement (entity_id, account, statement_id, currency, from_on, to_on, line_count, content_hash, received_by) VALUES (${entityId}, 'DE-1', 'B1', 'EUR', current_date, current_date, 1, sha256('x'), 'x') RETURNING id)
    INSERT INTO bank_line (bank_statement_id, line_no, amount_minor, booked_on, account, reference, owner, due_on) SELECT id, 1, 5, current_date, 'DE-1', ${FOREIGN.bankLine}, 'treasury', current_date FROM bank`
  return String(row!.id)
}

/** A supplier's bill that a payment run has been proposed for. */
async function addBill(
  { database: { admin } }: RunningApi,
  entityId: number,
): Promise<{ billId: string; runId: string; creditId: string }> {
  await admin`
    INSERT INTO supplier (entity_id, code, name, country, currency, state, created_by, approved_by) VALUES (${entityId}, 'BILLER-DE', 'Töpferei', 'DE', 'EUR', 'approved', 'a', 'b')`
  const [bill] = await admin<{ id: bigint }[]>`
    INSERT INTO vendor_bill (entity_id, supplier_id, workflow_id, bill_number, normal_number, billed_on, due_on, currency, net_minor, tax_minor, gross_minor, source, captured_by)
    SELECT ${entityId}, id, 'vendor-bill/BILLER-DE/R1', 'R1', 'R1', current_date, current_date, 'EUR', 100, 0, 100, 'typed', 'x' FROM supplier WHERE code = 'BILLER-DE' RETURNING id`
  const [run] = await admin<{ id: bigint }[]>`
    WITH account AS (INSERT INTO company_bank_account (entity_id, holder, iban, bic, actor) VALUES (${entityId}, 'Acme GmbH', 'DE89370400440532013000', 'COBADEFFXXX', 'x') RETURNING id)
    INSERT INTO payment_run (entity_id, account_id, pay_on, content_hash, proposed_by) SELECT ${entityId}, id, current_date, sha256('x'), 'x' FROM account RETURNING id`
  await admin`INSERT INTO payment_run_file (run_id, message_id, body, sha256) VALUES (${run!.id}, 'TL-ACME-DE-RUN', '<Document/>', sha256('x'))`
  const [credit] = await admin<{ id: bigint }[]>`
    INSERT INTO vendor_credit (entity_id, supplier_id, credit_number, normal_number, credited_on, currency, net_minor, tax_minor, gross_minor, source, captured_by)
    SELECT ${entityId}, id, 'C1', 'C1', current_date, 'EUR', 10, 0, 10, 'typed', 'x' FROM supplier WHERE code = 'BILLER-DE' RETURNING id`
  return { billId: String(bill!.id), runId: String(run!.id), creditId: String(credit!.id) }
}

async function foundMasters(api: RunningApi): Promise<number> {
  const { admin } = api.database
  const [entity] = await admin<{ id: number }[]>`
    INSERT INTO entity (code, name, functional_currency, country) VALUES (${FOREIGN.entity}, 'Acme GmbH', 'EUR', 'DE') RETURNING id`
  const { id } = entity!
  await admin`SELECT open_periods(${id}, ${new Date().getUTCFullYear()})`
  await admin`INSERT INTO site (entity_id, code, name, kind, country, postal_code, cutoff_local) VALUES (${id}, ${FOREIGN.site}, 'Hamburg', 'own', 'DE', '20457', '23:59')`
  await admin`INSERT INTO channel (code, name, kind, entity_id, currency) VALUES (${FOREIGN.channel}, 'Web shop DE', 'shopify', ${id}, 'EUR'), (${FOREIGN.amazon}, 'Amazon DE', 'amazon', ${id}, 'EUR')`
  await admin`INSERT INTO shipping_zone (from_country, to_country, zone) VALUES ('DE', 'DE', 'domestic')`
  await admin`INSERT INTO carrier_service (carrier, service, from_country, to_zone, transit_days, base_minor, per_kg_minor, currency) VALUES ('DHL', 'Paket', 'DE', 'domestic', 2, 500, 50, 'EUR')`
  await admin`INSERT INTO listing (channel_id, external_id, item_id) SELECT c.id, 'DE-MUG', i.id FROM channel c, item i WHERE c.code = ${FOREIGN.channel} AND i.sku = 'MUG'`
  await admin`INSERT INTO policy (kind, scope, version, owner, body) VALUES ('order', ${FOREIGN.channel}, 1, 'test', '{}')`
  return id
}

async function stockUp(api: RunningApi, entityId: number): Promise<void> {
  const { admin } = api.database
  const [found] = await admin<{ siteId: number; itemId: number }[]>`
    SELECT s.id AS "siteId", i.id AS "itemId" FROM site s, item i WHERE s.code = ${FOREIGN.site} AND i.sku = 'MUG'`
  await admin.begin((tx) =>
    openStock(tx as unknown as Tx, {
      openingId: `abroad-${randomUUID()}`,
      entityId,
      functionalCurrency: 'EUR',
      openedOn: `${new Date().getUTCFullYear()}-01-01`,
      actor: 'test',
      lines: [{ ...found!, qty: 50n, valueMinor: 20_000n }],
    }),
  )
  await admin`INSERT INTO stock_pool (channel_id, item_id, site_id, qty, reason) SELECT c.id, i.id, s.id, 3, 'promised' FROM channel c, item i, site s WHERE c.code = ${FOREIGN.channel} AND i.sku = 'MUG' AND s.code IN (${FOREIGN.site}, 'EAST')`
}

async function addAccess(api: RunningApi): Promise<{ userId: string; keyId: string }> {
  const { admin } = api.database
  const reach = [[FOREIGN.entity], [FOREIGN.site], [FOREIGN.channel]] as const
  const [user] = await admin<{ id: number }[]>`
    INSERT INTO app_user (email, name, password_hash, roles, entity_codes, site_codes, channel_codes)
    VALUES (${FOREIGN.user}, 'Frida', ${await storedPassword()}, '{csr}', ${reach[0]}, ${reach[1]}, ${reach[2]}) RETURNING id`
  const [key] = await admin<{ id: number }[]>`
    INSERT INTO api_key (name, key_hash, roles, entity_codes, site_codes, channel_codes)
    VALUES (${FOREIGN.key}, ${Buffer.from('foreign')}, '{connector}', ${reach[0]}, ${reach[1]}, ${reach[2]}) RETURNING id`
  return { userId: String(user!.id), keyId: String(key!.id) }
}

/** A proposal for the other company's site, the run that made it, and an event. */
async function addReplenishment(api: RunningApi, entityId: number) {
  const { admin } = api.database
  const [policy] = await admin<{ id: bigint; siteId: number; itemId: number }[]>`
    INSERT INTO replenishment_policy (entity_id, item_id, site_id, version, effective_from, method, safety_kind, safety_value, reason, actor)
    SELECT ${entityId}, i.id, s.id, 1, current_date, 'none', 'units', 0, 'x', 'x' FROM item i, site s WHERE i.sku = 'MUG' AND s.code = ${FOREIGN.site}
    RETURNING id, site_id AS "siteId", item_id AS "itemId"`
  const { id, siteId, itemId } = policy!
  const [event] = await admin<{ id: bigint }[]>`
    INSERT INTO demand_event (entity_id, item_id, site_id, kind, name, from_on, to_on, reason, actor)
    VALUES (${entityId}, ${itemId}, ${siteId}, 'season', 'Advent', current_date, current_date, 'x', 'x') RETURNING id`
  const [run] = await admin<{ id: bigint }[]>`
    INSERT INTO replenishment_run (key, entity_id, run_on, cause, actor, total, state, ended_at) VALUES ('abroad', ${entityId}, current_date, 'x', 'x', 1, 'done', now()) RETURNING id`
  const [proposal] = await admin<{ id: bigint }[]>`
    INSERT INTO replenishment_proposal (run_id, entity_id, item_id, site_id, policy_id, state, kind, computed_qty, qty, cost_minor, currency, arrives_on, cover_days, inputs, owner_mode, band_ppm)
    VALUES (${run!.id}, ${entityId}, ${itemId}, ${siteId}, ${id}, 'proposed', 'unsourced', 5, 5, 0, 'EUR', current_date, 1, '{}', 'central', 0) RETURNING id`
  const text = (row: { id: bigint } | undefined) => row!.id.toString()
  return { proposalId: text(proposal), replenishmentRunId: text(run), eventId: text(event) }
}

/** A warehouse that others run, with a document and a difference of its own. */
async function addOutsideWarehouse({ database }: RunningApi, entityId: number): Promise<void> {
  const { admin } = database
  const [site] = await admin<{ id: number }[]>`
    INSERT INTO site (entity_id, code, name, kind, country) VALUES (${entityId}, 'FERN', 'Far', '3pl', 'DE') RETURNING id`
  await admin`
    INSERT INTO outside_warehouse (site_id, edi_id, our_edi_id) VALUES (${site!.id}, 'FERN-LAGER', 'ACME')`
  const [document] = await admin<{ id: bigint }[]>`
    INSERT INTO warehouse_document (site_id, set_type, number, segments, content_hash, outcome, actor)
    VALUES (${site!.id}, '846', 'FERN-947', '[]', ${'0'.repeat(64)}, 'applied', 'test') RETURNING id`
  const [snapshot] = await admin<{ id: bigint }[]>`
    INSERT INTO warehouse_snapshot (document_id, site_id, as_of, actor) VALUES (${document!.id}, ${site!.id}, now(), 'test') RETURNING id`
  await admin`
    INSERT INTO warehouse_snapshot_line (snapshot_id, item_id, condition, asserted, booked)
    SELECT ${snapshot!.id}, id, 'sellable', 2, 1 FROM item WHERE sku = 'MUG'`
}
