import type { ResolveException } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { resolveCase, type OpenCase } from '#db/stores/cases'
import { putOffCase } from '#db/stores/settlement-releases'
import type { SettlementDoc } from '#db/stores/settlements'
import { Refusal } from '#domain/refusal'
import { addDays } from '#domain/dates'
import { chosenCase, keepChoice } from '../documents/cases.ts'
import { dateParam, textParam } from '../documents/params.ts'
import { bookBankLine, inTransit, soughtAtBank } from './cash.ts'
import { bookReimbursement, importedOrders, mapAccount, mapType } from './release.ts'
import { becomesGoodwill, settleRest } from './rests.ts'

type Command = ResolveException & { today: string }
/** What a choice is carried out with. */
export interface Choice {
  tx: Tx
  doc: SettlementDoc
  found: OpenCase
  command: Command
}

const PUT_OFF_DAYS = 14

const carryOut: Partial<Record<ResolveException['resolution'], (choice: Choice) => Promise<void>>> =
  {
    'map-type': mapType,
    'map-account': mapAccount,
    import: importedOrders,
    'match-claim': bookReimbursement,
    'book-gain': bookReimbursement,
    claim: settleRest,
    accept: settleRest,
    goodwill: becomesGoodwill,
    // Whoever takes the goods back opens the return; that it is expected is what is decided here.
    'open-return': async () => {},
    split: bankIsRight,
    'bank-fee': bankIsRight,
  }

/**
 * Carries out what a person has chosen and closes the case; what is still wrong opens it again.
 * Put off, it stays open: somebody has what waits in suspense, until a day.
 * @throws Refusal `CaseNotOpen`, `ResolutionNotAllowed`, `MissingParameter` and what the choice refuses.
 */
export async function decideSettlementCase(
  tx: Tx,
  doc: SettlementDoc,
  command: Command,
): Promise<void> {
  const found = await chosenCase(tx, doc, command)
  const { resolution, params = {}, actor } = command
  const act = carryOut[resolution]
  if (act) {
    await act({ tx, doc, found, command })
    await resolveCase(tx, found.id, { resolution, params, actor })
  } else {
    const until = dateParam(params, 'until') ?? addDays(command.today, PUT_OFF_DAYS)
    const owner = params['owner'] === undefined ? actor : textParam(params, 'owner')
    await putOffCase(tx, found.id, { owner, until })
  }
  await keepChoice(tx, doc, found, command)
}

/**
 * What the bank shows is the payout: a part of it, and the rest is to come, or all of it, less what
 * the bank kept.
 * @throws Refusal `BankLineMissing`
 */
async function bankIsRight({ tx, doc, command }: Choice): Promise<void> {
  const openMinor = await inTransit(tx, doc)
  const [line] = await soughtAtBank(tx, doc, openMinor)
  if (!line)
    throw new Refusal(
      'BankLineMissing',
      `The bank has shown nothing of payout ${doc.no} that is not matched. Send the bank's statement first, or wait.`,
    )
  const kept = openMinor - line.amountMinor
  const feeMinor = command.resolution === 'bank-fee' ? kept : 0n
  await bookBankLine(tx, doc, line, { feeMinor, actor: command.actor })
}
