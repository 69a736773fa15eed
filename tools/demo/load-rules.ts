import { insertPolicyVersion } from '#db/stores/policies'
import { jsonText } from '#db/stores/row-sets'
import { DEFAULT_POLICIES, type PolicyBodies } from '#domain/orders/policies'
import { AMAZON, WHOLESALE } from './company.ts'
import { KNOWN_CUSTOMERS } from './customers.ts'
import type { Loading } from './load.ts'

interface DemoPolicy {
  kind: keyof PolicyBodies
  scope: string
  owner: string
  body: object
}

const { order, fraud, routing, exceptions, demand } = DEFAULT_POLICIES

/** Version 1 of each rule, with the team that answers for it. */
const POLICIES: DemoPolicy[] = [
  { kind: 'order', scope: '*', owner: 'order-desk', body: order },
  {
    kind: 'order',
    scope: WHOLESALE,
    owner: 'wholesale',
    body: { ...order, shortage: 'backorder', backorderMaxDays: 60, priceTolerancePpm: 700_000 },
  },
  {
    kind: 'order',
    scope: AMAZON,
    owner: 'marketplaces',
    body: { ...order, maxSplits: 1, expectedCommissionPpm: 150_000, expectedFeeMinor: '30' },
  },
  { kind: 'fraud', scope: '*', owner: 'risk', body: { ...fraud, reviewFromMinor: '100000' } },
  { kind: 'routing', scope: '*', owner: 'logistics', body: routing },
  { kind: 'exceptions', scope: '*', owner: 'order-desk', body: exceptions },
  { kind: 'demand', scope: '*', owner: 'logistics', body: demand },
]

export async function loadPolicies({ tx }: Loading): Promise<string> {
  for (const policy of POLICIES) {
    await insertPolicyVersion(tx, {
      ...policy,
      body: { ...policy.body },
      basedOn: 0,
      effectiveFrom: null,
    })
  }
  return POLICIES.map(({ kind, scope }) => (scope === '*' ? kind : `${kind} (${scope})`)).join(', ')
}

/** Customers that the company knows from before: who is served first, who buys on account. */
export async function loadCustomers({ tx }: Loading): Promise<string> {
  const rows = KNOWN_CUSTOMERS.map(({ person, ...customer }) => ({
    ...customer,
    body: { name: person.name, email: person.email, phone: null, shipTo: null, billTo: null },
  }))
  await tx`
    WITH known AS (
      SELECT * FROM jsonb_to_recordset(${jsonText(rows)}::text::jsonb) AS k (channel text, "externalId" text, class text, segment text,
        "termsDays" int, "blockedReason" text, "shipComplete" boolean, body jsonb)
    ), added AS (
      INSERT INTO customer (channel_id, external_id, class, segment, terms_days, blocked_reason, ship_complete)
      SELECT c.id, k."externalId", k.class, k.segment, k."termsDays", k."blockedReason", k."shipComplete"
      FROM known k JOIN channel c ON c.code = k.channel
      ON CONFLICT (channel_id, external_id) DO NOTHING RETURNING id, channel_id, external_id
    )
    INSERT INTO personal_data (customer_id, body)
    SELECT a.id, k.body FROM added a JOIN channel c ON c.id = a.channel_id
    JOIN known k ON k.channel = c.code AND k."externalId" = a.external_id`
  return `${KNOWN_CUSTOMERS.length} known ones`
}
