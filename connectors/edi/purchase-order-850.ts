import { formatMinor } from '#domain/money'
import { unitDecimal, type PurchaseDocument } from '../purchasing/purchase-document.ts'
import { writeX12 } from './x12-writer.ts'

/** An order as X12 850; what is shipped where is a reference of the line, as lines may differ in it. */
export function purchaseOrder850(
  order: PurchaseDocument,
  envelope: { sender: string; at: string; controlNumber: number },
): string {
  const day = (date: string): string => date.replaceAll('-', '')
  const purpose = order.revision === 1 ? '00' : '05'
  const units = order.lines.reduce((all, line) => all + line.qty, 0n)
  return writeX12(
    { ...envelope, receiver: order.supplier.ediId ?? order.supplier.code, group: 'PO' },
    '850',
    [
      ['BEG', purpose, 'SA', order.poNumber, '', day(order.orderedOn)],
      ['CUR', 'BY', order.currency],
      ...(order.incoterm ? [['FOB', 'DF', '', '', '01', order.incoterm]] : []),
      ['ITD', '01', '3', '', '', '', '', String(order.termsDays)],
      ...(order.note
        ? [
            ['N9', 'L1', 'NOTE'],
            ['MSG', order.note.slice(0, 264)],
          ]
        : []),
      ['N1', 'BY', order.buyer.name.slice(0, 60), '92', order.buyer.code],
      ['N1', 'SU', order.supplier.name.slice(0, 60), '92', order.supplier.code],
      ...(order.shipTo ? shipToLoop(order.shipTo) : []),
      ...order.lines.flatMap((line) => [
        [
          ...[
            'PO1',
            String(line.lineNo),
            String(line.qty),
            'EA',
            unitDecimal(line, order.currency),
          ],
          ...['PE', 'BP', line.sku, ...(line.vendorSku ? ['VN', line.vendorSku] : [])],
        ],
        ['PID', 'F', '', '', '', line.title.slice(0, 80)],
        ...(order.shipTo ? [] : [['REF', 'ST', line.site]]),
        ['DTM', '002', day(line.neededOn)],
      ]),
      ['CTT', String(order.lines.length), String(units)],
      ['AMT', 'TT', formatMinor(order.totalMinor, order.currency)],
    ],
  )
}

function shipToLoop(to: NonNullable<PurchaseDocument['shipTo']>): string[][] {
  return [
    ['N1', 'ST', to.name.slice(0, 60)],
    ['N3', ...to.street.slice(0, 2).map((line) => line.slice(0, 55))],
    ['N4', to.city.slice(0, 30), to.region.slice(0, 2), to.postalCode.slice(0, 15), to.country],
  ]
}
