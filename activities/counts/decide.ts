import type { ResolveException } from '#contracts/order-to-cash'
import type { CancelCount } from '#contracts/cycle-count'
import type { Tx } from '#db/client'
import type { OpenCase } from '#db/stores/cases'
import {
  countLines,
  insertCountLines,
  rolesOfActor,
  type CountLine,
  type CountTask,
} from '#db/stores/count-tasks'
import { itemIdsOf } from '#db/stores/stock-settings'
import { Refusal } from '#domain/refusal'
import {
  decideDocumentCase,
  escalateDocumentCases,
  healDocumentCases,
  openDocumentCases,
} from '../documents/cases.ts'
import { textParam } from '../documents/params.ts'
import { postOrAsk } from './post.ts'
import { takeFromOrders } from './reallocate.ts'
import { tolerancesOf } from './request.ts'

type Deciding = ResolveException & { today: string }

/** Carries a person's choice on a case of a count out. */
export async function resolveCountCase(tx: Tx, task: CountTask, command: Deciding): Promise<void> {
  const open = await openDocumentCases(tx, task)
  const about = open.find((found) => found.id.toString() === command.caseId)
  // Who may approve is asked first: a choice that is refused leaves the case open.
  if (about?.type === 'count-variance') await requireApprover(tx, lineOfCase(task, about), command)
  const found = await decideDocumentCase(tx, task, command)
  switch (found.type) {
    case 'count-variance':
      return decideVariance(tx, task, lineOfCase(task, found), command)
    case 'count-reserved':
      if (command.resolution === 'reallocate')
        await takeFromOrders(tx, task, lineOfCase(task, found), command)
      return
    case 'count-unknown-item':
      if (command.resolution === 'identify') await identify(tx, task, found, command)
      return
    default:
      textParam(command.params, 'cause')
  }
}

function lineOfCase(task: CountTask, found: OpenCase): CountLine {
  return task.lines.find((line) => line.lineNo === found.evidence['lineNo'])!
}

/**
 * Whoever approves has not counted, and from the policy's value on is a controller.
 * @throws Refusal `CounterMayNotApprove`, `ControllerNeeded`.
 */
async function requireApprover(tx: Tx, line: CountLine, { actor }: Deciding): Promise<void> {
  if (line.entries.some((entry) => entry.countedBy === actor))
    throw new Refusal(
      'CounterMayNotApprove',
      `You have counted ${line.sku} yourself: somebody else decides about the difference.`,
    )
  if (line.varianceMinor! < BigInt(line.policy.body.controllerFromMinor)) return
  if ((await rolesOfActor(tx, actor)).includes('controller')) return
  throw new Refusal(
    'ControllerNeeded',
    `A difference of this value (${line.varianceMinor} minor units) is decided by a controller.`,
  )
}

async function decideVariance(
  tx: Tx,
  task: CountTask,
  line: CountLine,
  command: Deciding,
): Promise<void> {
  switch (command.resolution) {
    case 'third-count':
      line.state = 'recount'
      return
    case 'search':
      line.state = 'recount'
      return addLinkedPlaces(tx, task, line)
    case 'reject':
      line.state = 'rejected'
      line.approvedBy = command.actor
      return
    case 'reverse-earlier':
      await requireEarlier(tx, task, line, textParam(command.params, 'adjustmentId'))
      return approve(tx, task, line, 'earlier-count-error', command)
    default:
      return approve(tx, task, line, await reasonCode(tx, command), command)
  }
}

async function approve(
  tx: Tx,
  task: CountTask,
  line: CountLine,
  code: string,
  command: Deciding,
): Promise<void> {
  line.reasonCode = code
  line.approvedBy = command.actor
  line.state = 'approved'
  await postOrAsk(tx, task, line, command)
}

/** @throws Refusal `MissingParameter`, `UnknownReason`. */
async function reasonCode(tx: Tx, { params }: Deciding): Promise<string> {
  const code = textParam(params, 'reasonCode')
  const codes = await tx<{ code: string }[]>`
    SELECT code FROM reason_code WHERE domain = 'count' AND code NOT IN ('within-tolerance', 'confirmed-by-recount') ORDER BY code`
  if (codes.some((known) => known.code === code)) return code
  throw new Refusal(
    'UnknownReason',
    `"${code}" is no reason of a count. Send one of ${codes.map((known) => known.code).join(', ')}.`,
    { field: 'params.reasonCode' },
  )
}

