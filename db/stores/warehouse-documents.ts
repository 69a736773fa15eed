import type { Db, Tx } from '#db/client'
import { transaction } from '#db/transaction'
import { Refusal } from '#domain/refusal'
import { recordAudit, json } from './records.ts'
import { healWarehouseCase, openWarehouseCase } from './warehouse-cases.ts'

export interface WarehouseDocument {
  id: bigint
  siteId: number
  setType: string
  number: string
  segments: readonly (readonly string[])[]
  contentHash: string
  outcome: 'received' | 'applied' | 'refused' | 'rejected'
}

const COLUMNS = `id, site_id AS "siteId", set_type AS "setType", number, segments, content_hash AS "contentHash", outcome`

/**
 * Keeps a document under the warehouse's own number. The same one again is the same row; one that
 * was refused takes what the warehouse has put right.
 * @throws Refusal `WarehouseDocumentChanged` when it was carried out and says something else now
 */
export function storeWarehouseDocument(db: Db, document: Sent): Promise<WarehouseDocument> {
  return transaction(db, (tx) => store(tx, document))
}

type Sent = Omit<WarehouseDocument, 'id' | 'outcome'> & { actor: string }

async function store(tx: Tx, document: Sent): Promise<WarehouseDocument> {
  const { siteId, setType, number, contentHash, actor } = document
  const segments = json(tx, document.segments)
  await tx`
    INSERT INTO warehouse_document (site_id, set_type, number, segments, content_hash, actor)
    VALUES (${siteId}, ${setType}, ${number}, ${segments}, ${contentHash}, ${actor}) ON CONFLICT (site_id, set_type, number) DO NOTHING`
  const [row] = await tx<WarehouseDocument[]>`
    SELECT ${tx.unsafe(COLUMNS)} FROM warehouse_document WHERE site_id = ${siteId} AND set_type = ${setType} AND number = ${number} FOR NO KEY UPDATE`
  if (row!.contentHash === contentHash) return row!
  if (row!.outcome !== 'refused')
    throw new Refusal(
      'WarehouseDocumentChanged',
      `${setType} ${number} was taken before and said something else: send a new document under a number of its own.`,
      { field: 'body.document' },
    )
  await tx`UPDATE warehouse_document SET segments = ${segments}, content_hash = ${contentHash}, actor = ${actor} WHERE id = ${row!.id}`
  return { ...row!, segments: document.segments, contentHash }
}

/** What it told is done: the document is never done again, and nobody need be asked. */
export function markApplied(db: Db, document: WarehouseDocument, actor: string): Promise<void> {
  return transaction(db, (tx) => settle(tx, document, actor))
}

async function settle(tx: Tx, { id }: WarehouseDocument, actor: string): Promise<void> {
  const done = await tx`
    UPDATE warehouse_document SET outcome = 'applied', problem = NULL, settled_at = clock_timestamp()
    WHERE id = ${id} AND outcome IN ('received', 'refused') RETURNING 1`
  if (done.length === 0) return
  await healWarehouseCase(tx, 'warehouse-document', `${id}`, 'the document was carried out')
  await recordAudit(tx, [
    { subjectType: 'warehouse-document', subjectId: `${id}`, action: 'applied', actor },
  ])
}

/** It cannot be carried out: the row says why, and somebody is asked. */
export function markRefused(db: Db, document: WarehouseDocument, problem: Problem): Promise<void> {
  return transaction(db, (tx) => refuse(tx, document, problem))
}

interface Problem {
  code: string
  message: string
}

async function refuse(
  tx: Tx,
  { id, siteId, setType, number }: WarehouseDocument,
  problem: Problem,
): Promise<void> {
  const rows = await tx`
    UPDATE warehouse_document SET outcome = 'refused', problem = ${json(tx, problem)} WHERE id = ${id} AND outcome IN ('received', 'refused') RETURNING 1`
  if (rows.length === 0) return
  await openWarehouseCase(tx, {
    ...{ type: 'warehouse-document', siteId },
    ...{ subjectType: 'warehouse-document', subjectId: `${id}` },
    summary: `${setType} ${number} of the warehouse was refused: ${problem.message}`,
    evidence: { documentId: `${id}`, setType, number, ...problem },
  })
}

/** A person gives it up. @throws Refusal `DocumentNotRefused` */
export async function rejectWarehouseDocument(tx: Tx, id: bigint): Promise<void> {
  const rows = await tx`
    UPDATE warehouse_document SET outcome = 'rejected', settled_at = clock_timestamp() WHERE id = ${id} AND outcome = 'refused' RETURNING 1`
  if (rows.length === 0)
    throw new Refusal(
      'DocumentNotRefused',
      `Document ${id} of the warehouse is not refused any more: GET /v1/warehouse-documents says what became of it.`,
    )
}
