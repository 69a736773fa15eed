import type { Tx } from '#db/client'
import type { OrderLine, SalesOrder } from '#db/stores/orders'
import { intendEffect, recordDecisions } from '#db/stores/records'
import { bindQuote, quoteOfOrder, type TaxQuote } from '#db/stores/tax-quotes'
import { Refusal } from '#domain/refusal'
import { openOrderCase } from './cases.ts'
import { askedAnew, byOurRules } from './tax-asked.ts'
import { retaxable, retaxLines } from './retax.ts'

export const TAX_RULES: Record<TaxQuote['source'], string> = {
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
      rule: TAX_RULES[quote.source],
      ruleVersion: order.policies.order.version,
      inputs: {
        taxOn: quote.taxOn,
        shipTo: { country: order.shipCountry, region: order.shipRegion },
        pricesIncludeTax: quote.pricesIncludeTax,
        parts: quote.parts,
      },
      choice: {
        taxMinor: quote.taxMinor,
        quoted: quote.quoted,
        reason: quote.reason,
        basis: quote.basis,
      },
      actor: 'system',
    },
  ])
  if (quote.source === 'fallback') await checkTaxAgain(tx, order, quote.reason)
  const { expiredCertificateId } = quote.basis
  if (expiredCertificateId !== undefined && quote.taxMinor > 0n)
    await openTaxCheck(
      tx,
      order,
      `certificate/${expiredCertificateId}`,
      'tax was charged, as the exemption certificate does not hold on the day',
      { certificateId: expiredCertificateId },
    )
}

/** SAAS-5: what was charged is compared with what the engine says, as soon as it says something. */
export async function checkTaxAgain(
  tx: Tx,
  order: SalesOrder,
  why: string,
  /** Lines whose tax becomes what the engine says; none: a person decides on a difference. */
  lines?: readonly string[],
): Promise<void> {
  const key = `tax/check/${order.id}/${order.version}${lines ? `/${lines.join('+')}` : ''}`
  await openTaxCheck(tx, order, key, `its tax is to be calculated again: ${why}`, { why })
  await intendEffect(tx, {
    key,
    gateway: 'tax',
    operation: 'check-tax',
    subjectType: 'order',
    subjectId: order.id.toString(),
    request: { company: order.entityCode, ...(lines ? { lines } : {}) },
  })
}

/** It goes elsewhere: what has not left is taxed for there; prices that hold their tax stay, and somebody looks. */
export async function checkMovedTax(tx: Tx, order: SalesOrder): Promise<void> {
  if (order.policies.order.body.taxBy !== 'engine') return
  const quote = await quoteOfOrder(tx, order.id)
  if (!quote) return
  const lines = retaxable(order)
  const all = lines.length === order.lines.length && !quote.pricesIncludeTax
  if (all || (quote.source === 'rates' && !quote.pricesIncludeTax))
    return taxAnew(tx, order, quote, lines, 'it goes elsewhere')
  if (quote.source === 'rates')
    return openTaxCheck(
      tx,
      order,
      `moved/${order.version}`,
      'its prices hold the tax of where it was to go',
      {},
    )
  await checkTaxAgain(tx, order, 'it goes elsewhere')
}

/** Lines that came later and say nothing of their tax were part of no quote: they are taxed now. */
export async function taxLaterLines(
  tx: Tx,
  order: SalesOrder,
  added: readonly OrderLine[],
): Promise<void> {
  if (order.policies.order.body.taxBy !== 'engine') return
  const untaxed = added.filter((line) => line.taxes.length === 0 && line.goodsMinor > 0n)
  const quote = await quoteOfOrder(tx, order.id)
  if (!quote) return
  const ids = new Set(untaxed.map((line) => line.id))
  const lines = retaxable(order).filter((line) => ids.has(line.id))
  if (lines.length > 0) await taxAnew(tx, order, quote, lines, 'lines came later')
}

/** Our own rules answer at once; an engine is asked, and its answer is applied when it comes. */
export async function taxAnew(
  tx: Tx,
  order: SalesOrder,
  quote: TaxQuote,
  lines: readonly OrderLine[],
  why: string,
): Promise<void> {
  const ids = lines.map((line) => line.id.toString())
  if (quote.source !== 'rates') return checkTaxAgain(tx, order, why, ids)
  const asked = await askedAnew(tx, order, { lines, key: `tax/anew/${order.id}` })
  const found = await byOurRules(tx, asked, why).catch(notKnown)
  if (!found)
    return openTaxCheck(tx, order, `anew/${order.version}`, `${why}, and no tax rate is known`, {
      lines: ids,
    })
  const { quoted, basis } = found
  const inputs = { taxOn: asked.taxOn, lines: ids, basis }
  await retaxLines(tx, order, quoted, { rule: TAX_RULES.rates, reason: why, inputs })
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

export async function openTaxCheck(
  tx: Tx,
  order: SalesOrder,
  discriminator: string,
  said: string,
  evidence: Record<string, unknown>,
): Promise<void> {
  await openOrderCase(tx, order, {
    type: 'tax-check',
    discriminator,
    openedBy: 'rule: tax',
    summary: `${order.orderNumber}: ${said}`,
    evidence: {
      ...(discriminator.startsWith('tax/') ? { effectKey: discriminator } : {}),
      ...evidence,
    },
    addsToOpen: true,
  })
}

/** A change that has happened is taken in whatever is known of its tax. */
function notKnown(error: unknown): null {
  if (error instanceof Refusal && error.code === 'TaxUnknown') return null
  throw error
}
