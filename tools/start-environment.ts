import type { Config } from '#config'
import { demoSecrets } from './data-folder.ts'
import { freePort } from './processes.ts'
import { waitForPort } from './programs.ts'

export interface Servers {
  databaseUrl: string
  temporalAddress: string
  namespace: string
  uiUrl: string | undefined
}

/** The API's addresses for events of the payment processor and of the carriers. */
const webhookPaths = { stripe: '/v1/webhooks/stripe', carrier: '/v1/webhooks/carrier' }

/**
 * What worker, API, simulators and stream are told. Outside systems are the simulators unless
 * the environment names a real one.
 */
export async function startEnvironment(
  config: Config,
  servers: Servers,
  log: (line: string) => void,
): Promise<NodeJS.ProcessEnv> {
  const port = await freePort(config.API_PORT, config.API_HOST)
  if (port !== config.API_PORT) log(`port ${config.API_PORT} is taken; the API takes ${port}`)
  return {
    ...(await simulatedSystems()),
    ...(await demoSecrets(config.THROUGHLINE_DATA)),
    PUBLIC_URL: `http://${config.API_HOST === '0.0.0.0' ? '127.0.0.1' : config.API_HOST}:${port}`,
    ...given(),
    DATABASE_URL: servers.databaseUrl,
    TEMPORAL_ADDRESS: servers.temporalAddress,
    TEMPORAL_NAMESPACE: servers.namespace,
    ...(servers.uiUrl ? { TEMPORAL_UI_URL: servers.uiUrl } : {}),
    API_PORT: String(port),
    API_HOST: config.API_HOST,
  }
}

/** An empty variable counts as unset, as it does in config.ts. */
function given(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([, value]) => value?.trim()))
}

async function simulatedSystems(): Promise<Record<string, string>> {
  const ports = await Promise.all([0, 0, 0, 0, 0, 0, 0, 0].map(() => freePort()))
  const [stripe, carrier, tax, compliance, mail, smtp, shop, edi] = ports.map(String)
  return {
    // They forget everything at a restart, so they must not give the same references out again.
    SIM_SEED: `throughline/${Date.now()}`,
    SIM_STRIPE_PORT: `${stripe}`,
    SIM_CARRIER_PORT: `${carrier}`,
    SIM_TAX_PORT: `${tax}`,
    SIM_COMPLIANCE_PORT: `${compliance}`,
    SIM_MAIL_PORT: `${mail}`,
    SIM_SMTP_PORT: `${smtp}`,
    SIM_SHOP_PORT: `${shop}`,
    SIM_EDI_PORT: `${edi}`,
    SIM_DROP_WEBHOOK_EVERY: '20',
    STRIPE_BASE_URL: `http://127.0.0.1:${stripe}`,
    CARRIER_BASE_URL: `http://127.0.0.1:${carrier}`,
    TAX_BASE_URL: `http://127.0.0.1:${tax}`,
    TAX_API_KEY: 'demonstration:licence',
    COMPLIANCE_BASE_URL: `http://127.0.0.1:${compliance}`,
    COMPLIANCE_API_KEY: 'demonstration',
    EDI_BASE_URL: `http://127.0.0.1:${edi}`,
    EDI_API_KEY: 'demonstration',
    SMTP_URL: `smtp://127.0.0.1:${smtp}`,
  }
}

/** Tells the simulators where their events go and what signs them. */
export async function pointSimulatorsHere(env: NodeJS.ProcessEnv): Promise<void> {
  await Promise.all([
    point(env, 'SIM_STRIPE_PORT', webhookPaths.stripe, env['STRIPE_WEBHOOK_SECRET']),
    point(env, 'SIM_CARRIER_PORT', webhookPaths.carrier, env['CARRIER_WEBHOOK_SECRET']),
  ])
}

async function point(
  env: NodeJS.ProcessEnv,
  portVariable: string,
  path: string,
  secret: string | undefined,
): Promise<void> {
  const port = Number(env[portVariable])
  await waitForPort(port, 30_000)
  const answer = await fetch(`http://127.0.0.1:${port}/_webhooks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: `${env['PUBLIC_URL']}${path}`, secret }),
  })
  if (!answer.ok)
    throw new Error(`the simulator at ${port} takes no webhook address: ${answer.status}`)
}
