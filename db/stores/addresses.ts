import type { OrderDocument } from '#domain/orders/document'
import type { Db, Tx } from '#db/client'
import { transaction } from '#db/transaction'
import type { SalesOrder } from './orders.ts'
import { json } from './records.ts'

export type Address = NonNullable<OrderDocument['shipTo']>

/** The fields of an address, all of them personal data or close to it. */
export const ADDRESS_FIELDS = [
  'name',
  'company',
  'line1',
  'line2',
  'city',
  'region',
  'postalCode',
  'country',
] as const satisfies (keyof Address)[]

/** An address of which some fields were given; what was not given is nothing. */
export function wholeAddress(given: Partial<Address>): Address {
  return Object.fromEntries(
    ADDRESS_FIELDS.map((field) => [field, given[field] ?? null]),
  ) as unknown as Address
}

/**
 * Keeps an address that somebody gives for an order where it can be erased, and answers the id
 * under which processes and append-only rows may speak of it.
 */
export async function keepAddress(tx: Tx, orderId: bigint, address: Address): Promise<string> {
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO personal_data (customer_id, order_id, body)
    SELECT customer_id, id, ${json(tx, { address })} FROM sales_order WHERE id = ${orderId} RETURNING id`
  return row!.id.toString()
}

/**
 * Keeps an address that comes with a command, once per attempt at it: whoever repeats a question
 * that was not answered speaks of the same row.
 */
export async function keepGivenAddress(
  db: Db,
  given: { orderId: bigint; attempt: string; address: Address },
): Promise<string> {
  const { orderId, attempt, address } = given
  return transaction(db, async (tx) => {
    await tx`SELECT pg_advisory_xact_lock(hashtextextended(${attempt}, 0))`
    const [kept] = await tx<{ id: bigint }[]>`
      SELECT id FROM personal_data WHERE order_id = ${orderId} AND body->>'attempt' = ${attempt}`
    if (kept) return kept.id.toString()
    const [row] = await tx<{ id: bigint }[]>`
      INSERT INTO personal_data (customer_id, order_id, body)
      SELECT customer_id, id, ${json(tx, { address, attempt })} FROM sales_order WHERE id = ${orderId} RETURNING id`
    return row!.id.toString()
  })
}

/** The command was refused: nothing of its address remains. */
export async function forgetGivenAddress(
  db: Db,
  addressId: string,
  attempt: string,
): Promise<void> {
  await db`SELECT forget_given_address(${BigInt(addressId)}, ${attempt})`
}

/** The address that was kept for this very order under this id; null when it is not there, or erased. */
export async function keptAddress(
  tx: Tx,
  orderId: bigint,
  addressId: string,
): Promise<Address | null> {
  const [row] = await tx<{ address: Address | null }[]>`
    SELECT body->'address' AS address FROM personal_data WHERE id = ${BigInt(addressId)} AND order_id = ${orderId}`
  return row?.address ? wholeAddress(row.address) : null
}

/** Where the order goes by now; null when it has no address. */
export async function shipToOf(tx: Tx, orderId: bigint): Promise<Address | null> {
  const [row] = await tx<{ shipTo: Address | null }[]>`
    SELECT d.body->'shipTo' AS "shipTo" FROM sales_order o JOIN personal_data d ON d.id = o.personal_data_id WHERE o.id = ${orderId}`
  return row?.shipTo ? wholeAddress(row.shipTo) : null
}

/**
 * Puts this address in the place of the old one, of which nothing remains; what a carrier
 * suggested for the old one goes too.
 */
export async function replaceShipTo(tx: Tx, order: SalesOrder, address: Address): Promise<void> {
  await tx`UPDATE personal_data SET body = (body - 'suggestion') || ${json(tx, { shipTo: address })}
    WHERE id = (SELECT personal_data_id FROM sales_order WHERE id = ${order.id})`
  await tx`UPDATE sales_order SET ship_country = ${address.country}, ship_region = ${address.region}, ship_postal_code = ${address.postalCode} WHERE id = ${order.id}`
}
