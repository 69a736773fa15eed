import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DocumentProgress } from '#contracts/document-progress'
import { transferWorkflowId } from '#contracts/transfer'
import { post, runningApi, eventually, type RunningApi } from '#tests/api/running-api'
import type { Caller } from '#tests/api/support'
import { aLine, anOrder, bringIn, setPolicy } from '#tests/support/company'
import { linesOf } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { entriesOf, onHand } from '#tests/support/warehouse'

let api: RunningApi
let lead: Caller
let receiver: Caller
let supervisor: Caller
beforeAll(async () => {
  api = await runningApi({
    stock: {
      MUG: { east: 100 },
      LAMP: { east: 60, west: 2 },
      CHAIR: { east: 10 },
      TEA: { east: 3 },
    },
  })
  lead = await api.as('warehouse-lead')
  receiver = await api.as('receiver')
  supervisor = await api.as('oms-supervisor')
})
afterAll(async () => {
  await expectProofs(api.system.db)
  await api.close()
})

let number = 0
const next = () => `T${process.pid}-${(number += 1)}`
const ask = (lines: object[], changes: object = {}, by = lead) =>
  post(by, '/v1/transfers', {
    transferNo: next(),
    from: 'EAST',
    to: 'WEST',
    reason: 'WEST runs low',
    lines,
    ...changes,
  })
const asked = async (lines: object[], changes: object = {}): Promise<DocumentProgress> => {
  const answer = await ask(lines, changes)
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json()
}
const tell = async (no: string, path: string, body: object, by = lead) => {
  const answer = await post(by, `/v1/transfers/${no}/${path}`, body)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json() as DocumentProgress
}
const ship = (no: string, changes: object = {}) =>
  tell(no, 'shipments', { reference: next(), ...changes })
const arrive = (no: string, lines: object[], changes: object = {}) =>
  tell(no, 'arrivals', { reference: next(), lines, ...changes }, receiver)
const read = async (no: string) =>
  (await lead({ method: 'GET', url: `/v1/transfers/${no}` })).json()
const resolve = async (progress: DocumentProgress, resolution: string, params?: object) => {
  const [open] = progress.cases
  const body = params ? { resolution, params } : { resolution }
  const answer = await post(lead, `/v1/exceptions/${open!.id}/resolution`, body)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json() as DocumentProgress
}
/** Units that nobody is promised yet. */
const free = async (sku: string, site: string) => {
  const [row] = await api.system.db<{ free: number }[]>`
    SELECT (p.on_hand - p.reserved)::int AS free FROM stock_position p JOIN item i ON i.id = p.item_id JOIN site s ON s.id = p.site_id
    WHERE i.sku = ${sku} AND s.code = ${site} AND p.condition = 'sellable'`
  return row?.free ?? 0
}

