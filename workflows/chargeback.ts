import { continueAsNew, setHandler } from '@temporalio/workflow'
import * as contract from '#contracts/chargeback'
import type { ChargebackActivities, DisputeFact } from '#contracts/chargeback'
import type { DocumentOutcome, DocumentProgress } from '#contracts/document-progress'
import { DocumentProcess, verbsOf } from './document-process.ts'

const act = verbsOf<ChargebackActivities>()

/**
 * From a bank's question about a charge to its last word. Facts come twice and in any order; the
 * money that is in dispute, what may still be refunded and the goods that are held follow from
 * what is known. Evidence has a deadline; a fact that comes after the end begins once more.
 */
export async function chargeback(
  first: DisputeFact,
  resumed?: DocumentProgress,
): Promise<DocumentOutcome> {
  const document = new DocumentProcess(resumed)
  const record = (fact: DisputeFact) => act('recordDispute', `Record: ${fact.stage}`)(fact)
  setHandler(contract.chargebackProgress, () => document.progress)
  setHandler(contract.recordDispute, (fact) =>
    fact.key === first.key ? document.isTaken() : document.tell(record, fact),
  )
  setHandler(contract.submitEvidence, (command) =>
    document.tell(act('submitEvidence', 'Evidence has been submitted'), command),
  )
  setHandler(contract.acceptChargeback, (command) =>
    document.tell(act('acceptChargeback', 'Accept'), command),
  )
  setHandler(contract.resolveChargebackCase, (command) =>
    document.tell(act('resolveChargebackCase', `Resolve: ${command.resolution}`), command),
  )
  return document.run({
    begin: () => record(first),
    passDeadline: act('passChargebackDeadline', 'Deadline passed'),
    path: ({ no }) => `/chargebacks/${no}`,
    goOn: (progress) => continueAsNew<typeof chargeback>(first, progress),
  })
}
