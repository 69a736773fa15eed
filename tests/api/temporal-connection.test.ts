import { Client, Connection } from '@temporalio/client'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { connect, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type TlsOptions } from 'node:tls'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { loadConfig } from '#config'
import { temporalAt } from '#temporal-connection'
import { verifyTemporal } from '#verify-config'

/** Signed by itself, for temporal.test; made for these tests and good for nothing else. */
const pem = (name: 'cert' | 'key') =>
  join(import.meta.dirname, `../fixtures/temporal-tls/${name}.pem`)
const identity = { cert: readFileSync(pem('cert')), key: readFileSync(pem('key')) }
const namespace = inject('temporalNamespace')
const plain = inject('temporalAddress')

let behindTls: Server
let behindCertificates: Server
let cloud: Server
beforeAll(async () => {
  behindTls = await tlsInFront(identity)
  behindCertificates = await tlsInFront({ ...identity, ca: identity.cert, requestCert: true })
  cloud = await withApiKeys('right')
})
afterAll(() => [behindTls, behindCertificates, cloud].forEach((server) => server.close()))

const trusted = { TEMPORAL_TLS_CA: pem('cert'), TEMPORAL_TLS_SERVER_NAME: 'temporal.test' }
const own = { TEMPORAL_TLS_CERT: pem('cert'), TEMPORAL_TLS_KEY: pem('key') }
const config = (address: string, more: Record<string, string> = {}) =>
  loadConfig({ TEMPORAL_ADDRESS: address, ...more }, ['TEMPORAL_ADDRESS'])
const reach = async (address: string, more: Record<string, string> = {}) =>
  verifyTemporal(temporalAt(config(address, more)), namespace, {
    log: () => {},
    signal: AbortSignal.timeout(6_000),
  })

describe('a Temporal server is reached', () => {
  test('in the clear', async () => {
    expect(temporalAt(config(plain))).toEqual({ address: plain })
    await reach(plain)
  })

  test('by TLS, and orders’ processes are asked through it', async () => {
    const at = temporalAt(config(addressOf(behindTls), trusted))
    await reach(at.address, trusted)
    const connection = await Connection.connect(at)
    const client = new Client({ connection, namespace })
    expect((await client.workflow.count()).count).toBeGreaterThanOrEqual(0)
    await connection.close()
  })

  test('by a certificate of our own', () =>
    reach(addressOf(behindCertificates), { ...trusted, ...own }))

  test('by an API key', () => reach(addressOf(cloud), { ...trusted, TEMPORAL_API_KEY: 'right' }))
})

describe('a wrong setting names its variable and the cure:', () => {
  test.each<[string, () => Promise<void>, RegExp]>([
    [
      'a server of TLS asked in the clear',
      () => reach(addressOf(behindTls)),
      /TEMPORAL_TLS is off.*Set it to on.*TEMPORAL_API_KEY/,
    ],
    [
      'a server in the clear asked by TLS',
      () => reach(plain, { TEMPORAL_TLS: 'on' }),
      /TEMPORAL_TLS is on.*in the clear.*off/,
    ],
    [
      'an authority that nobody knows',
      () => reach(addressOf(behindTls), { TEMPORAL_TLS: 'on' }),
      /TEMPORAL_TLS_CA does not vouch.*Set the PEM file/,
    ],
    [
      'a name that is not in the certificate',
      () => reach(addressOf(behindTls), { ...trusted, TEMPORAL_TLS_SERVER_NAME: 'other.test' }),
      /TEMPORAL_TLS_SERVER_NAME is not the name.*Set/,
    ],
    [
      'no certificate where one is asked for',
      () => reach(addressOf(behindCertificates), trusted),
      /TEMPORAL_TLS_CERT is missing.*Set the client certificate/,
    ],
    [
      'a key that does not open the namespace',
      () => reach(addressOf(cloud), { ...trusted, TEMPORAL_API_KEY: 'wrong' }),
      /TEMPORAL_API_KEY is one that does not open.*Set a key/,
    ],
    [
      'a file that is not there',
      () => reach(plain, { TEMPORAL_TLS_CA: '/nowhere/ca.pem' }),
      /TEMPORAL_TLS_CA names a file that cannot be read \(ENOENT\).*Set the path/,
    ],
    [
      'a file of something else',
      () => {
        const path = join(tmpdir(), `no-pem-${process.pid}`)
        writeFileSync(path, 'no certificate')
        return reach(plain, { TEMPORAL_TLS_CA: path })
      },
      /TEMPORAL_TLS_CA names a file that is no PEM/,
    ],
    [
      'a certificate without its key',
      () => reach(plain, { TEMPORAL_TLS_CERT: pem('cert') }),
      /TEMPORAL_TLS_KEY is not set, and TEMPORAL_TLS_CERT is.*Set both/,
    ],
    [
      'a key that would go in the clear',
      () => reach(plain, { TEMPORAL_TLS: 'off', TEMPORAL_API_KEY: 'secret-key' }),
      /TEMPORAL_TLS is off, and an API key.*Leave it unset/,
    ],
  ])('%s', async (_what, asked, told) => {
    const error = await asked().then(
      () => undefined,
      (thrown: Error) => thrown,
    )
    expect(error?.name).toBe('ConfigError')
    expect(error?.message).toMatch(told)
    expect(error?.message).not.toContain('secret-key')
  })
})

/** Ends TLS in front of the Temporal of the tests, as a load balancer does. */
async function tlsInFront(options: TlsOptions): Promise<Server> {
  const [host, port] = plain.split(':')
  const server = createServer({ ...options, ALPNProtocols: ['h2'] }, (socket) => {
    const upstream = connect(Number(port), host)
    for (const end of [socket, upstream]) end.on('error', () => end.destroy())
    socket.pipe(upstream).pipe(socket)
  })
  return listening(server)
}

/** Speaks as much of Temporal Cloud as it takes to be let in by a key. */
async function withApiKeys(key: string): Promise<Server> {
  const server = createSecureServer(identity)
  server.on('stream', (stream, headers) => {
    const status = headers.authorization === `Bearer ${key}` ? '0' : '16'
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc' },
      { waitForTrailers: true },
    )
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }))
    // An empty message: all its fields have their defaults.
    stream.end(status === '0' ? Buffer.alloc(5) : undefined)
  })
  return listening(server)
}

async function listening<S extends Server>(server: S): Promise<S> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function addressOf(server: Server): string {
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
