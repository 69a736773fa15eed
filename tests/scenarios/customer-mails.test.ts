import { afterAll, beforeAll, expect, test } from 'vitest'
import { mailGateway } from '#activities/gateways/mail'
import { signAddressLink } from '#connectors/address-link'
import { requestCancellation } from '#contracts/order-to-cash'
import { startMailSimulator } from '#simulators/mail'
import { eventually, post, runningApi, type RunningApi } from '#tests/api/running-api'
import { JWT_SECRET, type Caller } from '#tests/api/support'
import { anOrder, setPolicy } from '#tests/support/company'
import { aKey, desk, shipToOf } from '#tests/support/orders'

let api: RunningApi
let supervisor: Caller
let catcher: Awaited<ReturnType<typeof startMailSimulator>>
let stop: () => Promise<void>

beforeAll(async () => {
  api = await runningApi({ stock: { MUG: { east: 100 }, LAMP: { east: 100 } } })
  supervisor = await api.as('oms-supervisor')
  await setPolicy(api.system.admin, 'notification', { paymentReminderMinutes: 0 }, 'web')
  catcher = await startMailSimulator({ seed: 5 })
  const mail = mailGateway({
    url: catcher.smtpUrl,
    from: 'Acme <orders@acme.example>',
    domain: 'acme.example',
    timeoutMs: 1000,
  })
  stop = await api.notify(mail)
})
afterAll(async () => {
  await stop()
  await catcher.close()
  await api.close()
})

const pending = { state: 'pending', provider: 'stripe', reference: null, amountMinor: '0' } as const
const wrong = () => ({ ...anOrder().shipTo!, postalCode: 'ABC' })
const mailsOf = (orderNumber: string) =>
  catcher.messages
    .filter((one) => one.subject.includes(orderNumber))
    .map(({ subject, raw }) => ({ subject, text: readable(raw) }))
/** Long lines travel folded (quoted-printable). */
const readable = (raw: string) =>
  raw
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
const undelivered = () =>
  eventually(
    () =>
      api.system.db<{ n: number }[]>`
        SELECT count(*)::int AS n FROM outbox WHERE topic = 'mail' AND delivered_at IS NULL AND (attempts > 0 OR next_at <= clock_timestamp())`,
    ([row]) => row?.n === 0,
  )

async function mailedLink(order: ReturnType<typeof anOrder>): Promise<string> {
  const { cases } = await api.place(order)
  const asked = await post(supervisor, `/v1/exceptions/${cases[0]!.id}/resolution`, {
    resolution: 'ask-customer',
  })
  expect(asked.statusCode, asked.body).toBe(200)
  expect(asked.json().cases).toMatchObject([{ type: 'address-invalid' }])
  await undelivered()
  const [mail] = mailsOf(order.orderNumber)
  const [, path] = /https:\/\/erp\.acme\.example(\/v1\/address-links\/\S+)/.exec(mail!.text)!
  return path!
}

