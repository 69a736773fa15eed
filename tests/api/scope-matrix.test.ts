import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeX12 } from '#connectors/edi/x12-writer'
import type { Scopes } from '#domain/scopes'
import { aLine, anOrder } from '#tests/support/company'
import { aStatement } from '#tests/support/settlements'
import { anAmazonOrder } from './channel-messages.ts'
import { FOREIGN, foundForeignCompany, type Foreign } from './foreign-company.ts'
import { runningApi, type RunningApi } from './running-api.ts'
import type { Caller } from './support.ts'

/**
 * What a route does about an object that lies outside one kind of scope. `hidden` and `refused` by
 * status; `absent`: the list comes without it; `free`: this kind of scope does not narrow the route.
 */
type Verdict = 'hidden' | 'refused' | 'absent' | 'free'

interface Probe {
  route: string
  ask: (foreign: Foreign) => InjectOptions
  entity: Verdict
  channel: Verdict
  site: Verdict
  /** What must not be in an answer without it; the code of the company, channel or site unless given. */
  mark?: string | ((foreign: Foreign) => string)
}

const get = (url: string): InjectOptions => ({ method: 'GET', url })
const command = (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, payload: object = {}) =>
  ({ method, url, payload }) as InjectOptions
const reason = 'the scope matrix asks'
const { entity, site, channel } = FOREIGN
const today = new Date().toISOString().slice(0, 10)
const all = (verdict: Verdict) => ({ entity: verdict, channel: verdict, site: verdict })
const ofChannel = (verdict: Verdict) => ({
  entity: verdict,
  channel: verdict,
  site: 'free' as const,
})
const ofSite = (verdict: Verdict) => ({ entity: verdict, channel: 'free' as const, site: verdict })
const ofEntity = (verdict: Verdict) => ({
  entity: verdict,
  channel: 'free' as const,
  site: 'free' as const,
})

const access: Probe[] = [
  { route: 'GET /v1/users', ask: () => get('/v1/users'), ...all('absent'), mark: FOREIGN.user },
  { route: 'GET /v1/users/:id', ask: (f) => get(`/v1/users/${f.userId}`), ...all('hidden') },
  {
    route: 'POST /v1/users',
    ask: () =>
      command('POST', '/v1/users', {
        email: 'wide@example.com',
        name: 'Wide',
        password: 'a password that is long',
        roles: ['csr'],
      }),
    ...all('refused'),
  },
  {
    route: 'PATCH /v1/users/:id',
    ask: (f) => command('PATCH', `/v1/users/${f.userId}`, { name: 'Mine', reason }),
    ...all('refused'),
  },
  {
    route: 'GET /v1/api-keys',
    ask: () => get('/v1/api-keys'),
    ...all('absent'),
    mark: FOREIGN.key,
  },
  {
    route: 'POST /v1/api-keys',
    ask: () => command('POST', '/v1/api-keys', { name: 'wide-key', roles: ['connector'] }),
    ...all('refused'),
  },
  {
    route: 'DELETE /v1/api-keys/:id',
    ask: (f) => command('DELETE', `/v1/api-keys/${f.keyId}`, { reason }),
    ...all('refused'),
  },
]

const newSite = { code: 'SUED', entity, name: 'Munich', kind: 'own', country: 'DE' }
const newChannel = { code: 'de-two', entity, name: 'Second', kind: 'phone', currency: 'EUR' }
const masters: Probe[] = [
  { route: 'GET /v1/entities', ask: () => get('/v1/entities'), ...ofEntity('absent') },
  { route: 'GET /v1/sites', ask: () => get('/v1/sites'), ...ofSite('absent') },
  { route: 'GET /v1/sites/:code', ask: () => get(`/v1/sites/${site}`), ...ofSite('hidden') },
  {
    route: 'POST /v1/sites',
    ask: () => command('POST', '/v1/sites', newSite),
    ...ofSite('refused'),
  },
  {
    route: 'PATCH /v1/sites/:code',
    ask: () => command('PATCH', `/v1/sites/${site}`, { name: 'Mine' }),
    ...ofSite('refused'),
  },
  { route: 'GET /v1/channels', ask: () => get('/v1/channels'), ...ofChannel('absent') },
  {
    route: 'GET /v1/channels/:code',
    ask: () => get(`/v1/channels/${channel}`),
    ...ofChannel('hidden'),
  },
  {
    route: 'POST /v1/channels',
    ask: () => command('POST', '/v1/channels', newChannel),
    ...ofChannel('refused'),
  },
  {
    route: 'PATCH /v1/channels/:code',
    ask: () => command('PATCH', `/v1/channels/${channel}`, { priority: 1 }),
    ...ofChannel('refused'),
  },
  {
    route: 'GET /v1/channels/:code/stock-sync',
    ask: () => get(`/v1/channels/${channel}/stock-sync`),
    ...ofChannel('hidden'),
  },
  {
    route: 'GET /v1/channels/:code/stock-sync/listings',
    ask: () => get(`/v1/channels/${channel}/stock-sync/listings`),
    ...ofChannel('hidden'),
  },
  {
    route: 'PUT /v1/channels/:code/stock-sync',
    ask: () => command('PUT', `/v1/channels/${channel}/stock-sync`, { state: 'off' }),
    ...ofChannel('refused'),
  },
  {
    route: 'POST /v1/channels/:code/stock-sync/sweep',
    ask: () => command('POST', `/v1/channels/${channel}/stock-sync/sweep`),
    ...ofChannel('refused'),
  },
  {
    route: 'GET /v1/listings',
    ask: () => get('/v1/listings'),
    ...ofChannel('absent'),
    mark: 'DE-MUG',
  },
  {
    route: 'POST /v1/listings',
    ask: () => command('POST', '/v1/listings', { channel, externalId: 'DE-LAMP', sku: 'LAMP' }),
    ...ofChannel('refused'),
  },
  {
    route: 'PATCH /v1/listings/:id',
    ask: (f) => command('PATCH', `/v1/listings/${f.listingId}`, { buffer: '2' }),
    ...ofChannel('refused'),
  },
  {
    route: 'GET /v1/policies',
    ask: () => get('/v1/policies'),
    ...ofChannel('absent'),
    mark: `"scope":"${channel}"`,
  },
  {
    route: 'GET /v1/policies/:kind/:scope',
    ask: () => get(`/v1/policies/order/${channel}`),
    ...ofChannel('hidden'),
  },
  ...['*', channel].map((scope) => ({
    route: 'POST /v1/policies',
    ask: () =>
      command('POST', '/v1/policies', {
        kind: 'order',
        scope,
        basedOn: scope === '*' ? 0 : 1,
        owner: 'me',
        reason,
        body: {},
      }),
    ...all('refused'),
  })),
]

const about = (f: Foreign) => `subjectType=order&subjectId=${f.orderId}`
const trail: Probe[] = [
  {
    route: 'GET /v1/decisions',
    ask: (f) => get(`/v1/decisions?${about(f)}`),
    ...ofChannel('absent'),
    mark: (f) => f.orderId,
  },
  {
    route: 'GET /v1/audit-events',
    ask: (f) => get(`/v1/audit-events?${about(f)}`),
    ...ofChannel('refused'),
  },
  {
    route: 'GET /v1/audit-events',
    ask: () => get(`/v1/audit-events?subjectType=policy&subjectId=order/${channel}`),
    ...ofChannel('refused'),
  },
  { route: 'GET /v1/audit-events', ask: () => get('/v1/audit-events'), ...all('refused') },
  { route: 'GET /v1/proofs', ask: () => get('/v1/proofs'), ...all('refused') },
  {
    route: 'GET /v1/processes/:workflowId/waiting-for',
    ask: (f) => get(`/v1/processes/${encodeURIComponent(f.workflowId)}/waiting-for`),
    ...ofChannel('hidden'),
  },
  {
    route: 'GET /v1/effects',
    ask: () => get('/v1/effects?subjectType=order'),
    ...ofChannel('absent'),
    mark: 'effect-abroad',
  },
  {
    route: 'GET /v1/inbox',
    ask: () => get('/v1/inbox'),
    ...ofChannel('absent'),
    mark: `/${channel}/`,
  },
]

