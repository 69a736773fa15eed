import type { Tx } from '#db/client'
import { purchasingPolicyFor } from '#db/queries/purchasing-policy'
import { Refusal } from '#domain/refusal'
import { json, recordAudit } from './records.ts'

/** What may be said of a supplier; a field that is left out stays as it is. */
export interface SupplierFields {
  name?: string
  country?: string
  taxId?: string | null
  currency?: string
  termsDays?: number
  discountPpm?: number
  discountDays?: number
  incoterm?: string | null
  email?: string | null
  ediId?: string | null
  sendBy?: 'mail' | 'edi'
  standing?: 'new' | 'preferred' | 'regular' | 'watched'
  overReceiptPpm?: number | null
  underReceiptPpm?: number | null
  priceTolerancePpm?: number | null
  priceToleranceMinor?: string | null
  qtyTolerancePpm?: number | null
}

export interface BankDetails {
  holder: string
  accountNo: string
  routingNo?: string | null
  bic?: string | null
  currency: string
  country: string
}

const COLUMNS: Record<keyof SupplierFields, string> = {
  name: 'name',
  country: 'country',
  taxId: 'tax_id',
  currency: 'currency',
  termsDays: 'terms_days',
  discountPpm: 'discount_ppm',
  discountDays: 'discount_days',
  incoterm: 'incoterm',
  email: 'email',
  ediId: 'edi_id',
  sendBy: 'send_by',
  standing: 'standing',
  overReceiptPpm: 'over_receipt_ppm',
  underReceiptPpm: 'under_receipt_ppm',
  priceTolerancePpm: 'price_tolerance_ppm',
  priceToleranceMinor: 'price_tolerance_minor',
  qtyTolerancePpm: 'qty_tolerance_ppm',
}

export type NewSupplier = Required<Pick<SupplierFields, 'name' | 'country' | 'currency'>> &
  SupplierFields

interface Asked {
  reason: string
  actor: string
}

/** A supplier that nobody may order from until somebody else has approved it (GOV-17). */
export async function proposeSupplier(
  tx: Tx,
  supplier: { entityId: number; code: string; fields: NewSupplier } & Asked,
): Promise<{ changeId: bigint }> {
  const { entityId, code, fields, reason, actor } = supplier
  const [known] = await tx`SELECT 1 FROM supplier WHERE code = ${code}`
  if (known)
    throw new Refusal('SupplierExists', `There is a supplier ${code}: change that one.`, {
      field: 'body.code',
    })
  const [row] = await tx<{ id: number }[]>`
    INSERT INTO supplier ${tx({ entity_id: entityId, code, created_by: actor, ...rowOf(fields) })} RETURNING id`
  return keepChange(tx, {
    ...{ supplierId: row!.id, code, kind: 'create', basedOn: 1, body: fields, reason, actor },
    duplicates: await duplicatesOf(tx, row!.id, fields),
  })
}

export type ProposedChange =
  | { kind: 'change'; fields: SupplierFields }
  | { kind: 'bank'; bank: BankDetails }
  | { kind: 'block' | 'unblock' }

/** Another value of something that matters to payment or risk waits for somebody else, too. */
export async function proposeSupplierChange(
  tx: Tx,
  code: string,
  change: ProposedChange & { basedOn: number } & Asked,
): Promise<{ changeId: bigint }> {
  const supplier = await lockSupplier(tx, code)
  if (supplier.version !== change.basedOn)
    throw new Refusal(
      'VersionConflict',
      `Supplier ${code} has version ${supplier.version}, not ${change.basedOn}: read it again.`,
      { version: supplier.version },
    )
  const [waiting] = await tx`
    SELECT 1 FROM supplier_change WHERE supplier_id = ${supplier.id} AND kind = ${change.kind} AND state = 'pending'`
  if (waiting)
    throw new Refusal(
      'ChangePending',
      `A change of this kind waits for its decision: let it be decided or withdraw it first.`,
    )
  const { kind, basedOn, reason, actor } = change
  const body = change.kind === 'change' ? change.fields : change.kind === 'bank' ? change.bank : {}
  return keepChange(tx, {
    ...{ supplierId: supplier.id, code, kind, basedOn, body, reason, actor },
    duplicates: await duplicatesOf(tx, supplier.id, body),
  })
}

