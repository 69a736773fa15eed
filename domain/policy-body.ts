import { DEFAULT_CHANNEL_STOCK } from './channel-stock.ts'
import { DEFAULT_POLICIES } from './orders/policies.ts'
import { DEFAULT_BILL_POLICY } from './purchasing/bill-policy.ts'
import { DEFAULT_PURCHASING_POLICY } from './purchasing/policy.ts'
import { DEFAULT_SETTLEMENT_POLICY } from './settlement/approval.ts'
import { STOCK_POLICIES } from './stock/policies.ts'
import { DEFAULT_REPLENISHMENT_RUN_POLICY } from './replenishment/run-policy.ts'
import { DEFAULT_RETURN_POLICY } from './returns/policy.ts'

const MODELS: Record<string, unknown> = {
  ...DEFAULT_POLICIES,
  ...STOCK_POLICIES,
  bills: DEFAULT_BILL_POLICY,
  purchasing: DEFAULT_PURCHASING_POLICY,
  'channel-stock': DEFAULT_CHANNEL_STOCK,
  settlement: DEFAULT_SETTLEMENT_POLICY,
  replenishment: DEFAULT_REPLENISHMENT_RUN_POLICY,
  returns: DEFAULT_RETURN_POLICY,
}

export interface PolicyProblem {
  field: string
  message: string
}

/**
 * What is wrong with a policy's body, by comparing it with the built-in version: a wrong name or
 * type would steer orders silently. A kind without a built-in version is not judged.
 */
export function policyProblems(kind: string, body: Record<string, unknown>): PolicyProblem[] {
  const model = MODELS[kind]
  if (!Object.hasOwn(MODELS, kind) || !isRecord(model)) return []
  const choices = CHOICES[kind] ?? {}
  return [
    ...compare(model, body, 'body.body'),
    ...Object.entries(choices).flatMap(([name, words]) =>
      typeof body[name] === 'string' && !words.includes(body[name])
        ? [{ field: `body.body.${name}`, message: `send one of ${words.join(', ')}` }]
        : [],
    ),
  ]
}

/** Where a rule takes one word of a few; any other would mean the first of them, silently. */
const CHOICES: Record<string, Record<string, readonly string[]>> = {
  order: {
    revenueOn: ['shipped', 'delivered'],
    shortage: ['ask', 'backorder'],
    taxBy: ['document', 'engine'],
    taxPoint: ['shipment', 'payment'],
  },
  returns: { refundOn: ['approved', 'scanned', 'received', 'inspected'] },
}

function compare(
  model: Record<string, unknown>,
  body: Record<string, unknown>,
  path: string,
): PolicyProblem[] {
  return Object.entries(body).flatMap(([name, value]): PolicyProblem[] => {
    const field = `${path}.${name}`
    if (!Object.hasOwn(model, name))
      return [{ field, message: `leave it out, or send one of ${Object.keys(model).join(', ')}` }]
    const wanted = model[name]
    if (kindOf(value) !== kindOf(wanted))
      return [{ field, message: `send ${kindOf(wanted)}, such as ${JSON.stringify(wanted)}` }]
    if (Array.isArray(wanted)) return compareItems(wanted, value as unknown[], field)
    return isRecord(wanted) && isRecord(value) ? compare(wanted, value, field) : []
  })
}

function compareItems(wanted: unknown[], values: unknown[], field: string): PolicyProblem[] {
  const kind = wanted.length === 0 ? 'text' : kindOf(wanted[0])
  const wrong = values.findIndex((value) => kindOf(value) !== kind)
  return wrong < 0 ? [] : [{ field: `${field}.${wrong}`, message: `send ${kind}` }]
}

/** Amounts are whole numbers as text: they are told apart from words. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (value === null) return 'nothing'
  if (typeof value === 'string') return /^-?\d+$/.test(value) ? 'a whole number as text' : 'text'
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'a whole number' : 'a number'
  return typeof value === 'boolean' ? 'true or false' : 'an object'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
