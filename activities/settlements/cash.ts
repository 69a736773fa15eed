import type { Tx } from '#db/client'
import { bankCandidates, type BankCandidate } from '#db/queries/settlement-trouble'
import { insertBankMatch } from '#db/stores/bank-statements'
import { postEntries } from '#db/stores/ledger'
import { openItem } from '#db/stores/ledger-open-items'
import type { SettlementDoc } from '#db/stores/settlements'
import { payoutKey } from '#domain/ledger/posting-payouts'
import { postPayoutBanked } from '#domain/ledger/posting-settlements'
import { addDays } from '#domain/dates'
import { formatMinor } from '#domain/money'
import { payoutIdOf } from '#domain/settlement/names'
import { healDocumentCases, openDocumentCase } from '../documents/cases.ts'
import { Booked, bookedAt } from './booked.ts'
import { atHome } from './cases.ts'

/** The open item of cash in transit that a statement's payout stands under. */
export const payoutKeyOf = (doc: SettlementDoc) =>
  payoutKey({ provider: doc.provider, payoutId: payoutIdOf(doc) })

/** What of the payout the bank has not shown yet. */
export async function inTransit(tx: Tx, doc: SettlementDoc): Promise<bigint> {
  const { entityId, currency } = doc
  const key = payoutKeyOf(doc)
  const item = await openItem(tx, { entityId, account: 'CashInTransit', currency, key })
  return item?.balanceMinor ?? 0n
}

/** What the bank's unmatched lines say about this payout. */
export async function soughtAtBank(
  tx: Tx,
  doc: SettlementDoc,
  openMinor: bigint,
): Promise<BankCandidate[]> {
  if (openMinor === 0n) return []
  const names = [payoutIdOf(doc), doc.statementId]
  const { entityId, currency, effectiveOn: on } = doc
  return bankCandidates(tx, { entityId, currency, openKey: payoutKeyOf(doc), names, openMinor, on })
}

/**
 * Looks for the payout among the bank's lines: one that is all of it closes it; one that names it
 * with another amount asks a person, and so does silence beyond the days that a bank takes.
 */
export async function lookAtTheBank(
  tx: Tx,
  doc: SettlementDoc,
  { actor, today }: { actor: string; today: string },
): Promise<void> {
  const openMinor = await inTransit(tx, doc)
  const candidates = await soughtAtBank(tx, doc, openMinor)
  const whole = candidates.find((line) => line.amountMinor === openMinor)
  if (whole) await bookBankLine(tx, doc, whole, { feeMinor: 0n, actor })
  else if (candidates.length > 0) await askAbout(tx, doc, openMinor, candidates[0])
  else if (openMinor !== 0n && today > arrivesBy(doc)) await askAbout(tx, doc, openMinor)
  if (whole || openMinor === 0n)
    await healDocumentCases(tx, doc, ['payout-difference'], 'the bank shows all of it')
}

/** The last day on which nobody wonders where the payout stays. */
export const arrivesBy = ({ effectiveOn, policy }: SettlementDoc) =>
  addDays(effectiveOn, policy.body.daysToTheBank)

/** A line of the bank is the payout, or a part of it; what the bank kept is a cost. */
export async function bookBankLine(
  tx: Tx,
  doc: SettlementDoc,
  line: BankCandidate,
  { feeMinor, actor }: { feeMinor: bigint; actor: string },
): Promise<void> {
  const openKey = payoutKeyOf(doc)
  const booked = new Booked(tx, doc)
  const { bankStatementId, lineNo, amountMinor, bookedOn: on, rule } = line
  const taken = await booked.take('CashInTransit', openKey, amountMinor + feeMinor, on)
  const bankLine = `${bankStatementId}/${lineNo}`
  const entry = postPayoutBanked({
    ...(await booked.day(on)),
    ...{ openKey, bankLine, amountMinor, feeMinor },
    ...bookedAt(taken),
  })
  await postEntries(tx, [entry], actor)
  const statementId = doc.id
  await insertBankMatch(tx, {
    bankStatementId,
    lineNo,
    openKey,
    statementId,
    feeMinor,
    rule,
    actor,
  })
}

async function askAbout(
  tx: Tx,
  doc: SettlementDoc,
  openMinor: bigint,
  line?: BankCandidate,
): Promise<void> {
  const { currency } = doc
  const expected = `${formatMinor(openMinor, currency)} ${currency}`
  const shown = line && `${formatMinor(line.amountMinor, currency)} ${currency}`
  await openDocumentCase(tx, doc, {
    type: 'payout-difference',
    summary: shown
      ? `The bank shows ${shown} of a payout of ${expected}`
      : `The bank shows nothing of a payout of ${expected}`,
    evidence: {
      openMinor: `${openMinor}`,
      ...(line && {
        bankLine: `${line.bankStatementId}/${line.lineNo}`,
        amountMinor: `${line.amountMinor}`,
        bookedOn: line.bookedOn,
      }),
    },
    moneyAtRiskMinor: await atHome(tx, doc, openMinor - (line?.amountMinor ?? 0n)),
    openedBy: 'settlement/bank',
  })
}
