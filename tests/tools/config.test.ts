import { expect, test } from 'vitest'
import { describeConfig, loadConfig } from '#config'

test('an empty environment gives the defaults', () => {
  const config = loadConfig({})
  expect(config.API_PORT).toBe(8080)
  expect(config.DATABASE_URL).toBeUndefined()
})

test('an empty variable is one that is not set', () => {
  expect(loadConfig({ API_PORT: '', LOG_LEVEL: ' ' })).toEqual(loadConfig({}))
})

test('all problems are told at once, each with its name and cure', () => {
  const wrong = { API_PORT: 'eighty', DATABASE_URL: 'mysql://x', TEMPORAL_ADDRESS: 'http://x:1' }
  expect(() => loadConfig(wrong, ['JWT_SECRET'])).toThrow(
    /DATABASE_URL.*postgres:\/\/[\s\S]*TEMPORAL_ADDRESS must be host:port[\s\S]*API_PORT must be a number[\s\S]*JWT_SECRET is not set.*openssl/,
  )
})

test('a short secret is refused without being repeated', () => {
  const load = () => loadConfig({ JWT_SECRET: 'hunter2' })
  expect(load).toThrow('JWT_SECRET is shorter than 32 characters')
  expect(load).not.toThrow('hunter2')
})

test.each(['0.0.0.0/0', '10.0.0.300', 'everybody', '10.0.0.0/33', '::/0', '10.0.0.1,'])(
  'callers are not believed because of the proxy %j',
  (list) => {
    expect(() => loadConfig({ TRUSTED_PROXIES: list })).toThrow('TRUSTED_PROXIES names something')
  },
)

test('each variable says what it is for', () => {
  expect(describeConfig().filter(({ meaning }) => meaning.length < 20)).toEqual([])
})
