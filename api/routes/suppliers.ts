import { z } from 'zod'
import { companyByCode } from '#db/queries/books'
import {
  bankAccountsOf,
  listSuppliers,
  readSupplier,
  supplierItemsOf,
  type SupplierRow,
} from '#db/queries/suppliers'
import { itemIdOf } from '#db/stores/stock-settings'
import { proposeSupplier, proposeSupplierChange, putSupplierItem } from '#db/stores/suppliers'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { pageOf, pageQuery, textCursor, toPage } from '../paging.ts'
import {
  businessDate,
  code,
  country,
  currency,
  minorText,
  positiveInt,
  reason,
  shortText,
  sku,
} from '../schemas.ts'
import { requireScope, visible } from '../scope.ts'

const tags = ['suppliers']
const text = z.string()
const ppm = z.int().min(0).max(1_000_000).nullable()
const price = minorText.refine((value) => !value.startsWith('-'), {
  error: 'a price is not negative',
})
const units = z
  .string()
  .regex(/^[1-9]\d{0,11}$/, { error: 'send whole units as text, from "1"' })
  .meta({ example: '50' })
const params = z.object({ code })
const waiting = z.object({ changeId: text, state: z.literal('pending') })

const supplier = z.object({
  ...{ code: text, entity: text, party: text, name: text, country: text, currency: text },
  taxId: text.nullable(),
  termsDays: z.int(),
  discountPpm: z.int(),
  discountDays: z.int(),
  incoterm: text.nullable(),
  email: text.nullable(),
  ediId: text.nullable(),
  sendBy: z.enum(['mail', 'edi']),
  state: text,
  standing: text,
  ...{ overReceiptPpm: z.int().nullable(), underReceiptPpm: z.int().nullable() },
  ...{ priceTolerancePpm: z.int().nullable(), qtyTolerancePpm: z.int().nullable() },
  priceToleranceMinor: text.nullable(),
  version: z.int(),
  createdBy: text,
  approvedBy: text.nullable(),
})
const detail = supplier.extend({
  bankAccounts: z.array(
    z.object({
      version: z.int(),
      holder: text,
      accountNo: text.describe('All but the last four characters are hidden.'),
      bic: text.nullable(),
      currency: text,
      verifiedBy: text,
      verifiedHow: text,
      usableFrom: text,
    }),
  ),
  items: z.array(
    z.object({
      sku: text,
      vendorSku: text,
      rank: z.int(),
      moq: text,
      multiple: text,
      leadTimeDays: z.int(),
      overReceiptPpm: z.int().nullable(),
      underReceiptPpm: z.int().nullable(),
      inspect: z.boolean(),
      status: text,
      prices: z.array(
        z.object({ minQty: text, priceMinor: text, pricePer: text, validFrom: text }),
      ),
    }),
  ),
})

const fields = {
  taxId: shortText.nullable().optional().meta({ example: 'DE123456789' }),
  termsDays: z.int().min(0).max(365).optional(),
  discountPpm: z.int().min(0).max(1_000_000).optional(),
  discountDays: z.int().min(0).max(365).optional(),
  incoterm: z
    .enum(['EXW', 'FCA', 'FAS', 'FOB', 'CFR', 'CIF', 'CPT', 'CIP', 'DAP', 'DPU', 'DDP'])
    .nullable()
    .optional(),
  email: z.email().max(200).nullable().optional(),
  ediId: z
    .string()
    .regex(/^[A-Z0-9]{2,15}$/, { error: 'send 2 to 15 capital letters and digits' })
    .nullable()
    .optional(),
  sendBy: z.enum(['mail', 'edi']).optional(),
  standing: z.enum(['new', 'preferred', 'regular', 'watched']).optional(),
  overReceiptPpm: ppm.optional(),
  underReceiptPpm: ppm.optional(),
  priceTolerancePpm: ppm.optional(),
  priceToleranceMinor: price.nullable().optional(),
  qtyTolerancePpm: ppm.optional(),
}
const bank = z.strictObject({
  holder: shortText,
  accountNo: z
    .string()
    .regex(/^[A-Z0-9]{4,34}$/, { error: 'send an IBAN or account number without blanks' })
    .meta({ example: 'DE89370400440532013000' }),
  routingNo: z
    .string()
    .regex(/^[A-Z0-9]{3,20}$/)
    .nullable()
    .optional(),
  bic: z
    .string()
    .regex(/^[A-Z0-9]{8}([A-Z0-9]{3})?$/, { error: 'send a BIC of 8 or 11 characters' })
    .nullable()
    .optional(),
  currency,
  country,
})
const change = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('change'),
    basedOn: positiveInt,
    reason,
    fields: z.strictObject({
      name: shortText.optional(),
      country: country.optional(),
      currency: currency.optional(),
      ...fields,
    }),
  }),
  z.strictObject({ kind: z.literal('bank'), basedOn: positiveInt, reason, bank }),
  z.strictObject({ kind: z.enum(['block', 'unblock']), basedOn: positiveInt, reason }),
])

/** Whom we buy from; whatever matters to risk or payment waits for somebody else (GOV-17). */
export async function supplierRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addReads(server, deps)
  addCreate(server, deps)
  addChange(server, deps)
  addItems(server, deps)
}

