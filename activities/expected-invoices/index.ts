import type { DocumentProgress } from '#contracts/document-progress'
import {
  expectedInvoiceId,
  type CancelExpectedInvoice,
  type ExpectedInvoiceActivities,
  type InvoiceArrived,
} from '#contracts/expected-invoice'
import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { closePeriod } from '#db/queries/close-periods'
import { postCloseEntries } from '#db/stores/close-entries'
import {
  insertExpectedInvoice,
  lockExpectedInvoice,
  saveExpectedInvoice,
  type ExpectedInvoiceDoc,
} from '#db/stores/expected-invoices'
import { addDays, dateAt } from '#domain/dates'
import { postInvoiceAccrued } from '#domain/ledger/posting-close'
import { Refusal } from '#domain/refusal'
import { finishDocument, type DocumentStep } from '../documents/progress.ts'
import { documentSteps, tellingWhere } from '../documents/steps.ts'
import { bugsAreAnswers } from '../orders/bugs.ts'

type Doc = ExpectedInvoiceDoc & { billNumber?: string; actualMinor?: bigint }

/** How long after its period a bill is waited for. */
const PATIENCE_DAYS = 60

/** Every verb of an expected invoice, each one commit. */
export function expectedInvoiceActivities({
  db,
  apiUrl,
}: {
  db: Db
  apiUrl?: string | undefined
}): ExpectedInvoiceActivities {
  const step = documentSteps(db, {
    subject: 'expected-invoice',
    lock: lockExpectedInvoice,
    finish: finish,
  })
  return tellingWhere(
    {
      expectInvoice: async (request) => {
        const { invoiceNo: no, entity, period, accountId, party, description, key, actor } = request
        const workflowId = expectedInvoiceId(no)
        return commitOnce(db, { key: workflowId, request, actor }, async (tx) => {
          const found = await closePeriod(tx, { entity, period })
          if (!found) throw new Refusal('PeriodUnknown', `${entity} has no period ${period}.`)
          const expectedMinor = BigInt(request.expectedMinor)
          const row = { no, workflowId, accountId, party, description, expectedMinor }
          const id = await insertExpectedInvoice(tx, found, { ...row, requestedBy: actor })
          const doc = await lockExpectedInvoice(tx, id)
          return finish(tx, doc, { action: 'expected', key, actor })
        })
      },
      recordInvoiceArrived: bugsAreAnswers(step<InvoiceArrived>('arrived', arrive)),
      cancelExpectedInvoice: bugsAreAnswers(step<CancelExpectedInvoice>('cancelled', cancel)),
      passInvoiceDeadline: ({ id, at }) =>
        step('deadline', passDeadline)({ id, key: at, actor: 'system' }),
    },
    apiUrl,
  )
}

async function arrive(_tx: Tx, doc: Doc, { billNumber, actualMinor }: InvoiceArrived) {
  requireOpen(doc)
  doc.endedAs = 'arrived'
  doc.billNumber = billNumber
  doc.actualMinor = BigInt(actualMinor)
}

/** Nothing has been booked yet, or what was has been taken back on day one already. */
async function cancel(_tx: Tx, doc: Doc) {
  requireOpen(doc)
  doc.endedAs = 'cancelled'
}

function requireOpen({ no, endedAs }: Doc): void {
  if (endedAs !== null)
    throw new Refusal('InvoiceNotExpected', `${no} is over: it ${endedAs}. Expect another one.`)
}

/** The period is over without the bill: its cost is booked on the last day, and taken back on the next. */
async function passDeadline(tx: Tx, doc: Doc): Promise<void> {
  if (doc.endedAs !== null) return
  const today = dateAt(Date.now(), doc.timezone)
  if (today <= doc.ends) return
  if (doc.accruedEntry !== null) {
    if (today > addDays(doc.ends, PATIENCE_DAYS)) doc.endedAs = 'never-came'
    return
  }
  const { entityId, entity, period, ends, functionalCurrency, accountId, party } = doc
  const of = { entity: entityId, entityCode: entity, period, closedOn: ends, functionalCurrency }
  const item = `expected-invoice/${doc.no}`
  const draft = postInvoiceAccrued(
    { ...of, task: 'expected-invoices', nth: 1 },
    { item, accountId, party, amountMinor: doc.expectedMinor },
  )
  const [entryId] = await postCloseEntries(tx, doc, { drafts: [draft], reverses: true }, 'system')
  doc.accruedEntry = entryId!
}

const WAITS = {
  expected: { waitingFor: 'the invoice, or the end of the period', whoMayAct: 'ap-clerk' },
  accrued: { waitingFor: 'the invoice', whoMayAct: 'ap-clerk' },
  closed: { waitingFor: 'nothing', whoMayAct: 'nobody' },
} as const

async function finish(tx: Tx, doc: Doc, step: DocumentStep): Promise<DocumentProgress> {
  const phase = doc.endedAs !== null ? 'closed' : doc.accruedEntry === null ? 'expected' : 'accrued'
  const look = phase === 'expected' ? addDays(doc.ends, 1) : addDays(doc.ends, PATIENCE_DAYS + 1)
  const standing = {
    phase,
    open: phase !== 'closed',
    ...WAITS[phase],
    sites: [],
    atRiskMinor: phase === 'closed' ? 0n : doc.expectedMinor,
    deadlines: phase === 'closed' ? [] : [`${look}T12:00:00Z`],
  }
  return finishDocument(tx, doc, step, standing, (header) => saveExpectedInvoice(tx, doc, header))
}
