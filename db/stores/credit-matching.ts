import type { Tx } from '#db/client'
import { exchangeRate } from '#db/queries/rates'
import { apportion } from '#domain/apportion'
import { dateAt } from '#domain/dates'
import { convertMinor } from '#domain/ledger/fx'
import { takeBooked } from '#domain/ledger/open-value'
import type { BilledTax } from '#domain/ledger/posting-bills'
import { postVendorCredit, type VarianceShare } from '#domain/ledger/posting-vendor-credits'
import { vendorReturnKey } from '#domain/ledger/posting-vendor-returns'
import { divideRounded, sum } from '#domain/money'
import { Refusal } from '#domain/refusal'
import { spreadOverBill } from './bill-bearers.ts'
import { billedAhead, lockBill } from './bills.ts'
import { adjustLayers } from './later-cost.ts'
import { lockOpenItem } from './ledger-open-items.ts'
import { postEntries } from './ledger.ts'
import { addToOutbox } from './records.ts'
import { keepMatch, type VendorCredit } from './vendor-credits.ts'

/** What a person, or the vendor, says that a credit note is for. */
export interface CreditFor {
  returnNo?: string | null | undefined
  billNumber?: string | null | undefined
}

/**
 * Matches a credit note with what it is for and posts it. Where nobody says, the one return of this
 * supplier that waits for exactly this much is meant; without one it waits for a person.
 * @throws Refusal `CreditMatched`, `CreditWithoutClaim`, `CreditAboveBill`, `NoExchangeRate`
 */
export async function matchCredit(
  tx: Tx,
  credit: VendorCredit,
  meant: CreditFor,
  actor: string,
): Promise<'matched' | 'unmatched'> {
  if (credit.matchedOn !== null)
    throw new Refusal(
      'CreditMatched',
      `Credit note ${credit.number} is matched and posted: a wrong one is answered by a bill.`,
    )
  const by = { actor, on: dateAt(Date.now(), credit.timezone) }
  if (meant.billNumber) await matchBill(tx, credit, meant.billNumber, by)
  else {
    const returnNo = meant.returnNo ?? (await onlyReturnOf(tx, credit))
    if (!returnNo) return 'unmatched'
    await matchReturn(tx, credit, returnNo, by)
  }
  return 'matched'
}

interface By {
  actor: string
  on: string
}

async function onlyReturnOf(tx: Tx, credit: VendorCredit): Promise<string | null> {
  const found = await tx<{ returnNo: string }[]>`
    SELECT v.return_no AS "returnNo" FROM vendor_return v
    JOIN open_item i ON i.entity_id = v.entity_id AND i.account_id = 1230 AND i.currency = v.currency AND i.book = 'main' AND i.key = 'vendor-return/' || v.return_no
    WHERE v.entity_id = ${credit.entityId} AND v.party = ${credit.party} AND v.currency = ${credit.currency} AND v.closed_at IS NULL
      AND i.balance_minor = ${credit.netMinor} LIMIT 2`
  return found.length === 1 ? found[0]!.returnNo : null
}

interface ReturnOfCredit {
  id: bigint
  workflowId: string
  shares: { itemId: number; siteId: number; creditMinor: bigint }[]
}

/** Dr Payables {credit}, Cr Vendor receivable {return}: what is credited beyond the claim is a gain. */
async function matchReturn(tx: Tx, credit: VendorCredit, returnNo: string, by: By): Promise<void> {
  const found = await returnOf(tx, credit, returnNo)
  const { entityId, currency } = credit
  const key = vendorReturnKey(returnNo)
  const item = await lockOpenItem(tx, { entityId, account: 'VendorReceivable', currency, key })
  const open = { amountMinor: item?.balanceMinor ?? 0n, funcMinor: item?.funcMinor ?? 0n }
  if (open.amountMinor <= 0n)
    throw withoutClaim(credit, `Return ${returnNo} waits for no credit in ${currency}`)
  const minor = credit.netMinor < open.amountMinor ? credit.netMinor : open.amountMinor
  const claim = { returnNo, minor, funcMinor: takeBooked(open, minor) }
  const rateE9 = await rateOf(tx, credit)
  const beyond = convertMinor(credit.netMinor - minor, currency, credit.functionalCurrency, rateE9)
  await post(tx, credit, by, {
    ...{ rateE9, claim, grossMinor: credit.grossMinor, taxes: taxesOf(credit) },
    surplus: spreadVariance(found.shares, -beyond),
    difference: { soldTo: 'PriceVariance', shares: [] },
  })
  const match = { returnId: found.id, billId: null, disputedMinor: 0n, claimMinor: minor }
  await keepMatch(tx, credit, { ...match, postedMinor: credit.grossMinor }, by)
  await addToOutbox(tx, [
    {
      topic: 'look-again',
      key: `vendor-credit/${credit.id}`,
      body: { workflowId: found.workflowId, cause: `credit/${credit.id}` },
    },
  ])
}

async function returnOf(tx: Tx, credit: VendorCredit, returnNo: string): Promise<ReturnOfCredit> {
  const [found] = await tx<Omit<ReturnOfCredit, 'shares'>[]>`
    SELECT id, workflow_id AS "workflowId" FROM vendor_return
    WHERE return_no = ${returnNo} AND entity_id = ${credit.entityId} AND party = ${credit.party} AND shipped_on IS NOT NULL`
  if (!found)
    throw withoutClaim(credit, `${credit.supplier} has taken nothing back under ${returnNo}`)
  return { ...found, shares: await returnShares(tx, found.id) }
}