function addReads(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/suppliers',
    {
      config: { permission: 'suppliers:read' },
      schema: {
        summary: 'Suppliers by code',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          state: z.enum(['pending', 'approved', 'blocked', 'rejected']).optional(),
        }),
        response: { 200: pageOf(supplier) },
      },
    },
    async ({ query: { limit, cursor, state }, principal: { scopes } }) => {
      const after = textCursor(cursor)
      const rows = await listSuppliers(db, { after, limit: limit + 1, scopes, state })
      return toPage(rows, limit, (row) => row.code, toSupplier)
    },
  )
  server.get(
    '/suppliers/:code',
    {
      config: { permission: 'suppliers:read' },
      schema: {
        summary: 'One supplier with its bank accounts and what it sells us',
        tags,
        params,
        response: { 200: detail },
      },
    },
    async ({ params: asked, principal }) => {
      const found = visibleSupplier(principal, await readSupplier(db, asked.code))
      const [accounts, items] = await Promise.all([
        bankAccountsOf(db, found.id),
        supplierItemsOf(db, found.id),
      ])
      return {
        ...toSupplier(found),
        bankAccounts: accounts.map((account) => ({
          ...account,
          accountNo: account.accountNo.replace(/.(?=.{4})/g, '•'),
        })),
        items: items.map(({ id: _, ...row }) => ({
          ...row,
          moq: `${row.moq}`,
          multiple: `${row.multiple}`,
        })),
      }
    },
  )
}

function addCreate(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/suppliers',
    permission: 'suppliers:create',
    summary: 'Propose a supplier; somebody else has to approve it before anybody orders',
    tags,
    body: z.strictObject({
      code,
      entity: code,
      name: shortText,
      country,
      currency,
      ...fields,
      reason,
    }),
    response: { 201: waiting },
    work: async (tx, { body: { entity, code: supplierCode, reason: why, ...rest }, principal }) => {
      requireScope(principal, { entity })
      const company = visible(principal, await companyByCode(tx, entity), 'entity', () => ({
        entity,
      }))
      const { changeId } = await proposeSupplier(tx, {
        ...{ entityId: company.id, code: supplierCode, fields: said(rest) },
        ...{ reason: why, actor: principal.actor },
      })
      return { status: 201, body: { changeId: `${changeId}`, state: 'pending' } }
    },
  })
}

function addChange(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/suppliers/:code/changes',
    permission: 'suppliers:update',
    summary: 'Propose other terms, bank details, a block or its end',
    tags,
    params,
    body: change,
    response: { 201: waiting },
    work: async (tx, { body, params: asked, principal }) => {
      const found = visibleSupplier(principal, await readSupplier(tx, asked.code))
      const proposed = body.kind === 'change' ? { ...body, fields: said(body.fields) } : body
      const { changeId } = await proposeSupplierChange(tx, found.code, {
        ...proposed,
        actor: principal.actor,
      } as Parameters<typeof proposeSupplierChange>[2])
      return { status: 201, body: { changeId: `${changeId}`, state: 'pending' } }
    },
  })
}

function addItems(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'PUT',
    url: '/suppliers/:code/items/:sku',
    permission: 'suppliers:update',
    summary: 'Say what an item is called and costs at a supplier, and how it is delivered',
    tags,
    params: z.object({ code, sku }),
    body: z.strictObject({
      vendorSku: shortText,
      rank: z.int().min(1).max(1000).default(1),
      moq: units.default('1'),
      multiple: units.default('1'),
      leadTimeDays: z.int().min(0).max(1000),
      overReceiptPpm: ppm.default(null),
      underReceiptPpm: ppm.default(null),
      inspect: z.boolean().default(false).describe('Its goods are judged before they are sold.'),
      status: z.enum(['active', 'paused']).default('active'),
      prices: z
        .array(
          z.strictObject({
            minQty: units.default('1'),
            priceMinor: price,
            pricePer: units.default('1'),
          }),
        )
        .max(50)
        .default([])
        .describe('Added to the prices known; `priceMinor` buys `pricePer` units.'),
      validFrom: businessDate.optional(),
    }),
    response: { 200: z.object({ supplier: text, sku: text, vendorSku: text }) },
    work: async (tx, { body, params: asked, principal }) => {
      const found = visibleSupplier(principal, await readSupplier(tx, asked.code))
      const itemId = await itemIdOf(tx, asked.sku)
      await putSupplierItem(
        tx,
        { supplierId: found.id, supplier: found.code, itemId, sku: asked.sku },
        {
          ...body,
          moq: BigInt(body.moq),
          multiple: BigInt(body.multiple),
          prices: body.prices.map((one) => ({
            minQty: BigInt(one.minQty),
            priceMinor: BigInt(one.priceMinor),
            pricePer: BigInt(one.pricePer),
          })),
          validFrom: body.validFrom ?? new Date().toISOString().slice(0, 10),
          actor: principal.actor,
        },
      )
      return { body: { supplier: found.code, sku: asked.sku, vendorSku: body.vendorSku } }
    },
  })
}

function visibleSupplier(principal: Principal, row: SupplierRow | undefined): SupplierRow {
  return visible(principal, row, 'supplier', ({ entity }) => ({ entity }))
}

/** Fields that were left out are not undefined but absent: they stay as they are. */
function said<T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

function toSupplier({ id: _i, entityId: _e, functionalCurrency: _f, ...row }: SupplierRow) {
  return { ...row, priceToleranceMinor: row.priceToleranceMinor?.toString() ?? null }
}