describe('a transfer', () => {
  test('reserves at the source, is in transit at its cost, and arrives in parts with its cost', async () => {
    const { admin } = api.system
    await bringIn(admin, api.company, { sku: 'MUG', site: 'east', qty: 10, unitMinor: 500 })
    const before = { east: await free('MUG', 'EAST'), west: await free('MUG', 'WEST') }

    const placed = await asked([{ sku: 'MUG', qty: '105' }])
    expect(placed).toMatchObject({ phase: 'allocated', sites: ['EAST', 'WEST'] })
    expect(await free('MUG', 'EAST')).toBe(before.east - 105)

    const sent = await ship(placed.no)
    // A hundred at 4.00 and five at 5.00 are under way, and nobody may sell them.
    expect(sent).toMatchObject({ phase: 'in-transit', moneyAtRisk: { minor: '42500' } })
    expect(await onHand(api.system.db, 'MUG')).toEqual({
      'EAST sellable': 5,
      'EAST in-transit': 105,
    })
    expect(await free('MUG', 'WEST')).toBe(before.west)
    expect(await entriesOf(api.system.db, placed.no)).toEqual([
      'transfer-shipped: Dr InventoryInTransit 425.00, Cr Inventory 425.00',
    ])

    const part = await arrive(placed.no, [{ sku: 'MUG', received: '60' }])
    expect(part).toMatchObject({ phase: 'part-received', moneyAtRisk: { minor: '18500' } })
    expect(await free('MUG', 'WEST')).toBe(before.west + 60)
    const done = await arrive(placed.no, [{ sku: 'MUG', received: '45' }])
    expect(done).toMatchObject({ open: false, phase: 'closed', waitingFor: 'nothing' })
    expect(await onHand(api.system.db, 'MUG')).toEqual({
      'EAST sellable': 5,
      'EAST in-transit': 0,
      'WEST sellable': 105,
    })
    expect((await entriesOf(api.system.db, placed.no)).slice(1)).toEqual([
      'transfer-received: Dr Inventory 240.00, Cr InventoryInTransit 240.00',
      'transfer-received: Dr Inventory 185.00, Cr InventoryInTransit 185.00',
    ])
    const handle = api.system.client.workflow.getHandle(transferWorkflowId(placed.no))
    expect(await handle.result()).toEqual({ id: placed.id, no: placed.no, phase: 'closed' })
  })

  test('carries the lots that were sent, and they arrive as the same lots', async () => {
    const { db, admin } = api.system
    const [lamp, east] = [api.company.items.get('LAMP')!, api.company.east]
    await admin`INSERT INTO lot (item_id, code, expires_on) VALUES (${lamp}, 'L-OLD', '2098-01-01'), (${lamp}, 'L-NEW', '2099-01-01')`
    for (const [lot, qty] of [
      ['L-OLD', '2'],
      ['L-NEW', '3'],
    ])
      await post(receiver, '/v1/stock/bin-moves', {
        ...{ site: 'EAST', sku: 'LAMP', qty, toBin: '', toLot: lot },
      })
    const placed = await asked([{ sku: 'LAMP', qty: '5' }])
    await ship(placed.no)
    const lot = { lot: 'L-NEW', received: '1', damaged: '1' }
    const wrong = await post(receiver, `/v1/transfers/${placed.no}/arrivals`, {
      ...{ reference: next(), lines: [{ sku: 'LAMP', received: '2', lots: [lot] }] },
    })
    expect(wrong.json().code).toBe('LotCountDiffers')
    const broken = { damaged: '1', reason: 'cracked' }
    await arrive(placed.no, [{ sku: 'LAMP', received: '1', ...broken, lots: [lot] }])
    await arrive(placed.no, [{ sku: 'LAMP', received: '3' }])
    const rows = await db<{ place: string; qty: number }[]>`
      SELECT q.lot || ' ' || q.condition AS place, q.qty::int AS qty FROM stock_quant q
      WHERE q.item_id = ${lamp} AND q.site_id <> ${east} AND q.lot <> '' AND q.qty > 0 ORDER BY 1`
    expect(Object.fromEntries(rows.map(({ place, qty }) => [place, qty]))).toEqual({
      'L-NEW damaged': 1,
      'L-NEW sellable': 2,
      'L-OLD sellable': 2,
    })
  })

  test('units that are reserved for it cannot be promised to an order', async () => {
    const placed = await asked([{ sku: 'CHAIR', qty: '9' }])
    const order = await api.place(
      anOrder({ lines: [aLine({ sku: 'CHAIR', quantity: 2, unitPriceMinor: '22500' })] }),
    )
    expect(order.phase).toBe('short')
    // Given up, they are anybody's again.
    await tell(placed.no, 'cancellation', { reason: 'sold instead' })
    expect(await read(placed.no)).toMatchObject({ phase: 'cancelled' })
    expect(await free('CHAIR', 'EAST')).toBe(9)
  })

  test('told twice by the warehouse’s reference, it ships and receives once', async () => {
    const placed = await asked([{ sku: 'LAMP', qty: '4' }])
    const reference = next()
    await ship(placed.no, { reference, lines: [{ sku: 'LAMP', qty: '2' }] })
    await ship(placed.no, { reference, lines: [{ sku: 'LAMP', qty: '2' }] })
    expect((await read(placed.no)).lines).toMatchObject([{ shipped: '2', reserved: '2' }])
    const arrival = next()
    await arrive(placed.no, [{ sku: 'LAMP', received: '1' }], { reference: arrival })
    await arrive(placed.no, [{ sku: 'LAMP', received: '1' }], { reference: arrival })
    expect(await read(placed.no)).toMatchObject({
      phase: 'part-shipped',
      lines: [{ received: '1', inTransit: '1' }],
    })
  })

  test('an order that waits at the destination is promised from it, with its date', async () => {
    await asked([{ sku: 'TEA', qty: '3' }], { dueOn: '2099-03-01' })
    const order = await api.place(
      anOrder({ lines: [aLine({ sku: 'TEA', quantity: 2, unitPriceMinor: '250' })] }),
    )
    await post(supervisor, `/v1/exceptions/${order.cases[0]!.id}/resolution`, {
      resolution: 'backorder',
    })
    expect(await linesOf(api.system.db, order.orderId)).toMatchObject([{ backordered: 2 }])
    const supply = await supervisor({ method: 'GET', url: '/v1/expected-supply?sku=TEA' })
    expect(supply.json().items).toMatchObject([
      { site: 'WEST', qty: '3', promised: '2', dueOn: '2099-03-01', state: 'open' },
    ])
  })
})