const period = `from=2026-01-01&to=${today}`
const compared = 'comparedFrom=2025-01-01&comparedTo=2025-12-31'
const reports: Probe[] = [
  ...[
    ['trial-balance', period],
    ['profit-and-loss', period],
    ['balance-sheet', `asOf=${today}`],
    ['cash-flow', period],
    ['aged-receivables', `asOf=${today}`],
    ['aged-payables', `asOf=${today}`],
    ['clearing', `asOf=${today}`],
    ['settlement-status', `asOf=${today}`],
    ['inventory-roll-forward', period],
    ['closed-and-known', `period=${FOREIGN.closed}`],
    ['order-profit', period],
    ['margin-bridge', `${period}&${compared}`],
  ].map(([name, query]) => ({
    route: `GET /v1/reports/${name}`,
    ask: () => get(`/v1/reports/${name}?entity=${entity}&${query}`),
    ...ofEntity('hidden'),
  })),
  ...[
    ['account-mappings', 'account-mappings?'],
    ['journal', `journal?${period}&`],
    ['journal/batches', 'journal/batches?'],
    ['journal/batches/:number', 'journal/batches/1?'],
  ].map(([name, url]) => ({
    route: `GET /v1/exports/${name}`,
    ask: () => get(`/v1/exports/${url}entity=${entity}`),
    ...ofEntity('hidden'),
  })),
  ...[
    ['account-mappings', { basedOn: 99, package: 'X', codes: { 4010: '1' }, reason }],
    ['journal/batches', { to: today, mode: 'day' }],
  ].map(([name, body]) => ({
    route: `POST /v1/exports/${name as string}`,
    ask: () => command('POST', `/v1/exports/${name as string}`, { entity, ...(body as object) }),
    ...ofEntity('refused'),
  })),
]

const ofStripe = { provider: 'stripe', currency: 'EUR' }
const ledger: Probe[] = [
  ...[
    ['GET /v1/ledger/lines', `/v1/ledger/lines?entity=${entity}`],
    ['GET /v1/ledger/entries', `/v1/ledger/entries?entity=${entity}`],
    ['GET /v1/ledger/balances', `/v1/ledger/balances?entity=${entity}&account=1300`],
    ['GET /v1/ledger/trial-balance', `/v1/ledger/trial-balance?entity=${entity}&asOf=${today}`],
    ['GET /v1/ledger/open-items', `/v1/ledger/open-items?entity=${entity}&asOf=${today}`],
    ['GET /v1/ledger/profit', `/v1/ledger/profit?entity=${entity}&asOf=${today}&by=channel`],
    ['GET /v1/ledger/tax-report', `/v1/ledger/tax-report?entity=${entity}&period=2026-01`],
    ['GET /v1/ledger/tax-registrations', `/v1/ledger/tax-registrations?entity=${entity}`],
    ['GET /v1/ledger/tax-returns', `/v1/ledger/tax-returns?entity=${entity}`],
    [
      'GET /v1/ledger/tax-returns/draft',
      `/v1/ledger/tax-returns/draft?entity=${entity}&jurisdiction=DE&period=2026-01`,
    ],
    ['GET /v1/gift-cards', `/v1/gift-cards?entity=${entity}`],
    ['GET /v1/deferred-revenue', `/v1/deferred-revenue?entity=${entity}`],
    ['GET /v1/scorecard', `/v1/scorecard?entity=${entity}`],
    ['GET /v1/leaks', `/v1/leaks?entity=${entity}`],
    ['GET /v1/leaks/:leak', `/v1/leaks/tax-errors?entity=${entity}`],
  ].map(([route, url]) => ({ route: route!, ask: () => get(url!), ...ofEntity('hidden') })),
  ...[
    {
      path: 'ledger/gift-card-breakage',
      body: { currency: 'EUR', recognisedOn: today, policyVersion: 1, expectedPpm: 1 },
    },
    {
      path: 'ledger/gift-card-escheats',
      body: { currency: 'EUR', jurisdiction: 'DE', unusedSince: today, escheatedOn: today },
    },
    {
      path: 'settlements/payouts',
      body: {
        ...ofStripe,
        payoutId: 'po',
        sentOn: today,
        amountMinor: '1',
        lines: [{ reference: 'x', amountMinor: '1' }],
      },
    },
    {
      path: 'settlements/bank-receipts',
      body: { ...ofStripe, payoutId: 'none', receivedOn: today, amountMinor: '1' },
    },
    {
      path: 'settlements/reserve-releases',
      body: { ...ofStripe, releaseId: 'r', releasedOn: today, amountMinor: '9' },
    },
  ].map(({ path, body }) => ({
    route: `POST /v1/${path}`,
    ask: () => command('POST', `/v1/${path}`, { entity, ...body }),
    ...ofEntity('refused'),
  })),
  {
    route: 'GET /v1/documents/:type/:id',
    ask: (f) => get(`/v1/documents/order/${f.orderId}`),
    ...ofChannel('hidden'),
  },
  {
    route: 'GET /v1/documents/:type/:id',
    ask: (f) => get(`/v1/documents/opening/${f.openingId}`),
    ...ofSite('hidden'),
  },
  {
    route: 'GET /v1/ledger/entries/:id',
    ask: (f) => get(`/v1/ledger/entries/${f.entryId}`),
    ...ofEntity('hidden'),
  },
  {
    route: 'GET /v1/ledger/open-items/:id/movements',
    ask: (f) => get(`/v1/ledger/open-items/${f.openItemId}/movements`),
    ...ofEntity('hidden'),
  },
  {
    route: 'GET /v1/ledger/orders/:id/profit',
    ask: (f) => get(`/v1/ledger/orders/${f.orderId}/profit`),
    ...ofChannel('hidden'),
  },
]

const lock = { entity, reason }
const periods: Probe[] = [
  ...[
    ['GET /v1/ledger/late-facts', `/v1/ledger/late-facts?entity=${entity}&period=2026-06`],
    ['GET /v1/periods', `/v1/periods?entity=${entity}`],
    ['GET /v1/periods/:period/closings', `/v1/periods/2026-06/closings?entity=${entity}`],
    ['GET /v1/period-exceptions', `/v1/period-exceptions?entity=${entity}`],
  ].map(([route, url]) => ({ route: route!, ask: () => get(url!), ...ofEntity('hidden') })),
  ...(
    [
      ['', { ...lock, year: 2026 }],
      ['/:period/:area/soft-close', lock],
      ['/:period/:area/close', lock],
      ['/:period/:area/reopen', { ...lock, approvalId: 'exception-1' }],
    ] as const
  ).map(([path, body]) => {
    const url = `/v1/periods${path.replace(':period/:area', '2026-06/TAX')}`
    const ask = () => command('POST', url, body)
    return { route: `POST /v1/periods${path}`, ask, ...ofEntity('refused') }
  }),
  {
    route: 'POST /v1/period-exceptions',
    ask: () =>
      command('POST', '/v1/period-exceptions', {
        ...{ entity, period: '2026-06', areas: ['TAX'], until: '2099-01-01T00:00:00Z', reason },
      }),
    ...ofEntity('refused'),
  },
  {
    route: 'POST /v1/period-exceptions/:approvalId/approval',
    ask: (f) => command('POST', `/v1/period-exceptions/${f.approvalId}/approval`, { reason }),
    ...ofEntity('hidden'),
  },
  {
    route: 'POST /v1/ledger/tax-registrations',
    ask: () =>
      command('POST', '/v1/ledger/tax-registrations', {
        ...{ entity, jurisdiction: 'DE', number: 'DE1', frequency: 'month', validFrom: today },
        reason,
      }),
    ...ofEntity('refused'),
  },
  {
    route: 'POST /v1/ledger/tax-profiles',
    ask: () =>
      command('POST', '/v1/ledger/tax-profiles', {
        ...{ jurisdiction: 'DE', validFrom: today, system: 'vat', sourcing: 'destination' },
        ...{ basis: 'line', rounding: 'half-up', stack: 'separate', shipping: 'as-goods' },
        ...{ facilitator: true, source: 'UStG', basedOn: 0, reason },
      }),
    ...all('refused'),
  },
  {
    route: 'GET /v1/ledger/exemption-certificates',
    ask: () => get('/v1/ledger/exemption-certificates'),
    ...ofChannel('absent'),
    mark: 'ST-DE',
  },
  {
    route: 'POST /v1/ledger/exemption-certificates',
    ask: () =>
      command('POST', '/v1/ledger/exemption-certificates', {
        ...{ channel, customer: 'C9', number: 'ST-2', jurisdictions: ['US-NY'], kind: 'resale' },
        ...{ validFrom: today, validTo: today, reason },
      }),
    ...ofChannel('refused'),
  },
  {
    route: 'POST /v1/ledger/exemption-certificates/:certificateId/decision',
    ask: (f) =>
      command('POST', `/v1/ledger/exemption-certificates/${f.certificateId}/decision`, {
        ...{ decision: 'verified', reason },
      }),
    ...ofChannel('hidden'),
  },
  {
    route: 'POST /v1/ledger/vat-id-checks',
    ask: () =>
      command('POST', '/v1/ledger/vat-id-checks', {
        ...{ channel, customer: 'C9', vatId: 'DE129273398', valid: true },
        ...{ checkedOn: today, reference: 'W1' },
      }),
    ...ofChannel('refused'),
  },
  {
    route: 'GET /v1/ledger/tax-returns/:returnId',
    ask: (f) => get(`/v1/ledger/tax-returns/${f.taxReturnId}`),
    ...ofEntity('hidden'),
  },
  {
    route: 'POST /v1/ledger/tax-returns',
    ask: () =>
      command('POST', '/v1/ledger/tax-returns', { entity, jurisdiction: 'DE', period: '2020-02' }),
    ...ofEntity('refused'),
  },
  ...[
    { what: 'outcome', body: { outcome: 'filed', on: today, reference: 'R' } },
    { what: 'payment', body: { paidOn: today, amountMinor: '0', reference: 'R' } },
  ].map(({ what, body }) => ({
    route: `POST /v1/ledger/tax-returns/:returnId/${what}`,
    ask: (f: Foreign) => command('POST', `/v1/ledger/tax-returns/${f.taxReturnId}/${what}`, body),
    ...ofEntity('hidden'),
  })),
  {
    route: 'POST /v1/exchange-rates',
    ask: () =>
      command('POST', '/v1/exchange-rates', {
        ...{ from: 'EUR', to: 'USD', on: today, rate: '1.1', source: 'test', reason },
      }),
    ...all('refused'),
  },
]

