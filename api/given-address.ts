import { z } from 'zod'
import type { AddressDocument } from '#contracts/order-intake'
import type { Db } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { ADDRESS_FIELDS, keepAddress, wholeAddress } from '#db/stores/addresses'
import type { CommandCaller } from './order-commands.ts'
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

/** Keeps an address where it can be erased; the same command again gets the same row's id. */
export async function storeGivenAddress(
  db: Db,
  caller: Pick<CommandCaller, 'commandKey' | 'principal'>,
  orderId: bigint,
  address: AddressDocument,
): Promise<string> {
  const key = `${caller.commandKey}/address`
  return commitOnce(
    db,
    { key, request: { orderId: orderId.toString(), address }, actor: caller.principal.actor },
    (tx) => keepAddress(tx, orderId, address),
  )
}