describe('an arrival', () => {
  test('that is damaged and short says why; what is damaged is not for sale and a person decides the rest', async () => {
    const placed = await asked([{ sku: 'LAMP', qty: '10' }])
    await ship(placed.no)
    const silent = await post(receiver, `/v1/transfers/${placed.no}/arrivals`, {
      reference: next(),
      lines: [{ sku: 'LAMP', received: '7', damaged: '1', short: '2' }],
    })
    expect(silent.json().code).toBe('DiscrepancyNeedsReason')
    const west = await free('LAMP', 'WEST')
    const short = await arrive(placed.no, [
      { sku: 'LAMP', received: '7', damaged: '1', short: '2', reason: 'pallet was torn open' },
    ])
    expect(short.cases).toMatchObject([{ type: 'transfer-incomplete' }])
    expect(await free('LAMP', 'WEST')).toBe(west + 7)

    const lost = await resolve(short, 'write-off', { sku: 'LAMP', qty: 1 })
    expect(lost).toMatchObject({ phase: 'part-received', open: true })
    const claimed = await tell(placed.no, 'cancellation', { reason: 'carrier gave up' })
    const closed = await resolve(claimed, 'claim')
    expect(closed).toMatchObject({ phase: 'closed', open: false, cases: [] })
    expect((await entriesOf(api.system.db, placed.no)).slice(1)).toEqual([
      'transfer-received: Dr Inventory 280.00, Dr Quarantine 40.00, Cr InventoryInTransit 320.00',
      'transfer-received: Dr CountGainOrLoss 40.00, Cr InventoryInTransit 40.00',
      'transfer-received: Dr Claims 40.00, Cr InventoryInTransit 40.00',
    ])
  })

  test('of more than is on the way is refused, and so is what the transfer does not carry', async () => {
    const placed = await asked([{ sku: 'LAMP', qty: '2' }])
    await ship(placed.no)
    const over = await post(receiver, `/v1/transfers/${placed.no}/arrivals`, {
      reference: next(),
      lines: [{ sku: 'LAMP', received: '3' }],
    })
    expect(over.json().code).toBe('OverArrival')
    const other = await post(receiver, `/v1/transfers/${placed.no}/arrivals`, {
      reference: next(),
      lines: [{ sku: 'TEA', received: '1' }],
    })
    expect(other.json().code).toBe('NotOnTransfer')
    await arrive(placed.no, [{ sku: 'LAMP', received: '2' }])
  })
})

describe('a cancellation', () => {
  test('after shipping asks where the goods went; what came back has the cost it left with', async () => {
    const placed = await asked([{ sku: 'LAMP', qty: '5' }])
    await ship(placed.no, { lines: [{ sku: 'LAMP', qty: '3' }] })
    const before = await onHand(api.system.db, 'LAMP')
    const recalled = await tell(placed.no, 'cancellation', { reason: 'no longer needed' })
    expect(recalled).toMatchObject({ phase: 'in-transit', cases: [{ type: 'transfer-recalled' }] })
    const back = await resolve(recalled, 'came-back')
    expect(back).toMatchObject({ phase: 'closed', open: false })
    const after = await onHand(api.system.db, 'LAMP')
    expect(after['EAST sellable']! - before['EAST sellable']!).toBe(3)
    expect((await entriesOf(api.system.db, placed.no)).at(-1)).toBe(
      'transfer-received: Dr Inventory 120.00, Cr InventoryInTransit 120.00',
    )
  })
})