const balance = { entity, provider: 'stripe', currency: 'EUR' }
const stripeAbroad = { ...balance, account: '', channel: undefined }
/** A file is bytes, whatever they say: whose it is stands in the address. */
const file = (url: string) => ({
  ...command('POST', url),
  payload: '[]',
  headers: { 'content-type': 'application/octet-stream' },
})
const revenue: Probe[] = [
  // What is earned when is said for all companies, as items are.
  {
    route: 'GET /v1/revenue-policies',
    ask: () => get('/v1/revenue-policies'),
    ...all('free'),
  },
  {
    route: 'POST /v1/revenue-policies',
    ask: () =>
      command('POST', '/v1/revenue-policies', {
        ...{ itemClass: 'none', revenueOn: 'shipped', standard: 'IFRS 15.38', reason },
      }),
    ...all('free'),
  },
  {
    route: 'POST /v1/deferred-revenue/:deferralId/activation',
    ask: (f) =>
      command('POST', `/v1/deferred-revenue/${f.deferralId}/activation`, { activatedOn: today }),
    ...{ entity: 'hidden', channel: 'hidden', site: 'free' },
  },
  {
    route: 'POST /v1/ledger/revenue-recognition',
    ask: () => command('POST', '/v1/ledger/revenue-recognition', { entity, through: today }),
    ...ofEntity('refused'),
  },
  {
    route: 'GET /v1/carrier-claims',
    ask: () => get('/v1/carrier-claims'),
    ...{ entity: 'absent', channel: 'absent', site: 'free' },
    mark: 'LOST-DE',
  },
  {
    route: 'POST /v1/carrier-claims/:claimId/answer',
    ask: (f) =>
      command('POST', `/v1/carrier-claims/${f.claimId}/answer`, {
        ...{ outcome: 'refused', reference: 'R-1', decidedOn: today },
      }),
    ...{ entity: 'hidden', channel: 'hidden', site: 'free' },
  },
]
const settlements: Probe[] = [
  {
    route: 'GET /v1/gift-cards',
    ask: () => get(`/v1/gift-cards?entity=${entity}`),
    ...ofEntity('hidden'),
  },
  ...(
    [
      [
        'ledger/gift-card-breakage',
        { entity, currency: 'EUR', recognisedOn: today, policyVersion: 1, expectedPpm: 1 },
      ],
      [
        'ledger/gift-card-escheats',
        {
          entity,
          currency: 'EUR',
          jurisdiction: 'US-DE',
          unusedSince: '2020-01-01',
          escheatedOn: today,
        },
      ],
      [
        'settlements/payouts',
        {
          ...balance,
          payoutId: 'po_1',
          sentOn: today,
          amountMinor: '1',
          lines: [{ reference: 'ch_1', amountMinor: '1' }],
        },
      ],
      [
        'settlements/bank-receipts',
        { ...balance, payoutId: 'po_1', receivedOn: today, amountMinor: '1' },
      ],
      [
        'settlements/reserve-releases',
        { ...balance, releaseId: 're_1', releasedOn: today, amountMinor: '1' },
      ],
      ['settlements/statements', aStatement([{ class: 'sale', amountMinor: 1 }], stripeAbroad)],
      [
        'bank/statements',
        {
          ...{
            entity,
            account: 'DE-1',
            statementId: 'B2',
            currency: 'EUR',
            from: today,
            to: today,
          },
          lines: [],
        },
      ],
    ] as [string, object][]
  ).map(([path, body]) => ({
    route: `POST /v1/${path}`,
    ask: () => command('POST', `/v1/${path}`, body),
    ...ofEntity('refused'),
  })),
]

const csvMapping = {
  ...{ entity, account: 'DE-1', currency: 'EUR' },
  columns: { bookedOn: 'Tag', amount: 'Betrag' },
}
const statements: Probe[] = [
  {
    route: 'GET /v1/settlements/statements',
    ask: () => get('/v1/settlements/statements'),
    ...ofChannel('absent'),
    mark: FOREIGN.statement,
  },
  ...['', '/lines', '/progress', '/claim-file'].map((path) => ({
    route: `GET /v1/settlements/statements/:settlementId${path}`,
    ask: (f: Foreign) => get(`/v1/settlements/statements/${f.settlementId}${path}`),
    ...ofChannel('hidden'),
  })),
  {
    route: 'POST /v1/settlements/statements/:settlementId/approval',
    ask: (f) =>
      command('POST', `/v1/settlements/statements/${f.settlementId}/approval`, { reason }),
    ...ofChannel('hidden'),
  },
  {
    route: 'POST /v1/settlements/statements/files',
    ask: () =>
      file(`/v1/settlements/statements/files?provider=neutral&format=json&entity=${entity}`),
    ...ofEntity('refused'),
  },
  {
    route: 'POST /v1/bank/statements/files',
    ask: () => file(`/v1/bank/statements/files?format=json&entity=${entity}`),
    ...ofEntity('refused'),
  },
  {
    route: 'GET /v1/bank/csv-mappings',
    ask: () => get(`/v1/bank/csv-mappings?entity=${entity}`),
    ...ofEntity('refused'),
  },
  {
    route: 'POST /v1/bank/csv-mappings',
    ask: () => command('POST', '/v1/bank/csv-mappings', { ...csvMapping, basedOn: 0, reason }),
    ...ofEntity('refused'),
  },
  {
    route: 'POST /v1/bank/csv-mappings/preview',
    ask: () => command('POST', '/v1/bank/csv-mappings/preview', { ...csvMapping, sample: 'a' }),
    ...ofEntity('refused'),
  },
  {
    route: 'GET /v1/bank/lines',
    ask: () => get('/v1/bank/lines'),
    ...ofEntity('absent'),
    mark: FOREIGN.bankLine,
  },
]

const orderCommands: [string, object][] = [
  ['cancellation/preview', { reason }],
  ['changes/preview', { actions: [{ kind: 'add-line', sku: 'MUG', qty: 1, unitPriceMinor: '1' }] }],
  ['changes', { actions: [{ kind: 'add-line', sku: 'MUG', qty: 1, unitPriceMinor: '1' }] }],
  ['holds', { reason }],
  ['release', {}],
  ['reallocations', { fromOrderId: '1001', orderLineId: '1', qty: 1, reason }],
  ['cancellation', { reason, expectedVersion: 9999 }],
]
const orders: Probe[] = [
  {
    route: 'GET /v1/orders',
    ask: () => get('/v1/orders'),
    ...ofChannel('absent'),
    mark: `"channel":"${channel}"`,
  },
  {
    route: 'GET /v1/orders/blocked',
    ask: () => get('/v1/orders/blocked'),
    ...all('absent'),
    mark: 'parcel-stalled',
  },
  {
    route: 'GET /v1/orders/:orderId',
    ask: (f) => get(`/v1/orders/${f.orderId}`),
    ...ofChannel('hidden'),
  },
  {
    route: 'GET /v1/orders/:orderId/waiting-for',
    ask: (f) => get(`/v1/orders/${f.orderId}/waiting-for`),
    ...ofChannel('hidden'),
  },
  {
    route: 'GET /v1/orders/:orderId/personal-data',
    ask: (f) => get(`/v1/orders/${f.orderId}/personal-data`),
    ...ofChannel('hidden'),
  },
  {
    route: 'POST /v1/inbox/:inboxId/retry',
    ask: (f) => command('POST', `/v1/inbox/${f.inboxId}/retry`),
    ...ofChannel('refused'),
  },
  {
    route: 'POST /v1/orders',
    ask: () => command('POST', '/v1/orders', anOrder({ channel, currency: 'EUR' })),
    ...ofChannel('refused'),
  },
  ...orderCommands.map(([path, payload]) => ({
    route: `POST /v1/orders/:orderId/${path}`,
    ask: (f: Foreign) => command('POST', `/v1/orders/${f.orderId}/${path}`, payload),
    ...ofChannel('hidden'),
  })),
  ...['holds', 'releases'].map((path) => ({
    route: `POST /v1/orders/${path}`,
    ask: (f: Foreign) =>
      command('POST', `/v1/orders/${path}`, {
        orderIds: [f.orderId],
        ...(path === 'holds' ? { reason } : {}),
      }),
    ...ofChannel('absent'),
    mark: path === 'holds' ? '"done":true' : '"code":"NotReleasable"',
  })),
  {
    route: 'GET /v1/imports/:importId',
    ask: (f) => get(`/v1/imports/${f.importId}`),
    ...ofChannel('hidden'),
  },
  {
    route: 'POST /v1/imports',
    ask: () => ({
      method: 'POST',
      url: '/v1/imports',
      headers: { 'content-type': 'application/x-ndjson' },
      payload: JSON.stringify(anOrder({ channel, currency: 'EUR' })),
    }),
    ...ofChannel('absent'),
    mark: '"stored":1',
  },
  {
    route: 'POST /v1/webhooks/amazon/:channel',
    ask: () => command('POST', `/v1/webhooks/amazon/${FOREIGN.amazon}`, anAmazonOrder()),
    ...ofChannel('refused'),
  },
]

