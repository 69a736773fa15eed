import type { Reader, Tx } from '../client.ts'

/** A card that was sold, or taken on from elsewhere; what is left of it is its open item's balance. */
export interface GiftCard {
  id: bigint
  entityId: number
  channelId: number | null
  code: string
  externalId: string | null
  currency: string
  faceMinor: bigint
  orderLineId: bigint | null
  /** Whose law says when an unused card escheats: where the order went, where that is known. */
  jurisdiction: string | null
  issuedOn: string
}

const columns = (db: Reader) => db`
  id, entity_id AS "entityId", channel_id AS "channelId", code, external_id AS "externalId", currency,
  face_minor AS "faceMinor", order_line_id AS "orderLineId", jurisdiction, issued_on AS "issuedOn"`

export interface NewGiftCard {
  entityId: number
  channelId: number
  /** The channel's own id of the card, where it is known already. */
  externalId?: string
  currency: string
  faceMinor: bigint
  /** The unit that was sold; none for a card that was sold elsewhere. */
  sold?: { orderLineId: bigint; unit: number }
  jurisdiction: string | null
  issuedOn: string
  actor: string
}

export async function insertGiftCard(tx: Tx, card: NewGiftCard): Promise<GiftCard> {
  const [row] = await tx<GiftCard[]>`
    INSERT INTO gift_card (entity_id, channel_id, external_id, currency, face_minor, order_line_id, unit, jurisdiction, issued_on, actor)
    VALUES (${card.entityId}, ${card.channelId}, ${card.externalId ?? null}, ${card.currency}, ${card.faceMinor},
      ${card.sold?.orderLineId ?? null}, ${card.sold?.unit ?? null}, ${card.jurisdiction}, ${card.issuedOn}, ${card.actor})
    RETURNING ${columns(tx)}`
  return row!
}

/** The card that a tender names: by the id that the order's channel has for it, or by its code. */
export async function findGiftCard(
  db: Reader,
  named: { entityId: number; channelId: number; reference: string },
): Promise<GiftCard | undefined> {
  const { entityId, channelId, reference } = named
  const [card] = await db<GiftCard[]>`
    SELECT ${columns(db)} FROM gift_card
    WHERE (channel_id = ${channelId} AND external_id = ${reference}) OR (entity_id = ${entityId} AND code = ${reference})
    ORDER BY (external_id = ${reference}) DESC NULLS LAST LIMIT 1`
  return card
}

/** Says what a channel calls a card; once, since a card has one name there. Answers nothing when it has another, or is none of the company's. */
export async function nameGiftCard(
  tx: Tx,
  card: { code: string; entityId: number; channelId: number; externalId: string },
): Promise<GiftCard | undefined> {
  const [named] = await tx<GiftCard[]>`
    UPDATE gift_card SET channel_id = ${card.channelId}, external_id = ${card.externalId}
    WHERE code = ${card.code} AND entity_id = ${card.entityId}
      AND (external_id IS NULL OR (channel_id = ${card.channelId} AND external_id = ${card.externalId}))
    RETURNING ${columns(tx)}`
  return named
}