/** The lines of a return by what is to be credited for them. */
export async function returnShares(tx: Tx, returnId: bigint): Promise<ReturnOfCredit['shares']> {
  const rows = await tx<ReturnOfCredit['shares'][number][]>`
    SELECT item_id AS "itemId", site_id AS "siteId", credit_minor AS "creditMinor" FROM vendor_return_line
    WHERE return_id = ${returnId} AND credit_minor > 0 ORDER BY line_no`
  return [...rows]
}

export function spreadVariance(
  lines: ReturnOfCredit['shares'],
  totalMinor: bigint,
): VarianceShare[] {
  const parts = apportion(
    totalMinor,
    lines.map(({ creditMinor }) => creditMinor),
  )
  return lines.map(({ itemId, siteId }, n) => ({ itemId, siteId, minor: parts[n]! }))
}

/**
 * What was disputed of the bill was never owed and is answered first; the rest makes the goods of
 * the bill cheaper, as a discount does.
 */
async function matchBill(tx: Tx, credit: VendorCredit, billNumber: string, by: By): Promise<void> {
  const [known] = await tx<{ id: bigint }[]>`
    SELECT id FROM vendor_bill WHERE supplier_id = ${credit.supplierId} AND bill_number = ${billNumber}`
  const bill = known && (await lockBill(tx, known.id))
  if (!bill || bill.postedMinor === null || bill.currency !== credit.currency)
    throw withoutClaim(
      credit,
      `${credit.supplier} has no posted bill ${billNumber} in ${credit.currency}`,
    )
  if ((await billedAhead(tx, bill)).length > 0)
    throw withoutClaim(
      credit,
      `Goods of bill ${billNumber} have not come, so nothing is cheaper yet`,
    )
  const before = await creditedOf(tx, bill.id)
  if (before.grossMinor + credit.grossMinor > bill.grossMinor)
    throw new Refusal(
      'CreditAboveBill',
      `With credit note ${credit.number} more would be credited of bill ${billNumber} than it asked for: match it with another bill, or with a return.`,
    )
  const disputed = bill.grossMinor - bill.postedMinor - before.disputedMinor
  const disputedMinor = disputed < credit.grossMinor ? disputed : credit.grossMinor
  const postedMinor = credit.grossMinor - disputedMinor
  if (postedMinor > 0n) {
    const taxes = taxesOf(credit, postedMinor)
    const netMinor = postedMinor - sum(taxes.map(({ amountMinor }) => amountMinor))
    const rateE9 = await rateOf(tx, credit)
    const { currency, functionalCurrency } = credit
    const cheaper = -convertMinor(netMinor, currency, functionalCurrency, rateE9)
    const difference = await spreadOverBill(tx, bill, cheaper)
    const cause = { causeType: 'vendor-credit', causeId: `${credit.id}`, effectiveOn: by.on }
    await adjustLayers(tx, difference.shares, cause)
    await post(tx, credit, by, { rateE9, taxes, grossMinor: postedMinor, surplus: [], difference })
  }
  const match = { returnId: null, billId: bill.id, claimMinor: 0n }
  await keepMatch(tx, credit, { ...match, disputedMinor, postedMinor }, by)
}

async function creditedOf(
  tx: Tx,
  billId: bigint,
): Promise<{ grossMinor: bigint; disputedMinor: bigint }> {
  const [row] = await tx<{ grossMinor: bigint; disputedMinor: bigint }[]>`
    SELECT coalesce(sum(gross_minor), 0)::bigint AS "grossMinor", coalesce(sum(disputed_minor), 0)::bigint AS "disputedMinor"
    FROM vendor_credit WHERE bill_id = ${billId}`
  return row!
}

/** The taxes of a part of the credit note; the last one takes what rounding leaves. */
function taxesOf(credit: VendorCredit, partMinor = credit.grossMinor): BilledTax[] {
  const whole = partMinor === credit.grossMinor
  const taxMinor = whole
    ? credit.taxMinor
    : divideRounded(credit.taxMinor * partMinor, credit.grossMinor)
  const parts = apportion(
    taxMinor,
    credit.taxes.map((tax) => tax.taxMinor),
  )
  return credit.taxes.map(({ jurisdiction, taxCode }, n) => ({
    ...{ jurisdiction, taxCode, amountMinor: parts[n]! },
  }))
}

type Posted = Omit<
  Parameters<typeof postVendorCredit>[0],
  'creditId' | 'entity' | 'party' | 'postedOn' | 'currency' | 'functionalCurrency'
>

async function post(tx: Tx, credit: VendorCredit, by: By, what: Posted): Promise<void> {
  const { id: creditId, entityId: entity, party, currency, functionalCurrency } = credit
  const about = { creditId, entity, party, currency, functionalCurrency, postedOn: by.on }
  await postEntries(tx, [postVendorCredit({ ...about, ...what })], by.actor)
}

function rateOf(tx: Tx, credit: VendorCredit): Promise<bigint> {
  const { currency: from, functionalCurrency: to, creditedOn: on } = credit
  return exchangeRate(tx, { from, to, on })
}

function withoutClaim(credit: VendorCredit, why: string): Refusal {
  return new Refusal(
    'CreditWithoutClaim',
    `${why}: name what credit note ${credit.number} is for, or capture it without.`,
  )
}