const parcels = [{ weightG: 100 }]
const warehouse: Probe[] = [
  {
    route: 'GET /v1/fulfilment-orders',
    ask: () => get('/v1/fulfilment-orders'),
    ...all('absent'),
    mark: `"site":"${site}"`,
  },
  {
    route: 'GET /v1/fulfilment-orders/:fulfilmentId',
    ask: (f) => get(`/v1/fulfilment-orders/${f.fulfilmentId}`),
    ...all('hidden'),
  },
  ...(
    [
      ['picks', { lines: [{ orderLineId: '1', picked: 1 }] }],
      ['labels', { parcels }],
      ['rejection', { reason }],
      ['shipments', { reference: 'S-1' }],
    ] as [string, object][]
  ).map(([path, payload]) => ({
    route: `POST /v1/fulfilment-orders/:fulfilmentId/${path}`,
    ask: (f: Foreign) =>
      command('POST', `/v1/fulfilment-orders/${f.fulfilmentId}/${path}`, payload),
    ...all('hidden'),
  })),
]

const moved = [{ sku: 'MUG', qty: '1' }]
const places: Probe[] = [
  {
    route: 'GET /v1/sites/:code/bins',
    ask: () => get(`/v1/sites/${site}/bins`),
    ...ofSite('hidden'),
  },
  {
    route: 'PUT /v1/sites/:code/bins/:bin',
    ask: () => command('PUT', `/v1/sites/${site}/bins/A-01`, { reason }),
    ...ofSite('refused'),
  },
  {
    route: 'GET /v1/stock/put-away',
    ask: () => get(`/v1/stock/put-away?site=${site}&sku=MUG&qty=1`),
    ...ofSite('hidden'),
  },
  {
    route: 'POST /v1/stock/bin-moves',
    ask: () => command('POST', '/v1/stock/bin-moves', { site, sku: 'MUG', qty: '1', toBin: 'B' }),
    ...ofSite('refused'),
  },
  {
    route: 'POST /v1/stock/quarantine-decisions',
    ask: () =>
      command('POST', '/v1/stock/quarantine-decisions', {
        ...{ site, sku: 'MUG', qty: '1', decision: 'scrap', reason },
      }),
    ...ofSite('refused'),
  },
  {
    route: 'GET /v1/items/:sku/lots',
    ask: () => get('/v1/items/MUG/lots'),
    ...ofSite('absent'),
    mark: '"units":"1"',
  },
  {
    route: 'PUT /v1/items/:sku/lots/:lot',
    ask: () => command('PUT', '/v1/items/MUG/lots/L-NEW', { reason }),
    ...all('refused'),
  },
  {
    route: 'POST /v1/items/:sku/lots/:lot/recall',
    ask: () => command('POST', '/v1/items/MUG/lots/L-DE/recall', { reason }),
    ...all('refused'),
  },
  ...['/v1/recalls', '/v1/recalls/:recallNo'].map((route) => ({
    route: `GET ${route}`,
    ask: () => get(route.replace(':recallNo', 'RC-1001')),
    ...all('refused'),
  })),
  {
    route: 'POST /v1/recalls/:recallNo/outcomes',
    ask: () =>
      command('POST', '/v1/recalls/RC-1001/outcomes', {
        orders: [{ orderId: '1', outcome: 'returned' }],
      }),
    ...all('refused'),
  },
]

const picking: Probe[] = [
  ...['box-suggestion', 'boxes'].map((path) => ({
    route: `GET /v1/fulfilment-orders/:fulfilmentId/${path}`,
    ask: (f: Foreign) => get(`/v1/fulfilment-orders/${f.fulfilmentId}/${path}`),
    ...all('hidden'),
  })),
  ...(
    [
      ['boxes/:boxNo/scans', { scan: 'MUG' }],
      ['boxes/:boxNo/closing', { weightG: 100 }],
      ['boxes/:boxNo/emptying', { reason }],
      ['packed-labels', {}],
      ['packed-shipments', { reference: 'S1' }],
    ] as const
  ).map(([path, body]) => ({
    route: `POST /v1/fulfilment-orders/:fulfilmentId/${path}`,
    ask: (f: Foreign) =>
      command(
        'POST',
        `/v1/fulfilment-orders/${f.fulfilmentId}/${path.replace(':boxNo', '1')}`,
        body,
      ),
    ...all('hidden'),
  })),
  {
    route: 'GET /v1/fulfilment-orders/:fulfilmentId/boxes/:boxNo/label',
    ask: (f) => get(`/v1/fulfilment-orders/${f.fulfilmentId}/boxes/1/label`),
    ...all('hidden'),
  },
  {
    route: 'PUT /v1/sites/:code/gs1-prefix',
    ask: () => command('PUT', `/v1/sites/${site}/gs1-prefix`, { prefix: '39501101', reason }),
    ...ofSite('refused'),
  },
  {
    route: 'PUT /v1/sites/:code/package-types/:package',
    ask: () =>
      command('PUT', `/v1/sites/${site}/package-types/S`, {
        ...{ lengthMm: 100, widthMm: 100, heightMm: 100 },
        ...{ tareG: 10, maxWeightG: 1000, reason },
      }),
    ...ofSite('refused'),
  },
  { route: 'GET /v1/waves', ask: () => get('/v1/waves'), ...ofSite('absent'), mark: FOREIGN.wave },
  {
    route: 'GET /v1/waves/:waveNo/pick-list',
    ask: () => get(`/v1/waves/${FOREIGN.wave}/pick-list`),
    ...ofSite('hidden'),
  },
  {
    route: 'POST /v1/waves',
    ask: () => command('POST', '/v1/waves', { waveNo: 'W-NEW', site }),
    ...ofSite('refused'),
  },
  {
    route: 'POST /v1/waves/:waveNo/orders',
    ask: (f) =>
      command('POST', `/v1/waves/${FOREIGN.wave}/orders`, { fulfilmentId: f.fulfilmentId }),
    ...all('hidden'),
  },
  {
    route: 'POST /v1/waves/:waveNo/start',
    ask: () => command('POST', `/v1/waves/${FOREIGN.wave}/start`),
    ...ofSite('hidden'),
  },
  {
    route: 'POST /v1/pick-tasks/:taskId/pick',
    ask: (f) => command('POST', `/v1/pick-tasks/${f.pickTaskId}/pick`, { bin: '', scan: 'MUG' }),
    ...all('hidden'),
  },
  {
    route: 'PUT /v1/items/:sku/gtins/:gtin',
    ask: () => command('PUT', '/v1/items/MUG/gtins/9501101530003', { reason }),
    ...all('refused'),
  },
  { route: 'GET /v1/gtins', ask: () => get('/v1/gtins?sku=MUG&sku=LAMP'), ...all('free') },
  {
    route: 'GET /v1/sites/:code/package-types',
    ask: () => get(`/v1/sites/${site}/package-types`),
    ...ofSite('hidden'),
  },
]

