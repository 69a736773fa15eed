import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { anAmazonOrder } from '#tests/api/channel-messages'

/** A seller's account that speaks the two calls of the orders API v0, and hands out access tokens. */
export interface AmazonStandIn {
  url: string
  credential: string
  order(changes?: Record<string, unknown>): string
  change(id: string, changes: Record<string, unknown>): void
  itemCalls(id: string): number
  close(): Promise<void>
}

export async function bigAmazon(): Promise<AmazonStandIn> {
  const orders = new Map<string, ReturnType<typeof anAmazonOrder>>()
  const asked = new Map<string, number>()
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://amazon')
    const answer = (status: number, json: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(json))
    }
    if (url.pathname === '/token') return answer(200, { access_token: 'Atza|1', expires_in: 3600 })
    if (request.headers['x-amz-access-token'] !== 'Atza|1') return answer(403, { errors: [] })
    const [, id] = /^\/orders\/v0\/orders\/([^/]+)\/orderItems$/.exec(url.pathname) ?? []
    if (id !== undefined) {
      asked.set(id, (asked.get(id) ?? 0) + 1)
      return answer(200, orders.get(id)!.items)
    }
    const after = url.searchParams.get('LastUpdatedAfter')
    const from = Number(url.searchParams.get('NextToken') ?? 0)
    if (!url.searchParams.has('MarketplaceIds')) return answer(400, { errors: [] })
    const changed = [...orders.values()]
      .map(({ order }) => order)
      .filter((order) => after === null || order.LastUpdateDate >= after)
    const payload = {
      Orders: changed.slice(from, from + 1),
      ...(changed.length > from + 1 ? { NextToken: String(from + 1) } : {}),
    }
    return answer(200, { payload })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    credential: JSON.stringify({
      refreshToken: 'Atzr|1',
      clientId: 'app',
      clientSecret: 'secret',
      marketplaceIds: ['ATVPDKIKX0DER'],
      tokenUrl: `${url}/token`,
    }),
    order: (changes = {}) => {
      const made = anAmazonOrder({ LastUpdateDate: new Date().toISOString(), ...changes })
      orders.set(made.order.AmazonOrderId, made)
      return made.order.AmazonOrderId
    },
    change: (id, changes) => void Object.assign(orders.get(id)!.order, changes),
    itemCalls: (id) => asked.get(id) ?? 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
