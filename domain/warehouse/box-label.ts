import { printElements, ssccOf, writeElements } from './gs1.ts'

export interface LabelledBox {
  /** Counts the boxes of all companies: the serial reference of its SSCC. */
  id: bigint
  prefix: string
  orderNumber: string
  boxNo: number
  weightG: number | null
}

/**
 * The label of a box for a thermal printer (ZPL II, 203 dpi, 100 × 150 mm): the SSCC as GS1-128,
 * which starts in subset C and with FNC1, and what people read. No name and no address: these stand
 * on the carrier's label.
 */
export function boxLabel({ id, prefix, orderNumber, boxNo, weightG }: LabelledBox): {
  sscc: string
  zpl: string
} {
  const elements = { sscc: ssccOf(prefix, id) }
  const lines = [
    '^XA',
    `^FO40,40^A0N,40,40^FD${plain(orderNumber)}^FS`,
    `^FO40,100^A0N,40,40^FDBox ${boxNo}${weightG === null ? '' : `  ${weightG} g`}^FS`,
    `^FO40,180^BY3^BCN,300,N,N,N^FD>;>8${writeElements(elements)}^FS`,
    `^FO40,500^A0N,40,40^FD${printElements(elements)}^FS`,
    '^XZ',
  ]
  return { sscc: elements.sscc, zpl: lines.join('\n') }
}

/** A printer reads ^ and ~ as commands, and an order number is a channel's. */
function plain(text: string): string {
  return text.replace(/[^\w #./-]/g, ' ')
}