const counts: Probe[] = [
  {
    route: 'GET /v1/cycle-counts',
    ask: () => get('/v1/cycle-counts'),
    ...ofSite('absent'),
    mark: FOREIGN.count,
  },
  ...['', '/sheet'].map((path) => ({
    route: `GET /v1/cycle-counts/:countNo${path}`,
    ask: () => get(`/v1/cycle-counts/${FOREIGN.count}${path}`),
    ...ofSite('hidden'),
  })),
  {
    route: 'POST /v1/cycle-counts',
    ask: () => command('POST', '/v1/cycle-counts', { countNo: 'CC-NEW', site, reason }),
    ...ofSite('refused'),
  },
  ...(
    [
      ['entries', { entries: [{ sku: 'MUG', counted: '1' }] }],
      ['unknown-items', { counted: '1', description: reason }],
      ['cancellation', { reason }],
    ] as [string, object][]
  ).map(([path, payload]) => ({
    route: `POST /v1/cycle-counts/:countNo/${path}`,
    ask: () => command('POST', `/v1/cycle-counts/${FOREIGN.count}/${path}`, payload),
    ...ofSite('hidden'),
  })),
  ...['', '/lines'].map((path) => ({
    route: `GET /v1/reports/inventory-accuracy${path}`,
    ask: () => get(`/v1/reports/inventory-accuracy${path}?from=${today}&to=${today}`),
    ...ofSite('absent'),
    mark: `"site":"${site}"`,
  })),
]

const rules = { materialityMinor: '0', fxRevaluation: 'carry', creditLoss: [], allocations: [] }
const closes: Probe[] = [
  { route: 'GET /v1/period-closes', ask: () => get('/v1/period-closes'), ...ofEntity('absent') },
  ...[
    ['GET /v1/period-closes/:entity/:period', `/v1/period-closes/${entity}/2026-05`],
    [
      'GET /v1/period-closes/:entity/:period/evidence',
      `/v1/period-closes/${entity}/2026-05/evidence`,
    ],
    ['GET /v1/periods/:entity/:period/readiness', `/v1/periods/${entity}/2026-05/readiness`],
    ['GET /v1/close-policies', `/v1/close-policies?entity=${entity}`],
    [
      'GET /v1/ledger/consolidation',
      `/v1/ledger/consolidation?entities=${entity}&currency=EUR&asOf=2020-01-31`,
    ],
    ['GET /v1/expected-invoices/:invoiceNo', `/v1/expected-invoices/${FOREIGN.expected}`],
  ].map(([route, url]) => ({ route: route!, ask: () => get(url!), ...ofEntity('hidden') })),
  {
    route: 'GET /v1/expected-invoices',
    ask: () => get('/v1/expected-invoices'),
    ...ofEntity('absent'),
    mark: FOREIGN.expected,
  },
  ...(
    [
      ['period-closes', '', { entity, period: '2026-06', reason }],
      ['period-closes', '/:entity/:period/check', {}],
      ['period-closes', '/:entity/:period/preparations', { task: 'flux-review', note: 'x' }],
      ['period-closes', '/:entity/:period/reviews', { preparationId: '1' }],
      ['period-closes', '/:entity/:period/acceptances', { task: 'tax-tie', reason }],
      ['period-closes', '/:entity/:period/postings', { task: 'allocations' }],
      ['period-closes', '/:entity/:period/locks', { area: 'GL', state: 'closed', reason }],
      [
        'period-closes',
        '/:entity/:period/reopenings',
        { areas: ['GL'], until: '2099-01-01T00:00:00Z', reason },
      ],
      ['close-policies', '', { entity, rules, reason }],
      [
        'expected-invoices',
        '',
        {
          ...{
            invoiceNo: 'XI-NEW',
            entity,
            period: '2026-06',
            accountId: 6070,
            party: 'supplier/1',
          },
          ...{ description: 'x', expectedMinor: '1' },
        },
      ],
    ] as [string, string, object][]
  ).map(([resource, path, payload]) => ({
    route: `POST /v1/${resource}${path}`,
    ask: () =>
      command(
        'POST',
        `/v1/${resource}${path.replace(':entity/:period', `${entity}/2026-06`)}`,
        payload,
      ),
    ...ofEntity('refused'),
  })),
  {
    route: 'POST /v1/close-policies/:entity/:version/approval',
    ask: () => command('POST', `/v1/close-policies/${entity}/1/approval`, { reason }),
    ...ofEntity('refused'),
  },
  ...(
    [
      ['arrival', { billNumber: 'B-1', actualMinor: '1' }],
      ['cancellation', { reason }],
    ] as [string, object][]
  ).map(([path, payload]) => ({
    route: `POST /v1/expected-invoices/:invoiceNo/${path}`,
    ask: () => command('POST', `/v1/expected-invoices/${FOREIGN.expected}/${path}`, payload),
    ...ofEntity('hidden'),
  })),
]

const transfers: Probe[] = [
  {
    route: 'GET /v1/transfers',
    ask: () => get('/v1/transfers'),
    ...ofSite('absent'),
    mark: FOREIGN.transfer,
  },
  {
    route: 'GET /v1/transfers/:transferNo',
    ask: () => get(`/v1/transfers/${FOREIGN.transfer}`),
    ...ofSite('hidden'),
  },
  {
    route: 'POST /v1/transfers',
    ask: () =>
      command('POST', '/v1/transfers', {
        transferNo: 'TR-NEW',
        from: site,
        to: `${site}-2`,
        reason,
        lines: moved,
      }),
    ...ofSite('refused'),
  },
  ...(
    [
      ['decision', { decision: 'reject', reason }],
      ['shipments', { reference: 'S-1' }],
      ['arrivals', { reference: 'A-1', lines: [{ sku: 'MUG', received: '1' }] }],
      ['cancellation', { reason }],
    ] as [string, object][]
  ).map(([path, payload]) => ({
    route: `POST /v1/transfers/:transferNo/${path}`,
    ask: () => command('POST', `/v1/transfers/${FOREIGN.transfer}/${path}`, payload),
    ...ofSite('hidden'),
  })),
]

const vendorReturns: Probe[] = [
  {
    route: 'GET /v1/vendor-returns',
    ask: () => get('/v1/vendor-returns'),
    ...ofSite('absent'),
    mark: FOREIGN.vendorReturn,
  },
  {
    route: 'GET /v1/vendor-returns/:returnNo',
    ask: () => get(`/v1/vendor-returns/${FOREIGN.vendorReturn}`),
    ...ofSite('hidden'),
  },
  {
    route: 'POST /v1/vendor-returns',
    ask: () =>
      command('POST', '/v1/vendor-returns', {
        ...{ returnNo: 'RTV-NEW', receiptNo: FOREIGN.receipt, reason },
        lines: [{ receiptLineNo: 1, qty: '1' }],
      }),
    ...ofSite('refused'),
  },
  ...(
    [
      ['claim-end', { reason }],
      ['shipment', { reference: 'S-1' }],
      ['cancellation', { reason }],
    ] as [string, object][]
  ).map(([path, payload]) => ({
    route: `POST /v1/vendor-returns/:returnNo/${path}`,
    ask: () => command('POST', `/v1/vendor-returns/${FOREIGN.vendorReturn}/${path}`, payload),
    ...ofSite('hidden'),
  })),
]

const ofDispute = { provider: 'stripe', reference: FOREIGN.charge }
const chargebacks: Probe[] = [
  {
    route: 'GET /v1/chargebacks',
    ask: () => get('/v1/chargebacks'),
    ...ofChannel('absent'),
    mark: FOREIGN.dispute,
  },
  {
    route: 'GET /v1/chargebacks/:provider/:disputeId',
    ask: () => get(`/v1/chargebacks/stripe/${FOREIGN.dispute}`),
    ...ofChannel('hidden'),
  },
  {
    route: 'GET /v1/chargebacks/:provider/:disputeId/evidence-packs',
    ask: () => get(`/v1/chargebacks/stripe/${FOREIGN.dispute}/evidence-packs`),
    ...ofChannel('hidden'),
  },
  {
    route: 'GET /v1/chargebacks/:provider/:disputeId/evidence-packs/:number',
    ask: () => get(`/v1/chargebacks/stripe/${FOREIGN.dispute}/evidence-packs/1`),
    ...ofChannel('hidden'),
  },
  {
    route: 'POST /v1/chargebacks',
    ask: () =>
      command('POST', '/v1/chargebacks', {
        ...{ ...ofDispute, disputeId: 'dp_new', stage: 'inquiry', amountMinor: '1' },
        effectiveOn: today,
      }),
    ...ofChannel('refused'),
  },
  ...(
    [
      ['submission', { reference: 'uploaded' }],
      ['evidence-packs', {}],
      ['acceptance', { reason }],
    ] as [string, object][]
  ).map(([path, payload]) => ({
    route: `POST /v1/chargebacks/:provider/:disputeId/${path}`,
    ask: () => command('POST', `/v1/chargebacks/stripe/${FOREIGN.dispute}/${path}`, payload),
    ...ofChannel('hidden'),
  })),
]

