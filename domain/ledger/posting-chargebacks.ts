import { RATE_ONE } from './fx.ts'
import {
  debit,
  journalEntry,
  realisedDifference,
  type JournalEntryDraft,
  type JournalLineDraft,
  type LineInput,
} from './journal.ts'
import type { OrderMoney } from './posting-payments.ts'
import { ruleVersion, type PostingRule } from './rule-versions.ts'
import { captureKey, orderKey, taxAccount, type TaxShare } from './sales-terms.ts'

/** Whose dispute, in the currency of the dispute. */
export interface DisputedMoney extends OrderMoney {
  provider: string
  disputeId: string
  /** Which time the money is taken: a second chargeback is round 2. */
  round: number
  on: string
}

export interface ChargebackOpened extends DisputedMoney {
  amountMinor: bigint
  feeMinor: bigint
}

/**
 * Dr Chargebacks in dispute {chargeback}, Chargeback fee   Cr Processor clearing {dispute}
 *
 * Row 13, first part: the provider has taken the money back, and nobody has decided.
 */
export function postChargebackOpened(event: ChargebackOpened): JournalEntryDraft {
  const { amountMinor, feeMinor } = event
  return entry(event, 'chargeback-opened', `${event.round}`, [
    inDispute(event, amountMinor),
    debit('ChargebackFee', feeMinor, about(event)),
    clearing(event, -(amountMinor + feeMinor)),
  ])
}

/** Dr Chargeback fee   Cr Processor clearing {dispute}: a fee that was told later; the total names it. */
export function postChargebackFee(
  event: DisputedMoney & { feeMinor: bigint; totalMinor: bigint },
): JournalEntryDraft {
  return entry(event, 'chargeback-fee', `${event.totalMinor}`, [
    debit('ChargebackFee', event.feeMinor, about(event)),
    clearing(event, -event.feeMinor),
  ])
}

export interface ChargebackEnded extends DisputedMoney {
  amountMinor: bigint
  /** What the amount was booked at when it was taken. */
  bookedFuncMinor: bigint
}

/**
 * Dr Processor clearing {dispute}   Cr Chargebacks in dispute {chargeback}
 * Dr or Cr Realised exchange difference
 *
 * Row 13, second part: the money comes back; the fee does not.
 */
export function postChargebackWon(event: ChargebackEnded): JournalEntryDraft {
  return entry(event, 'chargeback-won', `${event.round}`, [
    clearing(event, event.amountMinor),
    inDispute(event, -event.amountMinor, -event.bookedFuncMinor),
    realisedDifference(about(event)),
  ])
}

export interface ChargebackLost extends ChargebackEnded {
  /** What was still a deposit for goods that have not left, and what it was booked at. */
  deposit: { amountMinor: bigint; funcMinor: bigint }
  /** Tax that the law lets us take back with it. */
  relief: readonly TaxShare[]
}

/**
 * Dr Customer deposits {order}, Output tax where relief is allowed, Chargeback loss
 * Cr Chargebacks in dispute {chargeback}; Dr or Cr Realised exchange difference
 *
 * Row 13, third part. A deposit is no loss: the customer has it back, and no goods.
 */
export function postChargebackLost(event: ChargebackLost): JournalEntryDraft {
  const { amountMinor, deposit, relief } = event
  const relieved = relief.reduce((total, tax) => total + tax.amountMinor, 0n)
  return entry(event, 'chargeback-lost', `${event.round}`, [
    debit('CustomerDeposits', deposit.amountMinor, {
      ...about(event),
      openKey: orderKey(event.orderId),
      funcMinor: deposit.funcMinor,
    }),
    ...relief.map((tax) =>
      debit(taxAccount(tax), tax.amountMinor, {
        ...about(event),
        jurisdiction: tax.jurisdiction,
        taxCode: tax.taxCode,
      }),
    ),
    debit('ChargebackLoss', amountMinor - deposit.amountMinor - relieved, about(event)),
    inDispute(event, -amountMinor, -event.bookedFuncMinor),
    realisedDifference(about(event)),
  ])
}

/**
 * Dr Chargebacks in dispute {chargeback}   Cr Chargeback loss, output tax
 *
 * What a lost round has posted, the other way round: the bank decides anew.
 */
export function postChargebackReopened(
  event: Pick<DisputedMoney, 'entity' | 'provider' | 'disputeId' | 'round' | 'on'> & {
    lines: readonly JournalLineDraft[]
  },
): JournalEntryDraft {
  const { entity, provider, disputeId, round, on, lines } = event
  return {
    ...{ entityId: entity, area: 'CASH', late: 'next-open', effectiveOn: on },
    ...{ eventType: 'chargeback-reopened', ruleVersion: ruleVersion('chargeback-reopened') },
    ...{ sourceType: 'chargeback', sourceId: `${provider}/${disputeId}` },
    key: `chargeback-reopened/${provider}/${disputeId}/${round}`,
    lines: lines.map((line) => ({
      ...line,
      amountMinor: -line.amountMinor,
      funcMinor: -line.funcMinor,
    })),
  }
}

export const chargebackLostKey = ({
  provider,
  disputeId,
  round,
}: Pick<DisputedMoney, 'provider' | 'disputeId' | 'round'>) =>
  `chargeback-lost/${provider}/${disputeId}/${round}`

export const chargebackKey = ({
  provider,
  disputeId,
}: Pick<DisputedMoney, 'provider' | 'disputeId'>) => `chargeback/${provider}/${disputeId}`

function about({ orderId, channelId, segment, provider }: DisputedMoney) {
  return { orderId, channelId, segment, provider }
}

function inDispute(event: DisputedMoney, amountMinor: bigint, funcMinor?: bigint): LineInput {
  return debit('ChargebacksInDispute', amountMinor, {
    ...about(event),
    openKey: chargebackKey(event),
    ...(funcMinor === undefined ? {} : { funcMinor }),
  })
}

/** The provider's reports name a dispute by its id, as they name a capture. */
function clearing(event: DisputedMoney, amountMinor: bigint): LineInput {
  const openKey = captureKey(event.provider, event.disputeId)
  return debit('ProcessorClearing', amountMinor, { ...about(event), openKey })
}

function entry(
  event: DisputedMoney,
  eventType: PostingRule,
  id: string,
  lines: LineInput[],
): JournalEntryDraft {
  const { entity, provider, disputeId, on, currency, functionalCurrency, rateE9 } = event
  return journalEntry({
    entityId: entity,
    area: 'CASH',
    late: 'next-open',
    effectiveOn: on,
    eventType,
    sourceType: 'chargeback',
    sourceId: `${provider}/${disputeId}`,
    key: `${eventType}/${provider}/${disputeId}/${id}`,
    currency,
    functionalCurrency,
    rateE9: rateE9 ?? RATE_ONE,
    lines,
  })
}
