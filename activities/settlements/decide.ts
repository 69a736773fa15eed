import type { ResolveException } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { resolveCase, type OpenCase } from '#db/stores/cases'
import { recordDecisions } from '#db/stores/records'
import { putOffCase } from '#db/stores/settlement-releases'
import type { SettlementDoc } from '#db/stores/settlements'
import { allowedResolutions } from '#domain/orders/exceptions'
import { Refusal } from '#domain/refusal'
import { addDays } from '#domain/dates'
import { openDocumentCases } from '../documents/cases.ts'
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
  const found = await openOne(tx, doc, command)
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
  await recordDecisions(tx, [
    {
      ...{ subjectType: doc.subjectType, subjectId: doc.id.toString(), actor },
      ...{ kind: `exception:${found.type}`, rule: 'person', ruleVersion: 1 },
      inputs: { caseId: command.caseId, evidence: found.evidence, params },
      choice: { resolution },
      alternatives: allowedResolutions(found.type)
        .filter((other) => other !== resolution)
        .map((other) => ({ resolution: other })),
    },
  ])
}

async function openOne(tx: Tx, doc: SettlementDoc, command: Command): Promise<OpenCase> {
  const open = await openDocumentCases(tx, doc)
  const found = open.find((candidate) => candidate.id.toString() === command.caseId)
  if (!found)
    throw new Refusal(
      'CaseNotOpen',
      `Case ${command.caseId} is not open on statement ${doc.no}. Somebody else may have resolved it.`,
    )
  const allowed = allowedResolutions(found.type)
  if (!allowed.includes(command.resolution))
    throw new Refusal(
      'ResolutionNotAllowed',
      `A ${found.type} case allows ${allowed.join(', ')}; "${command.resolution}" is none of these.`,
    )
  return found
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