const returnGoods = [{ sku: 'MUG', qty: 1, condition: 'opened' }]
const returnWish = (f: Foreign) => ({ returnNo: 'RMA-NEW', orderId: f.orderId })
const returns: Probe[] = [
  {
    route: 'POST /v1/ledger/return-reserve',
    ask: () => command('POST', '/v1/ledger/return-reserve', { entity, reservedOn: today }),
    ...ofEntity('refused'),
  },
  {
    route: 'GET /v1/ledger/return-reserve/back-test',
    ask: () => get(`/v1/ledger/return-reserve/back-test?entity=${entity}&on=${today}`),
    ...ofEntity('hidden'),
  },
  {
    route: 'GET /v1/returns',
    ask: () => get('/v1/returns'),
    ...all('absent'),
    mark: FOREIGN.customerReturn,
  },
  {
    route: 'GET /v1/returns/received-not-refunded',
    ask: () => get('/v1/returns/received-not-refunded'),
    ...all('absent'),
  },
  {
    route: 'GET /v1/returns/refunded-not-received',
    ask: () => get('/v1/returns/refunded-not-received'),
    ...all('absent'),
  },
  {
    route: 'GET /v1/returns/:returnNo',
    ask: () => get(`/v1/returns/${FOREIGN.customerReturn}`),
    ...all('hidden'),
  },
  {
    route: 'POST /v1/returns',
    ask: (f) =>
      command('POST', '/v1/returns', {
        ...{ ...returnWish(f), source: 'agent', reason: 'other' },
        lines: [{ orderLineId: '1', qty: 1 }],
      }),
    ...ofChannel('hidden'),
  },
  {
    route: 'POST /v1/returns/goodwill',
    ask: (f) =>
      command('POST', '/v1/returns/goodwill', {
        ...{ ...returnWish(f), reason: 'other', amountMinor: '100' },
      }),
    ...ofChannel('hidden'),
  },
  {
    route: 'POST /v1/returns/channel-refunds',
    ask: () =>
      command('POST', '/v1/returns/channel-refunds', {
        ...{ returnNo: 'CR-1', channel, externalOrderId: 'x', refundedOn: today },
        ...{ amountMinor: '100', lines: [] },
      }),
    ...{ entity: 'refused' as const, channel: 'refused' as const, site: 'hidden' as const },
  },
  {
    route: 'POST /v1/returns/blind-receipts',
    ask: () =>
      command('POST', '/v1/returns/blind-receipts', {
        ...{ returnNo: 'RMA-BLIND', site, goods: returnGoods },
      }),
    ...ofSite('refused'),
  },
  ...(
    [
      ['label', { carrier: 'UPS', trackingNumber: '1Z9', costMinor: '0' }],
      ['scan', {}],
      ['receipts', { reference: 'P-1', goods: returnGoods }],
      ['inspections', { units: [{ sku: 'MUG', qty: 1, grade: 'A' }] }],
      ['dispositions', { sku: 'MUG', qty: 1, kind: 'scrap', reason }],
      ['cancellation', { reason }],
      ['exchange', { orderId: '1' }],
    ] as [string, object][]
  ).map(([path, payload]) => ({
    route: `POST /v1/returns/:returnNo/${path}`,
    ask: () => command('POST', `/v1/returns/${FOREIGN.customerReturn}/${path}`, payload),
    ...all('hidden'),
  })),
]

const choice = { resolution: 'wait' }
const cases: Probe[] = [
  {
    route: 'GET /v1/exceptions',
    ask: () => get('/v1/exceptions'),
    ...all('absent'),
    mark: 'parcel-stalled',
  },
  {
    route: 'GET /v1/exceptions/summary',
    ask: () => get('/v1/exceptions/summary'),
    ...all('absent'),
    mark: 'parcel-stalled',
  },
  {
    route: 'GET /v1/exceptions/:caseId',
    ask: (f) => get(`/v1/exceptions/${f.caseId}`),
    ...all('hidden'),
  },
  {
    route: 'POST /v1/exceptions/bulk-resolution',
    ask: (f) =>
      command('POST', '/v1/exceptions/bulk-resolution', {
        type: 'parcel-stalled',
        resolution: 'backorder',
        caseIds: [f.caseId],
      }),
    ...all('absent'),
    mark: '"code":"ResolutionNotAllowed"',
  },
  {
    route: 'POST /v1/exceptions/:caseId/assignment',
    ask: (f) => command('POST', `/v1/exceptions/${f.caseId}/assignment`, { userId: null }),
    ...all('hidden'),
  },
  {
    route: 'POST /v1/exceptions/:caseId/reopening',
    ask: (f) => command('POST', `/v1/exceptions/${f.caseId}/reopening`, { reason }),
    ...all('hidden'),
  },
  ...['resolution/preview', 'resolution'].map((path) => ({
    route: `POST /v1/exceptions/:caseId/${path}`,
    ask: (f: Foreign) => command('POST', `/v1/exceptions/${f.caseId}/${path}`, choice),
    ...all('hidden'),
  })),
]

const receipt = {
  receiptNo: 'ABROAD',
  site,
  supplier: 'Potter',
  lines: [{ sku: 'MUG', expectedQty: '1', receivedQty: '1', unitCostMinor: '400' }],
}
const stock: Probe[] = [
  { route: 'GET /v1/stock/ats', ask: () => get('/v1/stock/ats'), ...ofSite('absent') },
  {
    route: 'GET /v1/stock/ats',
    ask: () => get(`/v1/stock/ats?channel=${channel}`),
    entity: 'refused',
    channel: 'refused',
    site: 'absent',
  },
  { route: 'GET /v1/stock/items/:sku', ask: () => get('/v1/stock/items/MUG'), ...ofSite('absent') },
  {
    route: 'GET /v1/stock/items/:sku',
    ask: () => get('/v1/stock/items/MUG'),
    entity: 'free',
    channel: 'absent',
    site: 'free',
    mark: `"channel":"${channel}"`,
  },
  { route: 'GET /v1/stock/movements', ask: () => get('/v1/stock/movements'), ...ofSite('absent') },
  {
    route: 'GET /v1/expected-supply',
    ask: () => get('/v1/expected-supply'),
    ...ofSite('absent'),
    mark: 'PO-DE',
  },
  {
    route: 'POST /v1/expected-supply',
    ask: () =>
      command('POST', '/v1/expected-supply', {
        sku: 'MUG',
        site,
        qty: '5',
        dueOn: today,
        source: { type: 'production', id: 'P-1' },
      }),
    ...ofSite('refused'),
  },
  {
    route: 'PATCH /v1/expected-supply/:supplyId',
    ask: (f) => command('PATCH', `/v1/expected-supply/${f.supplyId}`, { qty: '6', reason }),
    ...ofSite('hidden'),
  },
  {
    route: 'POST /v1/goods-receipts',
    ask: () => command('POST', '/v1/goods-receipts', receipt),
    ...ofSite('refused'),
  },
  {
    route: 'POST /v1/stock/adjustments',
    ask: () => command('POST', '/v1/stock/adjustments', { sku: 'MUG', site, qty: '1', reason }),
    ...ofSite('refused'),
  },
  {
    route: 'POST /v1/stock/counts',
    ask: () => command('POST', '/v1/stock/counts', { sku: 'MUG', site, counted: '1', reason }),
    ...ofSite('refused'),
  },
  {
    route: 'POST /v1/stock/safety-stock',
    ask: () =>
      command('POST', '/v1/stock/safety-stock', { sku: 'MUG', site, safetyStock: '1', reason }),
    ...ofSite('refused'),
  },
  {
    route: 'POST /v1/stock/pools',
    ask: () => command('POST', '/v1/stock/pools', { sku: 'MUG', site, channel, qty: '1', reason }),
    ...all('refused'),
  },
]

