import type { TransferDoc, TransferLine } from '#db/stores/transfers'
import { Refusal } from '#domain/refusal'

/** @throws Refusal `NotOnTransfer`. */
export function lineOfSku(doc: TransferDoc, sku: string, field: string): TransferLine {
  const line = doc.lines.find((candidate) => candidate.sku === sku)
  if (!line)
    throw new Refusal(
      'NotOnTransfer',
      `${doc.no} does not carry ${sku}. Receive what came without a transfer by a count or a goods receipt.`,
      { field },
    )
  return line
}
