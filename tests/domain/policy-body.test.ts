import { expect, test } from 'vitest'
import { policyProblems } from '#domain/policy-body'

test('a word that no rule knows is refused instead of meaning another one', () => {
  expect(policyProblems('order', { taxPoint: 'payment', taxBy: 'Engine' })).toEqual([
    { field: 'body.body.taxBy', message: 'send one of document, engine' },
  ])
})
