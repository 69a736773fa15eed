import { mailGateway, messageIdOf } from '../../activities/gateways/mail.ts'
import type { MailGateway } from '../../activities/gateways/mail.ts'
import { startMailSimulator } from '#simulators/mail'
import type { MailSimulator } from '#simulators/mail'
import { afterEach, beforeEach, expect, test } from 'vitest'

let catcher: MailSimulator
let mail: MailGateway

beforeEach(async () => {
  catcher = await startMailSimulator({ seed: 5 })
  const from = 'Acme Outdoor <orders@acme.example>'
  mail = mailGateway({ url: catcher.smtpUrl, from, domain: 'acme.example', timeoutMs: 200 })
})
afterEach(() => catcher.close())

const shipped = {
  key: 'notify/shipped/PCL-1',
  to: 'jo@buyer.example',
  subject: 'Your order 1001 is on its way – grüße',
  text: 'Tracking number 9400100.',
}

test('a mail is sent under the Message-ID of its key', async () => {
  const messageId = messageIdOf(shipped.key, 'acme.example')
  expect(await mail.send(shipped)).toMatchObject({ outcome: 'confirmed', messageId })
  expect(catcher.messages).toMatchObject([
    { messageId, from: 'orders@acme.example', to: ['jo@buyer.example'] },
  ])
})

test('sent twice, the receiver shows it once', async () => {
  await mail.send(shipped)
  await mail.send(shipped)
  expect(catcher.messages).toHaveLength(1)
  expect(catcher.duplicates).toBe(1)
})

test.each(['hang', 'reset'] as const)(
  'a connection lost by %s after the content is unknown; sending again settles it',
  async (mode) => {
    catcher.faults.add({ kind: 'timeout-after-success', mode })
    expect(await mail.send(shipped)).toMatchObject({ outcome: 'unknown' })
    expect(await mail.send(shipped)).toMatchObject({ outcome: 'confirmed' })
    expect(catcher.messages).toHaveLength(1)
    expect(catcher.journal.effects('send')).toHaveLength(1)
  },
)

test('a permanent answer is refused', async () => {
  catcher.faults.add({ kind: 'decline', code: '554' })
  expect(await mail.send(shipped)).toMatchObject({
    outcome: 'refused',
    code: 'message-refused',
    providerCode: '554',
  })
  expect(catcher.messages).toHaveLength(0)
})

test('a temporary answer is a hiccup: the server holds nothing', async () => {
  catcher.faults.add({ kind: 'error-500' })
  await expect(mail.send(shipped)).rejects.toMatchObject({ name: 'GatewayHiccup' })
})

test('a refused connection is a hiccup', async () => {
  await catcher.close()
  await expect(mail.send(shipped)).rejects.toMatchObject({ name: 'GatewayHiccup' })
})

test('a line break in a name cannot add a header or a recipient', async () => {
  const subject = 'Hello\r\nBcc: thief@evil.example'
  await mail.send({ ...shipped, subject })
  expect(catcher.messages[0]?.to).toEqual(['jo@buyer.example'])
  expect(catcher.messages[0]?.raw).not.toMatch(/^Bcc:/im)
})
