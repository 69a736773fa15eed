import { setTimeout as wait } from 'node:timers/promises'
import type { OrderDocument } from '#contracts/order-intake'
import type { Db } from '#db/client'
import type { CarrierSimulator } from '#simulators/carrier'
import type { CaseType, Resolution } from '#domain/orders/exceptions'
import type { Answer, PatientCaller } from './patient-caller.ts'

/**
 * What happens to an order beside being placed. `shop`: a signed webhook brings it, twice.
 * `refunded`: what it asks for is not there, so it is cancelled and its money goes back.
 * `voided`: held for its price, then cancelled. `waiting`: its units arrive later.
 */
export type Kind =
  | 'prepaid'
  | 'authorised'
  | 'prepaid-labelled'
  | 'authorised-labelled'
  | 'shop'
  | 'refunded'
  | 'voided'
  | 'waiting'

export interface DrivenOrder {
  kind: Kind
  externalId: string
  /** Shopify's own document for `shop`, else the neutral one. */
  document: OrderDocument | Record<string, unknown>
  sku: string
  qty: number
  amountMinor: string
  /** The provider's name of the payment. */
  reference: string | null
  /** Pauses between the steps of its people, so that faults meet every step. */
  pauses: number[]
}

export interface World {
  db: Db
  api: PatientCaller
  carrier: CarrierSimulator
  /** Ends all waiting when the test has given up. */
  signal: AbortSignal
}

interface Standing {
  id: string
  phase: string
  closed: boolean
  fulfilmentId: string | null
  tracking: string | null
  cases: { id: string; type: CaseType }[]
}

/** What a desk decides about trouble that faults of the providers make; asked again until it helps. */
const STRAY: Partial<Record<CaseType, Resolution>> = {
  'payment-declined': 'retry',
  'refund-failed': 'retry',
  'label-failed': 'retry',
  'effect-unknown': 'ask-again',
}

/** What shop, desk, warehouse and carrier do about one order, all of it over HTTP. */
export async function driveToItsEnd(world: World, order: DrivenOrder): Promise<void> {
  const { kind, externalId, pauses } = order
  const { api } = world
  const decided = new Map<string, number>()

  await wait(pauses[0])
  await (kind === 'shop' ? sell() : place())
  await wait(pauses[1])
  if (kind === 'refunded') await decide('stock-short', 'cancel')
  else if (kind === 'voided') await cancel()
  else await deliver()
  await until(({ closed }) => closed)

  async function place(): Promise<void> {
    await command('place', '/v1/orders', order.document, 201)
  }

  async function sell(): Promise<void> {
    for (const again of [false, true]) {
      const taken = await api.shopifyOrder(`event/${externalId}`, 'web', order.document)
      expectStatus('webhook', taken, 200)
      if (again && !(taken.body as { duplicate: boolean }).duplicate)
        throw new Error(`the shop's ${externalId} was taken twice`)
    }
  }

  async function cancel(): Promise<void> {
    const { id } = await until(({ cases }) => cases.some(({ type }) => type === 'price-suspect'))
    await command('cancel', `/v1/orders/${id}/cancellation`, { reason: 'too dear' })
  }

  async function deliver(): Promise<void> {
    if (kind === 'waiting') {
      await decide('stock-short', 'backorder')
      await receive()
    }
    const { fulfilmentId } = await until((standing) => standing.fulfilmentId !== null)
    const fulfilment = `/v1/fulfilment-orders/${fulfilmentId}`
    const labelled = kind.endsWith('labelled')
    if (labelled) await command('label', `${fulfilment}/labels`, { parcels: [{ weightG: 800 }] })
    await wait(pauses[2])
    const { tracking } = await until((standing) => !labelled || standing.tracking !== null)
    await command('ship', `${fulfilment}/shipments`, { reference: `S-${externalId}` })
    await wait(pauses[3])
    // A carrier that is not heard says it again with its next scan.
    if (tracking)
      await until(
        ({ closed }) => closed,
        () => world.carrier.scan(tracking, 'delivered'),
      )
  }

  async function receive(): Promise<void> {
    const qty = String(order.qty)
    const line = { sku: order.sku, expectedQty: qty, receivedQty: qty, unitCostMinor: '9000' }
    const receipt = { receiptNo: `R-${externalId}`, site: 'WEST', supplier: 'Acme', lines: [line] }
    await command('receive', '/v1/goods-receipts', receipt, 201)
  }

  async function decide(type: CaseType, resolution: Resolution): Promise<void> {
    const { cases } = await until((standing) => standing.cases.some((c) => c.type === type))
    const { id } = cases.find((c) => c.type === type)!
    await command(`decide-${type}`, `/v1/exceptions/${id}/resolution`, { resolution })
  }

  async function command(step: string, path: string, body: object, status = 200): Promise<void> {
    expectStatus(step, await api.command(`${step}/${externalId}`, path, body), status)
  }

  function expectStatus(step: string, answer: Answer, status: number): void {
    if (answer.status !== status)
      throw new Error(`${step} of ${externalId} is answered ${JSON.stringify(answer)}`)
  }

  /** Looks until the order is as described; meanwhile the desk decides what comes up. */
  async function until(
    reached: (standing: Standing) => boolean,
    otherwise: () => void = () => {},
  ): Promise<Standing> {
    for (;;) {
      world.signal.throwIfAborted()
      const standing = await standingOf(world.db, externalId).catch(() => undefined)
      if (standing && reached(standing)) return standing
      for (const stray of standing?.cases ?? []) await decideStray(stray)
      if (standing) otherwise()
      await wait(500)
    }
  }

  async function decideStray({ id, type }: Standing['cases'][number]): Promise<void> {
    const resolution = STRAY[type]
    if (!resolution) return
    const times = (decided.get(id) ?? 0) + 1
    decided.set(id, times)
    const key = `decide-${type}/${externalId}/${id}/${times}`
    const answer = await api.command(key, `/v1/exceptions/${id}/resolution`, { resolution })
    // It may have healed by itself in between.
    if (answer.status !== 409) expectStatus(type, answer, 200)
  }
}

async function standingOf(db: Db, externalId: string): Promise<Standing | undefined> {
  const [row] = await db<Standing[]>`
    SELECT o.id::text, o.phase, o.closed_at IS NOT NULL AS closed,
      (SELECT min(f.id)::text FROM fulfilment_order f WHERE f.order_id = o.id) AS "fulfilmentId",
      (SELECT min(p.tracking_number) FROM parcel p WHERE p.order_id = o.id) AS tracking,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('id', c.id::text, 'type', c.type)), '[]') FROM exception_case c
        WHERE c.subject_type = 'order' AND c.subject_id = o.id::text AND c.state = 'open') AS cases
    FROM sales_order o WHERE o.external_id = ${externalId}`
  return row
}
