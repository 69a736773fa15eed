import type {
  AnswerPurchaseChange,
  ChangeSentPurchase,
  DecidePurchaseChange,
  SentLineChange,
} from '#contracts/procure-to-pay'
import { purchaseChangeSet860 } from '#connectors/edi/purchase-change-860'
import type { Tx } from '#db/client'
import {
  insertChange,
  keepChange,
  lockChange,
  rewriteLine,
  type PurchaseChange,
} from '#db/stores/purchase-changes'
import {
  insertLines,
  lockPurchase,
  markPurchase,
  type NewPurchaseLine,
  type PurchaseOrder,
} from '#db/stores/purchase-orders'
import { recordDecisions } from '#db/stores/records'
import type { PurchaseLine } from '#domain/purchasing/order'
import {
  asksMore,
  changeCode,
  changed,
  isChange,
  wantedOf,
  type LineTerms,
} from '#domain/purchasing/sent-change'
import { Refusal } from '#domain/refusal'
import { neededFor } from './approval.ts'
import { healPurchaseCases, openPurchaseCase } from './cases.ts'
import { documentOf } from './document.ts'
import { draftedLines } from './draft.ts'
import { intendChange, keepDocuments } from './sending.ts'
import { expectLines } from './supply.ts'
import { underWayOf } from './title.ts'

/**
 * Asks the supplier for other terms of an order that it has. Nothing of the order changes before it
 * agrees; what makes it dearer is signed by somebody else first.
 * @throws Refusal `PurchaseNotSent`, `BuyerFixed`, `ChangeOpen`, `NothingChanged`, `UnknownPurchaseLine`,
 *   `ChangeBelowReceived`, `PriceOfReceived`, and those of an added line
 */
export async function changeSentPurchase(
  tx: Tx,
  order: PurchaseOrder,
  command: ChangeSentPurchase & { today: string },
): Promise<PurchaseChange> {
  mayChange(order)
  const { reason, actor } = command
  const lines = (command.lines ?? []).map(termsOf)
  await checkTerms(tx, order, lines)
  const added = await draftedLines(tx, order.supplier, command.added ?? [], command.today)
  if (lines.length + added.length === 0)
    throw new Refusal('NothingChanged', 'Say what shall be different: a line, or a line more.')
  const after = linesAfter(order, { lines, added })
  const needed = asksMore(order.lines, after)
    ? await neededFor(tx, { ...order, lines: after })
    : { steps: [], reasons: ['no more than before'] }
  const neededStep = needed.steps.at(-1) ?? null
  const change = await insertChange(tx, order, { lines, added, neededStep, reason, actor })
  const { kind, version } = order.policies.purchasing
  await recordDecisions(tx, [
    {
      ...{ subjectType: 'purchase-order', subjectId: `${order.id}`, kind: 'change-approval' },
      ...{ rule: kind, ruleVersion: version, inputs: { changeId: change.id, lines, added } },
      ...{ choice: needed, actor },
    },
  ])
  if (neededStep === null) await sendChange(tx, order, change)
  return change
}

function mayChange(order: PurchaseOrder): void {
  if (order.sentRevision !== order.revision || order.cancelledAt !== null)
    throw new Refusal(
      'PurchaseNotSent',
      `${order.poNumber} is not with the supplier: change its draft, or see what it waits for.`,
    )
  if (order.shipsToOrderId !== null)
    throw new Refusal(
      'BuyerFixed',
      `${order.poNumber} ships to a buyer, whose order says what it is: close it short and order anew.`,
    )
}

function termsOf({ lineNo, qty, unitPriceMinor, pricePer, neededOn }: SentLineChange): LineTerms {
  return {
    lineNo,
    ...(qty === undefined ? {} : { qty: BigInt(qty) }),
    ...(unitPriceMinor === undefined
      ? {}
      : { unitPriceMinor: BigInt(unitPriceMinor), pricePer: BigInt(pricePer ?? '1') }),
    ...(neededOn === undefined ? {} : { neededOn }),
  }
}

/** Units that have come, or are ours, stay as they are: in number and in price. */
async function checkTerms(
  tx: Tx,
  order: PurchaseOrder,
  lines: readonly LineTerms[],
): Promise<void> {
  const ours = await underWayOf(tx, order)
  for (const [n, terms] of lines.entries()) {
    const line = order.lines.find(({ lineNo }) => lineNo === terms.lineNo)
    const at = { field: `body.lines.${n}` }
    if (!line)
      throw new Refusal('UnknownPurchaseLine', `${order.poNumber} has no line ${terms.lineNo}.`, at)
    if (!isChange(line, terms))
      throw new Refusal('NothingChanged', `Line ${line.lineNo} is so already.`, at)
    const fixed = line.received + (ours.find((one) => one.line === line)?.qty ?? 0n)
    if (terms.qty !== undefined && terms.qty < fixed)
      throw new Refusal(
        'ChangeBelowReceived',
        `${fixed} units of line ${line.lineNo} have come or are ours: ask for at least as many.`,
        at,
      )
    if (terms.unitPriceMinor !== undefined && fixed > 0n)
      throw new Refusal(
        'PriceOfReceived',
        `Units of line ${line.lineNo} have come at its price: ask for the others on a line of their own.`,
        at,
      )
  }
}

