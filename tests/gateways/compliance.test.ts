import { complianceGateway } from '../../activities/gateways/compliance.ts'
import type { ComplianceGateway } from '../../activities/gateways/compliance.ts'
import { startComplianceSimulator } from '#simulators/compliance'
import type { Simulator } from '#simulators/http-simulator'
import { afterEach, beforeEach, expect, test } from 'vitest'

let service: Simulator
let compliance: ComplianceGateway

beforeEach(async () => {
  service = await startComplianceSimulator({ seed: 6 })
  compliance = complianceGateway({ baseUrl: service.url, apiKey: 'k', timeoutMs: 200 })
})
afterEach(() => service.close())

const party = (name: string) => [{ role: 'buyer' as const, name, country: 'US' }]

test('a clean name is clear, a listed one matches with its entry', async () => {
  expect(await compliance.screen({ key: 's/1', parties: party('Jo Doe') })).toMatchObject({
    outcome: 'confirmed',
    verdict: 'clear',
  })
  const listed = party('BLACKWATER Trading House, Ltd.')
  expect(await compliance.screen({ key: 's/2', parties: listed })).toMatchObject({
    verdict: 'match',
    matches: [{ role: 'buyer', list: 'OFAC-SDN', entryId: 'SDN-1001' }],
  })
})

test('a lost answer is unknown, then found, and screened once', async () => {
  const ask = { key: 's/1', parties: party('Jo Doe') }
  service.faults.add({ kind: 'timeout-after-success', mode: 'reset' })
  expect(await compliance.screen(ask)).toMatchObject({ outcome: 'unknown' })
  expect(await compliance.findScreening(ask)).toMatchObject({ verdict: 'clear' })
  expect(await compliance.screen(ask)).toMatchObject({ outcome: 'confirmed' })
  expect(service.journal.effects('screen')).toHaveLength(1)
  expect(await compliance.findScreening({ key: 's/9' })).toEqual({ outcome: 'absent' })
})

test('broken is unknown, refused is refused, gone throws', async () => {
  const ask = { key: 's/1', parties: party('Jo Doe') }
  service.faults.add({ kind: 'error-500' })
  expect(await compliance.screen(ask)).toMatchObject({ outcome: 'unknown' })
  service.faults.add({ kind: 'decline' })
  expect(await compliance.screen(ask)).toMatchObject({ outcome: 'refused' })
  await service.close()
  await expect(compliance.screen(ask)).rejects.toMatchObject({ name: 'GatewayHiccup' })
})
