import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { migrate } from '#db/migrate'
import { freshDatabase, type TestDatabase } from '#tests/support/database'

let database: TestDatabase
let from: string

beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())

beforeEach(async () => {
  if (from) await rm(from, { recursive: true })
  from = await mkdtemp(join(tmpdir(), 'migrations-'))
  await database.admin`DROP SCHEMA IF EXISTS migration CASCADE`
  await database.admin`DROP TABLE IF EXISTS one, two`
  await writeFile(join(from, '0001_one.sql'), 'CREATE TABLE one (id int)')
})

test('applies what is new, in order, and nothing twice', async () => {
  expect(await migrate(database.url, { from })).toEqual(['0001_one.sql'])
  await writeFile(join(from, '0002_two.sql'), 'CREATE TABLE two (id int)')
  expect(await migrate(database.url, { from })).toEqual(['0002_two.sql'])
  expect(await migrate(database.url, { from })).toEqual([])
})

test('two that start together apply each migration once', async () => {
  const applied = await Promise.all([1, 2, 3].map(() => migrate(database.url, { from })))
  expect(applied.flat()).toEqual(['0001_one.sql'])
})

test('names a landed migration that was edited', async () => {
  await migrate(database.url, { from })
  await writeFile(join(from, '0001_one.sql'), 'CREATE TABLE one (id bigint)')
  await expect(migrate(database.url, { from })).rejects.toThrow('0001_one.sql was edited')
})

test('names a landed migration whose file is gone', async () => {
  await migrate(database.url, { from })
  await rm(join(from, '0001_one.sql'))
  await expect(migrate(database.url, { from })).rejects.toThrow('0001_one.sql has landed')
})

test('a migration that fails leaves nothing behind and tells the line', async () => {
  await writeFile(join(from, '0002_two.sql'), 'CREATE TABLE two (id int);\nSELECT nothing_here')
  await expect(migrate(database.url, { from })).rejects.toThrow(/0002_two\.sql failed.*line 2/)
  expect(await database.admin`SELECT to_regclass('two') AS two`).toEqual([{ two: null }])
})
