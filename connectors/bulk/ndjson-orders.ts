import type { OrderDocument } from '#contracts/order-intake'
import { parseLosslessJson } from '../lossless-json.ts'
import { readOrderDocument } from '../neutral/order-document.ts'
import { refused, type Translated } from '../result.ts'
import { byteLines, type ByteStream } from './byte-lines.ts'

/** `row` is the line of the file at which the order begins, counted from 1. */
export interface BulkOrder {
  row: number
  result: Translated<OrderDocument>
}

/**
 * Reads one neutral order document per line. Empty lines are passed over; a line that is cut off
 * or wrong refuses that order alone. Holds one line in memory.
 */
export async function* readNdjsonOrders(stream: ByteStream): AsyncGenerator<BulkOrder> {
  for await (const { row, text } of byteLines(stream)) {
    if (text === null) {
      yield { row, result: refused('line-too-long', '$', `line ${row} is too long for an order`) }
    } else if (text.trim() !== '') {
      const document = parseLosslessJson(text)
      yield { row, result: document.ok ? readOrderDocument(document.value) : document }
    }
  }
}
