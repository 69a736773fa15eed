import { z } from 'zod'
import { listRates, type RateRow } from '#db/queries/rates'
import { insertRate } from '#db/stores/rates'
import { EVERYWHERE, scopesInclude } from '#domain/scopes'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { intCursor, MAX_INT, pageOf, pageQuery, toPage } from '../paging.ts'
import { forbidden, invalidInput } from '../problem.ts'
import { businessDate, currency, reason, shortText } from '../schemas.ts'

const tags = ['ledger']
const kind = z.enum(['spot', 'closing', 'average'])

const rate = z.object({
  id: z.int(),
  from: z.string(),
  to: z.string(),
  on: z.string(),
  kind,
  rate: z.string().meta({ example: '1.085' }),
  source: z.string(),
  recordedAt: z.string(),
})

/** Exchange rates are added, never changed; the newest of a day counts. */
export async function exchangeRateRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addList(server, deps)
  addLoading(server, deps)
}

function addList(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/exchange-rates',
    {
      config: { permission: 'rates:read' },
      schema: {
        summary: 'Exchange rates, the newest first',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          from: currency.optional(),
          to: currency.optional(),
          on: businessDate.optional(),
        }),
        response: { 200: pageOf(rate) },
      },
    },
    async ({ query: { limit, cursor, ...filter } }) => {
      const before = cursor === undefined ? Number(MAX_INT) : intCursor(cursor)
      const rows = await listRates(db, { ...filter, before, limit: limit + 1 })
      return toPage(rows, limit, (row) => row.id, wireRate)
    },
  )
}

function addLoading(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/exchange-rates',
    permission: 'rates:create',
    summary: 'Load an exchange rate',
    tags,
    body: z.strictObject({
      from: currency,
      to: currency,
      on: businessDate,
      kind: kind.default('spot'),
      rate: z
        .string()
        .regex(/^\d{1,9}(\.\d{1,9})?$/, { error: 'send a decimal such as 1.085, up to 9 places' })
        .describe('Units of `to` for one of `from`.')
        .meta({ example: '1.085' }),
      source: shortText.meta({ example: 'ECB' }),
      reason,
    }),
    response: { 201: rate },
    work: async (tx, { body: { reason: why, rate: text, ...given }, principal, audit }) => {
      if (!scopesInclude(principal.scopes, EVERYWHERE))
        throw forbidden(
          'OutOfScope',
          'A rate counts for every company: ask somebody without limits.',
        )
      const rateE9 = scaled(text)
      if (rateE9 === 0n)
        throw invalidInput({ field: 'body.rate', message: 'send a rate above zero' })
      if (given.from === given.to)
        throw invalidInput({ field: 'body.to', message: 'name another currency' })
      const after = wireRate(await insertRate(tx, { ...given, rateE9 }))
      const subjectId = `${given.from}-${given.to}/${given.on}`
      await audit({ subjectType: 'rate', subjectId, action: 'loaded', after, reason: why })
      return { status: 201, body: after }
    },
  })
}

function scaled(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.padEnd(9, '0'))
}

function wireRate({ rateE9, ...row }: RateRow) {
  const digits = rateE9.toString().padStart(10, '0')
  const fraction = digits.slice(-9).replace(/0+$/, '')
  return { ...row, rate: `${digits.slice(0, -9)}${fraction === '' ? '' : `.${fraction}`}` }
}
