import { expect, test } from 'vitest'
import { policyProblems } from '#domain/policy-body'
import {
  approvesByRule,
  DEFAULT_SETTLEMENT_POLICY as POLICY,
  writeOffRoles,
} from '#domain/settlement/approval'

test('a statement is posted without a person up to the share that the policy lets wait', () => {
  const share = { heldMinor: 50n, movedMinor: 1_000n }
  expect(approvesByRule(share, POLICY)).toBe(true)
  expect(approvesByRule(share, { heldPpm: 49_999 })).toBe(false)
})

test('who may give up how much is the policy’s, whichever way the money goes', () => {
  expect(writeOffRoles(1_000n, POLICY)).toContain('ap-clerk')
  expect(writeOffRoles(-1_001n, POLICY)).toEqual(['ap-manager', 'controller', 'system'])
  expect(writeOffRoles(25_001n, POLICY)).toEqual(['controller', 'system'])
  expect(writeOffRoles(25_001n, { ...POLICY, managerWriteOffMinor: '30000' })).toContain(
    'ap-manager',
  )
})

test('a settlement policy that names something else is refused by that name', () => {
  expect(policyProblems('settlement', { heldPpm: 10_000, clerkWriteOffMinor: '0' })).toEqual([])
  expect(policyProblems('settlement', { heldShare: 1 })).toMatchObject([
    { field: 'body.body.heldShare' },
  ])
})
