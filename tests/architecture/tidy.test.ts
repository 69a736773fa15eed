import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js'
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { problemCodes } from '#api/problem-codes'
import { refusalForConstraint } from '#db/commit-once'
import { filesBelow, kebabCase, root, textOf } from './repository.ts'

const sources = ['domain', 'contracts', 'workflows', 'activities', 'db', 'connectors', 'api']
const processes = await exportedWorkflows()

test('there are processes', () => {
  expect(processes).not.toEqual([])
})

test.each(processes)('%s has its contract', (process) => {
  expect(filesBelow('contracts')).toContain(`contracts/${process}.ts`)
})

test.each(processes)('%s has a scenario', (process) => {
  const scenarios = filesBelow('tests/scenarios').map((file) => basename(file))
  expect(scenarios.filter(isTestOf(process))).not.toEqual([])
})

test.each(processes)('%s has a recorded history that can be replayed', (process) => {
  const folder = `tests/replay/histories/${process}`
  expect(filesBelow(folder).filter((file) => file.endsWith('.json'))).not.toEqual([])
})

test.each(processes)('%s has a page', (process) => {
  expect(textOf(`docs/processes/${process}.md`)).toMatch(/^# /)
})

test('every contract is a process’s, but for what processes share', () => {
  const contracts = filesBelow('contracts').map((file) => basename(file, '.ts'))
  const shared = [
    'bill-previews',
    'settlement-previews',
    'document-progress',
    'order-intake',
    'order-previews',
    'search-attributes',
  ]
  expect(contracts.filter((contract) => !shared.includes(contract)).sort()).toEqual(processes)
})

const guards = [...new Set(Object.values(refusalForConstraint).map(({ code }) => code))]

test('every refusal has a section that says what to do, and no section is left over', () => {
  const codes = [...new Set([...refusalCodes(), ...guards])].sort()
  expect(sections().map(({ code }) => code)).toEqual(codes)
})

test('the sections of what only a guard of the database refuses say so', () => {
  const marked = sections().filter(({ isGuard }) => isGuard)
  const alone = guards.filter((code) => !refusalCodes().includes(code))
  expect(marked.map(({ code }) => code)).toEqual(alone.sort())
})

test('every answer of HTTP itself has a section too, and none of those is left over', () => {
  const inHttp = ['api/problem.ts', 'api/database-problem.ts'].flatMap((file) =>
    [...textOf(file).matchAll(/'([A-Z][a-z]+(?:[A-Z][a-z]+)*)'/g)].map(([, name]) => name!),
  )
  const noCodes = ['HttpProblem', 'Error']
  const codes = [...new Set(inHttp)].filter((name) => !noCodes.includes(name))
  const business = sections().map(({ code }) => code)
  expect(codes.filter((code) => !business.includes(code)).sort()).toEqual(
    Object.keys(problemCodes).sort(),
  )
})

test('nothing is called utils, helpers, common or misc', () => {
  const folders = [...sources, 'simulators', 'tools', 'tests', 'bench']
  const vague = /(^|\/)(utils?|helpers?|common|misc)(\/|\.|$)/
  expect(folders.flatMap(filesBelow).filter((file) => vague.test(file))).toEqual([])
})

test('every command in the README and the docs exists', () => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
  const pages = ['README.md', ...filesBelow('docs').filter((file) => file.endsWith('.md'))]
  const named = pages.flatMap((page) =>
    [...textOf(page).matchAll(/\bnpm run ([a-z][\w:-]*)/g)].map(([, name]) => name as string),
  )
  expect(textOf('README.md')).not.toBe('')
  expect(named.filter((name) => !(name in scripts))).toEqual([])
})

test('there is one barrel, of workflows', () => {
  const barrels = sources
    .flatMap(filesBelow)
    .filter((file) => basename(file) === 'index.ts')
    .filter((file) => /^export (\*|\{)[^;]*from/m.test(textOf(file)))
  expect(barrels).toEqual(['workflows/index.ts'])
})

// With the protobufjs that npm hoists by itself this throws "type must be a Type"; then no
// history can be replayed. The direct dependency on protobufjs 8 prevents it.
test('a history in JSON can be read', () => {
  const history = historyFromJSON({
    events: [
      {
        eventId: '1',
        eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED',
        workflowExecutionStartedEventAttributes: { workflowType: { name: 'orderToCash' } },
      },
    ],
  })
  expect(history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name).toBe(
    'orderToCash',
  )
})

/** The functions that workflows/index.ts exports are the processes. */
async function exportedWorkflows(): Promise<string[]> {
  const barrel = join(root, 'workflows/index.ts')
  if (!existsSync(barrel)) return []
  const exported = (await import(barrel)) as Record<string, unknown>
  return Object.entries(exported)
    .filter(([name, value]) => typeof value === 'function' && name !== 'interceptors')
    .map(([name]) => kebabCase(name))
    .sort()
}

function sections(): { code: string; isGuard: boolean }[] {
  const headings = textOf('docs/refusals.md').matchAll(
    /^#{2,4} `?([A-Z]\w+)`?( \(database guard\))?\s*$/gm,
  )
  return [...headings]
    .map(([, code, guard]) => ({ code: code!, isGuard: guard !== undefined }))
    .sort((one, other) => (one.code < other.code ? -1 : 1))
}

function isTestOf(process: string): (file: string) => boolean {
  const longer = processes.filter((other) => other.startsWith(`${process}-`))
  return (file) =>
    file.startsWith(process) &&
    file.endsWith('.test.ts') &&
    !longer.some((other) => file.startsWith(other))
}

/** The codes in the source; those of the HTTP layer alone are written as `code: '…'` there. */
function refusalCodes(): string[] {
  const thrown = /(?:new Refusal|refuse|forbidden|unauthenticated)\(\s*'([A-Z]\w+)'/g
  const inApi = /\bcode: '([A-Z]\w+)'/g
  const codes = sources.flatMap(filesBelow).flatMap((file) => {
    const text = textOf(file)
    const patterns = file.startsWith('api/') ? [thrown, inApi] : [thrown]
    return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, code]) => code))
  })
  return [...new Set(codes)].sort() as string[]
}
