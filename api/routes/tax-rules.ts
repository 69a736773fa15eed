import { z } from 'zod'
import { channelOfCertificate, listCertificates, taxProfiles } from '#db/queries/tax-rules'
import {
  decideCertificate,
  insertCertificate,
  insertTaxProfile,
  insertVatIdCheck,
} from '#db/stores/tax-rules'
import { isInScope } from '#domain/scopes'
import { commandRoute } from '../command-route.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { idCursor, MAX_BIGINT, pageOf, pageQuery, toPage } from '../paging.ts'
import { notFound } from '../problem.ts'
import { bigId, businessDate, code, reason, shortText } from '../schemas.ts'
import { requireChannelScope, requireEverywhere } from '../scope.ts'

const tags = ['ledger']
const state = z
  .string()
  .regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/, { error: 'send a country or state such as DE or US-NY' })
  .meta({ example: 'US-NY' })
const ppm = z.int().min(0).max(1_000_000).describe('Parts per million: 8.25% is 82500.')

const profile = z.object({
  jurisdiction: state,
  validFrom: businessDate,
  system: z.enum(['sales-tax', 'vat']),
  sourcing: z
    .enum(['destination', 'origin'])
    .describe('Whose rates fall on a sale within a state.'),
  basis: z.enum(['line', 'document']).describe('What is rounded.'),
  rounding: z
    .enum(['half-up', 'down'])
    .describe('Down only where the law of the country allows it.'),
  stack: z.enum(['separate', 'summed']).describe('State and local rates one by one, or their sum.'),
  shipping: z.enum(['taxed', 'untaxed', 'as-goods']),
  facilitator: z.boolean().describe('Marketplaces collect and remit by law.'),
  source: shortText.describe('The law or notice that says so.'),
})
const stated = profile.extend({ version: z.int(), owner: z.string() })

/** How jurisdictions tax, and which buyers they do not. */
export async function taxRuleRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addProfiles(server, deps)
  addStatement(server, deps)
  addCertificates(server, deps)
  addCertificateDecision(server, deps)
  addVatIds(server, deps)
}

function addProfiles(server: ApiServer, { db }: ApiDeps): void {
  server.get(
    '/ledger/tax-profiles',
    {
      config: { permission: 'ledger:read' },
      schema: {
        summary: 'How jurisdictions tax: every version of their profiles',
        tags,
        querystring: z.strictObject({ jurisdiction: state.optional() }),
        response: { 200: z.object({ items: z.array(stated), nextCursor: z.null() }) },
      },
    },
    async ({ query: { jurisdiction } }) => ({
      items: await taxProfiles(db, jurisdiction),
      nextCursor: null,
    }),
  )
}

function addStatement(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/ledger/tax-profiles',
    permission: 'periods:create',
    summary: 'State how a jurisdiction taxes from a day on, with its rates and places',
    description:
      'Orders keep the tax that they were frozen with; the version is named in their decision.',
    tags,
    body: z.strictObject({
      ...profile.shape,
      basedOn: z.int().min(0).describe('The version that you saw; 0 for a first one.'),
      rates: z
        .array(
          z.strictObject({
            jurisdiction: shortText,
            category: shortText.default('standard'),
            ratePpm: ppm,
          }),
        )
        .max(1000)
        .default([]),
      areas: z
        .array(
          z.strictObject({
            jurisdiction: shortText.meta({ example: 'US-NY/NEW YORK CITY' }),
            level: z.enum(['county', 'city', 'special']),
            postalFrom: shortText,
            postalTo: shortText,
          }),
        )
        .max(1000)
        .default([]),
      reason,
    }),
    response: { 201: stated },
    work: async (tx, { body, principal, audit }) => {
      requireEverywhere(principal, 'tax profile')
      const { rates, areas, reason: why, ...next } = body
      const owner = principal.actor
      const version = await insertTaxProfile(tx, { ...next, owner }, { rates, areas })
      const { basedOn: _seen, ...after } = next
      const subjectId = next.jurisdiction
      const event = { subjectType: 'tax-profile', subjectId, action: 'stated', reason: why }
      await audit({ ...event, after: { ...after, version, rates, areas } })
      return { status: 201, body: { ...after, version, owner } }
    },
  })
}