/** The earlier correction that this one takes back was about the same item and site, the other way round. */
async function requireEarlier(
  tx: Tx,
  task: CountTask,
  line: CountLine,
  adjustmentId: string,
): Promise<void> {
  const [earlier] = await tx<{ qty: bigint }[]>`
    SELECT sum(CASE WHEN to_site_id = ${task.siteId} THEN qty ELSE -qty END)::bigint AS qty FROM stock_movement
    WHERE cause_type = 'adjustment' AND cause_id = ${adjustmentId} AND item_id = ${line.itemId} AND ${task.siteId} IN (from_site_id, to_site_id)`
  const off = line.counted! - line.expected!
  if (earlier?.qty != null && earlier.qty === -off) return
  throw new Refusal(
    'NotTheEarlierError',
    `Adjustment ${adjustmentId} is not one of ${-off} units of ${line.sku} at ${task.site}, so this difference does not take it back. Accept it with its reason, or count once more.`,
    { field: 'params.adjustmentId' },
  )
}

/** What is missing here may lie there: the other places of the item are counted too. */
async function addLinkedPlaces(tx: Tx, task: CountTask, line: CountLine): Promise<void> {
  const places = await tx<{ bin: string; lot: string }[]>`
    SELECT q.bin, q.lot FROM stock_quant q WHERE q.item_id = ${line.itemId} AND q.site_id = ${task.siteId} AND q.condition = 'sellable' AND q.owner = 'own'
      AND NOT EXISTS (SELECT FROM count_line o WHERE o.item_id = q.item_id AND o.site_id = q.site_id AND o.bin = q.bin AND o.lot = q.lot
        AND (o.task_id = ${task.id} OR o.state IN ('to-count', 'recount', 'review', 'approved'))) ORDER BY 1, 2`
  const reasons = [`search for ${line.sku} of line ${line.lineNo}`]
  const lines = places.map((place) => ({
    ...place,
    itemId: line.itemId,
    reasons,
    policy: line.policy,
  }))
  await addLines(tx, task, lines)
}

async function addLines(
  tx: Tx,
  task: CountTask,
  lines: Parameters<typeof insertCountLines>[2],
): Promise<void> {
  await insertCountLines(tx, task, lines, task.lines.length + 1)
  const all = await countLines(tx, task.id)
  task.lines.push(...all.slice(task.lines.length))
}

/** Somebody knows what it is: its place is counted as any other, by somebody who says how many. */
async function identify(
  tx: Tx,
  task: CountTask,
  found: OpenCase,
  command: Deciding,
): Promise<void> {
  const sku = textParam(command.params, 'sku')
  const [itemId] = await itemIdsOf(tx, [sku], () => 'params.sku')
  const bin = String(found.evidence['bin'] ?? '')
  if (task.lines.some((line) => line.itemId === itemId && line.bin === bin && line.lot === ''))
    return
  const policy = await tolerancesOf(tx, task, itemId!)
  const reasons = [`identified: ${String(found.evidence['description'])}`]
  await addLines(tx, task, [{ itemId: itemId!, bin, lot: '', reasons, policy }])
}

/** Nothing more is counted; what was posted stays. @throws Refusal `NothingToCancel`. */
export async function cancelTask(tx: Tx, task: CountTask, command: CancelCount): Promise<void> {
  const open = task.lines.filter((line) => OPEN.has(line.state))
  if (open.length === 0)
    throw new Refusal('NothingToCancel', `Every place of ${task.no} is settled. Read it.`)
  for (const line of open) line.state = 'cancelled'
  const types = ['count-variance', 'count-reserved', 'count-unknown-item'] as const
  await healDocumentCases(tx, task, types, `the count was cancelled: ${command.reason}`)
}

const OPEN = new Set(['to-count', 'recount', 'review', 'approved'])

/** Cases move up; what only waited for reserved units is posted once they are free. */
export async function passCountDeadlines(
  tx: Tx,
  task: CountTask,
  by: { actor: string; today: string },
): Promise<void> {
  await escalateDocumentCases(tx, task)
  for (const line of task.lines.filter((one) => one.state === 'approved'))
    await postOrAsk(tx, task, line, by)
}
