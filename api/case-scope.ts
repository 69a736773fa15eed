import { readCase, type CaseRow } from '#db/queries/exceptions'
import type { Principal } from './deps.ts'
import { visible } from './scope.ts'

/** The case, when it exists and its caller may see its company, channel and site. */
export async function caseInScope(
  reader: Parameters<typeof readCase>[0],
  principal: Principal,
  id: string,
): Promise<CaseRow> {
  return visible(principal, await readCase(reader, BigInt(id)), 'exception case', (row) => ({
    entity: row.entity,
    channel: row.channel,
    site: row.site,
  }))
}
