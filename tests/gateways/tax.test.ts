import { taxGateway } from '../../activities/gateways/tax.ts'
import type { TaxGateway } from '../../activities/gateways/tax.ts'
import { startTaxSimulator } from '#simulators/tax'
import type { Simulator } from '#simulators/http-simulator'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

let engine: Simulator
let tax: TaxGateway

beforeEach(async () => {
  engine = await startTaxSimulator({ seed: 4 })
  const config = { baseUrl: engine.url, apiKey: 'account:licence', timeoutMs: 200 }
  tax = taxGateway({ ...config, companyCode: 'ACME' })
})
afterEach(() => engine.close())

const nobody = { name: null, company: null, line2: null }
const newYork = {
  ...nobody,
  line1: '1 Broadway',
  city: 'New York',
  region: 'NY',
  postalCode: '10004',
  country: 'US',
}
const line = { sku: 'MUG', taxCode: 'P0000000', quantity: 1 }
const invoice = {
  key: 'invoice/INV-1',
  kind: 'invoice' as const,
  taxOn: '2026-03-05',
  customerCode: 'C-1',
  currency: 'USD',
  from: newYork,
  to: newYork,
  lines: [
    { ...line, lineId: '1', amountMinor: 100_00n },
    { ...line, lineId: '2', amountMinor: 19_99n, taxCode: 'NT' },
  ],
}

test('a quote leaves nothing behind and tells each jurisdiction', async () => {
  expect(await tax.quote(invoice)).toMatchObject({
    outcome: 'confirmed',
    taxMinor: 8_88n,
    lines: [
      {
        lineId: '1',
        taxMinor: 8_88n,
        jurisdictions: [
          { name: 'NEW YORK', kind: 'State', ratePpm: 40_000, taxMinor: 4_00n },
          { name: 'NEW YORK CITY', kind: 'City', ratePpm: 48_750, taxMinor: 4_88n },
        ],
      },
      { lineId: '2', taxMinor: 0n, jurisdictions: [] },
    ],
  })
  expect(await tax.findDocument({ key: invoice.key })).toEqual({ outcome: 'absent' })
})

test.each(['timeout-before', 'error-500', 'garbage'] as const)(
  'a quote under %s asks for the fallback',
  async (kind) => {
    engine.faults.add({ kind })
    expect(await tax.quote(invoice)).toMatchObject({ outcome: 'unavailable' })
  },
)

test('a quote from an engine that is gone asks for the fallback', async () => {
  await engine.close()
  expect(await tax.quote(invoice)).toMatchObject({ outcome: 'unavailable' })
})

test('an incomplete address is refused: no fallback cures it', async () => {
  const nowhere = { ...invoice, to: { ...newYork, country: null } }
  expect(await tax.quote(nowhere)).toMatchObject({ outcome: 'refused', code: 'address-invalid' })
})

describe('a committed document', () => {
  test('is one, however often it is reported', async () => {
    const first = await tax.commit(invoice)
    expect(first).toMatchObject({ outcome: 'confirmed', status: 'committed', taxMinor: 8_88n })
    expect(await tax.commit(invoice)).toEqual(first)
    expect(engine.journal.effects('commit')).toHaveLength(1)
  })

  test('keeps its key for its own amounts', async () => {
    await tax.commit(invoice)
    const other = { ...invoice, lines: [{ ...line, lineId: '1', amountMinor: 5_00n }] }
    expect(await tax.commit(other)).toMatchObject({
      outcome: 'refused',
      code: 'key-used-for-other-input',
    })
  })

  test('without an answer is unknown, then found', async () => {
    engine.faults.add({ kind: 'timeout-after-success', mode: 'reset' })
    expect(await tax.commit(invoice)).toMatchObject({ outcome: 'unknown' })
    expect(await tax.findDocument({ key: invoice.key })).toMatchObject({
      outcome: 'confirmed',
      status: 'committed',
      taxMinor: 8_88n,
    })
    expect(engine.journal.effects('commit')).toHaveLength(1)
  })

  test('is adjusted once by one adjustment key, lost answer or not', async () => {
    await tax.commit(invoice)
    const less = { ...invoice, lines: [{ ...line, lineId: '1', amountMinor: 50_00n }] }
    const adjustment = { ...less, adjustmentKey: 'adjust/INV-1/1' }
    engine.faults.add({ kind: 'timeout-after-success', operation: 'transactions.adjust' })
    expect(await tax.adjust(adjustment)).toMatchObject({ outcome: 'unknown' })
    expect(await tax.findAdjustment(adjustment)).toMatchObject({ taxMinor: 4_44n })
    expect(await tax.adjust(adjustment)).toMatchObject({ outcome: 'confirmed', taxMinor: 4_44n })
    expect(engine.journal.effects('adjust')).toHaveLength(1)
  })

  test('is voided, and voided again without harm', async () => {
    await tax.commit(invoice)
    expect(await tax.voidDocument(invoice)).toMatchObject({ outcome: 'confirmed' })
    expect(await tax.voidDocument(invoice)).toMatchObject({ outcome: 'confirmed' })
    expect(await tax.findDocument(invoice)).toMatchObject({ status: 'voided' })
    expect(engine.journal.effects('void')).toHaveLength(1)
  })

  test('of a filed period is refused', async () => {
    await tax.commit(invoice)
    engine.faults.add({ kind: 'decline', operation: 'transactions.void' })
    expect(await tax.voidDocument(invoice)).toMatchObject({ code: 'period-filed' })
  })

  test('is not called failed when the engine breaks, and throws when nothing was sent', async () => {
    engine.faults.add({ kind: 'error-500' })
    expect(await tax.commit(invoice)).toMatchObject({ outcome: 'unknown' })
    await engine.close()
    await expect(tax.commit(invoice)).rejects.toMatchObject({ name: 'GatewayHiccup' })
  })
})

test('a return is reported below zero', async () => {
  const lines = [{ ...line, lineId: '1', amountMinor: -100_00n }]
  const credit = { ...invoice, key: 'credit/1', kind: 'return' as const, lines }
  expect(await tax.commit(credit)).toMatchObject({ taxMinor: -8_88n })
})
