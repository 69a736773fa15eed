import { connect, type ConnectionOptions } from 'node:tls'
import { wrongVariable, type ConfigError } from '#config'
import type { TemporalAt } from './temporal-connection.ts'

const HANDSHAKE_MS = 3_000

/**
 * Why a server that could not be reached refuses our way of speaking: gRPC only says that it is
 * unavailable. Undefined where it does not answer at all, which passes.
 */
export async function refusalOfHandshake(server: TemporalAt): Promise<ConfigError | undefined> {
  const code = await handshake(server)
  if (!server.tls)
    return code === null
      ? wrongVariable(
          'TEMPORAL_TLS',
          'is off, and the server speaks TLS only',
          'Set it to on; for Temporal Cloud set TEMPORAL_API_KEY instead, which turns it on.',
        )
      : undefined
  if (code === null) return undefined
  if (/SELF_SIGNED|UNABLE_TO|CERT_UNTRUSTED/.test(code))
    return wrongVariable(
      'TEMPORAL_TLS_CA',
      `does not vouch for the certificate of the server (${code})`,
      'Set the PEM file of the authority that signed it.',
    )
  if (/ALTNAME/.test(code))
    return wrongVariable(
      'TEMPORAL_TLS_SERVER_NAME',
      'is not the name that stands in the certificate of the server',
      'Set the name of the certificate, or an address that it holds.',
    )
  if (/WRONG_VERSION|PACKET_LENGTH/.test(code))
    return wrongVariable(
      'TEMPORAL_TLS',
      'is on, and the server speaks in the clear',
      'Set it to off, and take TEMPORAL_API_KEY and the certificates away.',
    )
  if (/ALERT|^ERR_SSL|^ERR_OSSL/.test(code))
    return wrongVariable(
      'TEMPORAL_TLS_CERT',
      `is missing or is not one that the server lets in (${code})`,
      'Set the client certificate and its key that the namespace was given.',
    )
  return undefined
}

/** Null when both sides agree on TLS, else the code of what went wrong. */
function handshake({ address, tls }: TemporalAt): Promise<string | null> {
  const { hostname: host, port } = new URL(`tcp://${address}`)
  const options: ConnectionOptions = {
    host: host.replace(/^\[|\]$/g, ''),
    port: Number(port),
    ALPNProtocols: ['h2'],
    servername: tls?.serverNameOverride ?? (/^[\d.]+$|^\[/.test(host) ? '' : host),
    // In the clear it is only asked whether the other side would speak TLS.
    rejectUnauthorized: tls !== undefined,
    ...(tls?.serverRootCACertificate ? { ca: Buffer.from(tls.serverRootCACertificate) } : {}),
    ...(tls?.clientCertPair
      ? { cert: Buffer.from(tls.clientCertPair.crt), key: Buffer.from(tls.clientCertPair.key) }
      : {}),
  }
  return new Promise((resolve) => {
    const socket = connect(options)
    const end = (code: string | null) => {
      socket.destroy()
      resolve(code)
    }
    socket.setTimeout(HANDSHAKE_MS, () => end('ETIMEDOUT'))
    socket.on('error', (error: Error & { code?: string }) => end(error.code ?? error.message))
    // Since TLS 1.3 a server refuses the client's certificate only after this: with its first word.
    socket.once('secureConnect', () => (tls?.clientCertPair || !tls ? end(null) : undefined))
    socket.once('data', () => end(null))
  })
}