const { supplier, purchase } = FOREIGN
const purchaseLine = { sku: 'MUG', site, qty: '1', unitPriceMinor: '1', neededOn: today }
const purchasing: Probe[] = [
  {
    route: 'GET /v1/suppliers',
    ask: () => get('/v1/suppliers'),
    ...ofEntity('absent'),
    mark: supplier,
  },
  {
    route: 'GET /v1/suppliers/:code',
    ask: () => get(`/v1/suppliers/${supplier}`),
    ...ofEntity('hidden'),
  },
  {
    route: 'POST /v1/suppliers',
    ask: () =>
      command('POST', '/v1/suppliers', {
        ...{ code: 'NEU', entity, name: 'Neu GmbH', country: 'DE', currency: 'EUR', reason },
      }),
    ...ofEntity('refused'),
  },
  {
    route: 'POST /v1/suppliers/:code/changes',
    ask: () =>
      command('POST', `/v1/suppliers/${supplier}/changes`, { kind: 'block', basedOn: 1, reason }),
    ...ofEntity('hidden'),
  },
  {
    route: 'PUT /v1/suppliers/:code/items/:sku',
    ask: () =>
      command('PUT', `/v1/suppliers/${supplier}/items/MUG`, { vendorSku: 'T', leadTimeDays: 9 }),
    ...ofEntity('hidden'),
  },
  {
    route: 'GET /v1/supplier-changes',
    ask: () => get('/v1/supplier-changes'),
    ...ofEntity('absent'),
    mark: supplier,
  },
  {
    route: 'POST /v1/supplier-changes/:changeId/decision',
    ask: (f) =>
      command('POST', `/v1/supplier-changes/${f.supplierChangeId}/decision`, {
        decision: 'rejected',
        note: reason,
      }),
    ...ofEntity('hidden'),
  },
  {
    route: 'POST /v1/supplier-changes/:changeId/withdrawal',
    ask: (f) =>
      command('POST', `/v1/supplier-changes/${f.supplierChangeId}/withdrawal`, { note: reason }),
    ...ofEntity('hidden'),
  },
  {
    route: 'GET /v1/purchase-orders',
    ask: () => get('/v1/purchase-orders'),
    ...ofSite('absent'),
    mark: purchase,
  },
  {
    route: 'GET /v1/purchase-orders/:poNumber',
    ask: () => get(`/v1/purchase-orders/${purchase}`),
    ...ofSite('hidden'),
  },
  {
    route: 'POST /v1/purchase-orders',
    ask: () => command('POST', '/v1/purchase-orders', { supplier, lines: [purchaseLine] }),
    ...ofSite('refused'),
    entity: 'hidden',
  },
  {
    route: 'PUT /v1/purchase-orders/:poNumber',
    ask: () =>
      command('PUT', `/v1/purchase-orders/${purchase}`, {
        ...{ supplier, lines: [purchaseLine], reason },
      }),
    ...ofSite('hidden'),
  },
  {
    route: 'GET /v1/outside-warehouses',
    ask: () => get('/v1/outside-warehouses'),
    ...ofSite('absent'),
    mark: 'FERN-LAGER',
  },
  {
    route: 'PUT /v1/outside-warehouses/:code',
    ask: () =>
      command('PUT', '/v1/outside-warehouses/FERN', { ediId: 'FERN-LAGER', ourEdiId: 'ACME' }),
    ...ofSite('refused'),
  },
  {
    route: 'POST /v1/warehouse-documents',
    ask: () => {
      const envelope = { sender: 'FERN-LAGER', receiver: 'ACME', at: `${today}T10:00:00Z` }
      const to = { ...envelope, controlNumber: 1, group: 'AW' }
      const document = writeX12(to, '947', [['W15', today.replaceAll('-', ''), 'A-1']])
      return command('POST', '/v1/warehouse-documents', { document })
    },
    ...ofSite('refused'),
  },
  {
    route: 'GET /v1/warehouse-documents',
    ask: () => get('/v1/warehouse-documents'),
    ...ofSite('absent'),
    mark: 'FERN-947',
  },
  {
    route: 'GET /v1/warehouse-differences',
    ask: () => get('/v1/warehouse-differences'),
    ...ofSite('absent'),
    mark: 'FERN',
  },
  {
    route: 'POST /v1/supplier-documents',
    ask: () => {
      const envelope = { sender: 'KERAMIK', receiver: 'ACME', at: `${today}T10:00:00Z` }
      const to = { ...envelope, controlNumber: 1, group: 'PR' }
      const document = writeX12(to, '855', [['BAK', '00', 'AK', purchase]])
      return command('POST', '/v1/supplier-documents', { document })
    },
    ...ofSite('hidden'),
  },
  ...(
    [
      ['submission', {}],
      ['approval', { decision: 'rejected', revision: 1 }],
      ['changes', { reason, lines: [{ lineNo: 1, qty: '2' }] }],
      ['changes/preview', { reason, lines: [{ lineNo: 1, qty: '2' }] }],
      ['short-close', { reason }],
      ['cancellation', { reason }],
      ['acknowledgements', { ackNo: 'A-1', lines: [] }],
      ['ship-notices', { asnNo: 'N-1', shippedOn: today, lines: [{ lineNo: 1, qty: '1' }] }],
      ['receipts', { receiptNo: 'R-1', site, lines: [{ lineNo: 1, qty: '1' }] }],
      [
        'inspections',
        { receiptNo: 'R-1', lines: [{ receiptLineNo: 1, accepted: '1', rejected: '0' }] },
      ],
    ] as const
  ).map(([name, payload]): Probe => ({
    route: `POST /v1/purchase-orders/:poNumber/${name}`,
    ask: () => command('POST', `/v1/purchase-orders/${purchase}/${name}`, payload),
    ...ofSite('hidden'),
  })),
  ...(
    [
      ['approval', { decision: 'approved' }],
      ['answer', { answer: 'accepted' }],
    ] as const
  ).map(([name, payload]): Probe => ({
    route: `POST /v1/purchase-orders/:poNumber/changes/:changeId/${name}`,
    ask: () => command('POST', `/v1/purchase-orders/${purchase}/changes/1/${name}`, payload),
    ...ofSite('hidden'),
  })),
]

const foreignBill = {
  supplier: 'BILLER-DE',
  number: 'R2',
  billedOn: today,
  lines: [{ kind: 'charge', description: 'Freight', netMinor: '100' }],
  totalMinor: '100',
}
const onRun = (path: string, body: object = {}): Probe => ({
  route: `POST /v1/payment-runs/:runId/${path}`,
  ask: (f) => command('POST', `/v1/payment-runs/${f.runId}/${path}`, body),
  ...ofEntity('hidden'),
})
const payables: Probe[] = [
  { route: 'GET /v1/vendor-bills', ask: () => get('/v1/vendor-bills'), ...ofEntity('absent') },
  {
    route: 'GET /v1/vendor-bills/:billId',
    ask: (f) => get(`/v1/vendor-bills/${f.billId}`),
    ...ofEntity('hidden'),
  },
  {
    route: 'GET /v1/vendor-bills/:billId/match',
    ask: (f) => get(`/v1/vendor-bills/${f.billId}/match`),
    ...ofEntity('hidden'),
  },
  {
    route: 'POST /v1/vendor-bills',
    ask: () => command('POST', '/v1/vendor-bills', foreignBill),
    ...ofEntity('refused'),
  },
  {
    route: 'GET /v1/vendor-credits',
    ask: () => get('/v1/vendor-credits'),
    ...ofEntity('absent'),
  },
  {
    route: 'GET /v1/vendor-credits/:creditId',
    ask: (f) => get(`/v1/vendor-credits/${f.creditId}`),
    ...ofEntity('hidden'),
  },
  {
    route: 'POST /v1/vendor-credits',
    ask: () =>
      command('POST', '/v1/vendor-credits', {
        ...{ supplier: 'BILLER-DE', number: 'C2', creditedOn: today },
        ...{ netMinor: '100', totalMinor: '100' },
      }),
    ...ofEntity('refused'),
  },
  {
    route: 'POST /v1/vendor-credits/:creditId/match',
    ask: (f) => command('POST', `/v1/vendor-credits/${f.creditId}/match`, { billNumber: 'R1' }),
    ...ofEntity('hidden'),
  },
  { route: 'GET /v1/prepayments', ask: () => get('/v1/prepayments'), ...ofEntity('absent') },
  {
    route: 'POST /v1/purchase-orders/:poNumber/prepayments',
    ask: () =>
      command('POST', `/v1/purchase-orders/${FOREIGN.purchase}/prepayments`, {
        ...{ sharePpm: 1, dueOn: today, reason },
      }),
    ...ofSite('hidden'),
  },
  {
    route: 'POST /v1/prepayments/:prepaymentId/approval',
    ask: (f) => command('POST', `/v1/prepayments/${f.prepaymentId}/approval`),
    ...ofEntity('hidden'),
  },
  {
    route: 'POST /v1/prepayments/:prepaymentId/cancellation',
    ask: (f) => command('POST', `/v1/prepayments/${f.prepaymentId}/cancellation`, { reason }),
    ...ofEntity('hidden'),
  },
  {
    route: 'GET /v1/grni',
    ask: () => get(`/v1/grni?entity=${entity}`),
    ...ofEntity('hidden'),
  },
  { route: 'GET /v1/payment-runs', ask: () => get('/v1/payment-runs'), ...ofEntity('absent') },
  {
    route: 'GET /v1/payment-runs/:runId',
    ask: (f) => get(`/v1/payment-runs/${f.runId}`),
    ...ofEntity('hidden'),
  },
  {
    route: 'GET /v1/payment-runs/:runId/file',
    ask: (f) => get(`/v1/payment-runs/${f.runId}/file`),
    ...ofEntity('hidden'),
  },
  {
    route: 'POST /v1/company-bank-accounts',
    ask: () =>
      command('POST', '/v1/company-bank-accounts', {
        ...{ entity, holder: 'Mine', iban: 'GB33BUKB20201555555555', bic: 'BUKBGB22' },
      }),
    ...ofEntity('refused'),
  },
  {
    route: 'POST /v1/payment-runs',
    ask: () =>
      command('POST', '/v1/payment-runs', {
        ...{ entity, iban: 'DE89370400440532013000', payOn: today, until: today },
      }),
    ...ofEntity('refused'),
  },
  onRun('approval', { contentHash: '0'.repeat(64) }),
  onRun('release'),
  onRun('cancellation', { reason }),
  onRun('settlement', { settledOn: today, reference: 'S1' }),
  {
    route: 'POST /v1/payment-returns',
    ask: () =>
      command('POST', '/v1/payment-returns', {
        ...{ entity, billId: '1', returnedOn: today, code: 'AC04' },
      }),
    ...ofEntity('refused'),
  },
  {
    route: 'POST /v1/payment-returns/files',
    ask: () =>
      command('POST', '/v1/payment-returns/files', { entity, document: '<CstmrPmtStsRpt/>     ' }),
    ...ofEntity('refused'),
  },
]

