import { Connection } from '@temporalio/client'
import type { TemporalAt } from '#temporal-connection'
import type { TemporalSettings } from './temporal-settings.ts'

/** temporal.api.enums.v1.IndexedValueType, which is the wire's and does not change. */
const wireTypes = { Text: 1, Keyword: 2, Int: 3, Double: 4, Bool: 5, Datetime: 6, KeywordList: 7 }

/** Adds the search attributes that a given server lacks; if it may not, tells so and answers false. */
export async function addSearchAttributes(
  at: TemporalAt,
  namespace: string,
  wanted: TemporalSettings['searchAttributes'],
  log: (line: string) => void,
): Promise<boolean> {
  const connection = await Connection.connect(at)
  try {
    const known = await connection.operatorService.listSearchAttributes({ namespace })
    for (const [name, type] of Object.entries(wanted))
      if ((known.customAttributes[name] ?? wireTypes[type]) !== wireTypes[type])
        log(`the search attribute ${name} should be of type ${type}: remove it, then start again`)
    const missing = Object.entries(wanted).filter(([name]) => !known.customAttributes[name])
    if (missing.length === 0) return true
    log(`adding search attributes: ${missing.map(([name]) => name).join(', ')}`)
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map(([name, type]) => [name, wireTypes[type]])),
    })
    return true
  } catch (cause) {
    log(`search attributes could not be checked (add those of temporal-dev.yml): ${String(cause)}`)
    return false
  } finally {
    await connection.close()
  }
}
