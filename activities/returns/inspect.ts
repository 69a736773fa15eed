import type {
  InspectReturn,
  LabelReturn,
  LinkExchange,
  ScanReturn,
} from '#contracts/return-to-refund'
import { saveUnits, type ReturnedUnit } from '#db/stores/customer-returns'
import { postEntries } from '#db/stores/ledger'
import { costOfUnits } from '#db/stores/returned-units'
import { postReturnLabelled } from '#domain/ledger/posting-returns'
import { Refusal } from '#domain/refusal'
import { moneyOn } from '../orders/order-money.ts'
import { openReturnCase } from './cases.ts'
import { valueOfUnits } from './credit.ts'
import { soldLineOf, type ReturnWork } from './work.ts'

/**
 * Somebody has looked at units: each gets a grade. What the policy credits in full for is due; of
 * anything else a person says what is given back.
 * @throws Refusal `NothingToGrade`.
 */
export async function gradeUnits(work: ReturnWork, command: InspectReturn): Promise<void> {
  const { tx, doc } = work
  const graded: ReturnedUnit[] = []
  for (const [n, { sku, qty, grade, condition }] of command.units.entries()) {
    const waiting = doc.units.filter(
      (unit) =>
        unit.sku === sku &&
        unit.state === 'received' &&
        unit.grade === null &&
        (condition === undefined || unit.condition === condition),
    )
    if (waiting.length < qty)
      throw new Refusal(
        'NothingToGrade',
        `${waiting.length} units of ${sku} wait to be graded on ${doc.no}; ${qty} were told of. Receive the others first.`,
        { field: `body.units.${n}.qty` },
      )
    for (const unit of waiting.slice(0, qty)) {
      unit.grade = grade
      graded.push(unit)
    }
  }
  await saveUnits(tx, graded)
  await askAboutWorse(work, graded)
}

async function askAboutWorse(work: ReturnWork, graded: readonly ReturnedUnit[]): Promise<void> {
  const { doc, key } = work
  const worse = graded.filter(
    (unit) => unit.creditId === null && !doc.policy.fullCreditGrades.includes(unit.grade ?? ''),
  )
  if (worse.length === 0) return
  const units = worse.map(({ orderLineId, unit, sku, grade, condition }) => ({
    ...{ orderLineId: orderLineId.toString(), unit, sku, grade, condition },
  }))
  await openReturnCase(work, {
    type: 'return-not-as-sent',
    discriminator: `grade/${key}`,
    summary: `${doc.no}: ${worse.length} units are of grade ${[...new Set(worse.map(({ grade }) => grade))].join(', ')}`,
    evidence: { units },
    moneyAtRiskMinor: valueOfUnits(work, worse),
  })
}

/** The carrier has the parcel: where the policy says so the money goes now. */
export async function keepScan(
  { doc, today }: ReturnWork,
  { scannedOn }: ScanReturn,
): Promise<void> {
  doc.scannedOn ??= scannedOn ?? today
}

/**
 * The label that we pay for: row 27's first half, for the way back.
 * @throws Refusal `ReturnHasLabel`.
 */
export async function keepLabel(work: ReturnWork, command: LabelReturn): Promise<void> {
  const { tx, doc, order, today, actor } = work
  const { carrier, trackingNumber, costMinor } = command
  const [first] = doc.units
  if (doc.label?.trackingNumber === trackingNumber) return
  if (doc.label || !order || !first)
    throw new Refusal(
      'ReturnHasLabel',
      `${doc.no} has its label ${doc.label?.trackingNumber ?? ''}, or no goods to come. Send that one.`,
    )
  doc.label = { carrier, trackingNumber, costMinor }
  if (costMinor === '0') return
  const costs = await costOfUnits(tx, [first])
  const entry = postReturnLabelled({
    ...(await moneyOn(tx, order, today)),
    ...{ returnNo: doc.no, labelledOn: today, party: `carrier/${carrier}` },
    sold: soldLineOf(order, first, costs(first).siteId),
    costMinor: BigInt(costMinor),
  })
  await postEntries(tx, [entry], actor)
}

/** The order that replaces the goods is placed and paid from what they are credited with. */
export async function keepExchange(
  { tx, doc }: ReturnWork,
  { orderId }: LinkExchange,
): Promise<void> {
  const [row] = await tx<{ id: bigint }[]>`
    SELECT id FROM sales_order WHERE id = ${BigInt(orderId)} AND entity_id = ${doc.entityId} AND id IS DISTINCT FROM ${doc.orderId}`
  if (!row)
    throw new Refusal(
      'OrderNotFound',
      `There is no other order ${orderId} of this company. Place the replacement first.`,
      { field: 'body.orderId' },
    )
  doc.exchangeOrderId = row.id
  if (!doc.hasCredit) doc.refundTo = 'store-credit'
}
