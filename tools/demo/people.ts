import { createHmac } from 'node:crypto'
import { deriveApiKey } from '#api/tokens'
import type { Role } from '#domain/access'
import { AMAZON, SHOPIFY, WHOLESALE, WOOCOMMERCE } from './company.ts'

/** Known to everybody who reads this: a demonstration listens on this machine alone. */
export const DEMO_PASSWORD = 'harbor-and-pine'

export interface DemoUser {
  email: string
  name: string
  roles: Role[]
  what: string
}

const user = (email: string, name: string, role: Role, what: string): DemoUser => ({
  email: `${email}@harborandpine.example`,
  name,
  roles: [role],
  what,
})

export const USERS: readonly DemoUser[] = [
  user('olivia', 'Olivia Marsh', 'oms-supervisor', 'decides on stuck orders'),
  user('carl', 'Carl Jensen', 'controller', 'books, periods, approvals'),
  user('ada', 'Ada Nwosu', 'administrator', 'users, keys, sites, channels'),
  user('sam', 'Sam Rivera', 'csr', 'customer service'),
  user('wanda', 'Wanda Kowalska', 'warehouse-lead', 'runs the warehouses'),
  user('pete', 'Pete Lindqvist', 'picker', 'picks and packs'),
  user('rena', 'Rena Haddad', 'receiver', 'takes goods in'),
  user('ben', 'Ben Okafor', 'buyer', 'suppliers and purchase orders'),
  user('mia', 'Mia Castellan', 'purchasing-manager', 'approves purchase orders'),
  user('paul', 'Paul Ferreira', 'ap-manager', 'approves suppliers and bills'),
  user('ann', 'Ann Tanaka', 'ap-clerk', 'bills and payables'),
  user('tess', 'Tess Oduya', 'treasurer', 'releases payments to the bank'),
  user('rick', 'Rick Moreau', 'risk-analyst', 'fraud and chargebacks'),
  user('pia', 'Pia Sanders', 'pricing-manager', 'prices and listings'),
  user('otto', 'Otto Brandt', 'ops-engineer', 'processes and queues'),
  user('audrey', 'Audrey Voss', 'auditor', 'reads everything but personal data'),
]

export interface DemoKey {
  name: string
  roles: Role[]
  sites: string[] | null
  channels: string[] | null
}

export const AMAZON_KEY = 'amazon-connector'
export const WHOLESALE_KEY = 'wholesale-portal'
export const WAREHOUSE_KEY = 'warehouse-robot'

export const API_KEYS: readonly DemoKey[] = [
  { name: AMAZON_KEY, roles: ['connector'], sites: null, channels: [AMAZON] },
  { name: WHOLESALE_KEY, roles: ['connector'], sites: null, channels: [WHOLESALE] },
  { name: WAREHOUSE_KEY, roles: ['warehouse-lead'], sites: null, channels: null },
]

/** The key of a program of the demonstration; loader and stream come to the same one. */
export function demoApiKey(secret: string, name: string): string {
  return deriveApiKey(secret, `demo/${name}`)
}

/** The environment variable with the secret that a channel signs its webhooks with. */
export function secretVariable(channel: string): string {
  const shop = channel === WOOCOMMERCE ? 'WOOCOMMERCE' : 'SHOPIFY'
  return `${shop}_SECRET_${channel.toUpperCase().replaceAll('-', '_')}`
}

export const SIGNED_CHANNELS = [SHOPIFY, WOOCOMMERCE] as const

/** Signing secrets of the channels, by variable; those that the environment has already stay. */
export function channelSecrets(env: NodeJS.ProcessEnv): Record<string, string> {
  const root = env['JWT_SECRET'] ?? ''
  return Object.fromEntries(
    SIGNED_CHANNELS.map((channel) => {
      const name = secretVariable(channel)
      const derived = createHmac('sha256', root).update(`channel-secret/${channel}`).digest('hex')
      return [name, env[name] || derived]
    }),
  )
}

/** The variable of the worker with the credential by which a channel lists its orders. */
export function pollVariable(channel: string): string {
  const shop = channel === WOOCOMMERCE ? 'WOOCOMMERCE_KEYS' : 'SHOPIFY_TOKEN'
  return `${shop}_${channel.toUpperCase().replaceAll('-', '_')}`
}

/** The simulated shops let everybody in who brings a credential. */
export function pollCredentials(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    SIGNED_CHANNELS.map((channel) => {
      const name = pollVariable(channel)
      return [name, env[name] || 'demonstration:demonstration']
    }),
  )
}
