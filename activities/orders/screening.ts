import type { AddressDocument } from '#contracts/order-intake'
import type { Db, Tx } from '#db/client'
import { openCasesOf } from '#db/stores/cases'
import type { SalesOrder } from '#db/stores/orders'
import type { FoundHold } from '#domain/orders/holds'
import { openUnits } from '#domain/orders/phase'
import type { ScreenedGoods, ScreenedParty, ScreeningRequest } from '../gateways/compliance.ts'
import type { EffectAnswer, FindAnswer } from '../gateways/outcome.ts'
import type { Screening } from '../gateways/compliance.ts'
import { healOrderCases, openOrderCase } from './cases.ts'
import type { Effect, KeptOutcome } from './effect-outcomes.ts'
import type { Found, Gateways } from './gateways.ts'
import { holdUnlessCleared } from './rescreen.ts'
import { clearHold, resumeOrder } from './resume.ts'

interface By {
  actor: string
  today: string
}

/** Goes on when nothing was found, holds for two people when something was, or nobody answers. */
export async function screeningOutcome(
  tx: Tx,
  order: SalesOrder,
  effect: Effect,
  outcome: KeptOutcome,
  by: By,
): Promise<void> {
  // Nothing of it will leave: whatever is found is kept with the call and stops nobody.
  if (order.lines.every((line) => openUnits(line) === 0)) return
  if (outcome.outcome !== 'confirmed')
    return openOrderCase(tx, order, {
      type: 'compliance-match',
      discriminator: effect.key,
      openedBy: 'rule: compliance',
      summary: `${order.orderNumber}: nobody has screened it, as the screening service ${outcome.outcome === 'unknown' ? 'does not answer' : 'said no'} (${outcome.message})`,
      evidence: { effectKey: effect.key, unscreened: outcome.message },
      addsToOpen: true,
    })
  const answered = 'the screening service has answered'
  await healOrderCases(tx, order, ['compliance-match'], answered, effect.key)
  const found = foundHold(outcome.facts)
  if (found && (await holdUnlessCleared(tx, order, found, by.actor))) return
  await goOnWhenClear(tx, order, effect, by)
}

/** The hold goes when no match is open and no other screening of this order is. */
async function goOnWhenClear(tx: Tx, order: SalesOrder, effect: Effect, by: By): Promise<void> {
  const id = order.id.toString()
  const open = await openCasesOf(tx, 'order', id)
  const others = await tx`
    SELECT 1 FROM external_effect WHERE subject_type = 'order' AND subject_id = ${id} AND operation = 'screen'
      AND key <> ${effect.key} AND state IN ('intended', 'sent', 'unknown') LIMIT 1`
  const held = order.holds.some((hold) => hold.type === 'compliance')
  if (!held || others.length > 0 || open.some((found) => found.type === 'compliance-match')) return
  await clearHold(tx, order, 'compliance', { actor: by.actor, note: 'the screening found nothing' })
  await resumeOrder(tx, order, by)
}

/** Entries by their list's own ids: names are the customer's, and evidence is copied where nobody can erase it. */
function foundHold({
  matches,
  listVersion,
  providerId,
}: Record<string, unknown>): FoundHold | null {
  const found = (matches ?? []) as Screening['matches']
  if (found.length === 0) return null
  return {
    type: 'compliance',
    caseType: 'compliance-match',
    reason: `Screening: ${[...new Set(found.map((match) => match.list))].join(', ')}.`,
    evidence: {
      screening: providerId,
      listVersion,
      matches: found.map(({ role, list, entryId, scorePercent }) => ({
        kind: 'screening',
        who: role,
        list,
        entryId,
        scorePercent,
      })),
    },
  }
}

/** Sends the names to be screened; they are read now and kept nowhere. */
export async function screen(db: Db, gateways: Gateways, effect: Effect): Promise<KeptOutcome> {
  if (!gateways.screening) return NOT_SET_UP
  return screened(await gateways.screening.screen(await requestOf(db, effect)))
}

export async function findScreening(gateways: Gateways, effect: Effect): Promise<Found> {
  if (!gateways.screening) return NOT_SET_UP
  return screened(await gateways.screening.findScreening({ key: effect.key }))
}

const NOT_SET_UP = {
  outcome: 'unknown',
  message: 'no screening service is set up',
  askInMs: 3_600_000,
} as const

function screened(answer: EffectAnswer<Screening>): KeptOutcome
function screened(answer: FindAnswer<Screening>): Found
function screened(answer: EffectAnswer<Screening> | FindAnswer<Screening>): Found {
  if (answer.outcome !== 'confirmed') return answer
  const { providerId, verdict, listVersion, matches } = answer
  const nameless = matches.map(({ name: _name, ...match }) => match)
  return { outcome: 'confirmed', facts: { providerId, verdict, listVersion, matches: nameless } }
}

async function requestOf(db: Db, effect: Effect): Promise<ScreeningRequest> {
  const orderId = BigInt(String(effect.request['orderId']))
  const [[order], goods] = await Promise.all([
    db<{ country: string | null; name: string | null; shipTo: Named; billTo: Named }[]>`
      SELECT o.ship_country AS country, d.body->>'name' AS name, d.body->'shipTo' AS "shipTo", d.body->'billTo' AS "billTo"
      FROM sales_order o LEFT JOIN personal_data d ON d.id = o.personal_data_id WHERE o.id = ${orderId}`,
    db<ScreenedGoods[]>`
      SELECT DISTINCT i.sku, i.hs_code AS "hsCode", i.origin FROM sales_order_line l JOIN item i ON i.id = l.item_id
      WHERE l.order_id = ${orderId} AND l.qty_ordered > l.qty_cancelled ORDER BY i.sku`,
  ])
  const { country, name, shipTo, billTo } = order!
  const parties: ScreenedParty[] = [
    ...named('buyer', [name], billTo?.country ?? country),
    ...named('consignee', [shipTo?.name, shipTo?.company], country),
    ...named('payer', [billTo?.name, billTo?.company], billTo?.country ?? null),
  ]
  return { key: effect.key, parties, destination: country, goods: [...goods] }
}

type Named = Pick<AddressDocument, 'name' | 'company' | 'country'> | null

function named(
  role: ScreenedParty['role'],
  names: (string | null | undefined)[],
  country: string | null,
): ScreenedParty[] {
  return names.flatMap((name) => (name ? [{ role, name, country }] : []))
}
