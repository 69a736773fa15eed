import { replenishmentId, type ResolveTrouble } from '#contracts/replenishment'
import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { purchasingPolicyFor } from '#db/queries/purchasing-policy'
import { replenishmentRunPolicy } from '#db/queries/replenishment-policies'
import { openCasesOf, resolveCase, type OpenCase } from '#db/stores/cases'
import { recordAudit, recordDecisions } from '#db/stores/records'
import { healTroubles, type ReplenishmentCase } from '#db/stores/replenishment-cases'
import {
  addDemandEvent,
  addWish,
  postponeOverdue,
  recomputedRun,
  throttleChannel,
  nextSupplier,
} from '#db/stores/replenishment-choices'
import {
  lockOpenProposal,
  saveProposal,
  type ProposalDoc,
} from '#db/stores/replenishment-decisions'
import { publish } from '#db/stores/replenishment-proposals'
import { companyByCode, type ReplenishedCompany } from '#db/stores/replenishment-runs'
import { addDays } from '#domain/dates'
import { allowedResolutions } from '#domain/orders/exceptions'
import { Refusal } from '#domain/refusal'
import { signatureReasons } from '#domain/replenishment/authority'
import { computeItems } from './compute.ts'

interface Trouble {
  company: ReplenishedCompany
  itemId: number
  siteId: number
  case: OpenCase
  choice: ResolveTrouble
  /** Until when a wish holds. */
  untilOn: string
}

type Choice = (tx: Tx, trouble: Trouble) => Promise<void>

/** What each choice does; the item is computed anew right after it. */
const CHOICES: Record<ReplenishmentCase, Record<string, Choice>> = {
  'demand-spike': {
    'accept-as-new-level': (tx, trouble) => explainSpike(tx, trouble, 'new-level'),
    'one-off': (tx, trouble) => explainSpike(tx, trouble, 'one-off'),
    ignore: nothing,
  },
  'supplier-late': {
    'alternate-supplier': async (tx, trouble) => {
      const { itemId, company, siteId } = trouble
      const supplierId = await nextSupplier(tx, { itemId, entityId: company.entityId, siteId })
      await addWish(tx, { ...wishOf(trouble), kind: 'not-supplier', supplierId, days: null })
    },
    expedite: async (tx, { itemId, siteId, company, choice }) => {
      const dueOn = text(choice, 'expectedOn', /^\d{4}-\d\d-\d\d$/, 'the new date, YYYY-MM-DD')
      if (dueOn < company.today) throw needs('expectedOn', 'a day from today on')
      await postponeOverdue(tx, { itemId, siteId, today: company.today, dueOn, ...by(choice) })
    },
    transfer: wishTransfer,
  },
  'lot-exceeds-need': {
    'round-up': async (tx, trouble) => {
      const doc = await openProposal(tx, trouble)
      await requireOnlyTheLot(tx, doc, trouble)
      doc.state = 'approved'
      doc.approvedBy = trouble.choice.actor
      await saveProposal(tx, doc, trouble.choice.actor)
    },
    'join-order': async (tx, trouble) => {
      const doc = await openProposal(tx, trouble)
      Object.assign(doc, { state: 'snoozed', snoozedUntil: trouble.untilOn, approvedBy: null })
      await saveProposal(tx, doc, trouble.choice.actor)
    },
    skip: async (tx, trouble) => {
      const doc = await openProposal(tx, trouble)
      Object.assign(doc, { state: 'dismissed', reason: 'the lot is far more than is needed' })
      await saveProposal(tx, doc, trouble.choice.actor)
    },
  },
  'stockout-in-lead-time': {
    transfer: wishTransfer,
    air: async (tx, trouble) => {
      const days = Number(
        text(trouble.choice, 'days', /^\d{1,3}$/, 'the days that it takes by air'),
      )
      await addWish(tx, { ...wishOf(trouble), kind: 'air', supplierId: null, days })
    },
    substitute: async (tx, { itemId }) => {
      const known = await tx`SELECT 1 FROM item_substitute WHERE item_id = ${itemId} LIMIT 1`
      if (known.length === 0)
        throw new Refusal(
          'NoSubstitute',
          'No item may stand in for this one: add a substitute to the item, then choose it again.',
        )
    },
    'throttle-channel': (tx, { itemId, choice }) =>
      throttleChannel(tx, {
        itemId,
        channel: text(choice, 'channel', /^.{1,60}$/, 'the channel that is to sell less'),
        buffer: BigInt(text(choice, 'buffer', /^\d{1,9}$/, 'the units that it does not see')),
        ...by(choice),
      }),
  },
}

/**
 * A person's choice on a case about an item at a site, one commit: what it does, and what the item
 * needs after it.
 * @throws Refusal `CaseNotOpen`, `ResolutionNotAllowed`, and what the choice itself refuses.
 */
export async function resolveTrouble(db: Db, choice: ResolveTrouble): Promise<void> {
  const { key, actor, entity } = choice
  const command = { key: `replenishment/${entity}/resolved/${key}`, request: choice, actor }
  await commitOnce(db, command, async (tx) => {
    const company = await companyByCode(tx, entity)
    const open = await caseOf(tx, choice)
    const itemId = Number(open.subjectId)
    const { body } = await replenishmentRunPolicy(tx, entity)
    const act = CHOICES[open.type as ReplenishmentCase][choice.resolution]
    if (!act) throw notAllowed(open, choice)
    const untilOn = addDays(company.today, body.wishDays)
    await act(tx, { company, itemId, siteId: open.siteId!, case: open, choice, untilOn })
    const params = choice.params ?? {}
    await resolveCase(tx, open.id, { resolution: choice.resolution, params, actor })
    await keepTrail(tx, open, choice)
    await computeAnew(tx, { company, itemId, key, actor, cause: choice.resolution })
    return null
  })
}

