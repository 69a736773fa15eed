import { insertSet } from '#db/stores/row-sets'
import { insertChannel, insertSite } from '#db/stores/masters'
import {
  CARRIER_SERVICES,
  CHANNELS,
  DENIED_PARTIES,
  ENTITIES,
  REASON_CODES,
  SHIPPING_ZONES,
  SITES,
  TAX_RATES,
} from './company.ts'
import type { Loading } from './load.ts'
import { SIGNED_CHANNELS, secretVariable } from './people.ts'
import { demoRates } from './rates.ts'

export async function loadEntities({ tx }: Loading): Promise<string> {
  await insertSet(tx, 'entity', ENTITIES)
  return ENTITIES.map((entity) => entity.code).join(', ')
}

export async function loadPlaces({ tx }: Loading): Promise<string> {
  for (const site of SITES) await insertSite(tx, { ...site })
  for (const channel of CHANNELS) {
    const signed = SIGNED_CHANNELS.some((code) => code === channel.code)
    await insertChannel(tx, { ...channel }, signed ? [secretVariable(channel.code)] : [])
  }
  await insertSet(tx, 'shipping_zone', SHIPPING_ZONES)
  await insertSet(tx, 'carrier_service', CARRIER_SERVICES)
  await insertSet(tx, 'denied_party', DENIED_PARTIES)
  await insertSet(tx, 'tax_rate', TAX_RATES)
  await insertSet(tx, 'reason_code', REASON_CODES)
  return `${SITES.length} sites, ${CHANNELS.length} channels`
}

export async function loadBooks({ tx, today }: Loading): Promise<string> {
  const year = Number(today.slice(0, 4))
  const years = [year - 1, year, year + 1]
  await tx`
    SELECT open_periods(e.id, y) FROM entity e, unnest(${years}::int[]) AS y
    WHERE e.code = ANY (${ENTITIES.map((entity) => entity.code)}::text[])`
  const rates = demoRates(today)
  await insertSet(tx, 'fx_rate', rates)
  return `${years.join(', ')}; ${rates.length} rates`
}
