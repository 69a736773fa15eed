import { parseArgs } from 'node:util'
import { startCarrierSimulator } from './carrier.ts'
import { startComplianceSimulator } from './compliance.ts'
import { startEdiSimulator } from './edi.ts'
import { startMailSimulator } from './mail.ts'
import { startShopSimulator } from './shop.ts'
import { startStripeSimulator } from './stripe.ts'
import { startTaxSimulator } from './tax.ts'

/**
 * Runs every simulator until it is told to stop, and prints one line of JSON with their URLs.
 * Ports: `--stripe 12111 --carrier … --tax … --compliance … --mail … --smtp … --shop … --edi …`, or
 * `SIM_STRIPE_PORT` and so on; any free port unless told. `--seed`, `--move-every-ms`,
 * `--drop-webhook-every` loses every so many webhooks of the shop. `--seed`: without it each run has
 * ids of its own, as a provider gives an id once for ever.
 */
const { values } = parseArgs({
  options: {
    stripe: { type: 'string' },
    carrier: { type: 'string' },
    tax: { type: 'string' },
    compliance: { type: 'string' },
    mail: { type: 'string' },
    smtp: { type: 'string' },
    shop: { type: 'string' },
    edi: { type: 'string' },
    seed: { type: 'string', default: process.env['SIM_SEED'] ?? `throughline/${Date.now()}` },
    'drop-webhook-every': { type: 'string', default: process.env['SIM_DROP_WEBHOOK_EVERY'] ?? '0' },
    'move-every-ms': { type: 'string', default: '0' },
  },
})

const { seed } = values
const stripe = await startStripeSimulator({ seed, port: port('stripe') })
const carrier = await startCarrierSimulator({
  seed,
  port: port('carrier'),
  moveEveryMs: whole('--move-every-ms', values['move-every-ms']),
})
const tax = await startTaxSimulator({ seed, port: port('tax') })
const compliance = await startComplianceSimulator({ seed, port: port('compliance') })
const mail = await startMailSimulator({ seed, port: port('mail'), smtpPort: port('smtp') })
const edi = await startEdiSimulator({ seed, port: port('edi') })
const shop = await startShopSimulator({
  seed,
  port: port('shop'),
  dropEvery: whole('--drop-webhook-every', values['drop-webhook-every']),
  sellsAnything: true,
})

console.log(
  JSON.stringify({
    stripe: stripe.url,
    carrier: carrier.url,
    tax: tax.url,
    compliance: compliance.url,
    mail: mail.url,
    smtp: mail.smtpUrl,
    shop: shop.url,
    edi: edi.url,
  }),
)

process.once('SIGTERM', () => void stop())
process.once('SIGINT', () => void stop())

async function stop(): Promise<void> {
  await Promise.all([stripe, carrier, tax, compliance, mail, shop, edi].map((one) => one.close()))
}

function port(
  name: 'stripe' | 'carrier' | 'tax' | 'compliance' | 'mail' | 'smtp' | 'shop' | 'edi',
): number {
  const variable = `SIM_${name.toUpperCase()}_PORT`
  return whole(`--${name} or ${variable}`, values[name] ?? process.env[variable] ?? '0')
}

function whole(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`${name} must be a whole number, got "${text}"`)
  return Number(text)
}
