import { isIP } from 'node:net'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'

interface Variable {
  schema: z.ZodType
  /** What it is for, in a sentence; printed in docs and beside a problem. */
  meaning: string
  /** Used when the variable is unset or empty. */
  fallback?: unknown
  /** How to put a wrong or missing value right. */
  cure: string
}

const url = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  })
const web = url('http:', 'https:')
const proxies = z
  .string()
  .transform((list) => list.split(',').map((one) => one.trim()))
  .refine((list) => list.every(isAddressOrNetwork), {
    error: 'names something that is neither an address nor a network',
  })
const port = z.coerce.number({ error: 'must be a number' }).int().min(0).max(65535)
const secret = z.string().min(32, { error: 'is shorter than 32 characters' })
const folder = z.string().transform((path) => resolve(path.replace(/^~(?=\/|$)/, homedir())))
const text = z.string()

/** Every environment variable that Throughline reads. There is no other place that reads one. */
const variables = {
  DATABASE_URL: {
    schema: url('postgres:', 'postgresql:').optional(),
    meaning: 'PostgreSQL 18; unset, `npm start` and `npm test` run one of their own.',
    cure: 'Set it to postgres://user:password@host:5432/throughline.',
  },
  THROUGHLINE_APP_ROLE: {
    schema: z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/, { error: 'is not a plain role name' }),
    meaning: 'Database role that worker and API act as; it may only add to the ledger.',
    fallback: 'throughline_app',
    cure: 'Use a lower-case PostgreSQL role name; the migrations create throughline_app.',
  },
  DATABASE_POOL: {
    schema: z.coerce.number({ error: 'must be a number' }).int().min(1).max(500),
    meaning: 'Connections that one process may hold open.',
    fallback: 20,
    cure: 'Set a whole number from 1 to 500, at least the activity slots of a worker.',
  },
  TEMPORAL_ADDRESS: {
    schema: z
      .string()
      .regex(/^[^\s/:]+:\d{1,5}$|^\[[^\]]+\]:\d{1,5}$/, { error: 'must be host:port' })
      .optional(),
    meaning: 'Temporal front end; unset, `npm start` and `npm test` run a development server.',
    cure: 'Set it to host:port without a scheme, e.g. 127.0.0.1:7233.',
  },
  TEMPORAL_NAMESPACE: {
    schema: z.string().min(2),
    meaning: 'Temporal namespace of all processes.',
    fallback: 'default',
    cure: 'Set the name of a namespace that exists on the server.',
  },
  TEMPORAL_API_KEY: {
    schema: text.optional(),
    meaning: 'Key of a service account at Temporal Cloud; turns TLS on.',
    cure: 'Make one in Temporal Cloud (Settings, API keys) with access to the namespace.',
  },
  TEMPORAL_TLS: {
    schema: z.enum(['on', 'off'], { error: 'must be on or off' }).optional(),
    meaning: 'Whether Temporal is reached by TLS; unset, as soon as a key or certificate is set.',
    cure: 'Set on for a server that speaks TLS, off for one in the clear.',
  },
  TEMPORAL_TLS_CA: {
    schema: folder.optional(),
    meaning: 'PEM file of the authority of the server; unset, those that Node and the system know.',
    cure: 'Set the path of a PEM file that this program may read.',
  },
  TEMPORAL_TLS_CERT: {
    schema: folder.optional(),
    meaning: 'PEM file of our own certificate, for a server that asks for one (mTLS).',
    cure: 'Set the path of a PEM file that this program may read.',
  },
  TEMPORAL_TLS_KEY: {
    schema: folder.optional(),
    meaning: 'PEM file of the key of that certificate.',
    cure: 'Set the path of a PEM file that this program may read.',
  },
  TEMPORAL_TLS_SERVER_NAME: {
    schema: z.string().min(1).optional(),
    meaning: 'Name in the certificate of the server, where it is not that of its address.',
    cure: 'Set the name of the certificate, or leave it unset.',
  },
  BUILD_ID: {
    schema: z
      .string()
      .regex(/^[\w.:-]{1,100}$/, { error: 'is not one plain word' })
      .optional(),
    meaning:
      'Release of this worker; set, orders go to the release made current. Unset, to any worker.',
    cure: 'Set letters, digits and .:-_ only, e.g. a git commit or a date.',
  },
  TEMPORAL_UI_URL: {
    schema: web.optional(),
    meaning: 'Where people open Temporal UI; used for links only.',
    cure: 'Set it to the http(s) address of Temporal UI.',
  },
  API_PORT: {
    schema: port,
    meaning: 'Port of API and console; `npm start` takes a free one if it is taken.',
    fallback: 8080,
    cure: 'Set a port from 0 to 65535; 0 takes any free one.',
  },
  API_HOST: {
    schema: z.string().min(1),
    meaning: 'Address that the API listens on.',
    fallback: '127.0.0.1',
    cure: 'Set 127.0.0.1 for this machine only, or 0.0.0.0 behind a proxy.',
  },
  TRUSTED_PROXIES: {
    schema: proxies.optional(),
    meaning:
      'Proxies in front of the API whose X-Forwarded-For is believed; else a caller is who connects.',
    cure: 'Name addresses or networks, e.g. 10.0.0.5,192.168.0.0/16; never 0.0.0.0/0.',
  },
  PUBLIC_URL: {
    schema: web.optional(),
    meaning: 'Address that people and channels reach the API by; used in links and mails.',
    cure: 'Set it to the outside http(s) address, e.g. https://erp.example.com.',
  },
  JWT_SECRET: {
    schema: secret.optional(),
    meaning: 'Signs the log-in tokens; `npm start` makes one and keeps it in the data folder.',
    cure: 'Set at least 32 random characters, e.g. from `openssl rand -base64 48`.',
  },
  STRIPE_BASE_URL: {
    schema: web,
    meaning: 'Payment processor; the simulator in `npm start`.',
    fallback: 'https://api.stripe.com',
    cure: 'Set it to an http(s) address.',
  },
  STRIPE_API_KEY: {
    schema: text.optional(),
    meaning: 'Secret key of the payment processor.',
    cure: 'Take it from the dashboard of the processor.',
  },
  STRIPE_WEBHOOK_SECRET: {
    schema: text.optional(),
    meaning: 'Proves that a payment event came from the processor.',
    cure: 'Take it from the endpoint settings of the processor.',
  },
  CARRIER_BASE_URL: {
    schema: web.optional(),
    meaning: 'Carrier aggregator for rates, labels and tracking; the simulator in `npm start`.',
    cure: 'Set it to an http(s) address.',
  },
  CARRIER_API_KEY: {
    schema: text.optional(),
    meaning: 'Key of the carrier aggregator.',
    cure: 'Take it from the account page of the carrier aggregator.',
  },
  CARRIER_WEBHOOK_SECRET: {
    schema: text.optional(),
    meaning: 'Proves that a tracking event came from the carrier aggregator.',
    cure: 'Take it from the webhook settings of the carrier aggregator.',
  },
  TAX_BASE_URL: {
    schema: web.optional(),
    meaning: 'Tax engine; unset, the tax rates in the database decide.',
    cure: 'Set it to an http(s) address.',
  },
  TAX_API_KEY: {
    schema: text.optional(),
    meaning: 'Key of the tax engine.',
    cure: 'Take it from the account page of the tax engine.',
  },
  COMPLIANCE_BASE_URL: {
    schema: web.optional(),
    meaning:
      'Screens buyers against lists of denied parties; unset, the list in the database decides.',
    cure: 'Set it to an http(s) address.',
  },
  COMPLIANCE_API_KEY: {
    schema: text.optional(),
    meaning: 'Key of the compliance gateway.',
    cure: 'Take it from the account page of the compliance gateway.',
  },
  EDI_BASE_URL: {
    schema: web.optional(),
    meaning:
      'EDI network that carries orders to suppliers and outside warehouses; unset, only mail does.',
    cure: 'Set it to an http(s) address.',
  },
  EDI_API_KEY: {
    schema: text.optional(),
    meaning: 'Key of the EDI network.',
    cure: 'Take it from the account page of the EDI network.',
  },
  SMTP_URL: {
    schema: url('smtp:', 'smtps:').optional(),
    meaning: 'Mail server; unset, mails stay in the outbox.',
    cure: 'Set it to smtp://user:password@host:587 or smtps://….',
  },
  MAIL_FROM: {
    schema: z.string().includes('@', { error: 'holds no mail address' }),
    meaning: 'Sender of mails to customers, vendors and staff.',
    fallback: 'Throughline <no-reply@throughline.example>',
    cure: 'Set it to an address or to `Name <address>`.',
  },
  LOG_LEVEL: {
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    meaning: 'Least severe log line that is written.',
    fallback: 'info',
    cure: 'Use trace, debug, info, warn, error, fatal or silent.',
  },
  THROUGHLINE_DATA: {
    schema: folder,
    meaning: 'Folder of everything that `npm start` keeps; `npm run reset` deletes it.',
    fallback: join(import.meta.dirname, '.data'),
    cure: 'Set the path of a folder that may be written.',
  },
  THROUGHLINE_CACHE: {
    schema: folder,
    meaning: 'Folder of downloaded and built programs, shared by all checkouts.',
    fallback: join(homedir(), '.cache', 'throughline'),
    cure: 'Set the path of a folder that may be written.',
  },
} as const satisfies Record<string, Variable>