async function keepChange(
  tx: Tx,
  change: {
    supplierId: number
    code: string
    kind: string
    basedOn: number
    body: object
    duplicates: object[]
  } & Asked,
): Promise<{ changeId: bigint }> {
  const { supplierId, kind, basedOn, body, duplicates, reason, actor } = change
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO supplier_change (supplier_id, kind, based_on, body, duplicates, reason, requested_by)
    VALUES (${supplierId}, ${kind}, ${basedOn}, ${json(tx, body)}, ${json(tx, duplicates)}, ${reason}, ${actor}) RETURNING id`
  const about = { subjectType: 'supplier', subjectId: change.code, actor, reason }
  await recordAudit(tx, [
    { ...about, action: `${kind}-proposed`, after: { changeId: row!.id, ...body } },
  ])
  return { changeId: row!.id }
}

export interface ChangeDecision {
  decision: 'approved' | 'rejected' | 'withdrawn'
  note: string
  /** How bank details were made sure of, such as a call to a number that was known before. */
  verifiedHow?: string
  /** The suppliers that look alike are other companies. */
  distinct?: boolean
  actor: string
}

interface PendingChange {
  id: bigint
  supplierId: number
  code: string
  entity: string
  version: number
  kind: 'create' | 'change' | 'bank' | 'block' | 'unblock'
  basedOn: number
  body: SupplierFields & BankDetails
  duplicates: { supplier: string; by: string }[]
  state: string
  requestedBy: string
}

/**
 * Somebody else than the author says yes or no; only the author withdraws. An approval holds for
 * the supplier as the author saw it.
 * @throws Refusal `ChangeDecided`, `SelfApproval`, `VersionConflict`, `DuplicateSupplier`, `BankNotVerified`
 */
export async function decideSupplierChange(
  tx: Tx,
  changeId: bigint,
  decision: ChangeDecision,
): Promise<void> {
  const [change] = await tx<PendingChange[]>`
    SELECT c.id, c.supplier_id AS "supplierId", s.code, e.code AS entity, s.version, c.kind, c.based_on AS "basedOn", c.body, c.duplicates, c.state, c.requested_by AS "requestedBy"
    FROM supplier_change c JOIN supplier s ON s.id = c.supplier_id JOIN entity e ON e.id = s.entity_id WHERE c.id = ${changeId} FOR UPDATE OF s, c`
  if (change?.state !== 'pending')
    throw new Refusal(
      'ChangeDecided',
      `Change ${changeId} is ${change?.state ?? 'unknown'}: propose another one.`,
    )
  requireDecider(change, decision)
  if (decision.decision === 'approved') await apply(tx, change, decision)
  else if (change.kind === 'create')
    await tx`UPDATE supplier SET state = 'rejected' WHERE id = ${change.supplierId}`
  await tx`
    UPDATE supplier_change SET state = ${decision.decision}, decided_by = ${decision.actor}, decided_at = clock_timestamp(), decision_note = ${decision.note}
    WHERE id = ${changeId}`
  const { actor, note } = decision
  await recordAudit(tx, [
    {
      ...{ subjectType: 'supplier', subjectId: change.code, reason: note, actor },
      action: `${change.kind}-${decision.decision}`,
      after: { changeId },
    },
  ])
}

function requireDecider(
  change: PendingChange,
  { decision, distinct, actor }: ChangeDecision,
): void {
  const own = change.requestedBy === actor
  if (decision === 'withdrawn') {
    if (own) return
    throw new Refusal('NotAllowed', 'Only whoever proposed a change withdraws it: reject it.')
  }
  if (own)
    throw new Refusal(
      'SelfApproval',
      'You proposed this change: somebody else has to decide on it.',
    )
  if (decision === 'approved' && change.duplicates.length > 0 && !distinct)
    throw new Refusal(
      'DuplicateSupplier',
      `It looks like ${change.duplicates.map((one) => `${one.supplier} (${one.by})`).join(', ')}: reject it, or say that it is distinct.`,
      { duplicates: change.duplicates },
    )
}

async function apply(tx: Tx, change: PendingChange, decision: ChangeDecision): Promise<void> {
  const { supplierId, kind, body } = change
  if (change.version !== change.basedOn)
    throw new Refusal(
      'VersionConflict',
      `Supplier ${change.code} has changed since this was proposed: reject it and propose anew.`,
      { version: change.version },
    )
  if (kind === 'bank') return keepBankAccount(tx, change, decision)
  const fields = kind === 'change' ? rowOf(body) : {}
  const state = { create: 'approved', unblock: 'approved', block: 'blocked', change: null }[kind]
  const approval =
    kind === 'create' ? { approved_by: decision.actor, approved_at: tx`clock_timestamp()` } : {}
  const set = { ...fields, ...approval, ...(state ? { state } : {}) }
  await tx`UPDATE supplier SET version = version + 1 WHERE id = ${supplierId}`
  if (Object.keys(set).length > 0)
    await tx`UPDATE supplier SET ${tx(set as Record<string, string>)} WHERE id = ${supplierId}`
}

/** New details wait for their cool-off, so that a forged letter is found out before money leaves. */
async function keepBankAccount(
  tx: Tx,
  change: PendingChange,
  { verifiedHow, actor }: ChangeDecision,
): Promise<void> {
  if (!verifiedHow)
    throw new Refusal(
      'BankNotVerified',
      'Say how the bank details were made sure of, such as a call to a number that was known before.',
      { field: 'body.verifiedHow' },
    )
  const { body, supplierId } = change
  const { bankCoolOffHours } = (await purchasingPolicyFor(tx, change.entity)).body
  await tx`
    INSERT INTO supplier_bank_account (supplier_id, version, holder, account_no, routing_no, bic, currency, country, change_id, requested_by, verified_by, verified_how, usable_from)
    SELECT ${supplierId}, coalesce(max(version), 0) + 1, ${body.holder}, ${body.accountNo}, ${body.routingNo ?? null}, ${body.bic ?? null}, ${body.currency}, ${body.country},
      ${change.id}, ${change.requestedBy}, ${actor}, ${verifiedHow}, clock_timestamp() + make_interval(hours => ${bankCoolOffHours})
    FROM supplier_bank_account WHERE supplier_id = ${supplierId}`
  await tx`UPDATE supplier SET version = version + 1 WHERE id = ${supplierId}`
}

/** Other suppliers with the same name, tax id or bank account, also in changes that wait. */
async function duplicatesOf(
  tx: Tx,
  supplierId: number,
  body: Partial<SupplierFields & BankDetails>,
): Promise<{ supplier: string; by: string }[]> {
  const { name = null, taxId = null, accountNo = null } = body
  return tx<{ supplier: string; by: string }[]>`
    SELECT code AS supplier, 'name' AS by FROM supplier WHERE id <> ${supplierId} AND state <> 'rejected' AND supplier_name_key(name) = supplier_name_key(${name})
    UNION ALL SELECT code, 'tax id' FROM supplier WHERE id <> ${supplierId} AND state <> 'rejected' AND tax_id_key(tax_id) = tax_id_key(${taxId})
    UNION SELECT s.code, 'bank account' FROM supplier s JOIN supplier_bank_account b ON b.supplier_id = s.id
      WHERE s.id <> ${supplierId} AND b.account_no = ${accountNo}
    UNION SELECT s.code, 'bank account' FROM supplier s JOIN supplier_change c ON c.supplier_id = s.id
      WHERE s.id <> ${supplierId} AND c.kind = 'bank' AND c.state = 'pending' AND c.body->>'accountNo' = ${accountNo}
    ORDER BY 1, 2`
}

async function lockSupplier(tx: Tx, code: string): Promise<{ id: number; version: number }> {
  const [row] = await tx<{ id: number; version: number; state: string }[]>`
    SELECT id, version, state FROM supplier WHERE code = ${code} FOR UPDATE`
  if (!row || row.state === 'pending' || row.state === 'rejected')
    throw new Refusal(
      'SupplierNotApproved',
      `Supplier ${code} is ${row?.state ?? 'unknown'}: it has to be approved first.`,
    )
  return row
}

/** Columns of the fields that were said. */
function rowOf(fields: SupplierFields): Record<string, string | number | null> {
  const said = Object.entries(COLUMNS).flatMap(([field, column]) => {
    const value = fields[field as keyof SupplierFields]
    return value === undefined ? [] : [[column, value] as const]
  })
  return Object.fromEntries(said)
}

export interface SupplierItemTerms {
  vendorSku: string
  rank: number
  moq: bigint
  multiple: bigint
  leadTimeDays: number
  overReceiptPpm: number | null
  underReceiptPpm: number | null
  inspect: boolean
  status: 'active' | 'paused'
  /** Price breaks from a day on, in the supplier's currency. */
  prices: readonly { minQty: bigint; priceMinor: bigint; pricePer: bigint }[]
  validFrom: string
}

/** What an item is called, costs and takes at a supplier; prices are added, never edited. */
export async function putSupplierItem(
  tx: Tx,
  at: { supplierId: number; supplier: string; itemId: number; sku: string },
  terms: SupplierItemTerms & { actor: string },
): Promise<void> {
  const { prices, validFrom, actor, ...rest } = terms
  const row = {
    vendor_sku: rest.vendorSku,
    ...{ rank: rest.rank, moq: rest.moq, multiple: rest.multiple, inspect: rest.inspect },
    lead_time_days: rest.leadTimeDays,
    over_receipt_ppm: rest.overReceiptPpm,
    under_receipt_ppm: rest.underReceiptPpm,
    status: rest.status,
  }
  const [kept] = await tx<{ id: bigint }[]>`
    INSERT INTO supplier_item ${tx({ supplier_id: at.supplierId, item_id: at.itemId, ...row })}
    ON CONFLICT (supplier_id, item_id) DO UPDATE SET ${tx(row)} RETURNING id`
  if (prices.length > 0)
    await tx`INSERT INTO supplier_price ${tx(
      prices.map((price) => ({
        supplier_item_id: kept!.id,
        min_qty: price.minQty,
        price_minor: price.priceMinor,
        price_per: price.pricePer,
        valid_from: validFrom,
        actor,
      })),
    )}`
  const about = { subjectType: 'supplier', subjectId: at.supplier, actor }
  await recordAudit(tx, [{ ...about, action: 'item-terms', after: { sku: at.sku, ...terms } }])
}
