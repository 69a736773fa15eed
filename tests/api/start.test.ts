import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { startApi } from '#api/main'
import { keepStartingNotification } from '#clients/notification'
import { foundCompany } from '#tests/support/company'
import { freshDatabase, type TestDatabase } from '#tests/support/database'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
  await foundCompany(database.admin)
  await database.admin`UPDATE channel SET secret_refs = '{WEB_SECRET_SHOP}' WHERE code = 'web'`
})
afterAll(() => database.drop())

const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  DATABASE_URL: database.url,
  TEMPORAL_ADDRESS: inject('temporalAddress'),
  JWT_SECRET: 'a-secret-of-the-tests-that-is-long-enough',
  API_PORT: '0',
  LOG_LEVEL: 'silent',
  ...more,
})

test('the API does not start without the secret of a channel, and says which and what to do', async () => {
  await expect(startApi(env())).rejects.toThrow(
    /WEB_SECRET_SHOP is not set\. The channel web .* set it to/,
  )
  await expect(startApi(env({ WEB_SECRET_SHOP: ' ' }))).rejects.toThrow('is not set')
  const api = await startApi(env({ WEB_SECRET_SHOP: 'x' }))
  expect((await fetch(`${api.address}/v1/health/live`)).status).toBe(200)
  await api.close()
})

test('a channel that is paused needs no secret', async () => {
  await database.admin`UPDATE channel SET status = 'paused' WHERE code = 'web'`
  await (await startApi(env())).close()
})

test('the standing process is started again and again until it runs, and each failure is told', async () => {
  const said: string[] = []
  let attempts = 0
  const stopping = new AbortController()
  const options = { log: (line: string) => said.push(line), stopping: stopping.signal }
  await keepStartingNotification(() => {
    attempts += 1
    return attempts === 1 ? Promise.reject(new Error('Temporal is away')) : Promise.resolve()
  }, options)
  expect(attempts).toBe(2)
  expect(said).toEqual([expect.stringContaining('Temporal is away')])

  const never = keepStartingNotification(() => Promise.reject(new Error('still away')), options)
  stopping.abort()
  await never
})
