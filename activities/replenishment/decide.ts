import type { DecidedProposals, DecideProposals } from '#contracts/replenishment'
import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { purchasingPolicyFor } from '#db/queries/purchasing-policy'
import { believed, offersOf } from '#db/queries/replenishment-offers'
import { recordAudit, recordDecisions } from '#db/stores/records'
import { lockProposals, saveProposal, type ProposalDoc } from '#db/stores/replenishment-decisions'
import { askForPurchase, askForTransfer } from '#db/stores/replenishment-orders'
import { companyByCode, type ReplenishedCompany } from '#db/stores/replenishment-runs'
import { divideRounded } from '#domain/money'
import { Refusal } from '#domain/refusal'
import { requireLocalRight, signatureReasons } from '#domain/replenishment/authority'
import { priceOf } from '#domain/replenishment/options'
import { isWithinBand } from '#domain/replenishment/policy'
import { mayBecome, type ProposalState } from '#domain/replenishment/proposal-states'

interface Deciding {
  company: ReplenishedCompany
  decision: DecideProposals
  managerFromMinor: bigint
}

/** One decision on one or many proposals, one commit: all of them, or none. */
export async function decide(db: Db, decision: DecideProposals): Promise<DecidedProposals> {
  const { key, actor, entity } = decision
  const command = { key: `replenishment/${entity}/decided/${key}`, request: decision, actor }
  return commitOnce(db, command, async (tx) => {
    const company = await companyByCode(tx, entity)
    const { body } = await purchasingPolicyFor(tx, entity)
    const deciding = { company, decision, managerFromMinor: BigInt(body.managerFromMinor) }
    const ids = [...new Set(decision.proposalIds)].map(BigInt)
    const docs = await lockProposals(tx, company.entityId, ids)
    for (const doc of docs) requireLocalRight(doc, decision.sites, decision.decision)
    const documents = decision.decision === 'convert' ? await convert(tx, docs, deciding) : []
    if (decision.decision !== 'convert') for (const doc of docs) await decideOne(tx, doc, deciding)
    for (const doc of docs) await saveProposal(tx, doc, actor)
    await keepTrail(tx, docs, decision)
    return {
      proposals: docs.map(({ id, state, version }) => ({ id: id.toString(), state, version })),
      documents,
    }
  })
}

async function decideOne(tx: Tx, doc: ProposalDoc, deciding: Deciding): Promise<void> {
  const { decision, company } = deciding
  const { actor, until, reason } = decision
  doc.reason = reason
  if (decision.decision === 'dismiss') return become(doc, 'dismissed')
  if (decision.decision === 'change') return change(tx, doc, deciding)
  if (decision.decision === 'approve') {
    if (doc.changedBy === actor) throw ownProposal(doc)
    become(doc, 'approved')
    doc.approvedBy = actor
    return
  }
  if (until === undefined || until <= company.today)
    throw new Refusal('SnoozeInPast', 'Name a day after today on which the proposal comes back.', {
      field: 'body.until',
    })
  if (doc.state === 'snoozed') doc.state = 'proposed'
  become(doc, 'snoozed')
  doc.snoozedUntil = until
  doc.approvedBy = null
}

/** @throws Refusal `ProposalNotOpen`. */
function become(doc: ProposalDoc, state: ProposalState): void {
  if (!mayBecome(doc.state, state))
    throw new Refusal(
      'ProposalNotOpen',
      `Proposal ${doc.id} is ${doc.state} and cannot become ${state}. Read it again: a newer one may have taken its place.`,
    )
  doc.state = state
}

/**
 * Another quantity. A site may go to the edge of its band alone; whatever was signed is to be
 * signed anew.
 */
async function change(tx: Tx, doc: ProposalDoc, { decision, company }: Deciding): Promise<void> {
  const { actor, sites } = decision
  const qty = BigInt(decision.qty ?? '0')
  if (doc.state !== 'proposed' && doc.state !== 'approved') become(doc, 'approved')
  if (qty < doc.moq || qty % doc.multiple !== 0n)
    throw new Refusal(
      'LotNotAllowed',
      `It is sold from ${doc.moq} on, in packs of ${doc.multiple}: name such a quantity for proposal ${doc.id}.`,
      { field: 'body.qty' },
    )
  doc.costMinor = await costOf(tx, doc, qty, company)
  const local = sites !== null
  doc.outsideBand =
    local &&
    (doc.ownerMode === 'local-proposes' || !isWithinBand(doc.computedQty, qty, doc.bandPpm))
  doc.qty = qty
  doc.changedBy = actor
  doc.approvedBy = null
  doc.state = 'proposed'
}

