import { lockOpenItem } from '#db/stores/ledger-open-items'
import { postEntries } from '#db/stores/ledger'
import { findHeldLines } from '#db/stores/settlement-matching'
import {
  addMapping,
  heldLinesOf,
  keepReleases,
  type HeldLine,
} from '#db/stores/settlement-releases'
import { groupBy } from '#domain/groups'
import type { HeldFor, MappableTreatment } from '#domain/settlement/treatments'
import { MAPPABLE } from '#domain/settlement/treatments'
import { postSuspenseReleased, type WholeAmount } from '#domain/ledger/posting-settlements'
import { takeBooked } from '#domain/ledger/open-value'
import { invariant, Refusal } from '#domain/refusal'
import { sum } from '#domain/money'
import { textParam } from '../documents/params.ts'
import { Booked } from './booked.ts'
import type { Choice } from './decide.ts'
import { itemEntries, wholeAmounts } from './post.ts'

/**
 * A controller says what a provider's type of line is, from now on and for the lines that wait.
 * @throws Refusal `MissingParameter`
 */
export async function mapType(choice: Choice): Promise<void> {
  const { tx, doc, found, command } = choice
  const treatment = treatmentParam(command.params)
  const type = found.evidence['said']
  invariant(typeof type === 'string', 'a case about an unknown type names it')
  const reason = textParam(command.params, 'reason')
  await addMapping(tx, { provider: doc.provider, type, treatment, reason, actor: command.actor })
  await releaseTo(choice, await heldLinesOf(tx, doc.id, 'type-unknown', type), treatment, 'mapping')
}

/** Lines of orders that are not ours are what the account says, this once. @throws Refusal `MissingParameter` */
export async function mapAccount(choice: Choice): Promise<void> {
  const treatment = treatmentParam(choice.command.params)
  await releaseTo(choice, await waiting(choice, 'order-unknown'), treatment, 'person')
}

/**
 * The orders have been imported: lines that the ladder finds by now settle them.
 * @throws Refusal `StillUnknown` when it finds none.
 */
export async function importedOrders({ tx, doc, found, command }: Choice): Promise<void> {
  const lines = await findHeldLines(tx, doc)
  if (lines.length === 0)
    throw new Refusal(
      'StillUnknown',
      `None of the orders of statement ${doc.no} that are not ours is known by now. Import them first.`,
    )
  const booked = new Booked(tx, doc)
  const cause = `case/${found.id}-${command.key}`
  const entries = await itemEntries(tx, doc, booked, { sums: lines, from: 'suspense', cause })
  await postEntries(tx, entries, command.actor)
  const by = { statementId: doc.id, caseId: found.id, actor: command.actor }
  await keepReleases(tx, by, lines)
}

/**
 * A reimbursement pays a claim that stands open, or is a gain; beyond its claim it is a gain too.
 * @throws Refusal `ClaimUnknown`, `MissingParameter`
 */
export async function bookReimbursement(choice: Choice): Promise<void> {
  const { tx, doc, command } = choice
  const lines = await waiting(choice, 'reimbursement')
  if (command.resolution === 'book-gain') return releaseTo(choice, lines, 'claims-gain', 'person')
  const key = textParam(command.params, 'claim')
  const { entityId, currency } = doc
  const claim = await lockOpenItem(tx, { entityId, account: 'Claims', currency, key })
  if (!claim || claim.balanceMinor <= 0n)
    throw new Refusal(
      'ClaimUnknown',
      `No claim "${key}" is open. Name one that is, or book a gain.`,
      {
        field: 'params.claim',
      },
    )
  const total = sum(lines.map((line) => line.amountMinor))
  const paid = total < claim.balanceMinor ? total : claim.balanceMinor
  const open = { amountMinor: claim.balanceMinor, funcMinor: claim.funcMinor }
  const amounts: WholeAmount[] = [
    {
      treatment: 'claims-gain',
      amountMinor: paid,
      openKey: key,
      bookedFuncMinor: takeBooked(open, paid),
    },
    ...(total > paid ? [{ treatment: 'claims-gain' as const, amountMinor: total - paid }] : []),
  ]
  await post(choice, command.today, amounts)
  await keep(choice, lines, 'claims-gain', 'person')
}

async function waiting({ tx, doc }: Choice, held: HeldFor): Promise<HeldLine[]> {
  return heldLinesOf(tx, doc.id, held)
}

/** Held lines leave suspense on the days on which they came to it. */
async function releaseTo(
  choice: Choice,
  lines: readonly HeldLine[],
  treatment: MappableTreatment,
  rule: string,
): Promise<void> {
  const { tx, doc } = choice
  for (const [on, day] of groupBy(lines, ({ postedOn }) => postedOn)) {
    const sums = day.map(({ amountMinor }) => ({ treatment, amountMinor }))
    const amounts = await wholeAmounts(doc, new Booked(tx, doc), sums, on)
    if (amounts.length > 0) await post(choice, on, amounts)
  }
  await keep(choice, lines, treatment, rule)
}

async function post(
  { tx, doc, found, command }: Choice,
  on: string,
  amounts: readonly WholeAmount[],
): Promise<void> {
  const day = await new Booked(tx, doc).day(on)
  const caseId = `${found.id}-${command.key}`
  await postEntries(tx, [postSuspenseReleased({ ...day, caseId, amounts })], command.actor)
}

async function keep(
  { tx, doc, found, command }: Choice,
  lines: readonly HeldLine[],
  treatment: MappableTreatment,
  rule: string,
): Promise<void> {
  const by = { statementId: doc.id, caseId: found.id, actor: command.actor }
  const released = lines.map(({ lineNo }) => ({ lineNo, treatment, rule, orderId: null }))
  await keepReleases(tx, by, released)
}

function treatmentParam(params: Choice['command']['params']): MappableTreatment {
  const said = textParam(params, 'treatment')
  const treatment = MAPPABLE.find((one) => one === said)
  if (treatment) return treatment
  throw new Refusal('MissingParameter', `params.treatment must be one of ${MAPPABLE.join(', ')}.`, {
    field: 'params.treatment',
  })
}
