import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { startStripeSimulator } from '#simulators/stripe'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

test('the same seed and calls give the same answers', async () => {
  const answers = await Promise.all(
    [1, 2].map(async () => {
      const stripe = await startStripeSimulator({ seed: 'same', clock: () => 1_767_225_600_000 })
      const body = 'amount=900&currency=usd&payment_method=pm_card_visa&confirm=true'
      const answer = await fetch(`${stripe.url}/v1/payment_intents`, { method: 'POST', body })
      const json: unknown = await answer.json()
      await stripe.close()
      return json
    }),
  )
  expect(answers[0]).toEqual(answers[1])
})

test('a fault hits the operation it names, as often as told, and can be cleared', async () => {
  const stripe = await startStripeSimulator({ seed: 1 })
  const fault = { kind: 'error-500', operation: 'refunds.list', count: 2 }
  await post(`${stripe.url}/_faults`, fault)
  expect((await fetch(`${stripe.url}/v1/payment_intents`)).status).toBe(200)
  expect((await fetch(`${stripe.url}/v1/refunds`)).status).toBe(500)
  await post(`${stripe.url}/_faults`, { clear: true })
  expect((await fetch(`${stripe.url}/v1/refunds`)).status).toBe(200)
  expect((await post(`${stripe.url}/_faults`, { kind: 'explode' })).status).toBe(400)
  await stripe.close()
})

test('run as a process, they print their URLs, keep a journal and stop on SIGTERM', async () => {
  const tsx = join(ROOT, 'node_modules/.bin/tsx')
  const main = spawn(process.execPath, [tsx, 'simulators/main.ts', '--seed', '9'], { cwd: ROOT })
  let printed = ''
  main.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  while (!printed.includes('\n')) await once(main.stdout, 'data')
  const urls = JSON.parse(printed) as Record<'stripe' | 'carrier' | 'tax' | 'mail', string>

  await fetch(`${urls.stripe}/v1/refunds`)
  expect(await (await fetch(`${urls.stripe}/_journal`)).json()).toMatchObject([
    { seq: 1, kind: 'call', operation: 'refunds.list', status: 200 },
  ])
  expect(await (await fetch(`${urls.mail}/messages`)).json()).toEqual({
    messages: [],
    duplicates: 0,
  })
  main.kill('SIGTERM')
  expect(await once(main, 'exit')).toEqual([0, null])
})

function post(url: string, body: object): Promise<Response> {
  return fetch(url, { method: 'POST', body: JSON.stringify(body) })
}
