import { ended, named } from './acting.ts'
import type { RecordingSystem } from './recording-system.ts'

/** Its document states no tax: it is asked for first, then the order is taken in with it. */
export async function taxQuoted(system: RecordingSystem): Promise<string> {
  await openTaxedChannel(system)
  const order = named('tax-quoted', {
    channel: 'taxed',
    payment: { state: 'terms', provider: 'invoice', reference: null, amountMinor: '0' },
  })
  await system.database.admin`
    INSERT INTO customer (channel_id, external_id, terms_days) SELECT id, 'C1', 30 FROM channel WHERE code = 'taxed' ON CONFLICT DO NOTHING`
  await system.ship(order, await system.place(order))
  return ended(system, order)
}

/** Nobody knows a rate for where it goes: the document is refused. */
export async function taxUnknown(system: RecordingSystem): Promise<string> {
  await openTaxedChannel(system)
  const order = named('tax-unknown', { channel: 'taxed' })
  const shipTo = { ...order.shipTo!, region: 'MT', postalCode: '59001' }
  await system.tell({ ...order, shipTo })
  return ended(system, order)
}

/** A channel that leaves the tax to us, and a rate for one state. */
async function openTaxedChannel({ database: { admin } }: RecordingSystem): Promise<void> {
  await admin`
    INSERT INTO channel (code, name, kind, entity_id, currency) SELECT 'taxed', 'Taxed desk', 'b2b', id, 'USD' FROM entity ON CONFLICT DO NOTHING`
  await admin`
    INSERT INTO policy (kind, scope, version, owner, body) VALUES ('order', 'taxed', 1, 'recorder', '{"taxBy": "engine"}') ON CONFLICT DO NOTHING`
  await admin`
    INSERT INTO tax_rate (jurisdiction, tax_category, rate_ppm, valid_from) VALUES ('US-NJ', 'standard', 66250, '2020-01-01') ON CONFLICT DO NOTHING`
}
