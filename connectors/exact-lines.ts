import type { OrderLineDocument } from '#contracts/order-intake'
import { apportion } from '#domain/apportion'
import {
  discountDocuments,
  netOf,
  taxDocuments,
  type DraftDiscount,
  type DraftLine,
  type DraftTax,
} from './draft-order.ts'

/**
 * The line with a unit price that is exact. Channels that state a line total may state one that
 * does not divide: 10.00 for three. Such a line becomes two, 2 x 3.33 and 1 x 3.34, the second
 * with `#2` after the channel's line id; cut it off again before talking to the channel.
 */
export function exactLines(line: DraftLine): OrderLineDocument[] {
  const units = BigInt(line.quantity)
  const floor = line.gross / units
  const dearer = line.gross % units
  if (dearer === 0n) return [lineDocument(line, floor)]
  const cheap = { ...line, quantity: line.quantity - Number(dearer), gross: 0n }
  cheap.gross = floor * BigInt(cheap.quantity)
  const dear = {
    ...line,
    externalLineId: `${line.externalLineId}#2`,
    quantity: Number(dearer),
    gross: line.gross - cheap.gross,
  }
  shareDiscounts(line.discounts, cheap, dear)
  shareTaxes(line.taxes, cheap, dear)
  return [lineDocument(cheap, floor), lineDocument(dear, floor + 1n)]
}

/** One discount after the other over what is left, so that no part falls below nothing. */
function shareDiscounts(discounts: DraftDiscount[], cheap: DraftLine, dear: DraftLine): void {
  cheap.discounts = []
  dear.discounts = []
  for (const discount of discounts) {
    const shares = apportion(discount.amount, [netOf(cheap), netOf(dear)])
    cheap.discounts.push({ ...discount, amount: shares[0]! })
    dear.discounts.push({ ...discount, amount: shares[1]! })
  }
}

function shareTaxes(taxes: DraftTax[], cheap: DraftLine, dear: DraftLine): void {
  const weights = [netOf(cheap), netOf(dear)]
  const shares = taxes.map((tax) => apportion(tax.amount, weights))
  cheap.taxes = taxes.map((tax, n) => ({ ...tax, amount: shares[n]![0]! }))
  dear.taxes = taxes.map((tax, n) => ({ ...tax, amount: shares[n]![1]! }))
}

function lineDocument(line: DraftLine, unitPrice: bigint): OrderLineDocument {
  const { gross: _gross, path: _path, discounts, taxes, ...rest } = line
  return {
    ...rest,
    unitPriceMinor: unitPrice.toString(),
    discounts: discountDocuments(discounts),
    taxes: taxDocuments(taxes),
  }
}