test('the decision that ended a transfer is answered again when the engine no longer knows it', async () => {
  const placed = await asked([{ sku: 'LAMP', qty: '1' }])
  await ship(placed.no)
  const recalled = await tell(placed.no, 'cancellation', { reason: 'no longer needed' })
  const key = next()
  const decide = () =>
    post(
      lead,
      `/v1/exceptions/${recalled.cases[0]!.id}/resolution`,
      { resolution: 'came-back' },
      key,
    )
  const first = (await decide()).json()
  expect(first).toMatchObject({ phase: 'closed', open: false })
  // The claim of the request is lost, so that it reaches the ended process under another attempt.
  await api.system.admin.begin(async (tx) => {
    await tx`SET LOCAL session_replication_role = replica`
    await tx`DELETE FROM command WHERE key LIKE ${`http/%/${key}`}`
  })
  const again = await decide()
  expect(again.statusCode, again.body).toBe(200)
  expect(again.json()).toEqual(first)
})

describe('approval', () => {
  test('from the policy’s value on is a second person’s, and a rejected transfer reserves nothing', async () => {
    await setPolicy(api.system.admin, 'transfer' as never, { approvalFromMinor: '4000' })
    const east = await free('LAMP', 'EAST')
    const held = await asked([{ sku: 'LAMP', qty: '1' }])
    expect(held).toMatchObject({ phase: 'requested', waitingFor: 'approval by a second person' })
    expect(await free('LAMP', 'EAST')).toBe(east)
    const own = await post(lead, `/v1/transfers/${held.no}/decision`, {
      decision: 'approve',
      reason: 'looks good',
    })
    expect(own.json().code).toBe('SelfApproval')
    const early = await post(lead, `/v1/transfers/${held.no}/shipments`, { reference: next() })
    expect(early.json().code).toBe('NothingToShip')
    const controller = await api.as('controller')
    const body = { decision: 'approve', reason: 'within budget' }
    expect(await tell(held.no, 'decision', body, controller)).toMatchObject({ phase: 'allocated' })
    const twice = await post(controller, `/v1/transfers/${held.no}/decision`, body)
    expect(twice.json().code).toBe('NotWaitingForApproval')

    const hurried = { approvalFromMinor: '4000', approvalHours: 0 }
    await setPolicy(api.system.admin, 'transfer' as never, hurried)
    const slow = await asked([{ sku: 'LAMP', qty: '1' }])
    const [open] = await eventually(
      () => api.system.db<{ id: bigint; state: string }[]>`
        SELECT id, state FROM exception_case WHERE type = 'transfer-unapproved' AND subject_id = ${slow.id}`,
      (rows) => rows.length === 1,
    )
    expect((await tell(slow.no, 'decision', body, controller)).cases).toEqual([])
    const after = await api.system.db`SELECT state FROM exception_case WHERE id = ${open!.id}`
    expect(after).toEqual([{ state: 'self-healed' }])
    await tell(slow.no, 'cancellation', { reason: 'test is over' })

    const other = await asked([{ sku: 'LAMP', qty: '2' }])
    const rejected = await tell(
      other.no,
      'decision',
      { decision: 'reject', reason: 'not this month' },
      controller,
    )
    expect(rejected).toMatchObject({ phase: 'cancelled', open: false })
    await setPolicy(api.system.admin, 'transfer' as never, {})
  })
})

describe('what the source lacks', () => {
  test('is a case: what there is goes, or it waits until goods come in', async () => {
    const placed = await asked([{ sku: 'CHAIR', qty: '50' }])
    expect(placed).toMatchObject({ phase: 'short', cases: [{ type: 'transfer-short' }] })
    const available = await resolve(placed, 'ship-available')
    expect(available).toMatchObject({ phase: 'allocated', cases: [] })
    const { lines } = await read(placed.no)
    expect(lines).toMatchObject([{ qty: '50', reserved: '9', cancelled: '41' }])
    await tell(placed.no, 'cancellation', { reason: 'stock is needed here' })
  })

  test('is asked for again when its time has come', async () => {
    await setPolicy(api.system.admin, 'transfer' as never, { retryMinutes: 0 })
    const placed = await asked([{ sku: 'CHAIR', qty: '12' }])
    await setPolicy(api.system.admin, 'transfer' as never, {})
    await bringIn(api.system.admin, api.company, {
      sku: 'CHAIR',
      site: 'east',
      qty: 3,
      unitMinor: 9000,
    })
    const now = await eventually(
      () => read(placed.no),
      (row) => row.phase === 'allocated',
    )
    expect(now.lines).toMatchObject([{ reserved: '12' }])
    const [healed] = await api.system.db<{ state: string }[]>`
      SELECT state FROM exception_case WHERE id = ${placed.cases[0]!.id}`
    expect(healed!.state).toBe('self-healed')
    await tell(placed.no, 'cancellation', { reason: 'test is over' })
  })
})

