import { MockActivityEnvironment } from '@temporalio/testing'
import type { Gateways } from '#activities/orders/gateways'
import { orderActivities } from '#activities/orders/index'
import { refusalsAreAnswers } from '#activities/refusal-interceptor'
import type { OrderDocument } from '#contracts/order-intake'
import { orderToCashId, type OrderActivities, type OrderProgress } from '#contracts/order-to-cash'
import { storeDocument } from '#db/stores/inbox'
import type { CaseType, Resolution } from '#domain/orders/exceptions'
import { agreeableGateways } from './agreeable-gateways.ts'
import { foundCompany, type Company } from './company.ts'
import { freshDatabase, type TestDatabase } from './database.ts'
import { aKey } from './orders.ts'

type Verb = Exclude<keyof OrderActivities, 'receiveOrder' | 'refuseDocument'>
type Input<V extends Verb> = Omit<Parameters<OrderActivities[V]>[0], 'orderId' | 'key' | 'actor'>

/** An order's verbs on a real database, one commit each, for what needs no process to be seen. */
export interface Steps extends TestDatabase {
  company: Company
  place(document: OrderDocument): Promise<OrderProgress>
  /** Runs a verb on an order under a key of its own, unless `key` names one. */
  run<V extends Verb>(
    verb: V,
    orderId: string,
    input?: Input<V> & { key?: string },
  ): Promise<OrderProgress>
  /** Decides the open case of this type. */
  resolve(
    orderId: string,
    type: CaseType,
    resolution: Resolution,
    params?: Record<string, unknown>,
  ): Promise<OrderProgress>
  /** Settles outside calls until none is open. */
  settle(order: OrderProgress): Promise<OrderProgress>
}

/** A small company with this stock, and nothing but its database. */
export async function stepsOn(
  stock: Parameters<typeof foundCompany>[1],
  gateways: Gateways = agreeableGateways,
): Promise<Steps> {
  const database = await freshDatabase()
  const company = await foundCompany(database.admin, stock)
  const activities = orderActivities({ db: database.db, gateways })
  const inActivity = <A, R>(workflowId: string, verb: (input: A) => Promise<R>, input: A) =>
    new MockActivityEnvironment(
      { workflowExecution: { workflowId, runId: 'r' } },
      { interceptors: [refusalsAreAnswers] },
    ).run(verb as (input: unknown) => Promise<R>, input) as Promise<R>
  const run: Steps['run'] = (verb, orderId, input) =>
    inActivity(
      `order/${orderId}`,
      activities[verb] as unknown as (given: object) => Promise<OrderProgress>,
      { key: aKey(), actor: 'ann', ...input, orderId },
    )
  return {
    ...database,
    company,
    run,
    place: async (document) => {
      const { inboxId } = await storeDocument(database.db, {
        source: 'test',
        eventId: `${document.externalId}/placed`,
        topic: 'placed',
        document,
      })
      const { channel, externalId } = document
      const start = { inboxId, channel, externalId, actor: 'test' }
      return inActivity(orderToCashId(channel, externalId), activities.receiveOrder, start)
    },
    resolve: async (orderId, type, resolution, params) => {
      const [found] = await database.db<{ id: string }[]>`
        SELECT id::text FROM exception_case WHERE subject_id = ${orderId} AND type = ${type} AND state = 'open' ORDER BY id`
      if (!found) throw new Error(`order ${orderId} has no open ${type} case`)
      return run('resolveException', orderId, {
        caseId: found.id,
        resolution,
        ...(params ? { params } : {}),
      })
    },
    settle: async (order) => {
      let now = order
      while (now.effects.length > 0)
        now = await run('settleEffect', order.orderId, { key: now.effects[0]!.key })
      return now
    },
  }
}
