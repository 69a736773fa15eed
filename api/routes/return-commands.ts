import { z } from 'zod'
import { requestReturn } from '#clients/return-process'
import * as contract from '#contracts/return-to-refund'
import type { RequestedReturn } from '#contracts/return-to-refund'
import { companyOfSite, orderOfChannel, type ChannelOrder } from '#db/queries/customer-returns'
import type { Permission } from '#domain/access'
import { documentCommand, documentRequest } from '../document-routes.ts'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { orderInScope } from '../order-commands.ts'
import { invalidInput, notFound } from '../problem.ts'
import * as schemas from '../return-schemas.ts'
import { requireChannelScope, requireScope } from '../scope.ts'
import { returnInScope } from './returns.ts'

const tags = ['returns']
const params = z.object({ returnNo: schemas.returnNo })

/** What is asked of returns: by customers and agents, channels, carriers and the warehouse. */
export async function returnCommandRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addWishes(server, deps)
  addFacts(server, deps)
  addAgents(server, deps)
  addWarehouse(server, deps)
}

type Wish = Omit<RequestedReturn, 'key' | 'actor'>

interface Wished<B extends z.ZodType> {
  url: string
  permission: Permission
  summary: string
  body: B
  ask(principal: Principal, body: z.output<B>): Promise<{ [K in keyof Wish]: Wish[K] | undefined }>
}

/** What is left out is not asked for: a process is told no field that is undefined. */
function addWish<B extends z.ZodType>(
  server: ApiServer,
  deps: ApiDeps,
  { ask, ...wished }: Wished<B>,
): void {
  documentRequest<B, RequestedReturn>(server, deps, {
    ...{ ...wished, tags, update: contract.returnRequested, begin: requestReturn },
    ask: async (principal, body) => {
      const wish = Object.entries(await ask(principal, body))
      return Object.fromEntries(wish.filter(([, value]) => value !== undefined)) as unknown as Wish
    },
  })
}

function addWishes(server: ApiServer, deps: ApiDeps): void {
  addWish(server, deps, {
    ...{ url: '/returns', permission: 'returns:create', body: schemas.wish },
    summary: 'Ask for a return: the policy agrees, or a person is asked',
    ask: async (principal, body) => {
      await orderInScope(deps.db, { principal }, body.orderId)
      return { ...body, kind: 'return' }
    },
  })
  addWish(server, deps, {
    ...{ url: '/returns/goodwill', permission: 'refunds:create', body: schemas.goodwillWish },
    summary: 'Give money back without goods',
    ask: async (principal, body) => {
      await orderInScope(deps.db, { principal }, body.orderId)
      return { ...body, kind: 'goodwill', source: 'agent', lines: [] }
    },
  })
}

function addFacts(server: ApiServer, deps: ApiDeps): void {
  const { db } = deps
  addWish(server, deps, {
    ...{ url: '/returns/channel-refunds', permission: 'returns:create' },
    body: schemas.channelRefund,
    summary: 'Record that a channel has paid a buyer back',
    ask: async (principal, { channel, externalOrderId: externalId, lines, ...body }) => {
      await requireChannelScope(db, principal, channel)
      const order = await orderOfChannel(db, { channel, externalId })
      if (!order) throw notFound('order')
      const keepsGoods = lines.length > 0 && lines.every((line) => line.restock === 'no-restock')
      return {
        ...{ ...body, kind: 'channel-refund' as const, source: 'channel' as const, keepsGoods },
        ...{ orderId: order.id.toString(), lines: linesOfChannel(order, lines) },
      }
    },
  })
  addWish(server, deps, {
    ...{ url: '/returns/blind-receipts', permission: 'returns:confirm', body: schemas.blindParcel },
    summary: 'Take in a parcel that nobody had announced',
    ask: async (principal, body) => {
      const place = await companyOfSite(db, body.site)
      if (!place) throw notFound('site')
      requireScope(principal, place)
      return { ...body, kind: 'blind', source: 'warehouse', reason: 'other', lines: [] }
    },
  })
}

/** A channel names lines by its own ids, and counts what it sells, not our units. */
function linesOfChannel(
  order: ChannelOrder,
  lines: readonly { externalLineId: string; qty: number }[],
): RequestedReturn['lines'] {
  return lines.flatMap(({ externalLineId, qty }, n) => {
    const ours = order.lines.filter((line) => line.externalLineId === externalLineId)
    if (ours.length === 0)
      throw invalidInput({
        field: `body.lines.${n}.externalLineId`,
        message: 'send a line that the order has',
      })
    return ours.map(({ id, packFactor }) => ({ orderLineId: id, qty: qty * packFactor }))
  })
}

function returnsOf({ db }: ApiDeps) {
  return {
    ...{ url: '/returns/:returnNo', tags, params, subject: 'customer-return' as const },
    find: (principal: Principal, { returnNo }: z.output<typeof params>) =>
      returnInScope(db, principal, returnNo),
  }
}

function addAgents(server: ApiServer, deps: ApiDeps): void {
  const returns = returnsOf(deps)
  const permission = 'returns:create' as const
  documentCommand(server, deps, returns, {
    ...{ path: 'label', permission, body: schemas.label, update: contract.labelReturn },
    summary: 'Keep the label that a return comes with',
  })
  documentCommand(server, deps, returns, {
    ...{ path: 'scan', permission, body: schemas.scan, update: contract.scanReturn },
    summary: 'Say that the carrier has the parcel',
  })
  documentCommand(server, deps, returns, {
    ...{ path: 'cancellation', permission, body: schemas.cancellation },
    ...{ summary: 'Take a wish back before anything came', update: contract.cancelReturn },
  })
  documentCommand(server, deps, returns, {
    ...{ path: 'exchange', permission, body: schemas.exchange, update: contract.linkExchange },
    summary: 'Name the order that replaces the goods',
  })
}

function addWarehouse(server: ApiServer, deps: ApiDeps): void {
  const returns = returnsOf(deps)
  const permission = 'returns:confirm' as const
  documentCommand(server, deps, returns, {
    ...{ path: 'receipts', permission, body: schemas.receipt, update: contract.receiveReturn },
    summary: 'Say what came in a parcel of a return',
  })
  documentCommand(server, deps, returns, {
    ...{ path: 'inspections', permission, body: schemas.inspection },
    ...{ summary: 'Grade units that came back', update: contract.inspectReturn },
  })
  documentCommand(server, deps, returns, {
    ...{ path: 'dispositions', permission, body: schemas.disposition },
    ...{ summary: 'Put graded units to use, or away', update: contract.disposeReturn },
  })
}
