import type { RecordCount, ReportUnknownItem } from '#contracts/cycle-count'
import type { Tx } from '#db/client'
import {
  expectedAt,
  insertCountEntry,
  type CountLine,
  type CountTask,
} from '#db/stores/count-tasks'
import { knownCost } from '#db/stores/known-cost'
import { lockPositions } from '#db/stores/stock'
import { Refusal } from '#domain/refusal'
import { isWithinTolerance, verdictOn } from '#domain/stock/counts'
import { costOfFound } from '#domain/valuation'
import { openDocumentCase } from '../documents/cases.ts'
import { postOrAsk } from './post.ts'

const TO_COUNT = new Set(['to-count', 'recount'])

/**
 * Takes in what somebody saw. They are never told what should be there; what the books held at the
 * moment of the scan is found out now, so that what moved since is no difference.
 * @throws Refusal `NotToCount`, `SameCounter`, `InvalidScanTime`.
 */
export async function takeCounts(
  tx: Tx,
  task: CountTask,
  command: RecordCount & { today: string },
): Promise<void> {
  const told = command.entries.map((entry, n) => ({ entry, line: lineToCount(task, entry, n) }))
  for (const { line } of told) requireAnother(line, command.actor)
  const scannedAt = await scanTime(tx, command.scannedAt)
  const items = [...new Set(told.map(({ line }) => line.itemId))]
  await lockPositions(tx, items, [task.siteId])
  for (const { entry, line } of told) {
    const counted = BigInt(entry.counted)
    const place = { itemId: line.itemId, siteId: task.siteId, bin: line.bin, lot: line.lot }
    const expected = await expectedAt(tx, place, scannedAt)
    const round = line.entries.length + 1
    const taken = { round, counted, expected, countedBy: command.actor }
    await insertCountEntry(tx, line.id, { ...taken, scannedAt, device: command.device ?? null })
    await judge(tx, task, line, taken)
    line.entries.push(taken)
    await followUp(tx, task, line, command)
  }
}

function lineToCount(
  task: CountTask,
  { sku, bin = '', lot = '' }: RecordCount['entries'][number],
  n: number,
): CountLine {
  const line = task.lines.find((one) => one.sku === sku && one.bin === bin && one.lot === lot)
  if (line && TO_COUNT.has(line.state)) return line
  const where = bin === '' ? sku : `${sku} in ${bin}`
  throw new Refusal(
    'NotToCount',
    line
      ? `${where} has been counted already, perhaps by somebody else just now. Count what is left on the sheet.`
      : `${where} is not on the sheet of ${task.no}. What lies there unasked is reported as an unknown item, or counted by another count.`,
    { field: `body.entries.${n}` },
  )
}

function requireAnother(line: CountLine, actor: string): void {
  if (!line.entries.some((entry) => entry.countedBy === actor)) return
  throw new Refusal(
    'SameCounter',
    `You have counted ${line.sku} before: somebody else counts it again.`,
  )
}

/** The database's clock decides, and a scan cannot be of tomorrow nor older than a week. */
async function scanTime(tx: Tx, given: string | undefined): Promise<string> {
  const [clock] = await tx<{ at: string; valid: boolean }[]>`
    SELECT coalesce(${given ?? null}::timestamptz, clock_timestamp())::text AS at,
      coalesce(${given ?? null}::timestamptz BETWEEN clock_timestamp() - interval '7 days' AND clock_timestamp() + interval '1 minute', true) AS valid`
  if (!clock!.valid)
    throw new Refusal(
      'InvalidScanTime',
      'A scan is of the last seven days and not of the future: set the clock of the device, or count again.',
      { field: 'body.scannedAt' },
    )
  return clock!.at
}

/** Values the difference and decides what is to be done about it. */
async function judge(
  tx: Tx,
  task: CountTask,
  line: CountLine,
  { counted, expected }: { counted: bigint; expected: bigint },
): Promise<void> {
  const off = counted - expected
  const cost = await costHere(tx, task, line)
  line.expected = expected
  line.counted = counted
  line.varianceMinor = cost && off !== 0n ? costOfFound(cost, off < 0n ? -off : off) : 0n
  line.expectedMinor = cost ? costOfFound(cost, expected < 0n ? 0n : expected) : 0n
  const found = { expected, counted, varianceMinor: line.varianceMinor }
  line.withinTolerance = isWithinTolerance(found, line.policy.body)
  const earlier = line.entries.map((entry) => entry.counted - entry.expected)
  const verdict = verdictOn(found, earlier, line.policy.body)
  line.state = verdict.state
  if (verdict.state !== 'approved') return
  line.reasonCode = verdict.reasonCode
  line.approvedBy = `rule: count@${line.policy.version}`
}

/** An item that nobody has ever received has no cost; posting what is found of it is refused then. */
async function costHere(tx: Tx, task: CountTask, line: CountLine) {
  const at = { entityId: task.entityId, itemId: line.itemId, siteId: task.siteId }
  return knownCost(tx, at).catch((error: unknown) => {
    if (error instanceof Refusal) return undefined
    throw error
  })
}

async function followUp(
  tx: Tx,
  task: CountTask,
  line: CountLine,
  command: { actor: string; today: string },
): Promise<void> {
  if (line.state === 'review') await askAboutVariance(tx, task, line)
  if (line.state === 'matched' || line.state === 'approved')
    await postOrAsk(tx, task, line, command)
}

/** Two people counted, and it still does not agree: a third one looks. */
async function askAboutVariance(tx: Tx, task: CountTask, line: CountLine): Promise<void> {
  const off = line.counted! - line.expected!
  await openDocumentCase(tx, task, {
    type: 'count-variance',
    discriminator: line.lineNo.toString(),
    siteId: task.siteId,
    summary: `${task.no}: ${off > 0n ? '+' : ''}${off} × ${line.sku}${line.bin ? ` in ${line.bin}` : ''}`,
    evidence: {
      lineNo: line.lineNo,
      sku: line.sku,
      bin: line.bin,
      lot: line.lot,
      counts: line.entries.map((entry) => ({
        round: entry.round,
        counted: entry.counted.toString(),
        expected: entry.expected.toString(),
        by: entry.countedBy,
      })),
      valueMinor: line.varianceMinor!.toString(),
    },
    moneyAtRiskMinor: line.varianceMinor!,
    openedBy: 'rule: count',
  })
}

/** Something lies there that nobody can name: a person says what it is. */
export async function keepUnknownItem(
  tx: Tx,
  task: CountTask,
  command: ReportUnknownItem,
): Promise<void> {
  const { bin = '', counted, description, actor, key } = command
  await openDocumentCase(tx, task, {
    type: 'count-unknown-item',
    discriminator: key,
    siteId: task.siteId,
    summary: `${task.no}: ${counted} units of something unknown${bin ? ` in ${bin}` : ''}: ${description}`,
    evidence: { bin, counted, description, by: actor },
    moneyAtRiskMinor: 0n,
    openedBy: actor,
  })
}
