import type { Reader } from '#db/client'
import type { AddressDocument } from '#domain/orders/document'

/** All that is known about the people of an order; null where it was never given, or is erased. */
export interface OrderPersonalData {
  name: string | null
  email: string | null
  phone: string | null
  shipTo: AddressDocument | null
  billTo: AddressDocument | null
  /** What the carrier takes the address to mean. */
  suggestion: AddressDocument | null
  erasedAt: string | null
}

export async function personalDataOf(
  reader: Reader,
  orderId: bigint,
): Promise<OrderPersonalData | undefined> {
  const [row] = await reader<OrderPersonalData[]>`
    SELECT d.body->>'name' AS name, d.body->>'email' AS email, d.body->>'phone' AS phone, d.body->'shipTo' AS "shipTo", d.body->'billTo' AS "billTo",
      d.body->'suggestion' AS suggestion, d.erased_at AS "erasedAt"
    FROM sales_order o JOIN personal_data d ON d.id = o.personal_data_id WHERE o.id = ${orderId}`
  return row
}

export interface MatchedParty {
  partyId: number
  list: string
  name: string
  country: string | null
}

/** The listed parties that the order's compliance case names by their ids. */
export async function matchedParties(reader: Reader, orderId: bigint): Promise<MatchedParty[]> {
  return reader<MatchedParty[]>`
    SELECT DISTINCT p.id AS "partyId", p.list, p.name, p.country FROM exception_case c
    CROSS JOIN LATERAL jsonb_array_elements(c.evidence->'matches') m JOIN denied_party p ON p.id = (m->>'partyId')::int
    WHERE c.subject_type = 'order' AND c.subject_id = ${orderId.toString()} AND c.type = 'compliance-match' ORDER BY p.id`
}
