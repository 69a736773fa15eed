import { z } from 'zod'
import type { AddressDocument } from '#contracts/order-intake'
import type { Db } from '#db/client'
import {
  ADDRESS_FIELDS,
  forgetGivenAddress,
  keepGivenAddress,
  wholeAddress,
} from '#db/stores/addresses'
import { isRefused } from './problem.ts'
import { country, shortText } from './schemas.ts'

/** An address as people send it; without a name it goes to whom the old one went. */
export const addressInput = z.strictObject({
  name: shortText.optional(),
  company: shortText.optional(),
  line1: shortText,
  line2: shortText.optional(),
  city: shortText,
  region: shortText.optional(),
  postalCode: shortText,
  country,
})

/**
 * Takes the address out of a choice's parameters: these travel through histories and audit rows,
 * which nobody can edit, so personal data must not be among them.
 */
export function takeAddressOut(params: Record<string, unknown> | undefined): {
  address: AddressDocument | undefined
  rest: Record<string, unknown>
} {
  const isPart = (name: string) => (ADDRESS_FIELDS as readonly string[]).includes(name)
  const parts = Object.entries(params ?? {}).filter(([name]) => isPart(name))
  const texts = parts.filter(([, value]) => typeof value === 'string' && value.trim() !== '')
  return {
    address:
      parts.length > 0
        ? wholeAddress(Object.fromEntries(texts) as Partial<AddressDocument>)
        : undefined,
    rest: Object.fromEntries(Object.entries(params ?? {}).filter(([name]) => !isPart(name))),
  }
}

/** Keeps an address where it can be erased while its command is asked; of a refused one nothing remains. */
export async function withGivenAddress<T>(
  db: Db,
  given: { orderId: bigint; attempt: string; address: AddressDocument | undefined },
  ask: (kept: { addressId?: string }) => Promise<T>,
): Promise<T> {
  const { orderId, attempt, address } = given
  if (!address) return ask({})
  const addressId = await keepGivenAddress(db, { orderId, attempt, address })
  try {
    return await ask({ addressId })
  } catch (error) {
    if (isRefused(error)) await forgetGivenAddress(db, addressId, attempt)
    throw error
  }
}
