import { exchangeRate } from '../queries/rates.ts'
import { accountOfRole } from '#domain/ledger/chart'
import type { JournalEntryDraft } from '#domain/ledger/journal'
import { takeBooked } from '#domain/ledger/open-value'
import { postProcessorFee } from '#domain/ledger/posting-payments'
import {
  payoutKey,
  postPayoutReceived,
  postPayoutSent,
  postReserveReleased,
  reserveKey,
  type PaidOut,
  type ProcessorBalance,
} from '#domain/ledger/posting-payouts'
import { sum } from '#domain/money'
import { Refusal } from '#domain/refusal'
import type { Tx } from '../client.ts'
import { lockOpenItem, type OpenItem } from './ledger-open-items.ts'
import { postEntries } from './ledger.ts'

/** Whose books, and whose balance at which processor. */
export interface ProcessorBooks {
  entityId: number
  functionalCurrency: string
  provider: string
  currency: string
  actor: string
}

/** One line of the processor's balance report. */
export interface PayoutLine {
  /** The processor's id of the payment, or our key of the refund that it knows as `effect_key`. */
  reference: string
  /** Before fees; below zero for what went back to a buyer. */
  amountMinor: bigint
  feeMinor: bigint
}

export interface PayoutReport extends ProcessorBooks {
  payoutId: string
  sentOn: string
  /** What goes to the bank. */
  amountMinor: bigint
  /** What is kept back; below zero when it is given back with this payout. */
  reserveMinor: bigint
  lines: readonly PayoutLine[]
}

/**
 * Books a payout by the processor's own report, in one transaction: each fee on its capture, each
 * capture and refund out of the clearing account. What the report names and we do not know goes
 * to suspense; the same payout again changes nothing.
 * @throws Refusal `PayoutDoesNotFoot` when the lines are not the amount; `PayoutBooked` when its
 * statement has been taken in.
 */
export async function bookPayout(
  tx: Tx,
  report: PayoutReport,
): Promise<{ unknownMinor: bigint; known: boolean }> {
  const due = sum(report.lines.map((line) => line.amountMinor - line.feeMinor))
  if (due !== report.amountMinor + report.reserveMinor)
    throw new Refusal(
      'PayoutDoesNotFoot',
      `The lines of payout ${report.payoutId} come to ${due} minor units after fees, its amount and reserve to ${report.amountMinor + report.reserveMinor}. Send the whole report.`,
    )
  const known = await tx`
    SELECT 1 FROM journal_entry WHERE entity_id = ${report.entityId} AND idem_key = ${`payout-sent/${report.provider}/${report.payoutId}`}`
  if (known.length > 0) return { unknownMinor: 0n, known: true }
  await refuseSettled(tx, report)
  const balance = await balanceOn(tx, report, report.sentOn)
  const settled: Settled = { fees: [], paidOut: [], unknownMinor: 0n, unknownFeeMinor: 0n }
  for (const line of report.lines) await settle(tx, report, balance, line, settled)
  const { fees, ...rest } = settled
  const { payoutId, sentOn, amountMinor, reserveMinor } = report
  const sent = postPayoutSent({ ...balance, payoutId, sentOn, amountMinor, reserveMinor, ...rest })
  await postEntries(tx, [...fees, sent], report.actor)
  return { unknownMinor: settled.unknownMinor, known: false }
}

/** The payout of a statement is booked by the statement's process. */
async function refuseSettled(
  tx: Tx,
  { entityId, provider, payoutId }: PayoutReport,
): Promise<void> {
  const statement = await tx`
    SELECT 1 FROM settlement_statement s JOIN settlement_account a ON a.id = s.account_id
    WHERE a.entity_id = ${entityId} AND a.provider = ${provider} AND coalesce(s.payout_reference, s.statement_id) = ${payoutId}`
  if (statement.length > 0)
    throw new Refusal(
      'PayoutBooked',
      `The statement of payout ${payoutId} has been taken in: its process books it. Read that.`,
    )
}

interface Settled {
  fees: JournalEntryDraft[]
  paidOut: PaidOut[]
  unknownMinor: bigint
  unknownFeeMinor: bigint
}

