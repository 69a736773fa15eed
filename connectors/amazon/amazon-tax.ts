import type { Field } from '../field.ts'
import { amazonMoney } from './read-place.ts'

/**
 * What Amazon tells of the tax on one part of an order, in minor units. Whether `full` is before
 * or after `forgone`, and whether prices hold it, differs by marketplace: the total decides.
 */
export interface TaxShares {
  full: bigint
  /** Tax on the promotion. */
  forgone: bigint
  /** Null where the document does not say who remits it. */
  collectedBy: 'seller' | 'marketplace' | null
}

/** The tax `taxName` of an item with the tax `discountName` on its discount. */
export function amazonTax(
  item: Field,
  taxName: string,
  discountName: string,
  currency: string,
): TaxShares {
  const model = item.at('TaxCollection').at('Model').value
  const stated = model === 'MarketplaceFacilitator' ? 'marketplace' : null
  return {
    full: amazonMoney(item.at(taxName), currency),
    forgone: amazonMoney(item.at(discountName), currency),
    collectedBy: model === 'Standard' ? 'seller' : stated,
  }
}
