import { z } from 'zod'
import {
  companyByCode,
  companyById,
  companyOfOpenItem,
  companyOfOrder,
  listAccounts,
  openItemPage,
  type Company,
} from '#db/queries/books'
import { journalEntries, journalEntryWithLines } from '#db/queries/ledger'
import {
  accountBalance,
  openItemMovements,
  profitBy,
  profitOfOrder,
  trialBalance as readTrialBalance,
  type ProfitRow,
  type ReportScope,
} from '#db/queries/ledger-reports'
import { readItem } from '#db/queries/masters'
import { sum } from '#domain/money'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { invalidInput } from '../problem.ts'
import { bigId, businessDate, sku } from '../schemas.ts'
import { visible } from '../scope.ts'
import { documentUrl, linesUrl } from './ledger-links.ts'
import * as wire from './ledger-schemas.ts'

const tags = ['ledger']
const config = { permission: 'ledger:read' } as const
const { wireMoney } = wire

/** The books, from a report's cell down to the entry and its document (FIN-32). */
export async function ledgerRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addEntries(server, deps)
  addEntry(server, deps)
  addBalances(server, deps)
  addTrialBalance(server, deps)
  addOpenItems(server, deps)
  addMovements(server, deps)
  addProfit(server, deps)
}

function addEntries(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/ledger/entries',
    {
      config,
      schema: {
        summary: 'Journal entries, newest first',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          entity: wire.entityCode,
          account: wire.accountId.optional(),
          order: bigId.optional(),
          sku: sku.optional(),
          sourceType: z.string().min(1).max(60).optional().meta({ example: 'shipment' }),
          sourceId: z.string().min(1).max(300).optional(),
          from: businessDate.optional(),
          to: businessDate.optional(),
        }),
        response: { 200: pageOf(wire.entry) },
      },
    },
    async ({ query, principal }) => {
      const { limit, cursor, entity, account, order, sku: itemSku, ...rest } = query
      const beforeEntryId = idCursor(cursor, MAX_BIGINT)
      const found = await companyByCode(db, entity)
      const company = visible(principal, found, `entity ${entity}`, placeOf)
      const item = itemSku === undefined ? undefined : await readItem(db, itemSku)
      if (itemSku !== undefined && !item)
        throw invalidInput({ field: 'query.sku', message: `there is no item ${itemSku}` })
      const rows = await journalEntries(db, {
        ...given(rest),
        entityId: company.id,
        ...(account === undefined ? {} : { accountId: account }),
        ...(order === undefined ? {} : { orderId: BigInt(order) }),
        ...(item === undefined ? {} : { itemId: item.id }),
        beforeEntryId,
        limit: limit + 1,
      })
      return toPage(rows, limit, (row) => row.entryId, wire.wireEntry)
    },
  )
}

function addEntry(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/ledger/entries/:id',
    {
      config,
      schema: {
        summary: 'One journal entry with its lines',
        tags,
        params: z.object({ id: bigId }),
        response: { 200: wire.entryWithLines },
      },
    },
    async ({ params: { id }, principal }) => {
      const found = await journalEntryWithLines(db, BigInt(id))
      const company = found && (await companyById(db, found.entityId))
      const { code, functionalCurrency } = visible(principal, company, `entry ${id}`, placeOf)
      const { lines, ...header } = found!
      return {
        ...wire.wireEntry(header),
        entity: code,
        lines: lines.map((line) => wire.wireLine(line, functionalCurrency)),
      }
    },
  )
}

function addBalances(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/ledger/accounts',
    {
      config,
      schema: {
        summary: 'The chart of accounts',
        tags,
        response: { 200: z.object({ items: z.array(wire.account), nextCursor: z.null() }) },
      },
    },
    async () => ({ items: await listAccounts(db), nextCursor: null }),
  )

  server.get(
    '/ledger/balances',
    {
      config,
      schema: {
        summary: 'Balance of one account now, by currency',
        tags,
        querystring: z.strictObject({ entity: wire.entityCode, account: wire.accountId }),
        response: { 200: wire.balances },
      },
    },
    async ({ query: { entity, account }, principal }) => {
      const company = await companyByCode(db, entity)
      const { id, functionalCurrency } = visible(principal, company, `entity ${entity}`, placeOf)
      const rows = await accountBalance(db, id, account)
      const balances = rows.map(({ currency, amountMinor, funcMinor }) => ({
        amount: wireMoney(amountMinor, currency),
        functional: wireMoney(funcMinor, functionalCurrency),
      }))
      return { entity, accountId: account, balances }
    },
  )
}

function addTrialBalance(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/ledger/trial-balance',
    {
      config,
      schema: {
        summary: 'Trial balance as of a date, as known at an instant',
        tags,
        querystring: z.strictObject(wire.reportQuery),
        response: { 200: wire.trialBalance },
      },
    },
    async ({ query: { entity, ...scope }, principal }) => {
      const company = await companyByCode(db, entity)
      const { id, functionalCurrency } = visible(principal, company, `entity ${entity}`, placeOf)
      const rows = await readTrialBalance(db, { ...reportScope(scope), entityId: id })
      return {
        entity,
        asOf: scope.asOf,
        knownAt: scope.knownAt ?? null,
        rows: rows.map(({ currency, amountMinor, funcMinor, ...row }) => ({
          ...row,
          amount: wireMoney(amountMinor, currency),
          functional: wireMoney(funcMinor, functionalCurrency),
          lines: linesUrl({ entity, ...scope, account: row.accountId, currency }),
        })),
        total: wireMoney(sum(rows.map((row) => row.funcMinor)), functionalCurrency),
      }
    },
  )
}

