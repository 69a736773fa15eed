import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ledgerProofs, runProofs } from '#db/queries/proofs'
import { credit, debit } from '#domain/ledger/journal'
import { allSealed, entry, openBooks, post as postEntries } from '#tests/db/ledger-books'
import { apiUnderTest, type ApiUnderTest, type Caller } from './support.ts'

let api: ApiUnderTest
let controller: Caller
let entityId: number
beforeAll(async () => {
  api = await apiUnderTest()
  entityId = await openBooks(api.database.admin, 'BOOKS')
  controller = await api.as('controller')
  await api.database.admin`ALTER TABLE journal_line DISABLE TRIGGER are_layers`
})
afterAll(async () => {
  const results = await runProofs(api.database.admin, ledgerProofs)
  await api.close()
  expect(results.filter(({ broken }) => broken.length > 0)).toEqual([])
})

const send = (url: string, payload: object, caller = controller) =>
  caller({ method: 'POST', url: `/v1/exports/${url}`, payload: { entity: 'BOOKS', ...payload } })
const get = (url: string, caller = controller) =>
  caller({ method: 'GET', url: `/v1/exports/${url}` })
const batch = (to: string, mode = 'day') => send('journal/batches', { to, mode })

async function booked(on: string, amount: bigint, bank = 'Bank' as const): Promise<void> {
  const lines = [debit(bank, amount), credit('Capital', amount)]
  await postEntries(api.database.admin, entry({ entityId, effectiveOn: on, lines }))
}
async function sealed(): Promise<void> {
  await allSealed(api.database)
}

interface Row {
  date: string
  account: string
  debitMinor: string
  creditMinor: string
  correction: boolean
  ourAccount: number
  entry: string | null
}
const rowsOf = async (number: number): Promise<Row[]> =>
  (await get(`journal/batches/${number}?entity=BOOKS`)).json().rows

