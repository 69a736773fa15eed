import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { intendEffect, recordDecisions } from '#db/stores/records'
import { bindQuote, quoteOfOrder, type TaxQuote } from '#db/stores/tax-quotes'
import { formatMinor } from '#domain/money'
import type { FrozenLine } from '#domain/orders/freeze'
import { keptValue } from '#domain/orders/worth'
import { healOrderCases, openOrderCase } from './cases.ts'
import type { Effect, KeptOutcome } from './effect-outcomes.ts'

const RULES: Record<TaxQuote['source'], string> = {
  engine: 'tax engine',
  rates: 'known rate',
  fallback: 'known rate, as the engine was down',
}

/**
 * The order was frozen with tax that somebody else than its channel said. Where the engine could
 * not be asked, the goods may leave all the same, a person knows, and the engine is asked again.
 */
export async function takeQuotedTax(tx: Tx, order: SalesOrder, quote: TaxQuote): Promise<void> {
  await bindQuote(tx, quote.inboxId, order.id)
  await recordDecisions(tx, [
    {
      subjectType: 'order',
      subjectId: order.id.toString(),
      kind: 'tax',
      rule: RULES[quote.source],
      ruleVersion: order.policies.order.version,
      inputs: {
        taxOn: quote.taxOn,
        shipTo: { country: order.shipCountry, region: order.shipRegion },
        pricesIncludeTax: quote.pricesIncludeTax,
        parts: quote.parts,
      },
      choice: { taxMinor: quote.taxMinor, quoted: quote.quoted, reason: quote.reason },
      actor: 'system',
    },
  ])
  if (quote.source === 'fallback') await checkTaxAgain(tx, order, quote.reason)
}

/** SAAS-5: what was charged is compared with what the engine says, as soon as it says something. */
export async function checkTaxAgain(tx: Tx, order: SalesOrder, why: string): Promise<void> {
  const key = `tax/check/${order.id}/${order.version}`
  await openTaxCheck(tx, order, key, `its tax is to be calculated again: ${why}`, { why })
  await intendEffect(tx, {
    key,
    gateway: 'tax',
    operation: 'check-tax',
    subjectType: 'order',
    subjectId: order.id.toString(),
    request: { company: order.entityCode },
  })
}

/** Its tax was quoted for another destination, and stays as it was charged: the difference is seen. */
export async function checkMovedTax(tx: Tx, order: SalesOrder): Promise<void> {
  if (order.policies.order.body.taxBy !== 'engine') return
  if (await quoteOfOrder(tx, order.id)) await checkTaxAgain(tx, order, 'it goes elsewhere')
}

/** Lines that came later and say nothing of their tax were part of no quote: somebody looks. */
export async function checkUntaxedLines(
  tx: Tx,
  order: SalesOrder,
  added: readonly FrozenLine[],
): Promise<void> {
  if (order.policies.order.body.taxBy !== 'engine') return
  const untaxed = added.filter((line) => line.taxes.length === 0 && line.goodsMinor > 0n)
  if (untaxed.length === 0 || !(await quoteOfOrder(tx, order.id))) return
  const skus = untaxed.map((line) => line.source.sku ?? line.source.title)
  await openOrderCase(tx, order, {
    type: 'tax-check',
    discriminator: `lines/${order.version}`,
    openedBy: 'rule: tax',
    summary: `${order.orderNumber}: no tax was charged for ${skus.join(', ')}, which came later`,
    evidence: { skus },
  })
}

/**
 * FIN-10: what was earned is reported to the engine with the tax that was charged for it, once,
 * under the shipment's key. Nothing to do where the channel stated the tax, or rates here did.
 */
export async function intendTaxCommit(
  tx: Tx,
  order: SalesOrder,
  /** `part`: of a shipment whose lines are not all earned at once. */
  earned: { shipmentId: bigint; on: string; part?: { name: string; orderLineIds: string[] } },
): Promise<void> {
  if (order.policies.order.body.taxBy !== 'engine') return
  const quote = await quoteOfOrder(tx, order.id)
  if (!quote || quote.source === 'rates') return
  const { shipmentId, on: taxOn, part } = earned
  const key = `tax/shipment/${shipmentId}${part ? `/${part.name}` : ''}`
  const { orderLineIds } = part ?? {}
  const request = { shipmentId: shipmentId.toString(), taxOn }
  await commitTax(tx, order, key, { ...request, ...(orderLineIds ? { orderLineIds } : {}) })
}

export async function commitTax(
  tx: Tx,
  order: SalesOrder,
  key: string,
  request: Record<string, unknown>,
): Promise<void> {
  await intendEffect(tx, {
    key,
    gateway: 'tax',
    operation: 'commit-tax',
    subjectType: 'order',
    subjectId: order.id.toString(),
    request: { ...request, company: order.entityCode },
  })
}

/** What the engine's answer means for the order; one that never came leaves the check open. */
export async function taxOutcome(
  tx: Tx,
  order: SalesOrder,
  effect: Effect,
  outcome: KeptOutcome,
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
  if (effect.operation === 'check-tax') return compareTax(tx, order, effect, outcome.facts)
  await healOrderCases(tx, order, ['tax-check'], 'the engine took the report', effect.key)
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

async function openTaxCheck(
  tx: Tx,
  order: SalesOrder,
  effectKey: string,
  said: string,
  evidence: Record<string, unknown>,
): Promise<void> {
  await openOrderCase(tx, order, {
    type: 'tax-check',
    discriminator: effectKey,
    openedBy: 'rule: tax',
    summary: `${order.orderNumber}: ${said}`,
    evidence: { effectKey, ...evidence },
    addsToOpen: true,
  })
}
