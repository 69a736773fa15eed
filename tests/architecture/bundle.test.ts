import { join } from 'node:path'
import { bundleWorkflowCode } from '@temporalio/worker'
import { beforeAll, expect, test } from 'vitest'

/** Each workflow start loads the whole bundle, so that every package in it costs at each start. */
const allowedPackages = ['@temporalio/common', '@temporalio/workflow', 'long', 'ms', 'nexus-rpc']
const allowedFolders = ['contracts', 'domain', 'workflows']
/** The SDK alone is 530 kB. */
const largestBytes = 1_000_000

let bundle: string
const told: string[] = []

beforeAll(async () => {
  const listen = (_level: unknown, message: string) => void told.push(message)
  const note = (message: string) => void told.push(message)
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(import.meta.dirname, '../../workflows/index.ts'),
    // Node built-ins are found by the bundler itself: it tells them and fails.
    logger: { log: listen, trace() {}, debug() {}, info() {}, warn: note, error: note },
  })
  bundle = code.slice(0, code.lastIndexOf('//# sourceMappingURL'))
})

test('the workflow bundle holds the SDK and no other package', () => {
  const packages = found(/\.\/node_modules\/((?:@[^/"]+\/)?[^/"]+)\//g)
  expect(packages.filter((name) => !allowedPackages.includes(name))).toEqual([])
})

test('the workflow bundle holds workflows, contracts and domain only', () => {
  const folders = found(/^\/\*\*\*\/ "\.\/([\w-]+)\//gm).filter((name) => name !== 'node_modules')
  expect(folders).toContain('workflows')
  expect(folders.filter((name) => !allowedFolders.includes(name))).toEqual([])
})

test('the bundler has nothing to warn of', () => {
  expect(told).toEqual([])
})

test('the workflow bundle stays small', () => {
  expect(bundle.length).toBeLessThan(largestBytes)
})

function found(pattern: RegExp): string[] {
  return [...new Set([...bundle.matchAll(pattern)].map((match) => match[1] as string))].sort()
}