describe('a journal for an outside general ledger', () => {
  test('asks for a mapping first, and names the accounts that it lacks', async () => {
    await booked('2026-06-10', 500n)
    await booked('2026-06-10', 250n)
    await sealed()
    expect((await batch('2026-06-30')).json()).toMatchObject({ code: 'MappingMissing' })
    const mapping = { basedOn: 0, package: 'DATEV', codes: { 1010: '1800' }, reason: 'first' }
    expect((await send('account-mappings', mapping)).statusCode).toBe(201)
    const refused = (await batch('2026-06-30')).json()
    expect(refused).toMatchObject({ status: 409, code: 'AccountsNotMapped' })
    expect(refused.detail).toContain('3100 Capital')
    const unknown = { ...mapping, basedOn: 1, codes: { 99: '1' } }
    expect((await send('account-mappings', unknown)).json().code).toBe('UnknownAccount')
    expect((await send('account-mappings', { ...mapping })).json().code).toBe('VersionConflict')
    const whole = { ...mapping, basedOn: 1, codes: { 1010: '1800', 3100: '0800' } }
    expect((await send('account-mappings', whole)).json()).toMatchObject({ version: 2 })
  })

  test('is numbered, one row a day and account, and the same to the byte whenever it is asked for', async () => {
    const made = await batch('2026-06-30')
    expect(made.statusCode, made.body).toBe(201)
    expect(made.json()).toMatchObject({ number: 1, rowCount: 2, mappingVersion: 2 })
    const first = await get('journal/batches/1?entity=BOOKS&format=csv')
    expect(first.headers['content-type']).toBe('text/csv; charset=utf-8')
    expect(first.body.split('\r\n').slice(1, 3)).toEqual([
      '2026-06-10,1800,7.50,0.00,USD,7.50,no,,,,,,,,,,1010,Bank',
      '2026-06-10,0800,0.00,7.50,USD,-7.50,no,,,,,,,,,,3100,Capital',
    ])
    await booked('2026-06-11', 100n)
    const renamed = { basedOn: 2, package: 'DATEV', codes: { 1010: '9', 3100: '8' }, reason: 'new' }
    expect((await send('account-mappings', renamed)).statusCode).toBe(201)
    expect((await get('journal/batches/1?entity=BOOKS&format=csv')).body).toBe(first.body)
  })

  test('gets late entries as corrections of a later batch, none twice and none never', async () => {
    await booked('2026-07-02', 40n)
    await sealed()
    const made = await batch('2026-07-31', 'entry')
    expect(made.json()).toMatchObject({ number: 2, rowCount: 4 })
    const rows = await rowsOf(2)
    expect(rows.map((row) => [row.date, row.account, row.correction, row.entry !== null])).toEqual([
      ['2026-06-11', '9', true, true],
      ['2026-06-11', '8', true, true],
      ['2026-07-02', '9', false, true],
      ['2026-07-02', '8', false, true],
    ])
    expect((await batch('2026-07-31')).json()).toMatchObject({ code: 'NothingToExport' })
    expect((await batch('2026-06-30')).json()).toMatchObject({ code: 'ExportedFurther' })
  })

  test('all batches together are the movement of the trial balance', async () => {
    const exported = new Map<number, bigint>()
    for (const number of [1, 2])
      for (const row of await rowsOf(number)) {
        const minor = BigInt(row.debitMinor) - BigInt(row.creditMinor)
        exported.set(row.ourAccount, (exported.get(row.ourAccount) ?? 0n) + minor)
      }
    const balances = await controller({
      method: 'GET',
      url: '/v1/reports/trial-balance?entity=BOOKS&from=2026-01-01&to=2026-07-31',
    })
    const rows: { kind: string; cells: { account: string; movement: { minor: string } } }[] =
      balances.json().rows
    const moved = rows.filter(({ kind }) => kind === 'line')
    expect(moved.map(({ cells }) => [Number(cells.account), BigInt(cells.movement.minor)])).toEqual(
      [...exported],
    )
  })

  test('two who export at the same moment get two batches of different entries', async () => {
    await booked('2026-08-01', 11n)
    await sealed()
    const both = await Promise.all([batch('2026-08-31'), batch('2026-08-31')])
    expect(both.map(({ statusCode }) => statusCode).sort()).toEqual([201, 409])
    const [made] = both.filter(({ statusCode }) => statusCode === 201)
    expect(made!.json()).toMatchObject({ number: 3, rowCount: 2 })
    const listed = (await get('journal/batches?entity=BOOKS&limit=2')).json()
    expect(listed.items.map(({ number }: { number: number }) => number)).toEqual([3, 2])
    const next = await get(`journal/batches?entity=BOOKS&limit=2&cursor=${listed.nextCursor}`)
    expect(next.json().items.map(({ number }: { number: number }) => number)).toEqual([1])
  })

  test('can be looked at for any days without a number', async () => {
    const copy = await get('journal?entity=BOOKS&from=2026-06-10&to=2026-06-11&mode=day')
    expect(copy.json()).toMatchObject({ batch: null, totals: { debitMinor: '850' } })
    expect((await batch('2026-08-31')).json()).toMatchObject({ code: 'NothingToExport' })
    const clerk = await api.as('ap-clerk')
    expect((await get('journal/batches/9?entity=BOOKS', clerk)).statusCode).toBe(404)
    const refused = await send('journal/batches', { to: '2026-08-31', mode: 'day' }, clerk)
    expect(refused.statusCode).toBe(403)
  })

  test('a batch that the database holds out of order is refused by the database', async () => {
    const { admin } = api.database
    const again = admin`
      INSERT INTO journal_export (entity_id, number, mode, to_on, upto_xid, mapping_version, row_count, debit_minor, content_hash, actor)
      SELECT entity_id, number + 2, mode, to_on, upto_xid, mapping_version, row_count, debit_minor, content_hash, actor FROM journal_export WHERE number = 3`
    await expect(again).rejects.toMatchObject({ constraint_name: 'journal_export_follows' })
    await expect(admin`DELETE FROM journal_export`).rejects.toThrow('append-only')
  })
})
