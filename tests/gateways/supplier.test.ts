import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mailGateway, messageIdOf } from '#activities/gateways/mail'
import { supplierGateway, type SupplierGateway } from '#activities/gateways/supplier'
import { startEdiSimulator, type EdiSimulator } from '#simulators/edi'
import { startMailSimulator, type MailSimulator } from '#simulators/mail'

let network: EdiSimulator
let post: MailSimulator
let suppliers: SupplierGateway
beforeEach(async () => {
  network = await startEdiSimulator({ seed: 5 })
  post = await startMailSimulator({ seed: 5 })
  const from = 'Acme buying <buying@acme.example>'
  suppliers = supplierGateway({
    mail: mailGateway({ url: post.smtpUrl, from, domain: 'acme.example', timeoutMs: 200 }),
    edi: { baseUrl: network.url, apiKey: 'key-of-the-tests', timeoutMs: 200 },
  })
})
afterEach(async () => {
  await network.close()
  await post.close()
})

const order = { key: 'purchase-order/1001/1', poNumber: 'PO-1001' }
const edi = { ...order, by: 'edi' as const, receiver: 'POTTERY', document: 'ISA*00*…~' }
const mail = {
  ...{ ...order, by: 'mail' as const, to: 'sales@pottery.example' },
  ...{ subject: 'Purchase order PO-1001', text: 'Please confirm it.' },
  pdf: Buffer.from('%PDF-1.7'),
}

describe('an order over an EDI network', () => {
  test('lies in the supplier’s box once, however often it is sent', async () => {
    const first = await suppliers.send(edi)
    expect(first).toMatchObject({ outcome: 'confirmed' })
    expect(await suppliers.send(edi)).toEqual(first)
    expect(network.documents).toMatchObject([{ key: edi.key, receiver: 'POTTERY' }])
  })

  test('whose answer never came is unknown, and asking tells that it is there', async () => {
    network.faults.add({ kind: 'timeout-after-success', operation: 'documents.create' })
    expect(await suppliers.send(edi)).toMatchObject({ outcome: 'unknown' })
    expect(await suppliers.find(edi)).toMatchObject({ outcome: 'confirmed' })
    expect(network.documents).toHaveLength(1)
  })

  test('that the network never saw is absent, and one that is no interchange is refused', async () => {
    expect(await suppliers.find(edi)).toEqual({ outcome: 'absent' })
    const refused = await suppliers.send({ ...edi, document: 'a letter' })
    expect(refused).toMatchObject({ outcome: 'refused', code: 'document-refused' })
    expect(network.documents).toEqual([])
  })

  test('is a hiccup while nobody listens, as nothing has left us', async () => {
    await network.close()
    await expect(suppliers.send(edi)).rejects.toMatchObject({ name: 'GatewayHiccup' })
  })
})

describe('an order by mail', () => {
  test('reaches the supplier under the Message-ID of its key, once', async () => {
    const reference = messageIdOf(mail.key, 'acme.example')
    expect(await suppliers.send(mail)).toEqual({ outcome: 'confirmed', reference })
    await suppliers.send(mail)
    expect(post.messages).toMatchObject([{ messageId: reference, to: ['sales@pottery.example'] }])
    expect(post.duplicates).toBe(1)
    // A mail cannot be asked about: it is sent again, and the second copy is dropped.
    expect(await suppliers.find(mail)).toEqual({ outcome: 'absent' })
  })

  test('that its server does not take is refused', async () => {
    post.faults.add({ kind: 'decline', code: '554' })
    expect(await suppliers.send(mail)).toMatchObject({ outcome: 'refused' })
    expect(post.messages).toEqual([])
  })
})

test('what no way leads to is refused by name', async () => {
  const alone = supplierGateway({ mail: null, edi: null })
  const refused = { outcome: 'refused', code: 'not-connected' }
  expect(await alone.send(edi)).toMatchObject(refused)
  expect(await alone.send(mail)).toMatchObject(refused)
})
