import type { Client } from '@temporalio/client'
import type { DocumentProgress } from '#contracts/document-progress'
import {
  returnRequested,
  returnToRefundId,
  type RequestedReturn,
} from '#contracts/return-to-refund'
import { begin, type Asked } from './stock-documents.ts'

/** Asks for a return and waits until the policy, or nobody yet, has agreed: start and answer in one round trip. */
export async function requestReturn(
  client: Client,
  request: RequestedReturn,
  asked: Asked,
): Promise<DocumentProgress> {
  const { returnNo, kind, lines, site, key } = request
  return begin(client, asked, {
    process: 'return-to-refund',
    workflowId: returnToRefundId(returnNo),
    request,
    summary: `Return ${returnNo} · ${kind} · ${lines.length} lines`,
    details: 'From a wish to send goods back to money with the customer.',
    no: returnNo,
    sites: site === undefined ? [] : [site],
    update: returnRequested,
    key,
    taken: 'RmaExists',
  })
}