/** Takes a line's fee and then its rest from the items that it names, the oldest first. */
async function settle(
  tx: Tx,
  report: PayoutReport,
  balance: ProcessorBalance,
  line: PayoutLine,
  settled: Settled,
): Promise<void> {
  const side = line.amountMinor < 0n ? -1n : 1n
  let left = line.amountMinor * side
  let fee = line.feeMinor
  for (const item of await itemsOf(tx, report, line)) {
    const open = { amountMinor: item.balanceMinor * side, funcMinor: item.funcMinor * side }
    const part = left < open.amountMinor ? left : open.amountMinor
    if (part <= 0n) continue
    left -= part
    const { orderId, channelId, segment } = item
    let rest = part
    if (fee > 0n && fee <= part && side > 0n && orderId !== null && channelId !== null) {
      settled.fees.push(
        postProcessorFee({
          ...balance,
          orderId,
          channelId,
          ...(segment === null ? {} : { segment }),
          captureId: item.key.slice(report.provider.length + 1),
          feeId: `${report.payoutId}/${line.reference}`,
          chargedOn: report.sentOn,
          amountMinor: fee,
          bookedFuncMinor: takeBooked(open, fee),
        }),
      )
      rest -= fee
      fee = 0n
    }
    settled.paidOut.push({
      openKey: item.key,
      amountMinor: rest * side,
      bookedFuncMinor: takeBooked(open, rest) * side,
      ...(orderId === null ? {} : { orderId }),
      ...(channelId === null ? {} : { channelId }),
      ...(segment === null ? {} : { segment }),
    })
  }
  settled.unknownMinor += left * side
  settled.unknownFeeMinor += fee
}

type ClearingItem = OpenItem & {
  orderId: bigint | null
  channelId: number | null
  segment: string | null
}

/** What is open under the reference: its first capture, and later ones of the same payment. */
async function itemsOf(
  tx: Tx,
  { entityId, currency, provider }: PayoutReport,
  { reference, amountMinor }: PayoutLine,
): Promise<ClearingItem[]> {
  const first = `${provider}/${reference}`
  const named = await tx<{ key: string }[]>`
    SELECT key FROM open_item WHERE entity_id = ${entityId} AND account_id = ${accountOfRole.ProcessorClearing} AND currency = ${currency}
      AND book = 'main' AND (key = ${first} OR starts_with(key, ${`${first}#`})) ORDER BY id`
  const items: ClearingItem[] = []
  for (const { key } of named) {
    const item = await lockOpenItem(tx, { entityId, account: 'ProcessorClearing', currency, key })
    if (!item || item.balanceMinor > 0n !== amountMinor > 0n) continue
    const [about] = await tx<Pick<ClearingItem, 'orderId' | 'channelId' | 'segment'>[]>`
      SELECT l.order_id AS "orderId", l.channel_id AS "channelId", l.segment FROM open_item_match m
      JOIN journal_line l ON l.entry_id = m.entry_id AND l.line_no = m.line_no WHERE m.open_item_id = ${item.id} ORDER BY m.entry_id LIMIT 1`
    items.push({ ...item, ...about! })
  }
  return items
}

/** The bank shows the payout. @throws Refusal `PayoutNotOpen` when that much is not on its way. */
export async function receivePayout(
  tx: Tx,
  books: ProcessorBooks & { payoutId: string; receivedOn: string; amountMinor: bigint },
): Promise<void> {
  const { payoutId, receivedOn, amountMinor } = books
  const bookedFuncMinor = await takeFrom(tx, books, 'CashInTransit', payoutKey(books), amountMinor)
  const balance = await balanceOn(tx, books, receivedOn)
  const received = { ...balance, payoutId, receivedOn, amountMinor, bookedFuncMinor }
  await postEntries(tx, [postPayoutReceived(received)], books.actor)
}

/** The processor gives a reserve back. @throws Refusal `PayoutNotOpen` when it keeps less. */
export async function releaseReserve(
  tx: Tx,
  books: ProcessorBooks & { releaseId: string; releasedOn: string; amountMinor: bigint },
): Promise<void> {
  const { releaseId, releasedOn, amountMinor } = books
  const key = reserveKey(books.provider)
  const bookedFuncMinor = await takeFrom(tx, books, 'ReservesHeld', key, amountMinor)
  const balance = await balanceOn(tx, books, releasedOn)
  const released = { ...balance, releaseId, releasedOn, amountMinor, bookedFuncMinor }
  await postEntries(tx, [postReserveReleased(released)], books.actor)
}

async function takeFrom(
  tx: Tx,
  { entityId, currency }: ProcessorBooks,
  account: 'CashInTransit' | 'ReservesHeld',
  key: string,
  amountMinor: bigint,
): Promise<bigint> {
  const item = await lockOpenItem(tx, { entityId, account, currency, key })
  if (!item || item.balanceMinor < amountMinor)
    throw new Refusal(
      'PayoutNotOpen',
      `${key} has ${item?.balanceMinor ?? 0n} minor units of ${currency} open, ${amountMinor} were named. Book the payout's report first, or look at the amount again.`,
    )
  return takeBooked({ amountMinor: item.balanceMinor, funcMinor: item.funcMinor }, amountMinor)
}

async function balanceOn(tx: Tx, books: ProcessorBooks, on: string): Promise<ProcessorBalance> {
  const { entityId, provider, currency, functionalCurrency } = books
  const rateE9 = await exchangeRate(tx, { from: currency, to: functionalCurrency, on })
  return { entity: entityId, provider, currency, functionalCurrency, rateE9 }
}
