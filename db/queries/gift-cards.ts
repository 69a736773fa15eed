import type { Reader } from '../client.ts'

export interface CardRow {
  id: bigint
  code: string
  channel: string | null
  externalId: string | null
  currency: string
  faceMinor: bigint
  leftMinor: bigint
  orderId: bigint | null
  jurisdiction: string | null
  issuedOn: string
}

/** The gift cards of a company, the newest first, each with what is left of it. */
export async function listGiftCards(
  db: Reader,
  ask: {
    entityId: number
    orderId?: bigint | undefined
    code?: string | undefined
    before: bigint
    limit: number
  },
): Promise<CardRow[]> {
  return db<CardRow[]>`
    SELECT c.id, c.code, ch.code AS channel, c.external_id AS "externalId", c.currency, c.face_minor AS "faceMinor", coalesce(-i.balance_minor, 0) AS "leftMinor",
      l.order_id AS "orderId", c.jurisdiction, c.issued_on AS "issuedOn"
    FROM gift_card c LEFT JOIN channel ch ON ch.id = c.channel_id LEFT JOIN sales_order_line l ON l.id = c.order_line_id
    LEFT JOIN open_item i ON i.entity_id = c.entity_id AND i.account_id = 2110 AND i.currency = c.currency AND i.book = 'main' AND i.key = 'gift-card/' || c.id
    WHERE c.entity_id = ${ask.entityId} AND c.id < ${ask.before}
      ${ask.orderId === undefined ? db`` : db`AND l.order_id = ${ask.orderId}`} ${ask.code === undefined ? db`` : db`AND c.code = ${ask.code}`}
    ORDER BY c.id DESC LIMIT ${ask.limit}`
}