describe('a late transfer', () => {
  test('becomes a case when its days of grace are over, and is waited for until another day', async () => {
    const placed = await asked([{ sku: 'LAMP', qty: '2' }], { dueOn: '2026-01-05' })
    await ship(placed.no)
    const late = await eventually(
      async () =>
        (await api.system.client.workflow
          .getHandle(transferWorkflowId(placed.no))
          .query('transferProgress')) as DocumentProgress,
      (progress) => progress.cases.length > 0,
    )
    expect(late).toMatchObject({
      cases: [{ type: 'transfer-overdue' }],
      moneyAtRisk: { minor: '8000' },
    })
    const waiting = await resolve(late, 'keep-waiting', { until: '2099-01-01' })
    expect(waiting).toMatchObject({ cases: [], phase: 'in-transit' })
    expect(waiting.nextDeadline).toMatch(/^2099-01-02/)
    await arrive(placed.no, [{ sku: 'LAMP', received: '2' }])
  })
})

describe('a transfer is refused', () => {
  const refused = async (changes: object, lines: object[] = [{ sku: 'LAMP', qty: '1' }]) =>
    (await ask(lines, changes)).json().code

  test('between companies, within one site, of an unknown item, and under a number that is taken', async () => {
    const { admin } = api.system
    await admin`INSERT INTO entity (code, name, functional_currency, country) VALUES ('OTHER', 'Other', 'USD', 'US')`
    await admin`INSERT INTO site (entity_id, code, name, kind, country) SELECT id, 'FAR', 'Far', 'own', 'US' FROM entity WHERE code = 'OTHER'`
    expect(await refused({ to: 'FAR' })).toBe('TransferAcrossEntities')
    expect(await refused({ to: 'EAST' })).toBe('SameSite')
    expect(await refused({ to: 'MOON' })).toBe('UnknownSite')
    expect(await refused({}, [{ sku: 'NOPE', qty: '1' }])).toBe('UnknownSku')
    const first = await asked([{ sku: 'LAMP', qty: '1' }])
    expect(await refused({ transferNo: first.no })).toBe('TransferExists')
    await tell(first.no, 'cancellation', { reason: 'test is over' })
    expect(await refused({ transferNo: first.no })).toBe('TransferExists')
    const closed = await post(lead, `/v1/transfers/${first.no}/shipments`, { reference: next() })
    expect(closed.json().code).toBe('DocumentClosed')
  })
})

test('two who want the last units at once never get the same ones', async () => {
  await bringIn(api.system.admin, api.company, {
    sku: 'MUG',
    site: 'east',
    qty: 5,
    unitMinor: 400,
  })
  const left = await free('MUG', 'EAST')
  const [one, other, order] = await Promise.all([
    asked([{ sku: 'MUG', qty: String(left) }]),
    asked([{ sku: 'MUG', qty: String(left) }]),
    api.place(anOrder({ line: { sku: 'MUG', quantity: left, unitPriceMinor: '1000' } })),
  ])
  const [row] = await api.system.db<{ reserved: bigint; onHand: bigint }[]>`
    SELECT p.reserved, p.on_hand AS "onHand" FROM stock_position p JOIN item i ON i.id = p.item_id JOIN site s ON s.id = p.site_id
    WHERE i.sku = 'MUG' AND s.code = 'EAST' AND p.condition = 'sellable'`
  expect(row!.reserved).toBe(row!.onHand)
  const got = [one, other].filter((transfer) => transfer.phase === 'allocated').length
  expect(got <= 1 && (got === 0 || order.sites.every((site) => site !== 'EAST'))).toBe(true)
})