function linesAfter(
  order: PurchaseOrder,
  { lines, added }: { lines: readonly LineTerms[]; added: readonly NewPurchaseLine[] },
): PurchaseLine[] {
  const known = order.lines.map((line) => {
    const terms = lines.find(({ lineNo }) => lineNo === line.lineNo)
    return terms ? changed(line, terms) : line
  })
  const last = Math.max(...order.lines.map(({ lineNo }) => lineNo))
  const [model] = order.lines
  return [
    ...known,
    ...added.map((line, n) => ({
      ...{
        ...model!,
        ...line,
        id: -1n,
        lineNo: last + 1 + n,
        sku: '',
        title: '',
        promisedOn: null,
      },
      ...{ ordered: line.qty, open: line.qty, acknowledged: null, received: 0n, inspected: 0n },
      ...{ rejected: 0n, replacing: 0n, cancelled: 0n },
    })),
  ]
}

/** @throws Refusal `ChangeDecided`, `SelfApproval`, `NotAllowed` */
export async function decidePurchaseChange(
  tx: Tx,
  order: PurchaseOrder,
  command: DecidePurchaseChange,
): Promise<void> {
  const change = await lockChange(tx, order, command.changeId)
  const { actor, decision, roles } = command
  if (change.state !== 'proposed' && !(change.state === 'sent' && decision === 'withdrawn'))
    throw new Refusal('ChangeDecided', `Change ${change.id} is ${change.state}: read it again.`)
  if (decision === 'withdrawn' || decision === 'rejected')
    return withdraw(tx, order, change, command)
  if (actor === change.requestedBy || order.authors.includes(actor))
    throw new Refusal(
      'SelfApproval',
      'You wrote this order or its change: somebody else has to sign.',
    )
  const may = ['system', 'controller', change.neededStep!].some((role) => roles.includes(role))
  if (!may)
    throw new Refusal('NotAllowed', `The change waits for the signature of: ${change.neededStep}.`)
  await keepChange(tx, change, { state: 'sent', approvedBy: actor })
  await sendChange(tx, order, change)
}

async function withdraw(
  tx: Tx,
  order: PurchaseOrder,
  change: PurchaseChange,
  { actor, key }: DecidePurchaseChange,
): Promise<void> {
  await keepChange(tx, change, { state: 'withdrawn', answeredBy: actor })
  if (change.state !== 'sent') return
  const text = `Please disregard our change ${change.id} of purchase order ${order.poNumber}: the order stands as it was.`
  await intendChange(tx, order, { key: `withdraw/${key}`, text, document: null })
}

async function sendChange(tx: Tx, order: PurchaseOrder, change: PurchaseChange): Promise<void> {
  const after = linesAfter(order, change)
  const document = await documentOf(tx, { ...order, lines: await named(tx, after) })
  const lines = after.flatMap((line) => {
    const before = order.lines.find(({ lineNo }) => lineNo === line.lineNo)
    if (before === line) return []
    const { lineNo, received, neededOn } = line
    const qty = wantedOf(line)
    return [{ lineNo, code: changeCode(before, line), qty, left: qty - received, neededOn }]
  })
  const said = lines.map(({ lineNo, code, qty, neededOn }) => {
    const { title, sku, vendorSku, unitPriceMinor, pricePer } = document.lines.find(
      (one) => one.lineNo === lineNo,
    )!
    return `- line ${lineNo}${code === 'AI' ? ' (new)' : ''}, ${vendorSku ?? sku} ${title}: ${qty} units at ${unitPriceMinor} for ${pricePer} (minor units of ${order.currency}), by ${neededOn}`
  })
  const text = [`Please confirm this change of our purchase order ${order.poNumber}:`, ...said]
  await intendChange(tx, order, {
    ...{ key: `change/${change.id}`, text: text.join('\n') },
    document: (envelope) =>
      purchaseChangeSet860(document, { changeNo: `${change.id}`, lines }, envelope),
  })
}

/** Added lines with the item's name, as the document says it. */
async function named(tx: Tx, lines: readonly PurchaseLine[]): Promise<PurchaseLine[]> {
  const rows = await tx<{ id: number; sku: string; title: string }[]>`
    SELECT id, sku, name AS title FROM item WHERE id = ANY(${lines.map(({ itemId }) => itemId)}::int[])`
  return lines.map((line) => {
    const { sku, title } = rows.find(({ id }) => id === line.itemId)!
    return { ...line, sku, title }
  })
}