/** A network of everybody would let each caller choose their own address. */
function isAddressOrNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || more.length > 0) return false
  return (
    bits === undefined ||
    (/^\d{1,3}$/.test(bits) && +bits > 0 && +bits <= (family === 4 ? 32 : 128))
  )
}

type Variables = typeof variables
export type VariableName = keyof Variables
export type Config = { readonly [Name in VariableName]: z.output<Variables[Name]['schema']> }
type With<Name extends VariableName> = Config & {
  readonly [Key in Name]-?: NonNullable<Config[Key]>
}

/** Everything that is wrong with the environment, in one message. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/**
 * Reads and checks the environment. `required` names the optional variables that the caller
 * cannot do without; all problems are told at once, each with its cure.
 */
export function loadConfig<Name extends VariableName = never>(
  env: Record<string, string | undefined> = process.env,
  required: readonly Name[] = [],
): With<Name> {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, variable] of entries()) {
    const given = env[name]?.trim() || undefined
    const read = variable.schema.safeParse(given ?? variable.fallback)
    if (!read.success) problems.push(problem(name, given, read.error.issues[0]?.message, variable))
    else if (read.data === undefined && (required as readonly string[]).includes(name))
      problems.push(problem(name, given, undefined, variable))
    else values[name] = read.data
  }
  if (problems.length > 0)
    throw new ConfigError(`The configuration does not work:\n${problems.join('\n')}`)
  return values as With<Name>
}

