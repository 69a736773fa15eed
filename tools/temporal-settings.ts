import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

const version = z.string().regex(/^\d+\.\d+\.\d+$/)

const settings = z.strictObject({
  version,
  minimumVersion: version,
  namespace: z.string().min(2),
  searchAttributes: z.record(
    z.string(),
    z.enum(['Keyword', 'KeywordList', 'Int', 'Double', 'Bool', 'Datetime', 'Text']),
  ),
  dynamicConfig: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  sqlitePragma: z.record(z.string(), z.string()),
})

export type TemporalSettings = z.output<typeof settings>

/** What temporal-dev.yml says. */
export function readTemporalSettings(): TemporalSettings {
  const file = join(import.meta.dirname, '..', 'temporal-dev.yml')
  return settings.parse(parse(readFileSync(file, 'utf8')))
}