test('a customer who is asked puts the address right by the mailed link, and the order goes on', async () => {
  const order = anOrder({ shipTo: wrong() })
  const url = await mailedLink(order)
  const seen = await api.anonymous({ method: 'GET', url })
  expect(seen.json()).toMatchObject({
    orderNumber: order.orderNumber,
    shipTo: { postalCode: 'ABC' },
  })
  const page = await api.anonymous({ method: 'GET', url, headers: { accept: 'text/html' } })
  expect(page.headers['content-type']).toContain('text/html')
  expect(page.body).toContain('<form method="post">')

  const form = (postalCode: string) =>
    api.anonymous({
      method: 'POST',
      url,
      payload: new URLSearchParams({
        line1: '5 New <Road>',
        line2: '',
        city: 'Newark',
        region: 'NJ',
        postalCode,
        country: 'US',
      }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' },
    })
  const refused = await form('nowhere')
  expect(refused.statusCode, refused.body).toBe(422)
  const done = await form('07102')
  expect(done.statusCode, done.body).toBe(200)
  const now = await desk(api.system, order).progress()
  expect(now).toMatchObject({ phase: 'released', cases: [] })
  expect(await shipToOf(api.system.db, now.orderId)).toMatchObject({
    name: 'Ada Jones',
    line1: '5 New <Road>',
    postalCode: '07102',
  })
  const { statusCode } = await api.anonymous({ method: 'GET', url })
  expect(statusCode).toBe(410)
})

test('a link that is too old, of another case, or not ours opens nothing', async () => {
  const url = await mailedLink(anOrder({ shipTo: wrong() }))
  const [, , , token] = url.split('/')
  const [caseId, expires, signature] = token!.split('.') as [string, string, string]
  const { cases } = await api.place(anOrder({ payment: pending }))
  const old = signAddressLink(JWT_SECRET, { caseId, expires: 1_700_000_000 })
  const later = Number(expires)
  const answers = [
    [410, old],
    [404, `${caseId}.${later + 1}.${signature}`],
    [404, signAddressLink('another secret', { caseId, expires: later })],
    [404, signAddressLink(JWT_SECRET, { caseId: cases[0]!.id, expires: later })],
  ] as const
  for (const [status, text] of answers) {
    const answer = await api.anonymous({ method: 'GET', url: `/v1/address-links/${text}` })
    expect(answer.statusCode, text).toBe(status)
  }
})

test('who has not paid is reminded, unless the order was cancelled or paid meanwhile', async () => {
  const unpaid = anOrder({ payment: pending })
  await api.place(unpaid)
  await eventually(
    () => Promise.resolve(mailsOf(unpaid.orderNumber)),
    (mails) => mails.length === 1,
  )
  expect(mailsOf(unpaid.orderNumber)[0]!.text).toContain('not received the payment')

  await setPolicy(api.system.admin, 'notification', { paymentReminderMinutes: 60 }, 'web')
  const cancelled = anOrder({ payment: pending })
  const { orderId } = await api.place(cancelled)
  await desk(api.system, cancelled).update(requestCancellation, {
    key: aKey(),
    actor: 'csr',
    reason: 'changed their mind',
  })
  await api.system.admin`
    UPDATE outbox SET next_at = clock_timestamp() WHERE topic = 'mail' AND body->>'orderId' = ${orderId}`
  await undelivered()
  expect(mailsOf(cancelled.orderNumber)).toEqual([])
})

test('an order without goods is told to be complete, not to have left in a parcel', async () => {
  const order = anOrder({
    lines: [{ ...anOrder().lines[0]!, sku: null, title: 'Engraving', requiresShipping: false }],
  })
  await api.place(order)
  await undelivered()
  const mails = mailsOf(order.orderNumber)
  expect(mails.map((mail) => mail.subject)).toEqual([`Order ${order.orderNumber} is complete`])
  expect(mails[0]!.text).not.toContain('has left')
})

test('the policy merges the mails of a shipment’s parcels, or suppresses them', async () => {
  await setPolicy(api.system.admin, 'notification', { mergeParcels: true }, 'web')
  const ship = async (order: ReturnType<typeof anOrder>) => {
    await api.place(order)
    await desk(api.system, order).ship({
      parcels: [
        { trackingNumber: `A${order.externalId}` },
        { trackingNumber: `B${order.externalId}` },
      ],
    })
    await undelivered()
    return mailsOf(order.orderNumber)
  }
  const merged = await ship(anOrder({ line: { quantity: 2 } }))
  expect(merged).toHaveLength(1)
  expect(merged[0]!.text).toMatch(/2 parcels[\s\S]*\bA[\s\S]*\bB/)
  await setPolicy(api.system.admin, 'notification', { suppress: ['shipped'] }, 'web')
  expect(await ship(anOrder({ line: { quantity: 2 } }))).toEqual([])
})
