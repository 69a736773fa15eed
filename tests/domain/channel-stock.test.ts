import { expect, test } from 'vitest'
import {
  DEFAULT_CHANNEL_STOCK,
  lagBuffer,
  pauseAfterFailures,
  possible,
} from '#domain/channel-stock'
import { policyProblems } from '#domain/policy-body'

const rule = {
  ...DEFAULT_CHANNEL_STOCK,
  lagLimitSeconds: 120,
  lagBufferPerMinute: 2,
  lagBufferCap: 7,
}

test('nothing is kept back within the limit, then more with each minute begun, up to the cap', () => {
  expect([0, 120, 121, 180, 181, 240, 301, 90_000].map((lag) => lagBuffer(rule, lag))).toEqual([
    0, 0, 2, 2, 4, 4, 7, 7,
  ])
})

test('a channel that fails is left alone twice as long each time, at most a minute', () => {
  expect([1, 2, 3, 6, 50].map(pauseAfterFailures)).toEqual([2, 4, 8, 60, 60])
})

test('a rule that no shop could follow is bent to what is possible', () => {
  expect(possible({ ...rule, batch: 5000, callsPerMinute: 0 })).toMatchObject({
    batch: 100,
    callsPerMinute: 1,
  })
})

test('a misspelt rule is refused like those of orders', () => {
  expect(policyProblems('channel-stock', { lagBufferCap: 3 })).toEqual([])
  expect(policyProblems('channel-stock', { lagBuffer: 3 })).toMatchObject([
    { field: 'body.body.lagBuffer' },
  ])
})
