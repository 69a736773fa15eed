import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, type Db } from '#db/client'
import { foundCompany, type Company } from '#tests/support/company'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { applicationUrl } from '#tools/application-login'

let database: TestDatabase
let company: Company
let orderId: bigint
beforeAll(async () => {
  database = await freshDatabase()
  company = await foundCompany(database.admin)
  const [order] = await database.db<{ id: bigint }[]>`
    INSERT INTO sales_order (entity_id, channel_id, external_id, external_version, order_number, workflow_id, currency, rate_e9,
      placed_at, placed_on, settlement, provider, tax_collected_by, total_minor, policies)
    SELECT ${company.entityId}, id, 'R-1', '1', 'R-1', 'order-to-cash/web/R-1', 'USD', 1000000000, now(), current_date, 'deposit', 'stripe',
      'seller', 100, '{}' FROM channel WHERE code = 'web' RETURNING id`
  orderId = order!.id
})
afterAll(() => database.drop())

const denied = { code: '42501' }

describe('the login of worker and API', () => {
  let folder: string
  let login: Db
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'throughline-login-'))
    const url = await applicationUrl(database.url, folder, 'throughline_app')
    expect(await applicationUrl(database.url, folder, 'throughline_app')).toBe(url)
    login = connect(url, { role: 'throughline_app', max: 1 })
  })
  afterAll(async () => {
    await login.end()
    await rm(folder, { recursive: true })
  })

  test('gains nothing by leaving the application role', async () => {
    await login`RESET ROLE`
    await login`SET ROLE NONE`
    const [me] = await login`
      SELECT current_user AS name, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname = current_user`
    expect(me).toEqual({
      ...{ name: 'throughline_login', rolsuper: false, rolcreaterole: false },
      ...{ rolcreatedb: false, rolbypassrls: false },
    })
    await expect(login`SET ROLE throughline_owner`).rejects.toMatchObject(denied)
    await expect(login`SET session_replication_role = replica`).rejects.toMatchObject(denied)
    await expect(login`ALTER TABLE journal_line DISABLE TRIGGER ALL`).rejects.toMatchObject(denied)
    await expect(login`DELETE FROM sales_order`).rejects.toMatchObject(denied)
  })

  test('has a password that only its owner reads', async () => {
    const file = join(folder, 'application-password')
    expect((await readFile(file, 'utf8')).trim()).toMatch(/^[0-9a-f]{36}$/)
    expect((await stat(file)).mode & 0o077).toBe(0)
  })
})

describe('what was placed and posted by stays', () => {
  test('the functional currency of a company', async () => {
    const { db, admin } = database
    await expect(db`UPDATE entity SET functional_currency = 'EUR'`).rejects.toMatchObject(denied)
    await expect(admin`UPDATE entity SET functional_currency = 'EUR'`).rejects.toMatchObject({
      constraint_name: 'entity_currency_stays',
    })
  })

  test.each([
    ['rate_e9', '2'],
    ['segment', 'wholesale'],
    ['policies', '{"order": {}}'],
    ['currency', 'EUR'],
    ['total_minor', '1'],
    ['tax_collected_by', 'marketplace'],
    ['placed_on', '2020-01-01'],
  ])('%s of an order', async (column, value) => {
    const { db } = database
    await expect(
      db.unsafe(`UPDATE sales_order SET ${column} = '${value}' WHERE id = ${orderId}`),
    ).rejects.toMatchObject({ constraint_name: 'sales_order_frozen' })
    await db`UPDATE sales_order SET phase = 'held', settlement = 'receivable' WHERE id = ${orderId}`
  })

  test('the key and the request of a command', async () => {
    const { db } = database
    await db`INSERT INTO command (key, request_hash, actor) VALUES ('right/1', 'x', 'me')`
    await db`UPDATE command SET result = '{}' WHERE key = 'right/1'`
    await expect(db`UPDATE command SET key = 'right/2'`).rejects.toMatchObject(denied)
    await expect(db`UPDATE command SET actor = 'you'`).rejects.toMatchObject(denied)
  })
})