const certificate = z.object({
  channel: code,
  customer: shortText.describe('The channel’s id of the customer.'),
  number: shortText,
  jurisdictions: z.array(state).min(1).max(60),
  kind: z.enum([
    'resale',
    'government',
    'charity',
    'education',
    'manufacturing',
    'direct-pay',
    'other',
  ]),
  validFrom: businessDate,
  validTo: businessDate,
})
const keptCertificate = certificate.extend({
  id: z.string(),
  state: z.enum(['captured', 'verified', 'rejected', 'revoked']),
  capturedBy: z.string(),
})

function addCertificates(server: ApiServer, deps: ApiDeps): void {
  server.get(
    '/ledger/exemption-certificates',
    {
      config: { permission: 'customers:read' },
      schema: {
        summary: 'Exemption certificates of buyers, newest first',
        tags,
        querystring: z.strictObject({
          ...pageQuery,
          channel: code.optional(),
          customer: shortText.optional(),
        }),
        response: { 200: pageOf(keptCertificate) },
      },
    },
    async ({ query: { limit, cursor, ...filter }, principal: { scopes } }) => {
      const before = idCursor(cursor, MAX_BIGINT)
      const rows = await listCertificates(deps.db, { ...filter, before, limit: limit + 1, scopes })
      return toPage(
        rows,
        limit,
        (row) => row.id,
        ({ id, ...row }) => ({ ...row, id: id.toString() }),
      )
    },
  )

  commandRoute(server, deps, {
    method: 'POST',
    url: '/ledger/exemption-certificates',
    permission: 'customers:update',
    summary:
      'Capture a buyer’s exemption certificate; it counts when another person has verified it',
    tags,
    body: z
      .strictObject({ ...certificate.shape, reason })
      .refine(({ validFrom, validTo }) => validFrom <= validTo, {
        path: ['validTo'],
        error: 'send the last day on which it holds, not before validFrom',
      }),
    response: { 201: z.object({ id: z.string() }) },
    work: async (tx, { body: { reason: why, ...captured }, principal, audit }) => {
      await requireChannelScope(tx, principal, captured.channel)
      const id = await insertCertificate(tx, captured, principal.actor)
      const event = { subjectType: 'exemption-certificate', subjectId: id.toString() }
      await audit({ ...event, action: 'captured', after: captured, reason: why })
      return { status: 201, body: { id: id.toString() } }
    },
  })
}

function addCertificateDecision(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/ledger/exemption-certificates/:certificateId/decision',
    permission: 'customers:approve',
    summary: 'Verify, reject or revoke an exemption certificate; not by who captured it',
    description: 'Orders that were placed meanwhile keep their tax.',
    tags,
    params: z.object({ certificateId: bigId }),
    body: z.strictObject({ decision: z.enum(['verified', 'rejected', 'revoked']), reason }),
    response: { 204: z.null() },
    work: async (tx, { body, params: { certificateId }, principal, audit }) => {
      const id = BigInt(certificateId)
      const place = await channelOfCertificate(tx, id)
      if (!place || !isInScope(principal.scopes, place)) throw notFound('exemption certificate')
      await decideCertificate(tx, id, { ...body, actor: principal.actor })
      const event = { subjectType: 'exemption-certificate', subjectId: certificateId }
      await audit({ ...event, action: body.decision, reason: body.reason })
      return {}
    },
  })
}

function addVatIds(server: ApiServer, deps: ApiDeps): void {
  commandRoute(server, deps, {
    method: 'POST',
    url: '/ledger/vat-id-checks',
    permission: 'customers:update',
    summary: 'Keep what VIES or HMRC said of a buyer’s VAT number; the latest answer counts',
    tags,
    body: z.strictObject({
      channel: code,
      customer: shortText,
      vatId: z
        .string()
        .regex(/^[A-Z]{2}[A-Z0-9+*]{2,12}$/, {
          error: 'send country and number such as DE129273398',
        })
        .meta({ example: 'DE129273398' }),
      valid: z.boolean(),
      checkedOn: businessDate,
      reference: shortText.describe('The consultation number.'),
    }),
    response: { 204: z.null() },
    work: async (tx, { body, principal, audit }) => {
      await requireChannelScope(tx, principal, body.channel)
      await insertVatIdCheck(tx, body, principal.actor)
      const subjectId = `${body.channel}/${body.customer}`
      await audit({ subjectType: 'vat-id', subjectId, action: 'checked', after: body })
      return {}
    },
  })
}
