import { readCase, type CaseRow } from '#db/queries/exceptions'
import type { Principal } from './deps.ts'
import { HttpProblem, toProblem } from './problem.ts'
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

/** How a process says that a case, or all that it is about, is over. */
const LATE = new Set(['CaseNotOpen', 'OrderClosed', 'BillClosed', 'DocumentClosed'])

export function notOpen(found: CaseRow): HttpProblem {
  const choice = found.resolution ? ` (${found.resolution})` : ''
  return new HttpProblem({
    status: 409,
    code: 'CaseNotOpen',
    title: 'The case is not open',
    detail: `Case ${found.id} was ${found.state} by ${found.resolvedBy ?? 'the system'}${choice}.`,
  })
}

/** What the process said of a decision; of a case that is decided, the same however it says so. */
export function answerOf(found: CaseRow, error: unknown): unknown {
  return found.state !== 'open' && LATE.has(toProblem(error).code) ? notOpen(found) : error
}