describe('the database says when, and which number', () => {
  const longAgo = '2001-01-01T00:00:00.000Z'
  const isFresh = (rows: readonly unknown[]) => {
    for (const row of rows)
      expect(Date.parse((row as { at: string }).at)).toBeGreaterThan(Date.now() - 60_000)
  }

  test('a forged time of an audit row, decision, movement or payment event is overwritten', async () => {
    const { db } = database
    isFresh(
      await db`
      INSERT INTO audit_event (subject_type, subject_id, action, actor, recorded_at)
      VALUES ('x', '1', 'x', 'me', ${longAgo}) RETURNING recorded_at AS at`,
    )
    isFresh(
      await db`
      INSERT INTO decision_record (subject_type, subject_id, kind, rule, rule_version, inputs, choice, actor, recorded_at)
      VALUES ('x', '1', 'x', 'x', 1, '{}', '{}', 'me', ${longAgo}) RETURNING recorded_at AS at`,
    )
    isFresh(
      await db`
      INSERT INTO stock_movement (item_id, qty, kind, to_site_id, cause_type, cause_id, actor, effective_on, recorded_at)
      VALUES (${company.items.get('TEA')!}, 1, 'adjustment', ${company.east}, 'x', '1', 'me', '2026-06-01', ${longAgo})
      RETURNING recorded_at AS at`,
    )
    const [payment] = await db<{ id: bigint }[]>`
      INSERT INTO payment (order_id, seq, kind, provider, due_minor) VALUES (${orderId}, 1, 'card', 'stripe', 100) RETURNING id`
    isFresh(
      await db`
      INSERT INTO payment_event (payment_id, key, kind, amount_minor, effective_on, actor, recorded_at)
      VALUES (${payment!.id}, 'forged', 'authorised', 100, '2026-06-01', 'me', ${longAgo}) RETURNING recorded_at AS at`,
    )
  })

  test('an invoice gets the next number, whatever is claimed, and nobody takes one without an invoice', async () => {
    const { db } = database
    await expect(
      db`SELECT take_document_number(${company.entityId}, 'customer-invoice')`,
    ).rejects.toMatchObject(denied)
    for (const number of [1n, 2n]) {
      const [fulfilment] = await db<{ id: bigint }[]>`
        INSERT INTO fulfilment_order (order_id, site_id, ship_on, released_by) VALUES (${orderId}, ${company.east}, current_date, 'me') RETURNING id`
      const [shipment] = await db<{ id: bigint }[]>`
        INSERT INTO shipment (order_id, fulfilment_id, site_id, reference, shipped_on, actor)
        VALUES (${orderId}, ${fulfilment!.id}, ${company.east}, 'x', current_date, 'me') RETURNING id`
      const [invoice] = await db`
        INSERT INTO customer_invoice (entity_id, number, order_id, shipment_id, issued_on, due_on, currency, net_minor, tax_minor, gross_minor)
        VALUES (${company.entityId}, 4711, ${orderId}, ${shipment!.id}, current_date, current_date, 'USD', 100, 0, 100) RETURNING number`
      expect(invoice).toEqual({ number })
    }
  })
})

describe('changes of the schema', () => {
  test('leave a row that says who, also of a superuser who disables a guard', async () => {
    const { admin, db } = database
    const login = new URL(database.url).username
    await admin`ALTER TABLE journal_line DISABLE TRIGGER guard`
    await admin`ALTER TABLE journal_line ENABLE TRIGGER guard`
    await admin`CREATE TABLE passing (x int)`
    await admin`DROP TABLE passing`
    const rows = await db`
      SELECT command, object, login FROM schema_change WHERE program = ${database.url.split('/').at(-1)! + '-admin'} ORDER BY id`
    expect(rows).toEqual([
      ...['ALTER TABLE', 'ALTER TABLE'].map((command) => ({
        ...{ command, object: 'public.journal_line', login },
      })),
      ...['CREATE TABLE', 'DROP TABLE'].map((command) => ({
        ...{ command, object: 'public.passing', login },
      })),
    ])
    await expect(admin`DELETE FROM schema_change`).rejects.toMatchObject({
      constraint_name: 'schema_change_append_only',
    })
    await expect(
      db`INSERT INTO schema_change (command, object) VALUES ('x', 'x')`,
    ).rejects.toMatchObject(denied)
  })
})
