import { MockActivityEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { orderActivities } from '#activities/orders/index'
import type { DocumentProgress } from '#contracts/document-progress'
import { orderToCashId, type OrderProgress } from '#contracts/order-to-cash'
import { orderProofs } from '#db/queries/order-proofs'
import { ledgerProofs, runProofs } from '#db/queries/proofs'
import { referenceProofs } from '#db/queries/reference-proofs'
import { storeDocument } from '#db/stores/inbox'
import { transferActivities } from '#activities/transfers/index'
import { agreeableGateways } from '#tests/support/agreeable-gateways'
import { aLine, anOrder, foundCompany, setPolicy } from '#tests/support/company'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { brokenBy } from '#tests/support/proofs'
import { allSealed } from './ledger-books.ts'

const proofs = [...ledgerProofs, ...orderProofs, ...referenceProofs]
let database: TestDatabase
let activities: ReturnType<typeof orderActivities>

/** Orders at every stage that a proof is about, and a ledger that has been sealed and summed up. */
beforeAll(async () => {
  database = await freshDatabase()
  const { admin, db } = database
  await foundCompany(admin, { MUG: { east: 100 }, LAMP: { east: 20 } })
  await setPolicy(admin, 'order', { revenueOn: 'delivered' }, 'b2b')
  activities = orderActivities({ db, gateways: agreeableGateways })
  const taxes = [
    { jurisdiction: 'US-NJ', ratePpm: 82_500, amountMinor: '825', collectedBy: 'seller' as const },
  ]
  await shipped(await placed({ line: { taxes } }))
  await shipped(await placed({ channel: 'b2b' }), [{ trackingNumber: 'UNDERWAY' }])
  const onItsWay = await placed({ channel: 'b2b', line: { sku: 'MUG', unitPriceMinor: '1000' } })
  await shipped(onItsWay, [{ trackingNumber: 'D-1' }])
  const at = new Date().toISOString()
  const delivered = { trackingNumber: 'D-1', status: 'delivered' as const, at, actor: 'carrier' }
  await activities.recordTracking({ ...delivered, providerEventId: 'd1', ...of(onItsWay) })
  const lostOne = await placed({ line: { sku: 'MUG', unitPriceMinor: '1000' } })
  await shipped(lostOne, [{ trackingNumber: 'L-1' }])
  const trouble = { ...delivered, trackingNumber: 'L-1', status: 'exception' as const }
  const stalled = await activities.recordTracking({
    ...{ ...trouble, providerEventId: 'l1', ...of(lostOne) },
  })
  await activities.resolveException({
    ...{ ...of(lostOne), key: 'l', actor: 'ann' },
    ...{ caseId: stalled.cases[0]!.id, resolution: 'claim-lost' },
  })
  await admin`
    INSERT INTO item (sku, name, kind, status) VALUES ('LICENCE', 'Licence', 'service', 'active')`
  await admin`
    INSERT INTO revenue_policy (item_id, revenue_on, standard, reason, actor) SELECT id, 'activated', 'IFRS 15.31', 'x', 'x' FROM item WHERE sku = 'LICENCE'`
  await placed({ line: { sku: 'LICENCE', requiresShipping: false, unitPriceMinor: '5000' } })
  // Granted and not given back yet.
  await setPolicy(admin, 'order', { autoRelease: false }, 'market')
  const given = await placed({ channel: 'market' })
  await activities.cancelOrder({ ...of(given), key: 'c', actor: 'csr', reason: 'x' })
  await placed({
    lines: [
      aLine({
        sku: null,
        title: 'Gift card',
        requiresShipping: false,
        giftCard: true,
        unitPriceMinor: '5000',
      }),
    ],
  })
  await placed()
  await placed({ line: { sku: 'CHAIR', unitPriceMinor: '22500' } })
  const waits = await placed({ channel: 'market', line: { sku: 'TEA', unitPriceMinor: '250' } })
  await admin`INSERT INTO expected_supply (item_id, site_id, qty, due_on, source_type, source_id) SELECT i.id, s.id, 5, '2999-01-01', 'test', 'x' FROM item i, site s WHERE i.sku = 'TEA' AND s.code = 'EAST'`
  await activities.resolveException({
    ...{ ...of(waits), key: 'b', actor: 'ann' },
    ...{ caseId: waits.cases[0]!.id, resolution: 'backorder' },
  })
  await underway()
  await allSealed(database)
  await admin`SELECT take_balance_snapshot(), take_ledger_days(1)`
  await admin`
    WITH mapping AS (INSERT INTO account_mapping (entity_id, version, package, codes, reason, actor) SELECT min(id), 1, 'x', '{}', 'x', 'x' FROM entity RETURNING entity_id)
    INSERT INTO journal_export (entity_id, number, mode, to_on, upto_xid, mapping_version, row_count, debit_minor, content_hash, actor)
    SELECT entity_id, 1, 'day', '2020-01-01', '0', 1, 1, 0, sha256('x'), 'x' FROM mapping`
})
afterAll(() => database.drop())

/** Goods between two sites. */
async function underway(): Promise<void> {
  const verbs = transferActivities({ db: database.db })
  const environment = new MockActivityEnvironment({
    workflowExecution: { workflowId: 'transfer/T-1', runId: 'r' },
  })
  const by = { actor: 'lead', key: 't', reason: 'x' }
  const request = {
    ...by,
    transferNo: 'T-1',
    from: 'EAST',
    to: 'WEST',
    lines: [{ sku: 'MUG', qty: '3' }],
  }
  const { id } = (await environment.run(() => verbs.requestTransfer(request))) as DocumentProgress
  await verbs.shipTransfer({ ...by, id, reference: 'S-1' })
}

const of = ({ orderId }: OrderProgress) => ({ orderId })

async function placed(changes: Parameters<typeof anOrder>[0] = {}): Promise<OrderProgress> {
  const document = anOrder(changes)
  const { channel, externalId } = document
  const message = { source: 'test', eventId: externalId, topic: 'placed' as const, document }
  const { inboxId } = await storeDocument(database.db, message)
  const workflowId = orderToCashId(channel, externalId)
  const environment = new MockActivityEnvironment({ workflowExecution: { workflowId, runId: 'r' } })
  return environment.run(activities.receiveOrder, { inboxId, channel, externalId, actor: 'test' })
}

async function shipped(
  order: OrderProgress,
  parcels: { trackingNumber: string }[] = [],
): Promise<void> {
  const [row] = await database.db<{ id: string }[]>`
    SELECT id::text FROM fulfilment_order WHERE order_id = ${order.orderId}`
  const command = { ...of(order), key: 's', actor: 'packer', reference: 'S-1', parcels }
  await activities.confirmShipment({ ...command, fulfilmentId: row!.id })
}

test('all hold for orders that are wherever orders can be', async () => {
  const results = await runProofs(database.admin, proofs)
  expect(results.filter(({ broken }) => broken.length > 0)).toEqual([])
})

/** A corruption that not even the table's own shape would take. */
function without(table: string, check: string): string {
  return `ALTER TABLE ${table} DROP CONSTRAINT ${check};`
}

const corruptions: [name: string, corruption: string][] = [
  ['BAL-F', 'UPDATE journal_line SET func_minor = func_minor + 1 WHERE account_id = 4010'],
  ['BAL-C', 'UPDATE journal_line SET amount_minor = amount_minor + 1 WHERE account_id = 4010'],
  ['WHOLE', 'DELETE FROM journal_line WHERE account_id = 4010'],
  ['SAME-TX', 'UPDATE journal_line SET qty = qty WHERE account_id = 4010'],
  ['IN-PERIOD', 'UPDATE journal_entry SET effective_on = effective_on + 40'],
  ['AREAS', 'UPDATE journal_entry SET areas = 63'],
  ['SIGN', 'UPDATE journal_line SET func_minor = func_minor - 1 WHERE account_id = 4010'],
  ['TB', 'UPDATE journal_line SET func_minor = func_minor + 1 WHERE account_id = 4010'],
  ['PROJ', 'UPDATE balance_snapshot SET amount_minor = amount_minor + 1'],
  ['PROJ-DAY', 'UPDATE ledger_day SET func_minor = func_minor + 1'],
  ['JOURNAL-EXPORT', 'UPDATE journal_export SET number = 2'],
  ['NO-GAP', 'UPDATE seal SET entries = entries + 1'],
  ['SEAL', "UPDATE journal_entry SET actor = 'mallory'"],
  ['REV', 'UPDATE journal_entry SET reverses = 1 WHERE id = (SELECT max(id) FROM journal_entry)'],
  ['CLEAR', 'UPDATE open_item SET balance_minor = balance_minor + 1 WHERE account_id = 1110'],
  ['LIMITED', 'UPDATE open_item SET balance_minor = 1 WHERE limited'],
  ['DIM', 'UPDATE journal_line SET segment = NULL WHERE account_id = 4010'],
  ['FX-POS', 'UPDATE journal_line SET account_id = 9010 WHERE account_id = 4010'],
  ['STOCK-MOVES', 'UPDATE stock_quant SET qty = qty + 1'],
  ['STOCK-RESERVED', 'UPDATE stock_position SET reserved = reserved + 1'],
  ['LINE-RESERVED', 'UPDATE reservation SET released = released + 1 WHERE live > 0'],
  ['LINE-PROMISED', 'UPDATE supply_promise SET qty = qty + 1'],
  ['LAYER-FLOW', 'UPDATE layer_consumption SET value_minor = value_minor + 1'],
  ['LAYER-QTY', 'UPDATE cost_layer SET remaining_qty = remaining_qty - 1'],
  ['LAYER-GL', 'UPDATE cost_layer SET remaining_minor = remaining_minor - 1'],
  ['LINE-SHIPPED', 'UPDATE sales_order_line SET shipped_minor = 1 WHERE qty_shipped > 0'],
  ['LINE-RELEASED', 'UPDATE fulfilment_line SET qty = qty + 1 WHERE shipped = 0'],
  ['LINE-MONEY', 'UPDATE sales_order_line SET cancelled_minor = cancelled_minor + 1'],
  [
    'REFUND-BOUND',
    `${without('payment', 'payment_refund_bound')} UPDATE payment SET refunded_minor = captured_minor + 1`,
  ],
  ['CHARGEBACK', 'UPDATE journal_line SET account_id = 1140 WHERE account_id = 4010'],
  ['PAYMENT-EVENTS', 'UPDATE payment_event SET amount_minor = amount_minor + 1'],
  [
    'CASE-OWNED',
    `${without('exception_case', 'exception_case_owner_team_check')} UPDATE exception_case SET owner_team = '' WHERE state = 'open'`,
  ],
  ['NOBODY-STUCK', "UPDATE exception_case SET state = 'resolved' WHERE state = 'open'"],
  ['ORDER-CLOSED', 'UPDATE open_item SET balance_minor = -1 WHERE account_id = 2100'],
  ['ORDER-MONEY', 'UPDATE payment SET captured_minor = captured_minor + 1'],
  ['TAX-GL', 'UPDATE order_line_tax SET tax_minor = tax_minor + 1'],
  ['TAX-GL', "UPDATE order_line_tax SET tax_code = 'other'"],
  ['TAX-TIE', 'UPDATE order_line_tax SET tax_minor = tax_minor + 1'],
  ['TAX-TIE', 'UPDATE journal_line SET amount_minor = amount_minor - 1 WHERE account_id = 2210'],
  [
    'TAX-POINT',
    "UPDATE sales_order SET closed_at = now(), policies = jsonb_set(policies, '{order,body,taxPoint}', '\"payment\"'); UPDATE order_line_tax SET tax_minor = tax_minor + 1",
  ],
  ['SHIP-POSTED', "DELETE FROM journal_entry WHERE event_type = 'goods-shipped'"],
  ['SHIP-POSTED', "DELETE FROM journal_entry WHERE event_type = 'goods-dispatched'"],
  ['SHIP-POSTED', 'DELETE FROM shipment'],
  ['CAPTURE-POSTED', "DELETE FROM journal_entry WHERE event_type = 'payment-captured'"],
  ['CAPTURE-POSTED', "DELETE FROM journal_entry WHERE event_type = 'deposit-cancelled'"],
  ['CAPTURE-POSTED', "DELETE FROM payment_event WHERE kind = 'captured'"],
  ['REFUND-TIE', 'UPDATE payment SET refund_pending_minor = 0 WHERE refund_pending_minor > 0'],
  ['REFUND-TIE', 'DELETE FROM journal_line WHERE account_id = 2140'],
  ['COGS', 'UPDATE shipment_line SET cost_minor = cost_minor + 1'],
  ['COGS', 'UPDATE journal_line SET func_minor = func_minor + 1 WHERE account_id = 5010'],
  ['TRANSIT', 'DELETE FROM journal_line WHERE account_id = 1315'],
  ['TRANSIT', 'UPDATE journal_line SET func_minor = func_minor + 1 WHERE account_id = 1315'],
  ['DEFERRED', 'DELETE FROM deferred_revenue'],
  ['DEFERRED', 'UPDATE open_item SET balance_minor = 1 WHERE account_id = 2150'],
  ['CARRIER-CLAIMS', 'UPDATE carrier_claim SET cost_minor = cost_minor - 1'],
  ['CARRIER-CLAIMS', 'DELETE FROM open_item WHERE account_id = 1220'],
  ['INVOICE', 'UPDATE customer_invoice SET net_minor = net_minor + 1'],
  ['INVOICE', 'DELETE FROM customer_invoice WHERE number = 1'],
  ['INVOICE', 'UPDATE document_sequence SET next = next + 1'],
  ['OPEN-FUNC', 'UPDATE open_item SET func_minor = 1 WHERE balance_minor = 0'],
  ['GIFT-CARDS', 'UPDATE gift_card SET face_minor = face_minor - 1'],
  ['GIFT-CARDS', 'DELETE FROM gift_card'],
  ['TRANSFER-UNITS', 'UPDATE transfer_line SET shipped = shipped - 1'],
  ['TRANSFER-VALUE', 'UPDATE transfer_event_line SET value_minor = value_minor - 1'],
  ['LINE-REFERENCES', 'UPDATE journal_line SET order_id = 999999 WHERE order_id IS NOT NULL'],
  ['LINE-OWNERS', 'UPDATE cost_layer SET entity_id = entity_id + 1'],
]

test.each(corruptions)('%s is broken by %s', async (name, corruption) => {
  expect(await brokenBy(database.admin, corruption, proofs)).toContain(name)
})

/** Shown to fail beside what they are about: tests/db/audit-seals and tests/db/ledger-periods. */
const shownElsewhere = ['AUDIT-SEAL', 'CLOSE-STABLE']

test('no proof is one that nothing can break', () => {
  const shown = new Set([...corruptions.map(([name]) => name), ...shownElsewhere])
  expect(proofs.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([])
})
