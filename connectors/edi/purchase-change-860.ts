import { unitDecimal, type PurchaseDocument } from '../purchasing/purchase-document.ts'
import { writeX12 } from './x12-writer.ts'

/** What of an order will not be taken any more, line by line. */
export interface PurchaseCut {
  /** The whole order is cancelled; else only what these lines still have open. */
  whole: boolean
  /** `keeps`: of the line's units, those that have come and stay ordered. */
  lines: readonly { lineNo: number; cut: bigint; keeps: bigint }[]
}

/** Other terms of an order, and lines more. */
export interface PurchaseChangeSet {
  /** The 865 that answers names it. */
  changeNo: string
  /** `code` as element 670 says it; `left`: of the line's units, those still to come. */
  lines: readonly { lineNo: number; code: string; qty: bigint; left: bigint; neededOn: string }[]
}

/** An X12 860 that asks for a change: BCH01 04, BCH05 its number; a POC and the day for each line. */
export function purchaseChangeSet860(
  order: PurchaseDocument,
  { changeNo, lines }: PurchaseChangeSet,
  envelope: { sender: string; at: string; controlNumber: number },
): string {
  const day = (date: string): string => date.slice(0, 10).replaceAll('-', '')
  const asked = lines.flatMap(({ lineNo, code, qty, left, neededOn }) => {
    const line = order.lines.find((one) => one.lineNo === lineNo)!
    return [
      [
        ...['POC', String(lineNo), code, String(qty), String(left), 'EA'],
        ...[unitDecimal(line, order.currency), 'PE', 'BP', line.sku],
        ...(line.vendorSku ? ['VN', line.vendorSku] : []),
      ],
      ['DTM', '002', day(neededOn)],
    ]
  })
  return writeX12(
    { ...envelope, receiver: order.supplier.ediId ?? order.supplier.code, group: 'PC' },
    '860',
    [
      [
        ...['BCH', '04', 'SA', order.poNumber, '', changeNo],
        ...[day(order.orderedOn), '', '', '', '', day(envelope.at)],
      ],
      ['CUR', 'BY', order.currency],
      ['N1', 'BY', order.buyer.name.slice(0, 60), '92', order.buyer.code],
      ['N1', 'SU', order.supplier.name.slice(0, 60), '92', order.supplier.code],
      ...asked,
      ['CTT', String(lines.length)],
    ],
  )
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
