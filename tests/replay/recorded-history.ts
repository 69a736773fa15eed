import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js'
import type { temporal } from '@temporalio/proto'

export const historiesFolder = join(import.meta.dirname, 'histories')

/** A history does not hold its workflow's id, which the ids of children are made of. */
export interface RecordedHistory {
  workflowId: string
  history: unknown
}

export interface ReplayableHistory {
  /** `order-to-cash/clean` */
  name: string
  workflowId: string
  history: temporal.api.history.v1.IHistory
  json: unknown
}

export function recordedHistories(): ReplayableHistory[] {
  return readdirSync(historiesFolder, { withFileTypes: true })
    .filter((folder) => folder.isDirectory())
    .flatMap(({ name: workflow }) =>
      readdirSync(join(historiesFolder, workflow))
        .filter((file) => file.endsWith('.json'))
        .map((file) => {
          const text = readFileSync(join(historiesFolder, workflow, file), 'utf8')
          const { workflowId, history } = JSON.parse(text) as RecordedHistory
          const name = `${workflow}/${file.replace(/\.json$/, '')}`
          return { name, workflowId, history: historyFromJSON(history), json: history }
        }),
    )
}

/** Every text in a history; what is encoded in a payload is decoded. */
export function textsIn(value: unknown, key = ''): string[] {
  if (typeof value === 'string')
    return [key === 'data' ? Buffer.from(value, 'base64').toString('utf8') : value]
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([name, member]) => textsIn(member, name))
}