async function costOf(
  tx: Tx,
  doc: ProposalDoc,
  qty: bigint,
  { entityId, functionalCurrency, today }: ReplenishedCompany,
): Promise<bigint> {
  if (doc.kind !== 'buy') return divideRounded(doc.costMinor * qty, doc.qty)
  const range = { entityId, after: doc.itemId - 1, to: doc.itemId, on: today }
  const offers = (await offersOf(tx, range, functionalCurrency)).get(doc.itemId) ?? []
  const offer = offers.find(({ supplierId }) => supplierId === doc.supplierId)
  return offer
    ? priceOf(believed(offer, 'planned'), qty)
    : divideRounded(doc.costMinor * qty, doc.qty)
}

/**
 * What is within a buyer's limit, or signed by somebody else, becomes an order a supplier and a
 * transfer a proposal.
 * @throws Refusal `ProposalUnsourced`, `ProposalNeedsApproval`, `OwnApproval`.
 */
async function convert(
  tx: Tx,
  docs: readonly ProposalDoc[],
  { company, decision, managerFromMinor }: Deciding,
): Promise<DecidedProposals['documents']> {
  const { actor } = decision
  for (const doc of docs) {
    if (doc.kind === 'unsourced')
      throw new Refusal(
        'ProposalUnsourced',
        `Nobody sells ${doc.sku}, and no site has it to spare: add a supplier's price or a way between sites, then run again.`,
      )
    const reasons = signatureReasons(doc, managerFromMinor)
    if (reasons.length > 0 && doc.state !== 'approved')
      throw new Refusal(
        'ProposalNeedsApproval',
        `Proposal ${doc.id} is to be approved first, because of ${reasons.join(' and ')}.`,
      )
    if (doc.approvedBy === actor) throw ownProposal(doc)
    become(doc, 'converted')
    doc.convertedBy = actor
  }
  const orders = await draftOrders(tx, docs, { company, actor })
  return [...orders, ...(await askForTransfers(tx, docs, decision))]
}

async function draftOrders(
  tx: Tx,
  docs: readonly ProposalDoc[],
  { company, actor }: { company: ReplenishedCompany; actor: string },
): Promise<DecidedProposals['documents']> {
  const bought = docs.filter((doc) => doc.kind === 'buy')
  const suppliers = [...new Set(bought.map((doc) => doc.supplierId!))].sort((a, b) => a - b)
  const documents: DecidedProposals['documents'] = []
  for (const supplierId of suppliers) {
    const own = bought.filter((doc) => doc.supplierId === supplierId)
    const no = await askForPurchase(tx, {
      ...{ supplierId, actor, orderedOn: company.today },
      lines: own.map(({ id, itemId, sku, site, qty, arrivesOn }) => ({
        ...{ proposalId: id, itemId, sku, site, qty, neededOn: arrivesOn },
      })),
    })
    for (const doc of own) doc.poNumber = no
    documents.push({ type: 'purchase-order', no })
  }
  return documents
}

async function askForTransfers(
  tx: Tx,
  docs: readonly ProposalDoc[],
  { actor, reason }: DecideProposals,
): Promise<DecidedProposals['documents']> {
  const documents: DecidedProposals['documents'] = []
  for (const doc of docs.filter(({ kind }) => kind === 'transfer')) {
    doc.transferNo = await askForTransfer(tx, {
      ...{ proposalId: doc.id, from: doc.fromSite!, to: doc.site, sku: doc.sku, qty: doc.qty },
      ...{ dueOn: doc.arrivesOn, actor, reason },
    })
    documents.push({ type: 'transfer', no: doc.transferNo })
  }
  return documents
}

function ownProposal({ id }: ProposalDoc): Refusal {
  return new Refusal(
    'OwnProposal',
    `Whoever changed proposal ${id} does not approve it, nor does who approved it convert it: ask somebody else.`,
  )
}

async function keepTrail(
  tx: Tx,
  docs: readonly ProposalDoc[],
  { decision, actor, reason, key }: DecideProposals,
): Promise<void> {
  const subject = (doc: ProposalDoc) => ({
    subjectType: 'replenishment-proposal',
    subjectId: doc.id.toString(),
  })
  await recordAudit(
    tx,
    docs.map((doc) => ({
      ...subject(doc),
      ...{ action: decision, actor, reason, commandKey: key },
      after: { state: doc.state, qty: doc.qty, costMinor: doc.costMinor },
    })),
  )
  await recordDecisions(
    tx,
    docs.map((doc) => ({
      ...subject(doc),
      ...{ kind: 'replenishment', rule: 'replenishment', ruleVersion: 0, actor },
      inputs: { computedQty: doc.computedQty, overBudget: doc.overBudget, lotAsks: doc.lotAsks },
      choice: { decision, qty: doc.qty, state: doc.state, reason },
    })),
  )
}
