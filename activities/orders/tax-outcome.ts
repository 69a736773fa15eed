import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { quoteOfOrder } from '#db/stores/tax-quotes'
import { formatMinor } from '#domain/money'
import { keptValue } from '#domain/orders/worth'
import type { QuotedPart } from '#domain/tax/calculate'
import { healOrderCases } from './cases.ts'
import type { Effect, KeptOutcome } from './effect-outcomes.ts'
import { openTaxCheck, TAX_RULES } from './order-tax.ts'
import { grantRefund } from './refunds.ts'
import { settlePaymentHold } from './resume.ts'
import { retaxable, retaxLines } from './retax.ts'

/** What the engine's answer means for the order; one that never came leaves the check open. */
export async function taxOutcome(
  tx: Tx,
  order: SalesOrder,
  effect: Effect,
  outcome: KeptOutcome,
  by: { actor: string; today: string },
): Promise<void> {
  // Of an order that nobody keeps no tax is due, whatever it would have been.
  if (keptValue(order) === 0n) return
  if (outcome.outcome === 'unknown')
    return openTaxCheck(tx, order, effect.key, `the tax engine does not answer`, {
      message: outcome.message,
    })
  if (outcome.outcome !== 'confirmed')
    return openTaxCheck(tx, order, effect.key, `the tax engine said no: ${outcome.message}`, {
      code: outcome.code,
      message: outcome.message,
    })
  if (effect.operation === 'check-tax' && effect.request['lines'])
    return takeNewTax(tx, order, effect, outcome.facts, by)
  if (effect.operation === 'check-tax') return compareTax(tx, order, effect, outcome.facts)
  await healOrderCases(tx, order, ['tax-check'], 'the engine took the report', effect.key)
}

/** SAAS-5: the engine has said what the lines are taxed with now; what left meanwhile keeps its tax. */
async function takeNewTax(
  tx: Tx,
  order: SalesOrder,
  effect: Effect,
  facts: Record<string, unknown>,
  { actor, today }: { actor: string; today: string },
): Promise<void> {
  const quoted = readQuoted(facts['quoted'])
  const ids = effect.request['lines'] as string[]
  const inputs = { effectKey: effect.key, lines: ids }
  const reason = 'the engine was asked again'
  await retaxLines(tx, order, quoted, { rule: TAX_RULES.engine, reason, inputs })
  await grantRefund(tx, order, { actor, today, key: effect.key, reason: 'less tax is due' })
  await settlePaymentHold(tx, order, actor)
  const gone = order.lines.filter(
    (line) => ids.includes(line.id.toString()) && !retaxable(order).includes(line),
  )
  if (gone.length === 0)
    return healOrderCases(tx, order, ['tax-check'], 'its tax is what the engine says', effect.key)
  const said = `${gone.length} lines have left or were cancelled with another tax than the engine says now`
  await openTaxCheck(tx, order, effect.key, said, { lines: gone.map((line) => line.id.toString()) })
}

function readQuoted(stored: unknown): QuotedPart[] {
  const exact = (name: string, value: unknown) =>
    name === 'taxMinor' ? BigInt(value as string) : value
  return JSON.parse(JSON.stringify(stored), exact) as QuotedPart[]
}

async function compareTax(
  tx: Tx,
  order: SalesOrder,
  effect: Effect,
  facts: Record<string, unknown>,
): Promise<void> {
  const quote = await quoteOfOrder(tx, order.id)
  const engineMinor = BigInt(String(facts['taxMinor']))
  const charged = quote?.taxMinor ?? 0n
  if (engineMinor === charged)
    return healOrderCases(tx, order, ['tax-check'], 'the engine says the same', effect.key)
  const { currency } = order
  const said = `the engine says ${formatMinor(engineMinor, currency)} ${currency} of tax, ${formatMinor(charged, currency)} were charged`
  await openTaxCheck(tx, order, effect.key, said, {
    engineMinor: engineMinor.toString(),
    chargedMinor: charged.toString(),
    differenceMinor: (engineMinor - charged).toString(),
  })
}
