import { readFileSync } from 'node:fs'
import type { TLSConfig } from '@temporalio/client'
import { wrongVariable, type Config, type VariableName } from '#config'

/** How a Temporal server is reached; what every connection of ours is opened with. */
export interface TemporalAt {
  address: string
  /** Absent: in the clear. */
  tls?: TLSConfig
  apiKey?: string
}

type Reach = Pick<
  Config,
  | 'TEMPORAL_TLS'
  | 'TEMPORAL_TLS_CA'
  | 'TEMPORAL_TLS_CERT'
  | 'TEMPORAL_TLS_KEY'
  | 'TEMPORAL_TLS_SERVER_NAME'
  | 'TEMPORAL_API_KEY'
> & { TEMPORAL_ADDRESS: string }

/** The server that the environment names, where it names one. */
export function givenTemporal(config: Config): TemporalAt | undefined {
  const { TEMPORAL_ADDRESS } = config
  return TEMPORAL_ADDRESS === undefined ? undefined : temporalAt({ ...config, TEMPORAL_ADDRESS })
}

/**
 * A server in the clear, one behind TLS, or Temporal Cloud by an API key or a client certificate.
 * A key or certificate is never sent in the clear: either turns TLS on.
 * @throws ConfigError with the name of the variable whose file or counterpart is missing
 */
export function temporalAt(config: Reach): TemporalAt {
  const { TEMPORAL_ADDRESS: address, TEMPORAL_API_KEY: apiKey } = config
  const files = {
    ca: fileOf(config, 'TEMPORAL_TLS_CA'),
    crt: fileOf(config, 'TEMPORAL_TLS_CERT'),
    key: fileOf(config, 'TEMPORAL_TLS_KEY'),
  }
  if (Boolean(files.crt) !== Boolean(files.key)) throw halfAPair(files.crt ? 'KEY' : 'CERT')
  const serverName = config.TEMPORAL_TLS_SERVER_NAME
  const asked = Boolean(apiKey ?? files.ca ?? files.crt ?? serverName)
  if (asked && config.TEMPORAL_TLS === 'off')
    throw wrongVariable(
      'TEMPORAL_TLS',
      'is off, and an API key, a certificate or a server name is set',
      'Leave it unset, or take the other TEMPORAL_TLS_… variables and TEMPORAL_API_KEY away.',
    )
  if (!asked && config.TEMPORAL_TLS !== 'on') return { address }
  return {
    address,
    tls: {
      ...(serverName ? { serverNameOverride: serverName } : {}),
      ...(files.ca ? { serverRootCACertificate: files.ca } : {}),
      ...(files.crt && files.key ? { clientCertPair: { crt: files.crt, key: files.key } } : {}),
    },
    ...(apiKey ? { apiKey } : {}),
  }
}

function fileOf(
  config: Reach,
  name: 'TEMPORAL_TLS_CA' | 'TEMPORAL_TLS_CERT' | 'TEMPORAL_TLS_KEY',
): Buffer | undefined {
  const path = config[name]
  if (path === undefined) return undefined
  const cure = 'Set the path of a PEM file that this program may read.'
  let read: Buffer
  try {
    read = readFileSync(path)
  } catch (cause) {
    const { code } = cause as { code?: string }
    throw wrongVariable(name, `names a file that cannot be read (${code})`, cure)
  }
  if (!read.includes('-----BEGIN')) throw wrongVariable(name, 'names a file that is no PEM', cure)
  return read
}

function halfAPair(missing: 'CERT' | 'KEY') {
  const name: VariableName = `TEMPORAL_TLS_${missing}`
  const other = missing === 'CERT' ? 'TEMPORAL_TLS_KEY' : 'TEMPORAL_TLS_CERT'
  return wrongVariable(name, `is not set, and ${other} is`, 'Set both, or neither.')
}
