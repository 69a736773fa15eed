import { expect, test } from 'vitest'
import { takeIn, type KnownDispute, type ToldDispute } from '#domain/chargebacks/dispute'
import { taxRelief } from '#domain/chargebacks/tax-relief'

const after = (...stages: ToldDispute['stage'][]) => {
  const known: KnownDispute = { round: 1, stage: 'inquiry', withdrawn: false, outcomeBooked: false }
  const taken = stages.map((stage) => takeIn(known, { stage }))
  return { ...known, last: taken.at(-1) }
}

test.each<[ToldDispute['stage'][], string, boolean]>([
  [['inquiry', 'opened', 'opened'], 'opened', true],
  [['opened', 'inquiry'], 'opened', true],
  [['inquiry', 'closed'], 'closed', false],
  [['inquiry', 'closed', 'opened'], 'opened', true],
  [['won'], 'won', false],
  [['won', 'opened'], 'won', true],
  [['lost'], 'lost', true],
  [['lost', 'opened'], 'lost', true],
])('of %j the dispute is %s', (told, stage, withdrawn) => {
  expect(after(...told)).toMatchObject({ stage, withdrawn })
})

test('a word against a decision changes nothing', () => {
  expect(after('won', 'lost')).toMatchObject({
    stage: 'won',
    withdrawn: false,
    last: 'contradicts',
  })
  expect(after('lost', 'won')).toMatchObject({ stage: 'lost', last: 'contradicts' })
  expect(after('opened', 'closed')).toMatchObject({ stage: 'opened', last: 'contradicts' })
})

test('only what was won, and is in the books, is opened a second time', () => {
  expect(after('won', 'second-chargeback')).toMatchObject({ round: 2, stage: 'opened' })
  expect(() => after('opened', 'won', 'second-chargeback')).toThrow(/only one that was won/)
  expect(() => after('opened', 'second-chargeback')).toThrow(/only one that was won/)
})

test('row 13: of 106.09 lost, 8.09 are tax where relief is allowed', () => {
  const taxes = [{ jurisdiction: 'US-CA', taxCode: 'sales', taxMinor: 8_09n }]
  const earned = { grossMinor: 106_09n, taxes }
  expect(taxRelief(106_09n, earned, ['US-CA'])).toMatchObject([{ amountMinor: 8_09n }])
  expect(taxRelief(53_00n, earned, ['US-CA'])).toMatchObject([{ amountMinor: 4_04n }])
  // More than was earned gives back no more tax than there is.
  expect(taxRelief(200_00n, earned, ['US-CA'])).toMatchObject([{ amountMinor: 8_09n }])
  expect(taxRelief(106_09n, earned, ['US-NY'])).toEqual([])
})
