import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { recordedHistories, textsIn } from './recorded-history.ts'

const folder = join(import.meta.dirname, '../../contracts')
const contracts = await Promise.all(
  readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map(async (file) => ({
      process: basename(file, '.ts'),
      messages: messagesOf((await import(join(folder, file))) as object),
      verbs: verbsOf(readFileSync(join(folder, file), 'utf8')),
    })),
)
const processes = contracts.filter(({ messages, verbs }) => messages.length + verbs.length > 0)

test('the contracts of processes are found', () => {
  expect(processes.map(({ process }) => process)).toEqual(
    expect.arrayContaining(['channel-sync', 'notification', 'order-to-cash']),
  )
})

describe.each(processes)('$process', ({ process, messages, verbs }) => {
  const histories = recordedHistories().filter(({ name }) => name.startsWith(`${process}/`))

  test('has a recorded history of every update and signal that it takes', () => {
    const recorded = histories.flatMap(({ history }) =>
      history.events!.flatMap((event) => [
        event.workflowExecutionSignaledEventAttributes?.signalName,
        event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.name,
      ]),
    )
    expect(messages.filter((name) => !recorded.includes(name))).toEqual([])
  })

  test('has a recorded history of every verb that it may do', () => {
    const recorded = new Set(
      histories.flatMap(({ history, json }) => [
        ...history.events!.map((e) => e.activityTaskScheduledEventAttributes?.activityType?.name),
        ...textsIn(json).flatMap((text) => /"activity_type":"(\w+)"/.exec(text)?.[1] ?? []),
      ]),
    )
    expect(verbs.filter((name) => !recorded.has(name))).toEqual([])
  })
})

/** Names of the updates and signals that a contract defines. */
function messagesOf(contract: object): string[] {
  return Object.values(contract)
    .filter(
      (value): value is { type: string; name: string } =>
        typeof value === 'object' &&
        value !== null &&
        'type' in value &&
        ['update', 'signal'].includes(String(value.type)),
    )
    .map(({ name }) => name)
}

/** Names of the activities that a contract lists. */
function verbsOf(text: string): string[] {
  return [...text.matchAll(/^export interface \w+Activities \{\n([\s\S]*?)\n\}/gm)].flatMap(
    ([, members]) => [...members!.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name!),
  )
}
