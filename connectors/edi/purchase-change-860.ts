import { unitDecimal, type PurchaseDocument } from '../purchasing/purchase-document.ts'
import { writeX12 } from './x12-writer.ts'

/** What of an order will not be taken any more, line by line. */
export interface PurchaseCut {
  /** The whole order is cancelled; else only what these lines still have open. */
  whole: boolean
  /** `keeps`: of the line's units, those that have come and stay ordered. */
  lines: readonly { lineNo: number; cut: bigint; keeps: bigint }[]
}

/**
 * An X12 860 that takes units off an order: BCH01 01 cancels it, 04 changes it; POC02 DI deletes a
 * line, QD lowers its quantity to POC03, and nothing is left to come (POC04).
 */
export function purchaseChange860(
  order: PurchaseDocument,
  { whole, lines }: PurchaseCut,
  envelope: { sender: string; at: string; controlNumber: number },
): string {
  const day = (date: string): string => date.slice(0, 10).replaceAll('-', '')
  const cuts = lines.map(({ lineNo, keeps }) => {
    const line = order.lines.find((one) => one.lineNo === lineNo)!
    return [
      ...['POC', String(lineNo), keeps === 0n ? 'DI' : 'QD', String(keeps), '0', 'EA'],
      ...[unitDecimal(line, order.currency), 'PE', 'BP', line.sku],
      ...(line.vendorSku ? ['VN', line.vendorSku] : []),
    ]
  })
  return writeX12(
    { ...envelope, receiver: order.supplier.ediId ?? order.supplier.code, group: 'PC' },
    '860',
    [
      [
        ...['BCH', whole ? '01' : '04', 'SA', order.poNumber, '', String(envelope.controlNumber)],
        ...[day(order.orderedOn), '', '', '', '', day(envelope.at)],
      ],
      ['CUR', 'BY', order.currency],
      ['N1', 'BY', order.buyer.name.slice(0, 60), '92', order.buyer.code],
      ['N1', 'SU', order.supplier.name.slice(0, 60), '92', order.supplier.code],
      ...cuts,
      ['CTT', String(cuts.length)],
    ],
  )
}