/**
 * What the supplier says to a change (X12 865, or a person for it): agreed, refused, or other terms,
 * which a person takes or not.
 * @throws Refusal `ChangeNotFound`, `ChangeDecided`, `UnknownPurchaseLine`
 */
export async function answerPurchaseChange(
  tx: Tx,
  order: PurchaseOrder,
  command: AnswerPurchaseChange,
): Promise<void> {
  const change = await lockChange(tx, order, command.changeId ?? null)
  const { answer, actor, key } = command
  if (change.state !== 'sent')
    throw new Refusal('ChangeDecided', `Change ${change.id} is ${change.state}: read it again.`)
  if (answer === 'accepted') {
    await keepChange(tx, change, { state: 'accepted', answeredBy: actor })
    return agree(tx, order, { ...change, state: 'accepted' }, { actor, key })
  }
  const counter = (command.lines ?? []).map(termsOf)
  await checkTerms(tx, order, counter)
  const state = counter.length > 0 ? 'countered' : 'refused'
  await keepChange(tx, change, { state, counter, answeredBy: actor })
  const offers = counter.map(
    ({ lineNo, qty, unitPriceMinor, neededOn }) =>
      `line ${lineNo}: ${[qty, unitPriceMinor, neededOn].filter((one) => one !== undefined).join(', ')}`,
  )
  await openPurchaseCase(tx, order, {
    ...{ type: 'purchase-changed', openedBy: `answer to change ${change.id}` },
    discriminator: `change/${change.id}`,
    summary: `${order.supplierName} ${state === 'refused' ? 'refuses' : 'counters'} change ${change.id} of ${order.poNumber}${offers.length > 0 ? `: ${offers.join('; ')}` : ''}`,
    evidence: { changeId: `${change.id}`, state, offers },
  })
}

/** The supplier's other terms are taken, by somebody who wrote neither the order nor its change. */
export async function acceptCounter(
  tx: Tx,
  order: PurchaseOrder,
  changeId: string,
  by: { actor: string; key: string },
): Promise<void> {
  const change = await lockChange(tx, order, changeId)
  if (change.state !== 'countered')
    throw new Refusal(
      'NothingConfirmed',
      'The supplier has offered nothing instead: keep the order as it was, or cancel it.',
    )
  if (order.authors.includes(by.actor) || by.actor === change.requestedBy)
    throw new Refusal('SelfApproval', 'You wrote this order or its change: somebody else has to.')
  await keepChange(tx, change, { state: 'accepted', approvedBy: by.actor })
  const lines = change.counter!
  await agree(tx, order, { ...change, lines, added: [], approvedBy: by.actor }, by)
}

/** What the supplier offered instead is not taken: the order stands as it was. */
export async function closeCounter(
  tx: Tx,
  order: PurchaseOrder,
  changeId: unknown,
  actor: string,
): Promise<void> {
  if (typeof changeId !== 'string') return
  const change = await lockChange(tx, order, changeId)
  if (change.state === 'countered')
    await keepChange(tx, change, { state: 'refused', answeredBy: actor })
}

/** Both sides agree: a new revision, which is approved, sent and confirmed at once. */
export async function agree(
  tx: Tx,
  order: PurchaseOrder,
  change: PurchaseChange,
  { actor, key }: { actor: string; key: string },
): Promise<void> {
  const revision = order.revision + 1
  const authors = [...new Set([...order.authors, change.requestedBy])]
  await tx`UPDATE purchase_order SET revision = ${revision}, authors = ${authors} WHERE id = ${order.id}`
  const signed = change.approvedBy
  await tx`
    INSERT INTO purchase_order_approval (purchase_order_id, revision, step, decision, content_hash, reason, actor)
    VALUES (${order.id}, ${revision}, ${signed === null ? 'rule' : (change.neededStep ?? 'purchasing-manager')}, 'approved', sha256(${`change/${change.id}`}::text::bytea),
      ${`change ${change.id}`}, ${signed ?? change.requestedBy})`
  await markPurchase(tx, order, {
    ...{ submittedRevision: revision, approvedRevision: revision },
    ...{ sentRevision: revision, acknowledgedRevision: revision },
  })
  for (const terms of change.lines) {
    const line = order.lines.find(({ lineNo }) => lineNo === terms.lineNo)!
    await rewriteLine(tx, line.id, changed(line, fitting(line, terms)))
  }
  if (change.added.length > 0)
    await insertLines(tx, order.id, change.added, Math.max(...order.lines.map((l) => l.lineNo)))
  const now = await lockPurchase(tx, order.id)
  await keepDocuments(tx, now)
  await healPurchaseCases(tx, now, ['purchase-unconfirmed'], 'the supplier has agreed to a change')
  await expectLines(tx, now, { actor, key, reason: `change ${change.id}` })
}

/** Units that came while the change was asked for stay. */
function fitting(line: PurchaseLine, terms: LineTerms): LineTerms {
  if (terms.qty === undefined || terms.qty >= line.received) return terms
  return { ...terms, qty: line.received }
}
