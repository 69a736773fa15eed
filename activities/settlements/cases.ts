import type { Tx } from '#db/client'
import { exchangeRate } from '#db/queries/rates'
import {
  heldLines,
  leftOvers,
  refundsTold,
  type HeldLines,
  type LeftOver,
} from '#db/queries/settlement-trouble'
import type { SettlementDoc } from '#db/stores/settlements'
import { healCases } from '#db/stores/cases'
import { convertMinor } from '#domain/ledger/fx'
import { formatMinor, sum } from '#domain/money'
import type { CaseType } from '#domain/orders/exceptions'
import type { HeldFor } from '#domain/settlement/treatments'
import { openDocumentCase, openDocumentCases, type FoundCase } from '../documents/cases.ts'

const CASE_OF_HELD: Record<HeldFor, CaseType> = {
  'type-unknown': 'settlement-type-unknown',
  'order-unknown': 'settlement-order-unknown',
  reimbursement: 'settlement-reimbursement',
}
/** Cases that are about what is found now, and over when it is gone. */
const BY_FINDING: readonly CaseType[] = [...Object.values(CASE_OF_HELD), 'settlement-short-paid']
const NAMED_AT_MOST = 50

/**
 * Asks people about what a posted statement leaves open, and lets go of what is not open any more.
 * Answers what is unexplained, without signs, in the statement's currency.
 */
export async function lookForTrouble(tx: Tx, doc: SettlementDoc): Promise<bigint> {
  const held = await heldLines(tx, doc.id)
  const left = await leftOvers(tx, doc)
  const found = new Map<string, FoundCase>()
  for (const lines of held) {
    const type = CASE_OF_HELD[lines.held]
    const at = await heldCase(tx, doc, type, lines)
    found.set(`settlement/${doc.id}/${type}${at.discriminator ? `/${at.discriminator}` : ''}`, at)
  }
  if (left.length > 0)
    found.set(`settlement/${doc.id}/settlement-short-paid`, await leftCase(tx, doc, left))
  const open = await openDocumentCases(tx, doc)
  const gone = open.filter((one) => BY_FINDING.includes(one.type) && !found.has(one.key))
  await healCases(
    tx,
    gone.map((one) => one.id),
    'nothing of it is open any more',
  )
  const known = new Set(open.map((one) => one.key))
  for (const [key, one] of found) if (!known.has(key)) await openDocumentCase(tx, doc, one)
  return sum(held.map((lines) => lines.movedMinor))
}

async function heldCase(
  tx: Tx,
  doc: SettlementDoc,
  type: CaseType,
  { held, type: said, lines, amountMinor, movedMinor, orders }: HeldLines,
): Promise<FoundCase> {
  const what = {
    'type-unknown': `of the unknown type ${said}`,
    'order-unknown': 'of orders or payments that are not ours',
    reimbursement: 'that reimburse something',
  }[held]
  const money = `${formatMinor(amountMinor, doc.currency)} ${doc.currency}`
  return {
    type,
    ...(said === null ? {} : { discriminator: said }),
    summary: `${lines} lines ${what} wait in suspense: ${money}`,
    evidence: { lines, amountMinor: `${amountMinor}`, orders, ...(said === null ? {} : { said }) },
    moneyAtRiskMinor: await atHome(tx, doc, movedMinor),
    openedBy: 'settlement/ladder',
  }
}

async function leftCase(tx: Tx, doc: SettlementDoc, left: readonly LeftOver[]): Promise<FoundCase> {
  const total = sum(left.map((each) => each.amountMinor))
  const moved = sum(left.map(({ amountMinor: a }) => (a < 0n ? -a : a)))
  const money = `${formatMinor(total, doc.currency)} ${doc.currency}`
  return {
    type: 'settlement-short-paid',
    summary: `${left.length} orders or payments were not paid as booked: ${money}`,
    evidence: {
      count: left.length,
      left: left.slice(0, NAMED_AT_MOST).map(({ openKey, amountMinor }) => ({
        openKey,
        amountMinor: `${amountMinor}`,
      })),
    },
    moneyAtRiskMinor: await atHome(tx, doc, moved),
    openedBy: 'settlement/open-items',
  }
}

/** A marketplace gives money back without asking: somebody says whether goods will come for it. */
export async function askAboutRefunds(tx: Tx, doc: SettlementDoc): Promise<void> {
  const refunds = await refundsTold(tx, doc.id)
  if (refunds.length === 0) return
  const total = sum(refunds.map((refund) => refund.amountMinor))
  await openDocumentCase(tx, doc, {
    type: 'settlement-refund-unasked',
    summary: `${refunds.length} order lines were refunded by the marketplace: ${formatMinor(total, doc.currency)} ${doc.currency}`,
    evidence: {
      refunds: refunds.slice(0, NAMED_AT_MOST).map(({ order, orderLineId, amountMinor }) => ({
        ...{ order, orderLineId: `${orderLineId}`, amountMinor: `${amountMinor}` },
      })),
    },
    moneyAtRiskMinor: await atHome(tx, doc, total),
    openedBy: 'settlement/refunds',
  })
}

/** An amount of the statement in the company's currency. */
export async function atHome(tx: Tx, doc: SettlementDoc, amountMinor: bigint): Promise<bigint> {
  const { currency: from, functionalCurrency: to, effectiveOn: on } = doc
  return convertMinor(amountMinor, from, to, await exchangeRate(tx, { from, to, on }))
}
