import { accepted, refused, type Translated } from '../result.ts'
import { dayOf } from '../written-days.ts'
import { xmlTree, type XmlElement } from './xml-tree.ts'

/** A payment of ours that the bank did not carry out, or that came back. */
export interface ReturnedPayment {
  /** What we called it in the file of its run. */
  endToEndId: string
  /** ISO 20022 external code, such as AC04: account closed. */
  code: string
  reason: string | null
  /** Null where the message names no day. */
  on: string | null
}

/**
 * Reads pain.002 (transactions whose status is RJCT) and camt.054 (entries whose transactions have
 * RtrInf), of any version. Whatever else they tell is left out.
 */
export function readPaymentReturns(text: string): Translated<ReturnedPayment[]> {
  const tree = xmlTree(text)
  if (!tree.ok) return tree
  const at = (name: string) => (tree.value.name === name ? tree.value : tree.value.at(name))
  const report = at('CstmrPmtStsRpt')
  const advice = at('BkToCstmrDbtCdtNtfctn')
  if (report) return named(rejected(report))
  if (advice) return named(advice.all('Ntfctn').flatMap(cameBack))
  return refused('not-a-return', '$', 'the file is neither a pain.002 nor a camt.054')
}

function named(found: ReturnedPayment[]): Translated<ReturnedPayment[]> {
  const bad = found.findIndex(({ endToEndId, code }) => endToEndId === '' || code === '')
  if (bad < 0) return accepted(found)
  return refused('missing-field', `$[${bad}]`, 'a return names no EndToEndId, or no reason')
}

function rejected(report: XmlElement): ReturnedPayment[] {
  const on = dayOf(report.word('GrpHdr/CreDtTm').slice(0, 10)) ?? null
  return report
    .all('OrgnlPmtInfAndSts')
    .flatMap((info) => info.all('TxInfAndSts'))
    .filter((one) => one.word('TxSts') === 'RJCT')
    .map((one) => ({
      endToEndId: one.word('OrgnlEndToEndId'),
      code: one.word('StsRsnInf/Rsn/Cd', 'StsRsnInf/Rsn/Prtry'),
      reason: one.word('StsRsnInf/AddtlInf') || null,
      on,
    }))
}

function cameBack(advice: XmlElement): ReturnedPayment[] {
  return advice.all('Ntry').flatMap((entry) =>
    entry
      .all('NtryDtls')
      .flatMap((details) => details.all('TxDtls'))
      .filter((one) => one.at('RtrInf') !== undefined)
      .map((one) => ({
        endToEndId: one.word('Refs/EndToEndId'),
        code: one.word('RtrInf/Rsn/Cd', 'RtrInf/Rsn/Prtry'),
        reason: one.word('RtrInf/AddtlInf') || null,
        on: dayOf(entry.word('BookgDt/Dt', 'BookgDt/DtTm', 'ValDt/Dt').slice(0, 10)) ?? null,
      })),
  )
}
