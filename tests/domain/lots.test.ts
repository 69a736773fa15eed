import { expect, test } from 'vitest'
import { lastsTooShort, lotsOfReceived, takeLots, type LotPolicy } from '#domain/stock/lots'

const item = (lotPolicy: LotPolicy, minShelfLifeDays: number | null = null) => ({
  ...{ sku: 'TEA', lotPolicy, minShelfLifeDays },
})
const received = (
  lotPolicy: LotPolicy,
  said: object,
  qty = 2n,
  knownExpiry: string | null = null,
) => lotsOfReceived(item(lotPolicy), { ...said, knownExpiry }, { qty, field: 'body.lines.0' })

test('an item that is kept by lot asks for it, one that is not takes what is said', () => {
  expect(received('none', {})).toEqual([])
  expect(received('none', { lot: 'A' })).toEqual([{ lot: 'A', qty: 2n }])
  expect(() => received('lot', {})).toThrow(expect.objectContaining({ code: 'LotRequired' }))
  expect(received('lot', { lot: 'A' })).toEqual([{ lot: 'A', qty: 2n }])
})

test('a lot with a date is told once, and never two dates', () => {
  const code = (code: string) => expect.objectContaining({ code })
  expect(() => received('lot-expiry', { lot: 'A' })).toThrow(code('ExpiryRequired'))
  expect(received('lot-expiry', { lot: 'A' }, 2n, '2027-01-31')).toHaveLength(1)
  const other = { lot: 'A', expiresOn: '2027-02-28' }
  expect(() => received('lot-expiry', other, 2n, '2027-01-31')).toThrow(code('LotDateDiffers'))
})

test('serials are as many as the units, each once, and only where they are kept', () => {
  const needed = expect.objectContaining({ code: 'SerialsRequired' })
  expect(() => received('serial', { serials: ['S1'] })).toThrow(needed)
  expect(() => received('serial', { serials: ['S1', 'S1'] })).toThrow(needed)
  expect(() => received('lot', { lot: 'A', serials: ['S1', 'S2'] })).toThrow(needed)
  expect(received('serial', { serials: ['S1', 'S2'] })).toEqual([
    { lot: 'S1', qty: 1n },
    { lot: 'S2', qty: 1n },
  ])
})

test('goods last too short when they have expired, or will within what is asked for', () => {
  const on = (expiresOn: string | null, minimum: number | null = 30) =>
    lastsTooShort(item('lot-expiry', minimum), { expiresOn, receivedOn: '2026-11-25' })
  expect(on(null)).toBeNull()
  expect(on('2026-12-25')).toBeNull()
  expect(on('2026-12-24')).toContain('2026-12-25 is asked for')
  expect(on('2026-11-26', null)).toBeNull()
  expect(on('2026-11-25', null)).toContain('expired')
})

test('units are taken off the front, a lot in parts', () => {
  const lots = [
    { lot: 'A', qty: 3n },
    { lot: 'B', qty: 2n },
  ]
  expect(takeLots(lots, 4n)).toEqual([
    { lot: 'A', qty: 3n },
    { lot: 'B', qty: 1n },
  ])
  expect(takeLots(lots, 4n)).toEqual([{ lot: 'B', qty: 1n }])
})
