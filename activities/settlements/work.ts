import type { Tx } from '#db/client'
import { recordDecisions } from '#db/stores/records'
import { cutIntoChunks, heldShare, matchLines } from '#db/stores/settlement-matching'
import type { SettlementDoc } from '#db/stores/settlements'
import type { ApproveSettlement } from '#contracts/settlement'
import { Refusal } from '#domain/refusal'
import { APPROVAL_RULE_VERSION, approvesByRule } from '#domain/settlement/approval'
import { askAboutRefunds } from './cases.ts'
import { lookAtTheBank } from './cash.ts'
import { postNextChunk, postPaid } from './post.ts'

/** How many lines one commit matches, and how many it posts at least until an order is complete. */
const LINES_MATCHED = 10_000
const LINES_POSTED = 4_000

/** Does the next part of what a statement needs before anybody is asked. */
export async function workOnNextPart(
  tx: Tx,
  doc: SettlementDoc,
  by: { actor: string; today: string },
): Promise<void> {
  if (doc.phase === 'matching') return matchNextPart(tx, doc)
  if (doc.phase !== 'posting') return
  if (doc.postedChunks < doc.chunkCount!) await postNextChunk(tx, doc, by.actor)
  if (doc.postedChunks < doc.chunkCount!) return
  await postPaid(tx, doc, by.actor)
  doc.phase = 'posted'
  await askAboutRefunds(tx, doc)
  await lookAtTheBank(tx, doc, by)
}

async function matchNextPart(tx: Tx, doc: SettlementDoc): Promise<void> {
  const range = { from: doc.matchedTo + 1, to: doc.matchedTo + LINES_MATCHED }
  await matchLines(tx, doc, range)
  doc.matchedTo = Math.min(range.to, Math.max(doc.lineCount, doc.matchedTo))
  if (doc.matchedTo < doc.lineCount) return
  doc.chunkCount = await cutIntoChunks(tx, doc, LINES_POSTED)
  const share = await heldShare(tx, doc)
  doc.phase = 'exceptions'
  if (approvesByRule(share, doc.policy.body))
    await approved(tx, doc, { rule: 'held-share', actor: 'system' }, share)
}

/**
 * A person lets a statement be posted although much of it is unexplained: that waits in suspense.
 * @throws Refusal `SettlementNotWaiting`
 */
export async function approve(
  tx: Tx,
  doc: SettlementDoc,
  { actor, reason }: ApproveSettlement,
): Promise<void> {
  if (doc.phase !== 'exceptions')
    throw new Refusal(
      'SettlementNotWaiting',
      `Statement ${doc.no} is ${doc.phase}: no approval is open. Read it, then decide its cases.`,
    )
  await approved(tx, doc, { rule: 'person', actor, reason }, await heldShare(tx, doc))
}

async function approved(
  tx: Tx,
  doc: SettlementDoc,
  by: { rule: string; actor: string; reason?: string },
  { heldMinor, movedMinor }: { heldMinor: bigint; movedMinor: bigint },
): Promise<void> {
  doc.phase = 'posting'
  doc.approvedBy = by.rule === 'person' ? by.actor : `rule/${by.rule}@${APPROVAL_RULE_VERSION}`
  await recordDecisions(tx, [
    {
      ...{ subjectType: 'settlement', subjectId: doc.id.toString(), kind: 'settlement-approval' },
      ...{ rule: by.rule, ruleVersion: APPROVAL_RULE_VERSION, actor: by.actor },
      inputs: {
        ...{ heldMinor: `${heldMinor}`, movedMinor: `${movedMinor}`, reason: by.reason },
        ...{ heldPpm: doc.policy.body.heldPpm, policyVersion: doc.policy.version },
      },
      choice: { approved: true },
    },
  ])
}
