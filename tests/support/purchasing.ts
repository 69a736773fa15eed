import type { Db, Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { supplierOfBill, captureBill, type LandedCostOf } from '#db/stores/bill-capture'
import { postEntries } from '#db/stores/ledger'
import { moveStock, receiveCost } from '#db/stores/stock'
import { vendorBillId } from '#contracts/vendor-bill'
import { convertMinor, RATE_ONE } from '#domain/ledger/fx'
import { postGoodsReceived } from '#domain/ledger/posting-inventory'
import { sum } from '#domain/money'
import type { BillDocument, BillDocumentLine } from '#domain/purchasing/bill-document'
import type { Company } from './company.ts'

let numbers = 0
const next = () => (numbers += 1)

/** An approved supplier of the company, with a bank account that may be paid to. */
export async function aSupplier(
  admin: Db,
  company: Company,
  changes: {
    code?: string
    currency?: string
    discountPpm?: number
    discountDays?: number
    bank?: boolean | { usableFrom: string }
  } = {},
): Promise<{ id: number; code: string }> {
  const code = changes.code ?? `SUP-${next()}`
  const currency = changes.currency ?? 'USD'
  const [row] = await admin<{ id: number }[]>`
    INSERT INTO supplier (entity_id, code, name, country, currency, discount_ppm, discount_days, state, created_by, approved_by, edi_id)
    VALUES (${company.entityId}, ${code}, ${`${code} Ltd`}, 'GB', ${currency}, ${changes.discountPpm ?? 0}, ${changes.discountDays ?? 0}, 'approved', 'buyer-1', 'ap-1', ${code}) RETURNING id`
  if (changes.bank === false) return { id: row!.id, code }
  const usableFrom =
    typeof changes.bank === 'object' ? changes.bank.usableFrom : '2020-01-01T00:00:00Z'
  const [change] = await admin<{ id: bigint }[]>`
    INSERT INTO supplier_change (supplier_id, kind, based_on, body, reason, state, requested_by, decided_by)
    VALUES (${row!.id}, 'bank', 1, '{}', 'first', 'approved', 'bank-editor', 'bank-checker') RETURNING id`
  await admin`
    INSERT INTO supplier_bank_account (supplier_id, version, holder, account_no, bic, currency, country, change_id, requested_by, verified_by, verified_how, usable_from)
    VALUES (${row!.id}, 1, ${`${code} Ltd`}, 'GB33BUKB20201555555555', 'BUKBGB22', ${currency}, 'GB', ${change!.id}, 'bank-editor', 'bank-checker', 'call-back', ${usableFrom})`
  return { id: row!.id, code }
}

export interface Ordered {
  poNumber: string
  orderId: bigint
  lines: { id: bigint; itemId: number }[]
}

/** A purchase order that was sent: what is ordered, at which price, and with how much freight expected. */
export async function anOrderOf(
  admin: Db,
  company: Company,
  supplier: { id: number },
  order: {
    currency?: string
    lines: { sku: string; qty: number; priceMinor: number; landedMinor?: number }[]
  },
): Promise<Ordered> {
  const poNumber = `PO-${process.pid}-${next()}`
  const [row] = await admin<{ id: bigint }[]>`
    INSERT INTO purchase_order (po_number, entity_id, supplier_id, workflow_id, currency, ordered_on, terms_days, created_by, authors, policies)
    VALUES (${poNumber}, ${company.entityId}, ${supplier.id}, ${`procure-to-pay/${poNumber}`}, ${order.currency ?? 'USD'}, '2026-01-01', 30, 'buyer-1', '{buyer-1}', '{}') RETURNING id`
  const lines: Ordered['lines'] = []
  for (const [n, { sku, qty, priceMinor, landedMinor }] of order.lines.entries()) {
    const itemId = company.items.get(sku)!
    const [line] = await admin<{ id: bigint }[]>`
      INSERT INTO purchase_order_line (purchase_order_id, line_no, item_id, site_id, unit_price_minor, landed_estimate_minor, needed_on, qty_ordered)
      VALUES (${row!.id}, ${n + 1}, ${itemId}, ${company.east}, ${priceMinor}, ${landedMinor ?? 0}, '2026-01-10', ${qty}) RETURNING id`
    lines.push({ id: line!.id, itemId })
  }
  return { poNumber, orderId: row!.id, lines }
}

/** Goods of an order arrive at EAST: stock, layers and entry as a receipt against an order makes them. */
export async function receive(
  admin: Db,
  company: Company,
  order: Ordered,
  goods: { line?: number; qty: number; rateE9?: bigint; condition?: 'quarantine' }[],
): Promise<{ receiptId: bigint; receiptNo: string }> {
  const receiptNo = `R-${process.pid}-${next()}`
  const receiptId = await admin.begin(async (begun) => {
    const tx = begun as unknown as Tx
    const [head] = await tx<{ currency: string; party: string; supplierId: number }[]>`
      SELECT o.currency, s.party, s.id AS "supplierId" FROM purchase_order o JOIN supplier s ON s.id = o.supplier_id WHERE o.id = ${order.orderId}`
    const today = new Date().toISOString().slice(0, 10)
    const [receipt] = await tx<{ id: bigint }[]>`
      INSERT INTO goods_receipt (receipt_no, entity_id, site_id, supplier, supplier_id, purchase_order_id, received_on, actor)
      VALUES (${receiptNo}, ${company.entityId}, ${company.east}, ${head!.party}, ${head!.supplierId}, ${order.orderId}, ${today}, 'receiver-1') RETURNING id`
    const lines = []
    for (const [n, { line = 0, qty, rateE9 = RATE_ONE, condition: kept }] of goods.entries()) {
      const condition = kept ?? 'sellable'
      const ordered = order.lines[line]!
      const [price] = await tx<{ minor: bigint; landed: bigint }[]>`
        SELECT unit_price_minor AS minor, landed_estimate_minor AS landed FROM purchase_order_line WHERE id = ${ordered.id}`
      const goodsMinor = price!.minor * BigInt(qty)
      const funcMinor = convertMinor(goodsMinor, head!.currency, 'USD', rateE9)
      const landedMinor = price!.landed * BigInt(qty)
      const valueMinor = funcMinor + landedMinor
      await tx`
        INSERT INTO goods_receipt_line (receipt_id, line_no, item_id, expected_qty, received_qty, unit_cost_minor, discrepancy, purchase_order_line_id, condition, value_minor, currency, goods_minor, goods_func_minor, landed_minor)
        VALUES (${receipt!.id}, ${n + 1}, ${ordered.itemId}, ${qty}, ${qty}, ${price!.minor}, 'none', ${ordered.id}, ${condition}, ${valueMinor}, ${head!.currency}, ${goodsMinor}, ${funcMinor}, ${landedMinor})`
      const cause = { causeType: 'receipt', causeId: `${receipt!.id}` }
      await moveStock(tx, [
        {
          itemId: ordered.itemId,
          qty: BigInt(qty),
          kind: 'receipt',
          toSiteId: company.east,
          toCondition: condition,
          ...cause,
          actor: 'receiver-1',
          effectiveOn: today,
        },
      ])
      const [layerId] = await receiveCost(tx, [
        {
          entityId: company.entityId,
          itemId: ordered.itemId,
          siteId: company.east,
          condition,
          rankedOn: today,
          qty: BigInt(qty),
          valueMinor,
          sourceType: 'receipt',
          sourceId: `${receipt!.id}/${n + 1}`,
        },
      ])
      lines.push({
        itemId: ordered.itemId,
        siteId: company.east,
        layerId: layerId!,
        condition,
        qty: BigInt(qty),
        costMinor: valueMinor,
        receiptLineId: `${receipt!.id}/${n + 1}`,
        landedEstimateMinor: landedMinor,
        priceMinor: goodsMinor,
      })
    }
    const rateE9 = goods[0]?.rateE9 ?? RATE_ONE
    await postEntries(
      tx,
      [
        postGoodsReceived({
          receiptId: receipt!.id,
          entity: company.entityId,
          supplier: head!.party,
          receivedOn: today,
          functionalCurrency: 'USD',
          ...(head!.currency === 'USD' ? {} : { currency: head!.currency, rateE9 }),
          lines,
        }),
      ],
      'receiver-1',
    )
    return receipt!.id
  })
  return { receiptId: receiptId as bigint, receiptNo }
}

/** A bill of one line of a hundred mugs at 10.00, unless the test says otherwise; its total foots. */
export function aBill(
  supplier: { code: string },
  changes: Partial<BillDocument> & { line?: Partial<BillDocumentLine> } = {},
): BillDocument {
  const { line, ...rest } = changes
  const bill: BillDocument = {
    supplier: supplier.code,
    supplierEdiId: null,
    number: `INV-${process.pid}-${next()}`,
    billedOn: new Date().toISOString().slice(0, 10),
    currency: null,
    poNumber: null,
    terms: null,
    lines: [aBillLine(line)],
    taxes: [],
    totalMinor: 0n,
    ...rest,
  }
  const net = sum(bill.lines.map(({ netMinor }) => netMinor))
  const tax = sum(bill.taxes.map(({ amountMinor }) => amountMinor))
  return { ...bill, totalMinor: rest.totalMinor ?? net + tax }
}

export function aBillLine(changes: Partial<BillDocumentLine> = {}): BillDocumentLine {
  return {
    kind: 'goods',
    sku: 'MUG',
    vendorSku: null,
    description: 'Mug',
    qty: 100n,
    netMinor: 1000_00n,
    poNumber: null,
    receiptNo: null,
    ...changes,
  }
}

/** Writes a bill down as the API does. */
export function capture(
  db: Db,
  document: BillDocument,
  more: { actor?: string; landedCost?: LandedCostOf } = {},
) {
  const actor = more.actor ?? 'clerk'
  const key = `capture/${document.supplier}/${document.number}`
  return commitOnce(db, { key, request: document, actor }, async (tx) => {
    const supplier = await supplierOfBill(tx, document)
    const workflowId = vendorBillId(supplier.code, document.number)
    return captureBill(tx, { supplier, document, source: 'typed', workflowId, ...more, actor })
  })
}
