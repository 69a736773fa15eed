import type { Reader } from '#db/client'

interface Codes {
  channel?: string | undefined
  site?: string | undefined
  sku?: string | undefined
}

/** The ids behind codes of one company; null for what it does not have. */
export async function dimensionIds(
  db: Reader,
  entityId: number,
  { channel, site, sku }: Codes,
): Promise<Record<keyof Codes, number | null>> {
  const [ids] = await db<Record<keyof Codes, number | null>[]>`
    SELECT (SELECT id FROM channel WHERE code = ${channel ?? null} AND entity_id = ${entityId}) AS channel,
      (SELECT id FROM site WHERE code = ${site ?? null} AND entity_id = ${entityId}) AS site, (SELECT id FROM item WHERE sku = ${sku ?? null}) AS sku`
  return ids!
}