type ItemCase = OpenCase & { subjectId: string }

async function caseOf(tx: Tx, { caseId, entity }: ResolveTrouble): Promise<ItemCase> {
  const [row] = await tx<{ subjectId: string }[]>`
    SELECT subject_id AS "subjectId" FROM exception_case WHERE id = ${caseId} AND state = 'open' AND subject_type = 'item'
      AND workflow_id = ${replenishmentId(entity)} FOR UPDATE`
  const cases = row ? await openCasesOf(tx, 'item', row.subjectId) : []
  const found = cases.find(({ id }) => id.toString() === caseId)
  if (!row || !found)
    throw new Refusal('CaseNotOpen', `Case ${caseId} is not open any more. Read it again.`)
  return { ...found, ...row }
}

/** The item is looked at again at once, so that the choice shows. */
async function computeAnew(
  tx: Tx,
  {
    company,
    itemId,
    key,
    actor,
    cause,
  }: { company: ReplenishedCompany; itemId: number; key: string; actor: string; cause: string },
): Promise<void> {
  const id = await recomputedRun(tx, company, {
    key: `${company.entity}/resolved/${key}`,
    actor,
    cause,
  })
  const run = { ...company, id, runOn: company.today }
  await computeItems(tx, run, { after: itemId - 1, to: itemId })
  await publish(tx, company.entityId, itemId)
  await healTroubles(tx, { runId: id, workflowId: replenishmentId(company.entity) }, itemId)
}

async function nothing(): Promise<void> {
  // It is decided that nothing is done; the case itself says by whom.
}

async function explainSpike(
  tx: Tx,
  { company, itemId, siteId, case: open, choice }: Trouble,
  kind: 'new-level' | 'one-off',
): Promise<void> {
  const { fromOn, toOn } = open.evidence as { fromOn: string; toOn: string }
  await addDemandEvent(tx, {
    ...{ entityId: company.entityId, itemId, itemClass: null, siteId, kind, fromOn, toOn },
    name: `spike of ${fromOn}`,
    ...{ factorPpm: 1_000_000n, unitsPerDay: 0n, reason: `case ${open.id}: ${choice.resolution}` },
    actor: choice.actor,
  })
}

function wishOf({ itemId, siteId, untilOn, case: { id }, choice: { actor } }: Trouble) {
  return { itemId, siteId, untilOn, caseId: id, actor }
}

async function wishTransfer(tx: Tx, trouble: Trouble): Promise<void> {
  await addWish(tx, { ...wishOf(trouble), kind: 'transfer', supplierId: null, days: null })
}

/** @throws Refusal `ProposalNotOpen`. */
async function openProposal(tx: Tx, { company, itemId, siteId }: Trouble) {
  const doc = await lockOpenProposal(tx, { entityId: company.entityId, itemId, siteId })
  if (doc?.state !== 'proposed')
    throw new Refusal(
      'ProposalNotOpen',
      'No proposal of the item waits for a decision here any more: read the list again.',
    )
  return doc
}

/**
 * A buyer's word on the lot signs for nothing else.
 * @throws Refusal `OwnProposal`, `ProposalNeedsApproval`.
 */
async function requireOnlyTheLot(tx: Tx, doc: ProposalDoc, { company, choice }: Trouble) {
  if (doc.changedBy === choice.actor)
    throw new Refusal('OwnProposal', `You changed proposal ${doc.id}: ask somebody else.`)
  const { body } = await purchasingPolicyFor(tx, company.entity)
  const reasons = signatureReasons({ ...doc, lotAsks: false }, BigInt(body.managerFromMinor))
  if (reasons.length > 0)
    throw new Refusal(
      'ProposalNeedsApproval',
      `Proposal ${doc.id} is to be approved itself, because of ${reasons.join(' and ')}.`,
    )
}

function by({ actor, key, resolution }: ResolveTrouble) {
  return { actor, key, reason: `decided: ${resolution}` }
}

function text({ params }: ResolveTrouble, name: string, form: RegExp, what: string): string {
  const given = String(params?.[name] ?? '')
  if (!form.test(given)) throw needs(name, what)
  return given
}

function needs(name: string, what: string): Refusal {
  return new Refusal('MissingParameter', `Send ${what} in params.${name}.`, {
    field: `body.params.${name}`,
  })
}

function notAllowed(open: ItemCase, { resolution }: ResolveTrouble): Refusal {
  const allowed = allowedResolutions(open.type).join(', ')
  return new Refusal(
    'ResolutionNotAllowed',
    `A ${open.type} case allows ${allowed}; "${resolution}" is none of these.`,
  )
}

async function keepTrail(tx: Tx, open: ItemCase, choice: ResolveTrouble): Promise<void> {
  const { actor, resolution, params, key } = choice
  const subject = { subjectType: 'item', subjectId: open.subjectId }
  await recordDecisions(tx, [
    {
      ...subject,
      ...{ kind: 'exception', rule: open.type, ruleVersion: 0, actor },
      inputs: { caseId: open.id, ...open.evidence },
      choice: { resolution, params: params ?? {} },
    },
  ])
  await recordAudit(tx, [
    { ...subject, action: `resolved ${open.type}`, after: { resolution }, actor, commandKey: key },
  ])
}