/** A value that reads well and does not work: what is wrong with it, and the cure for that. */
export function wrongVariable(name: VariableName, fault: string, cure: string): ConfigError {
  const { meaning } = (variables as Record<string, Variable>)[name]!
  return new ConfigError(
    `The configuration does not work:\n  ${name} ${fault}. ${cure} (${meaning})`,
  )
}

/** For the programs: a wrong configuration is told in its own words, without where it was found. */
export function exitIfWrong(cause: unknown): never {
  if (!(cause instanceof ConfigError)) throw cause
  console.error(cause.message)
  process.exit(1)
}

/** One row a variable, for docs/operations and `npm run config`. */
export function describeConfig(): { name: string; fallback: string; meaning: string }[] {
  return entries().map(([name, variable]) => ({
    name,
    fallback: variable.fallback === undefined ? '' : String(variable.fallback),
    meaning: variable.meaning,
  }))
}

function entries(): [string, Variable][] {
  return Object.entries<Variable>(variables)
}

function problem(
  name: string,
  given: string | undefined,
  fault: string | undefined,
  variable: Variable,
): string {
  // A secret must not reach a log, so the value itself is never repeated.
  const what = given === undefined ? 'is not set' : (fault ?? 'is wrong')
  return `  ${name} ${what}. ${variable.cure} (${variable.meaning})`
}
