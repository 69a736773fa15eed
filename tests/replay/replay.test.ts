import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { beforeAll, describe, expect, test } from 'vitest'
import { aLine, anOrder } from '#tests/support/company'
import { workflowBundle } from '#tests/support/process'
import { cases, longCases } from './cases.ts'
import { recordedHistories, textsIn, type ReplayableHistory } from './recorded-history.ts'

const histories = recordedHistories()
const branches = [cases, longCases].flatMap((table) =>
  Object.entries(table).flatMap(([workflow, ways]) =>
    Object.keys(ways).map((name) => `${workflow}/${name}`),
  ),
)

beforeAll(() => {
  // Each refused replay is logged as an error with its whole trace; here they are wanted.
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => {}),
    telemetryOptions: { logging: { filter: 'off' } },
  })
})

test.each(branches)('%s was recorded', (branch) => {
  expect(histories.map(({ name }) => name)).toContain(branch)
})

test('every recorded process goes on under the code of today', async () => {
  const problems = await replay(histories, await workflowBundle())
  expect(problems).toEqual(new Map(histories.map(({ name }) => [name, undefined])))
}, 60_000)

test('a changed order of steps fails for every recorded process', async () => {
  const changed = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./changed-workflows.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  })
  const problems = await replay(histories, changed)
  expect([...problems].filter(([, problem]) => problem === undefined)).toEqual([])
}, 60_000)

test('a refusal is an answer at once: it is not tried again as a regular activity', () => {
  const refused = histories.find(({ name }) => name === 'order-to-cash/refused-command')!
  const types = refused.history.events!.map((event) => event.activityTaskScheduledEventAttributes)
  expect(types.filter((activity) => activity?.activityType?.name === 'releaseOrder')).toEqual([])
})

describe('no recorded history', () => {
  const { customer, shipTo } = anOrder()
  const personal = [customer?.name, customer?.email, shipTo?.line1, shipTo?.city, 'example.com']

  test.each(histories)('$name holds nothing of a person', ({ json }) => {
    const texts = textsIn(json)
    const found = personal.filter((data) => texts.some((text) => data && text.includes(data)))
    expect(found).toEqual([])
    // Neither a mail address nor the name of the machine that recorded it.
    expect(texts.filter((text) => /[\w.+-]+@[\w-]+\.[a-z]{2,}|\d+@\w/i.test(text))).toEqual([])
  })

  test('is searched in vain, because payloads are read as the text that they hold', () => {
    const line = aLine({ title: 'Ada Jones' })
    const data = Buffer.from(JSON.stringify(line)).toString('base64')
    expect(textsIn({ payloads: [{ data }] }).some((text) => text.includes('Ada Jones'))).toBe(true)
  })
})

/** What replaying each history ran into, by its name. */
async function replay(
  recorded: readonly ReplayableHistory[],
  workflowBundle: { code: string },
): Promise<Map<string, string | undefined>> {
  const problems = new Map<string, string | undefined>()
  // One at a time: the runner tells results by workflow id only, and two runs may share one.
  for (const { name, workflowId, history } of recorded)
    for await (const { error } of Worker.runReplayHistories({ workflowBundle }, [
      { workflowId, history },
    ]))
      problems.set(name, error?.message)
  return problems
}
