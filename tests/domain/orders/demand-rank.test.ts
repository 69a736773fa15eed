import { expect, test } from 'vitest'
import { rankDemand, type WaitingDemand } from '#domain/orders/demand-rank'
import { DEFAULT_POLICIES, type DemandPolicy } from '#domain/orders/policies'

const waits = (orderId: string, changes: Partial<WaitingDemand> = {}): WaitingDemand => ({
  orderId,
  channel: 'web',
  channelPriority: 50,
  customerClass: 'standard',
  shipBy: null,
  placedAt: '2026-01-01',
  ...changes,
})
const rank = (demands: WaitingDemand[], channels: Record<string, DemandPolicy> = {}) =>
  rankDemand(demands, {
    everywhere: DEFAULT_POLICIES.demand,
    channels: new Map(Object.entries(channels)),
  }).map(({ demand, decidedBy }) => [demand.orderId, decidedBy])

test('scarce units go to the channel of higher priority, then the better class, then the earlier ship-by, and the rule that decided is told', () => {
  expect(
    rank([
      waits('1'),
      waits('2', { customerClass: 'vip' }),
      waits('3', { channel: 'market', channelPriority: 80 }),
      waits('4', { shipBy: '2026-02-01' }),
      waits('5'),
    ]),
  ).toEqual([
    ['3', 'channel-priority'],
    ['2', 'customer-class'],
    ['4', 'ship-by'],
    ['1', 'order-number'],
    ['5', null],
  ])
})

test('a channel ranks its own orders by its own policy, and never itself before others', () => {
  const first = { ...DEFAULT_POLICIES.demand, rank: ['placed' as const] }
  const demands = [
    waits('1', { placedAt: '2026-01-02', customerClass: 'vip' }),
    waits('2', { placedAt: '2026-01-01' }),
    waits('3', { channel: 'market', channelPriority: 80, placedAt: '2026-01-09' }),
  ]
  expect(rank(demands, { web: first })).toEqual([
    ['3', 'channel-priority'],
    ['2', 'placed'],
    ['1', null],
  ])
})