const replenished = { entity, sku: 'MUG', site, reason }
const replenishment: Probe[] = [
  {
    route: 'GET /v1/replenishment/policies',
    ask: () => get('/v1/replenishment/policies'),
    ...ofSite('absent'),
  },
  {
    route: 'GET /v1/replenishment/events',
    ask: () => get('/v1/replenishment/events'),
    ...ofSite('absent'),
  },
  {
    route: 'GET /v1/replenishment/runs',
    ask: () => get('/v1/replenishment/runs'),
    ...ofEntity('absent'),
  },
  {
    route: 'GET /v1/replenishment/runs/:runId',
    ask: (f) => get(`/v1/replenishment/runs/${f.replenishmentRunId}`),
    ...ofEntity('hidden'),
  },
  {
    route: 'GET /v1/replenishment/proposals',
    ask: () => get('/v1/replenishment/proposals'),
    ...ofSite('absent'),
  },
  {
    route: 'GET /v1/replenishment/proposals/:proposalId',
    ask: (f) => get(`/v1/replenishment/proposals/${f.proposalId}`),
    ...ofSite('hidden'),
  },
  {
    route: 'POST /v1/replenishment/policies',
    ask: () =>
      command('POST', '/v1/replenishment/policies', {
        ...{ ...replenished, basedOn: 1, effectiveFrom: today, method: 'none' },
        safety: { kind: 'units', value: 0 },
      }),
    ...ofSite('refused'),
  },
  {
    route: 'POST /v1/replenishment/events',
    ask: () =>
      command('POST', '/v1/replenishment/events', {
        ...{ ...replenished, kind: 'season', name: 'x', fromOn: today, toOn: today },
      }),
    ...ofSite('refused'),
  },
  {
    route: 'POST /v1/replenishment/events/:eventId/withdrawal',
    ask: (f) => command('POST', `/v1/replenishment/events/${f.eventId}/withdrawal`, { reason }),
    ...ofSite('hidden'),
  },
  {
    route: 'POST /v1/replenishment/lanes',
    ask: () =>
      command('POST', '/v1/replenishment/lanes', {
        ...{ entity, from: site, to: 'EAST', days: 1, fixedMinor: '1', perUnitMinor: '1', reason },
      }),
    ...ofSite('refused'),
  },
  {
    route: 'POST /v1/replenishment/budgets',
    ask: () =>
      command('POST', '/v1/replenishment/budgets', {
        ...{ entity, month: today.slice(0, 7), limitMinor: '1', reason },
      }),
    ...ofSite('refused'),
  },
  {
    route: 'POST /v1/replenishment/runs',
    ask: () => command('POST', '/v1/replenishment/runs', { entity, reason }),
    ...ofEntity('refused'),
  },
  ...(
    [
      ['approvals', {}],
      ['decisions', { decision: 'dismiss' }],
    ] as [string, object][]
  ).map(([path, payload]) => ({
    route: `POST /v1/replenishment/${path}`,
    ask: (f: Foreign) =>
      command('POST', `/v1/replenishment/${path}`, {
        ...payload,
        proposalIds: [f.proposalId],
        reason,
      }),
    ...ofSite('hidden'),
  })),
]

const probes = [
  ...access,
  ...masters,
  ...trail,
  ...ledger,
  ...reports,
  ...periods,
  ...closes,
  ...revenue,
  ...settlements,
  ...statements,
  ...orders,
  ...warehouse,
  ...transfers,
  ...vendorReturns,
  ...chargebacks,
  ...returns,
  ...counts,
  ...places,
  ...picking,
  ...cases,
  ...stock,
  ...purchasing,
  ...payables,
  ...replenishment,
]

/** Nothing of a company, channel or site is behind these: items and accounts are everybody's. */
const EVERYBODYS = new Set([
  'GET /v1/metrics',
  'POST /v1/login/renew',
  'GET /v1/me',
  'PUT /v1/me/password',
  'GET /v1/items',
  'GET /v1/items/:sku',
  'POST /v1/items',
  'PATCH /v1/items/:sku',
  'PUT /v1/items/:sku/components',
  'POST /v1/items/:sku/substitutes',
  'GET /v1/ledger/accounts',
  'GET /v1/reason-codes',
  'GET /v1/ledger/seals',
  'GET /v1/exchange-rates',
  'GET /v1/ledger/tax-profiles',
])
/** Proved with the report that it is. */
const ELSEWHERE = new Set([
  'GET /v1/events',
  'GET /v1/stock/valuation',
  'POST /v1/vendor-bills/files',
  'POST /v1/vendor-credits/files',
  'GET /v1/supplier-scorecards',
  'GET /v1/suppliers/:code/scorecard',
  'GET /v1/suppliers/:code/scorecard/lines',
])

let api: RunningApi
let foreign: Foreign
const callers = {} as Record<'entity' | 'channel' | 'site', Caller>
beforeAll(async () => {
  api = await runningApi({ stock: { MUG: { east: 50 }, LAMP: { east: 5 } } })
  await api.place(anOrder({ lines: [aLine({ sku: 'MUG' })] }))
  foreign = await foundForeignCompany(api)
  const reach: Record<keyof typeof callers, Partial<Scopes>> = {
    entity: { entities: ['ACME-US'] },
    channel: { channels: ['web', 'b2b', 'market', 'woo'] },
    site: { sites: ['EAST', 'WEST'] },
  }
  for (const kind of ['entity', 'channel', 'site'] as const)
    callers[kind] = await api.as(['system', 'administrator'], reach[kind])
})
afterAll(() => api.close())

test('every route that asks who calls is in the matrix', () => {
  const named = new Set([...probes.map(({ route }) => route), ...EVERYBODYS, ...ELSEWHERE])
  const asked = api.server.accessTable
    .filter(
      ({ method, access: needs }) => method !== 'HEAD' && needs !== 'public' && needs !== 'signed',
    )
    .map(({ method, url }) => `${method} ${url}`)
  expect(asked.filter((route) => !named.has(route))).toEqual([])
})

describe.each(['entity', 'channel', 'site'] as const)('a caller limited by %s', (kind) => {
  test.each(probes.map((probe) => ({ ...probe, verdict: probe[kind] })))(
    '$route: what is foreign is $verdict',
    async ({ ask, verdict, mark }) => {
      const answer = await callers[kind](ask(foreign))
      const sign =
        (typeof mark === 'function' ? mark(foreign) : mark) ??
        `"${{ entity, site, channel }[kind]}"`
      judge(answer, verdict, sign)
    },
  )
})

test('whoever has no limits is shown what the matrix hides', async () => {
  const everywhere = await api.as(['system', 'administrator'])
  for (const { route, ask, mark, ...verdicts } of probes) {
    if (!route.startsWith('GET') || route.includes('audit-events')) continue
    const answer = await everywhere(ask(foreign))
    expect(answer.statusCode, `${route} ${answer.body}`).toBe(200)
    const sign = typeof mark === 'function' ? mark(foreign) : mark
    if (sign && Object.values(verdicts).includes('absent'))
      expect(answer.body, route).toContain(sign)
  }
})

function judge(answer: LightMyRequestResponse, verdict: Verdict, sign: string): void {
  const { statusCode, body } = answer
  const isJson = String(answer.headers['content-type']).includes('json')
  const { code } = isJson ? answer.json<{ code?: string }>() : {}
  if (verdict === 'hidden') expect([statusCode, code], body).toEqual([404, 'NotFound'])
  else if (verdict === 'refused') expect([statusCode, code], body).toEqual([403, 'OutOfScope'])
  else {
    expect(['OutOfScope', 'NotFound'], body).not.toContain(code)
    expect(statusCode, body).toBeLessThan(500)
    if (verdict === 'absent') {
      expect(statusCode, body).toBeLessThan(300)
      expect(body).not.toContain(sign)
    }
  }
}
