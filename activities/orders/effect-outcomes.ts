import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { json } from '#db/stores/records'
import { invariant, Refusal } from '#domain/refusal'
import { healOrderCases, openOrderCase } from './cases.ts'
import type { LabelOffer } from './gateways.ts'
import { interceptOutcome } from './intercepts.ts'
import { recordLabelChoice, voidLabels } from './labels.ts'
import { taxOutcome } from './tax-outcome.ts'
import { screeningOutcome } from './screening.ts'
import { paymentDone, paymentRefused } from './payment-outcomes.ts'

export interface Effect {
  key: string
  gateway: string
  operation: string
  request: Record<string, unknown>
  state: 'intended' | 'sent' | 'confirmed' | 'failed' | 'unknown'
  attempts: number
  intendedAt: string
  /** When it was last sent; nothing while it never was. */
  sentAt: string | null
  /** What the provider agreed to before the call that costs money, e.g. its shipment and rate. */
  prepared: LabelOffer | null
}

/** What a gateway said, in words that can be kept: no bigint, no personal data. */
export type KeptOutcome =
  | { outcome: 'confirmed'; facts: Record<string, unknown> }
  | { outcome: 'declined' | 'refused'; code: string; message: string }
  | {
      outcome: 'unknown'
      message: string
      /** It is too early to say: ask again after this time, nobody need look. */
      askInMs?: number
      /** Asking again would tell nothing: only a person can find out. */
      forPerson?: true
    }

interface By {
  actor: string
  today: string
}

export async function readEffect(tx: Tx, key: string): Promise<Effect> {
  const [row] = await tx<Effect[]>`
    SELECT ${effectColumns(tx)} FROM external_effect WHERE key = ${key} FOR NO KEY UPDATE`
  if (!row) throw new Refusal('EffectNotFound', `No outside call has the key ${key}.`)
  return row
}

export function effectColumns(tx: Tx) {
  return tx`key, gateway, operation, request, state, attempts, intended_at AS "intendedAt", sent_at AS "sentAt", prepared`
}

/** Keeps what the provider answered and does what follows from it, in the same transaction, once. */
export async function applyEffectOutcome(
  tx: Tx,
  order: SalesOrder,
  effect: Effect,
  outcome: KeptOutcome,
  by: By,
): Promise<void> {
  if (effect.state === 'confirmed' || effect.state === 'failed') return
  const state =
    outcome.outcome === 'confirmed'
      ? 'confirmed'
      : outcome.outcome === 'unknown'
        ? 'unknown'
        : 'failed'
  await tx`
    UPDATE external_effect SET state = ${state}, outcome = ${json(tx, outcome)}, settled_at = CASE WHEN ${state} = 'unknown' THEN NULL ELSE clock_timestamp() END,
      ask_at = clock_timestamp() + make_interval(secs => ${askAgainSeconds(effect, outcome)})
    WHERE key = ${effect.key}`
  if (effect.operation === 'screen') return screeningOutcome(tx, order, effect, outcome, by)
  if (effect.operation === 'check-tax') return taxOutcome(tx, order, effect, outcome, by)
  if (outcome.outcome === 'unknown') {
    if (outcome.askInMs === undefined) await openUnknown(tx, order, effect, outcome.message)
    return
  }
  await healOrderCases(tx, order, ['effect-unknown'], 'the provider has answered', effect.key)
  if (effect.operation === 'verify-address') return addressOutcome(tx, order, outcome)
  if (effect.gateway === 'tax') return taxOutcome(tx, order, effect, outcome, by)
  // A carrier that pays nothing back has charged for a label; there is nobody whom that stops.
  if (effect.operation === 'void-label') return
  if (effect.operation === 'intercept') return interceptOutcome(tx, order, effect, outcome)
  if (effect.gateway === 'carrier') return labelOutcome(tx, order, effect, outcome)
  const payment = order.payments.find(
    (candidate) => candidate.id.toString() === String(effect.request['paymentId']),
  )
  invariant(payment, `effect ${effect.key} names a payment of its order`)
  if (outcome.outcome === 'confirmed')
    await paymentDone(tx, order, { effect, payment, facts: outcome.facts }, by)
  else await paymentRefused(tx, order, { effect, payment, ...outcome }, by)
}

/** A provider that is away comes back by itself: it is asked again, ever more rarely, up to once an hour. */
function askAgainSeconds(effect: Effect, outcome: KeptOutcome): number | null {
  if (outcome.outcome !== 'unknown' || outcome.forPerson) return null
  if (outcome.askInMs !== undefined) return outcome.askInMs / 1000
  // A held order waits for its screening; everything else goes on meanwhile.
  const first = effect.operation === 'screen' ? 4 : 60
  return Math.min(3600, first * 2 ** Math.min(10, Math.floor(effect.attempts / 3) - 1))
}

/** No answer that can be trusted: nobody repeats it and nobody calls it failed; a person sees it. */
async function openUnknown(
  tx: Tx,
  order: SalesOrder,
  effect: Effect,
  message: string,
): Promise<void> {
  await openOrderCase(tx, order, {
    type: 'effect-unknown',
    discriminator: effect.key,
    openedBy: 'rule: effects',
    summary: `${order.orderNumber}: nobody knows yet whether ${effect.operation} went through (${message})`,
    evidence: {
      effectKey: effect.key,
      operation: effect.operation,
      amountMinor: effect.request['amountMinor'] ?? null,
      message,
    },
    ...(typeof effect.request['amountMinor'] === 'string'
      ? { moneyAtRiskMinor: BigInt(effect.request['amountMinor']) }
      : {}),
  })
}

async function labelOutcome(
  tx: Tx,
  order: SalesOrder,
  effect: Effect,
  outcome: Exclude<KeptOutcome, { outcome: 'unknown' }>,
): Promise<void> {
  const parcelId = BigInt(String(effect.request['parcelId']))
  if (outcome.outcome === 'confirmed') {
    const { trackingNumber, carrier, service, costMinor } = outcome.facts
    await tx`UPDATE parcel SET tracking_number = ${String(trackingNumber)}, carrier = ${String(carrier)}, service = ${String(service)}, label_cost_minor = ${BigInt(String(costMinor))} WHERE id = ${parcelId}`
    await recordLabelChoice(tx, order, effect, outcome.facts)
    // The warehouse may have given the goods back while the carrier was asked.
    const unused = await tx<
      { id: bigint }[]
    >`SELECT id FROM parcel WHERE id = ${parcelId} AND voided_at IS NOT NULL AND shipment_id IS NULL`
    return voidLabels(
      tx,
      order,
      unused.map((parcel) => parcel.id),
    )
  }
  await openOrderCase(tx, order, {
    type: 'label-failed',
    discriminator: effect.key,
    openedBy: 'rule: labels',
    summary: `${order.orderNumber}: no label for parcel ${parcelId}: ${outcome.message}`,
    evidence: { effectKey: effect.key, code: outcome.code, parcelId: parcelId.toString() },
  })
}

/** Tells whoever owns the address case whether there is a suggestion to accept. */
async function addressOutcome(
  tx: Tx,
  order: SalesOrder,
  outcome: Exclude<KeptOutcome, { outcome: 'unknown' }>,
): Promise<void> {
  if (outcome.outcome !== 'confirmed') return
  await tx`
    UPDATE exception_case SET evidence = evidence || ${json(tx, outcome.facts)}
    WHERE subject_type = 'order' AND subject_id = ${order.id.toString()} AND type = 'address-invalid' AND state = 'open'`
}
