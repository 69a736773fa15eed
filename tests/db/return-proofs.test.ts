import { MockActivityEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { returnActivities } from '#activities/returns/index'
import { runProofs } from '#db/queries/proofs'
import { returnProofs } from '#db/queries/return-proofs'
import { standingProofs } from '#db/queries/standing-proofs'
import { anOrder } from '#tests/support/company'
import { linesOf } from '#tests/support/orders'
import { brokenBy } from '#tests/support/proofs'
import { stepsOn, type Steps } from '#tests/support/steps'

let steps: Steps

/** Two lamps that left; both are back, one on the shelf again and one set aside, and paid for. */
beforeAll(async () => {
  steps = await stepsOn({ LAMP: { east: 5 } })
  const taxes = [
    { jurisdiction: 'US-NJ', ratePpm: 82_500, amountMinor: '1650', collectedBy: 'seller' as const },
  ]
  const order = await steps.place(anOrder({ line: { quantity: 2, taxes } }))
  const [fulfilment] = await steps.db<{ id: string }[]>`SELECT id::text FROM fulfilment_order`
  await steps.run('confirmShipment', order.orderId, {
    fulfilmentId: fulfilment!.id,
    reference: 'S-1',
  })
  const verbs = returnActivities({ db: steps.db })
  const by = { actor: 'cas', key: 'r' }
  const line = (await linesOf(steps.db, order.orderId))[0]!
  const request = {
    ...{ ...by, returnNo: 'RMA-1', kind: 'return' as const, orderId: order.orderId },
    ...{ source: 'agent' as const, reason: 'defective', lines: [{ orderLineId: line.id, qty: 2 }] },
  }
  const environment = new MockActivityEnvironment({
    workflowExecution: { workflowId: 'return-to-refund/RMA-1', runId: 'r' },
  })
  const { id } = (await environment.run(() => verbs.requestReturn(request))) as { id: string }
  const goods = [{ sku: 'LAMP', qty: 2, condition: 'opened' as const }]
  await verbs.receiveReturn({ ...by, id, reference: 'P-1', goods })
  await verbs.inspectReturn({ ...by, id, units: [{ sku: 'LAMP', qty: 2, grade: 'A' }] })
  const put = { sku: 'LAMP', qty: 1, kind: 'restock' as const, reason: 'fine' }
  await verbs.disposeReturn({ ...by, id, ...put })
})
afterAll(() => steps.drop())

test('all hold for a return that is half put to use', async () => {
  const results = await runProofs(steps.admin, standingProofs)
  expect(results.filter(({ broken }) => broken.length > 0)).toEqual([])
})

test.each([
  ['RETURN-COST', `UPDATE returned_unit SET cost_minor = cost_minor + 1 WHERE unit = 0`],
  ['RETURN-UNITS', `UPDATE returned_unit SET unit = unit + 7 WHERE unit = 1`],
  [
    'RETURN-UNITS',
    `UPDATE cost_layer SET remaining_qty = 0, remaining_minor = 0 WHERE condition = 'quarantine' AND remaining_qty > 0`,
  ],
  ['CREDIT-BOUND', `UPDATE sales_order SET credited_minor = credited_minor + 1`],
  [
    'CREDIT-POSTED',
    `UPDATE credit_note SET refund_minor = refund_minor - 1, fee_minor = fee_minor + 1`,
  ],
  ['CREDIT-POSTED', `UPDATE credit_note SET number = number + 1`],
  ['CREDIT-POSTED', `UPDATE credit_note_tax SET amount_minor = amount_minor - 1`],
  [
    'TAX-MIRROR',
    `UPDATE journal_line SET amount_minor = amount_minor + 1 WHERE account_id = 2210 AND amount_minor > 0`,
  ],
])('%s notices what breaks it: %s', async (name, corruption) => {
  expect(await brokenBy(steps.admin, corruption, returnProofs)).toContain(name)
})

test('no unit goes back twice, whoever writes', async () => {
  const twice = steps.db`
    INSERT INTO returned_unit (return_id, order_line_id, unit, shipment_id, item_id, state)
    SELECT (SELECT id FROM customer_return WHERE return_no = 'RMA-1') + 1, order_line_id, unit, shipment_id, item_id, 'expected' FROM returned_unit LIMIT 1`
  await expect(twice).rejects.toMatchObject({ constraint_name: 'returned_unit_once' })
})
