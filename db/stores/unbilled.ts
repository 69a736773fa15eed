import type { Db, Tx } from '#db/client'
import { billPolicyFor } from '#db/queries/bill-policy'
import { policiesFor } from '#db/queries/policies'
import { exchangeRate } from '#db/queries/rates'
import { transaction } from '#db/transaction'
import { dateAt } from '#domain/dates'
import { postGrniCleared, receiptLineKey } from '#domain/ledger/posting-bills'
import { Refusal } from '#domain/refusal'
import { healCases, openCase, resolveCase } from './cases.ts'
import { lockOpenItem } from './ledger-open-items.ts'
import { postEntries } from './ledger.ts'
import { adjustLayers, lockItems, spreadOver } from './later-cost.ts'
import { recordDecisions } from './records.ts'

/** The process in whose name unbilled receipts wait for somebody. */
const WATCHED_BY = 'notification/outbox'
const SUBJECT = 'receipt-line'

interface Unbilled {
  key: string
  entityId: number
  entity: string
  currency: string
  openMinor: bigint
  receiptNo: string
  supplier: string
  ageDays: number
}

/**
 * Asks about goods that came so many days ago and nobody has billed, one case a receipt's line;
 * a case whose line was billed meanwhile closes by itself.
 */
export async function watchUnbilled(db: Db): Promise<void> {
  const late = await db<Unbilled[]>`
    SELECT i.key, i.entity_id AS "entityId", e.code AS entity, i.currency, -i.balance_minor AS "openMinor", r.receipt_no AS "receiptNo", r.supplier, current_date - i.opened_on AS "ageDays"
    FROM open_item i JOIN entity e ON e.id = i.entity_id JOIN goods_receipt r ON r.id = split_part(i.key, '/', 2)::bigint
    WHERE i.account_id = 2020 AND i.balance_minor < 0 AND i.book = 'main' AND i.key ~ '^receipt-line/[0-9]+/[0-9]+$'
      AND i.opened_on <= current_date - coalesce((SELECT min((body->>'unbilledDays')::int) FROM policy WHERE kind = 'bills'), 30)
      AND NOT EXISTS (SELECT FROM exception_case c WHERE c.key = 'unbilled/' || i.key AND c.state = 'open') ORDER BY i.id LIMIT 200`
  for (const line of late) await transaction(db, (tx) => ask(tx, line))
  const over = await db<{ id: bigint }[]>`
    SELECT c.id FROM exception_case c WHERE c.type = 'receipt-unbilled' AND c.state = 'open' AND NOT EXISTS (
      SELECT FROM open_item i WHERE i.entity_id = c.entity_id AND i.account_id = 2020 AND i.key = 'receipt-line/' || c.subject_id AND i.balance_minor < 0)`
  if (over.length === 0) return
  const ids = over.map(({ id }) => id)
  await transaction(db, (tx) => healCases(tx, ids, 'it was billed'))
}

async function ask(tx: Tx, line: Unbilled): Promise<void> {
  const { body } = await billPolicyFor(tx, line.entity)
  if (line.ageDays < body.unbilledDays) return
  const { exceptions } = await policiesFor(tx, '*')
  await openCase(tx, {
    key: `unbilled/${line.key}`,
    type: 'receipt-unbilled',
    subjectType: SUBJECT,
    subjectId: line.key.slice('receipt-line/'.length),
    workflowId: WATCHED_BY,
    entityId: line.entityId,
    channelId: null,
    policy: exceptions.body['receipt-unbilled'],
    moneyAtRiskMinor: line.openMinor,
    currency: line.currency,
    customerClass: 'standard',
    summary: `Goods of receipt ${line.receiptNo} came ${line.ageDays} days ago and nobody has billed them`,
    evidence: { receiptNo: line.receiptNo, supplier: line.supplier, currency: line.currency },
    openedBy: 'rule:grni-age',
  })
}

export interface UnbilledDecision {
  caseId: bigint
  /** `<receipt>/<line>` */
  subjectId: string
  entityId: number
  currency: string
  resolution: 'clear' | 'wait'
  reason: string
  actor: string
}

/** More time for the vendor's bill, or none will come: then the goods cost nothing. */
export async function decideUnbilled(tx: Tx, decision: UnbilledDecision): Promise<void> {
  if (decision.resolution === 'wait') {
    const { exceptions } = await policiesFor(tx, '*')
    const seconds = exceptions.body['receipt-unbilled'].slaMinutes * 60
    await tx`UPDATE exception_case SET due_at = clock_timestamp() + make_interval(secs => ${seconds}) WHERE id = ${decision.caseId} AND state = 'open'`
    return
  }
  await clear(tx, decision)
  await resolveCase(tx, decision.caseId, {
    resolution: 'clear',
    params: { reason: decision.reason },
    actor: decision.actor,
  })
  await recordDecisions(tx, [
    {
      subjectType: SUBJECT,
      subjectId: decision.subjectId,
      kind: 'exception:receipt-unbilled',
      rule: 'person',
      ruleVersion: 1,
      inputs: { caseId: decision.caseId },
      choice: { resolution: 'clear', reason: decision.reason },
      alternatives: [{ resolution: 'wait' }],
      actor: decision.actor,
    },
  ])
}

async function clear(tx: Tx, { subjectId, entityId, currency, actor }: UnbilledDecision) {
  const [receipt, no] = subjectId.split('/')
  const receiptId = BigInt(receipt!)
  const lineNo = Number(no)
  const [line] = await tx<
    { itemId: number; siteId: number; party: string; functional: string; timezone: string }[]
  >`
    SELECT l.item_id AS "itemId", r.site_id AS "siteId", coalesce(s.party, r.supplier) AS party, e.functional_currency AS functional, e.timezone
    FROM goods_receipt r JOIN goods_receipt_line l ON l.receipt_id = r.id JOIN entity e ON e.id = r.entity_id LEFT JOIN supplier s ON s.id = r.supplier_id
    WHERE r.id = ${receiptId} AND l.line_no = ${lineNo}`
  const { itemId, siteId, party, functional: functionalCurrency, timezone } = line!
  await lockItems(tx, [itemId])
  const item = await lockOpenItem(tx, {
    ...{ entityId, account: 'GoodsReceivedNotInvoiced', currency },
    key: receiptLineKey(receiptId, lineNo),
  })
  if (!item || item.balanceMinor >= 0n)
    throw new Refusal(
      'NothingUnbilled',
      `Nothing of receipt line ${subjectId} waits for a bill any more: look at it again.`,
    )
  const clearedOn = dateAt(Date.now(), timezone)
  const shares = await spreadOver(tx, { receiptId, receiptLineNo: lineNo }, item.funcMinor)
  const cause = { causeType: 'grni-cleared', causeId: subjectId, effectiveOn: clearedOn }
  await adjustLayers(tx, shares, cause)
  const rateE9 = await exchangeRate(tx, { from: currency, to: functionalCurrency, on: clearedOn })
  const entry = postGrniCleared({
    ...{ receiptId, lineNo, entity: entityId, party, clearedOn, currency, functionalCurrency },
    ...{ rateE9, itemId, siteId },
    openMinor: -item.balanceMinor,
    bookedFuncMinor: -item.funcMinor,
    difference: { soldTo: 'PriceVariance', shares },
  })
  await postEntries(tx, [entry], actor)
}
