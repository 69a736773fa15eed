import { addDays } from '#domain/dates'
import type { ApiAnswer, ApiClient } from './api-client.ts'
import { SUPPLIERS } from './company.ts'
import { DEMO_PASSWORD, USERS } from './people.ts'

/** One order that is on its way to a supplier and one that waits for a signature; the same at every start. */
export async function purchases(api: ApiClient, today: string): Promise<void> {
  const buyer = await tokenOf(api, 'ben')
  const { code } = SUPPLIERS[0]!
  const supplier = await api.send({ ...get(`/v1/suppliers/${code}`), headers: buyer })
  const { items = [] } = supplier.json as { items?: { sku: string }[] }
  if (items.length < 4) return
  for (const [nth, poNumber] of ['HP-PO-1', 'HP-PO-2'].entries()) {
    const known = await api.send({ ...get(`/v1/purchase-orders/${poNumber}`), headers: buyer })
    if (known.status === 200) continue
    const lines = items.slice(nth * 2, nth * 2 + 2).map(({ sku }) => ({
      ...{ sku, site: 'NJ1', qty: '120', neededOn: addDays(today, 21) },
    }))
    await post(api, buyer, '/v1/purchase-orders', { poNumber, supplier: code, lines })
    await post(api, buyer, `/v1/purchase-orders/${poNumber}/submission`, {})
  }
  const carl = await tokenOf(api, 'carl')
  const approval = { decision: 'approved', revision: 1 }
  await post(api, carl, '/v1/purchase-orders/HP-PO-1/approval', approval)
}

function get(path: string): { method: 'GET'; path: string } {
  return { method: 'GET', path }
}

async function tokenOf(api: ApiClient, name: string): Promise<Record<string, string>> {
  const { email } = USERS.find((user) => user.email.startsWith(`${name}@`))!
  const answer = await post(api, {}, '/v1/login', { email, password: DEMO_PASSWORD })
  return { authorization: `Bearer ${(answer.json as { token?: string }).token ?? ''}` }
}

/** The key is made of what is asked, so that a restart asks the same again. */
function post(
  api: ApiClient,
  headers: Record<string, string>,
  path: string,
  body: object,
): Promise<ApiAnswer> {
  const key = `demo${path.replaceAll('/', '-')}-${'poNumber' in body ? String(body.poNumber) : ''}`
  return api.send({
    ...{ method: 'POST', path, headers: { ...headers, 'idempotency-key': key } },
    body: JSON.stringify(body),
  })
}