function addOpenItems(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/ledger/open-items',
    {
      config,
      schema: {
        summary: 'What clearing, receivable and payable accounts still wait for',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          entity: wire.entityCode,
          asOf: businessDate.describe('Ages are counted to this date.'),
          account: wire.accountId.optional(),
          key: z.string().min(1).max(300).optional(),
        }),
        response: { 200: pageOf(wire.openItem) },
      },
    },
    async ({ query: { limit, cursor, entity, account, ...filter }, principal }) => {
      const after = idCursor(cursor)
      const company = await companyByCode(db, entity)
      const { id, functionalCurrency } = visible(principal, company, `entity ${entity}`, placeOf)
      const page = { ...filter, entityId: id, accountId: account, after, limit: limit + 1 }
      return toPage(
        await openItemPage(db, page),
        limit,
        (row) => row.id,
        ({ id: itemId, currency, balanceMinor, funcMinor, ...row }) => ({
          ...row,
          id: itemId.toString(),
          balance: wireMoney(balanceMinor, currency),
          functional: wireMoney(funcMinor, functionalCurrency),
        }),
      )
    },
  )
}

function addMovements(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/ledger/open-items/:id/movements',
    {
      config,
      schema: {
        summary: 'How an open item came to its balance',
        tags,
        params: z.object({ id: bigId }),
        response: {
          200: z.object({ items: z.array(wire.openItemMovement), nextCursor: z.null() }),
        },
      },
    },
    async ({ params: { id }, principal }) => {
      const company = await companyOfOpenItem(db, BigInt(id))
      const { currency } = visible(principal, company, `open item ${id}`, placeOf)
      const rows = await openItemMovements(db, BigInt(id))
      const items = rows.map(({ entryId, amountMinor, ...row }) => ({
        ...row,
        entryId: entryId.toString(),
        document: documentUrl(row.sourceType, row.sourceId),
        amount: wireMoney(amountMinor, currency),
      }))
      return { items, nextCursor: null }
    },
  )
}

function addProfit(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/ledger/profit',
    {
      config,
      schema: {
        summary: 'Profit and loss by channel, item, segment, site or promotion',
        tags,
        querystring: z.strictObject({
          ...wire.reportQuery,
          by: z.enum(['channel', 'item', 'segment', 'site', 'promotion']),
        }),
        response: { 200: wire.profit },
      },
    },
    async ({ query: { entity, by, ...scope }, principal }) => {
      const found = await companyByCode(db, entity)
      const company = visible(principal, found, `entity ${entity}`, placeOf)
      const rows = await profitBy(db, by, { ...reportScope(scope), entityId: company.id })
      return wireProfit(company, rows, (code) => ({
        ...scope,
        ...(code === null ? { without: by } : { [CELL[by]]: code }),
      }))
    },
  )

  server.get(
    '/ledger/orders/:id/profit',
    {
      config,
      schema: {
        summary: 'What one order earned, account by account',
        tags,
        params: z.object({ id: bigId }),
        response: { 200: wire.profit },
      },
    },
    async ({ params: { id }, principal }) => {
      const found = await companyOfOrder(db, BigInt(id))
      const company = visible(principal, found, `order ${id}`, (row) => ({
        entity: row.code,
        channel: row.channel,
      }))
      return wireProfit(company, await profitOfOrder(db, BigInt(id)), () => ({ order: id }))
    },
  )
}

/** By which filter of the lines a cell of the report is found again. */
const CELL = {
  channel: 'channel',
  item: 'sku',
  segment: 'segment',
  site: 'site',
  promotion: 'promotion',
} as const

function wireProfit(
  { code: entity, functionalCurrency }: Company,
  rows: readonly ProfitRow[],
  cellOf: (code: string | null) => Parameters<typeof linesUrl>[0],
) {
  return {
    entity,
    rows: rows.map(({ resultMinor, ...row }) => ({
      ...row,
      result: wireMoney(resultMinor, functionalCurrency),
      lines: linesUrl({ entity, account: row.accountId, ...cellOf(row.code) }),
    })),
    total: wireMoney(sum(rows.map((row) => row.resultMinor)), functionalCurrency),
  }
}

function placeOf(company: Company) {
  return { entity: company.code }
}

type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** Leaves out what was not asked for: a filter of `undefined` is not a filter. */
function given<T extends object>(query: T): Partial<Given<T>> {
  return Object.fromEntries(
    Object.entries(query).filter(([, value]) => value !== undefined),
  ) as Partial<Given<T>>
}

function reportScope(scope: {
  asOf: string
  knownAt?: string | undefined
  from?: string | undefined
  book: string
}): Omit<ReportScope, 'entityId'> {
  return { ...given(scope), asOf: scope.asOf }
}
