import type { Tx } from '#db/client'
import { keptAddress, replaceShipTo, shipToOf, type Address } from '#db/stores/addresses'
import type { SalesOrder } from '#db/stores/orders'
import { addressProblems } from '#domain/orders/holds'
import { Refusal } from '#domain/refusal'
import { checkMovedTax } from './order-tax.ts'
import { rescreen } from './rescreen.ts'
import { clearHold } from './resume.ts'
import { giveUnreleasedBack } from './stop-warehouse.ts'

/**
 * The address that a person gave, from the row that keeps it. Who does not say for whom the goods
 * are means the recipient of before; of the old address itself nothing is taken over.
 * @throws Refusal `MissingParameter` when no address was given, or it has been erased.
 */
export async function givenAddress(
  tx: Tx,
  order: SalesOrder,
  addressId: string | undefined,
): Promise<Address> {
  const given = addressId === undefined ? null : await keptAddress(tx, order.id, addressId)
  if (!given)
    throw new Refusal(
      'MissingParameter',
      'There is no address: give line1, city, postalCode and country.',
      { field: 'params.line1' },
    )
  return withRecipient(tx, order, given)
}

/** A carrier's or a person's address without a name goes to whom the old one went. */
export async function withRecipient(tx: Tx, order: SalesOrder, to: Address): Promise<Address> {
  if (to.name !== null || to.company !== null) return to
  const old = await shipToOf(tx, order.id)
  return { ...to, name: old?.name ?? null, company: old?.company ?? null }
}

/**
 * Takes a better address in the place of the old one; a hold for the old one goes if this one can
 * be delivered to.
 * @throws Refusal `AddressInvalid` with the fields that are wrong.
 */
export async function useAddress(
  tx: Tx,
  order: SalesOrder,
  address: Address,
  actor: string,
): Promise<SalesOrder> {
  const problems = addressProblems(address)
  if (problems.length > 0)
    throw new Refusal(
      'AddressInvalid',
      problems.map((problem) => `${problem.field}: ${problem.message}`).join('; '),
      { fields: problems },
    )
  const changed = await storeAddress(tx, order, address)
  if (order.holds.some((hold) => hold.type === 'address'))
    await clearHold(tx, changed, 'address', {
      actor,
      note: 'a deliverable address was given',
      healed: true,
    })
  await rescreen(tx, changed, { lines: 'all', types: ['compliance', 'fraud'], actor })
  return changed
}

/**
 * Writes the address whatever it is like. What is not with the warehouse yet loses its site: the
 * best one for the old destination need not be the best, or one at all, for the new.
 */
export async function storeAddress(
  tx: Tx,
  order: SalesOrder,
  address: Address,
): Promise<SalesOrder> {
  await replaceShipTo(tx, order, address)
  const changed = {
    ...order,
    shipCountry: address.country,
    shipRegion: address.region,
    shipPostalCode: address.postalCode,
  }
  const elsewhere =
    order.shipCountry !== address.country ||
    order.shipRegion !== address.region ||
    order.shipPostalCode !== address.postalCode
  if (elsewhere) {
    await giveUnreleasedBack(tx, changed)
    await checkMovedTax(tx, changed)
  }
  return changed
}
