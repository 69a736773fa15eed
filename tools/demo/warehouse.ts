import type { ApiClient } from './api-client.ts'
import { demoCatalogue } from './catalogue.ts'
import { seededRandom } from './random.ts'

interface FulfilmentOrder {
  id: string
  orderId: string
  orderNumber: string
  carrier: string | null
  service: string | null
  releasedAt: string
  lines: {
    orderLineId: string
    sku: string
    qty: number
    picked: number
    shipped: number
    cancelled: number
  }[]
}

export interface WarehouseOptions {
  api: ApiClient
  apiKey: string
  /** Shortest and longest time from release to the door. */
  fromMs: number
  toMs: number
  /** Control of the simulators; absent when the systems outside are real ones. */
  simulators?: { stripeUrl: string; carrierUrl: string } | undefined
  log: (line: string) => void
}

/** What the warehouse means to do with one fulfilment order; the same whenever it is asked. */
interface Fate {
  afterMs: number
  label: boolean
  shortPick: boolean
  labelFails: boolean
  captureDeclined: boolean
}

const weights = new Map(demoCatalogue().items.map((item) => [item.sku, item.weightG ?? 500]))
const AGAIN_MS = 20 * 60_000
const LABEL_MS = 8_000

/**
 * People with carts and a packing table: pick what is released, print labels for most of it, and
 * say when it has left. Now and then units are not found, a label cannot be made or the bank
 * refuses the capture; then they leave it to whoever resolves the case. What was done is read
 * from the API, and every command has its key, so that a restart does nothing twice.
 */
export class Warehouse {
  private readonly options: WarehouseOptions
  /** Fulfilment orders that wait for a label, or for another try, until when. */
  private readonly waiting = new Map<string, number>()
  private readonly labelled = new Set<string>()

  constructor(options: WarehouseOptions) {
    this.options = options
  }

  /** One walk through the halls; answers how many fulfilment orders left. */
  async walk(now = Date.now()): Promise<number> {
    let left = 0
    const stuck = await this.stuckOrders()
    for (const order of await this.list<FulfilmentOrder>('fulfilment-orders?state=released')) {
      const due = Date.parse(order.releasedAt) + this.fateOf(order).afterMs
      if (due > now || stuck.has(order.orderId) || (this.waiting.get(order.id) ?? 0) > now) continue
      if (await this.handle(order, now)) left += 1
    }
    for (const [id, until] of this.waiting) if (until < now - AGAIN_MS) this.waiting.delete(id)
    return left
  }

  private async handle(order: FulfilmentOrder, now: number): Promise<boolean> {
    const fate = this.fateOf(order)
    const picked = order.lines.every((line) => line.picked >= openUnits(line) + line.shipped)
    if (!picked && !(await this.pick(order, fate))) return this.leave(order, now, AGAIN_MS)
    if (fate.label && !this.labelled.has(order.id))
      return this.label(order, picked ? { ...fate, labelFails: false } : fate, now)
    return this.ship(order, fate, now)
  }

  /** False when units are missing: a case is open now, and a person says how it goes on. */
  private async pick(order: FulfilmentOrder, fate: Fate): Promise<boolean> {
    const first = order.lines.every((line) => line.cancelled === 0 && line.picked === 0)
    const short = first && fate.shortPick
    const lines = order.lines.map((line, n) => {
      const missing = short && n === 0 ? 1 : 0
      return {
        orderLineId: line.orderLineId,
        picked: line.qty - line.cancelled - missing,
        ...(missing > 0 ? { shortReason: 'not at its place' } : {}),
      }
    })
    const units = lines.reduce((all, line) => all + line.picked, 0)
    return (await this.command(order, 'picks', String(units), { lines })) && !short
  }

  private async label(order: FulfilmentOrder, fate: Fate, now: number): Promise<boolean> {
    const { simulators } = this.options
    if (fate.labelFails && simulators)
      await tellSimulator(`${simulators.carrierUrl}/_faults`, {
        kind: 'decline',
        operation: 'shipments.buy',
      })
    const body = { parcels: [{ weightG: weightOf(order) }] }
    const ok = await this.command(order, 'labels', '1', body)
    if (ok) this.labelled.add(order.id)
    return this.leave(order, now, ok ? LABEL_MS : AGAIN_MS)
  }

  private async ship(order: FulfilmentOrder, fate: Fate, now: number): Promise<boolean> {
    const { simulators } = this.options
    if (fate.captureDeclined && simulators)
      await tellSimulator(`${simulators.stripeUrl}/_faults`, {
        kind: 'decline',
        operation: 'payment_intents.capture',
      })
    const parcel = {
      weightG: weightOf(order),
      ...(order.carrier ? { carrier: order.carrier } : {}),
      ...(order.service ? { service: order.service } : {}),
    }
    const units = order.lines.reduce((all, line) => all + openUnits(line), 0)
    const ok = await this.command(order, 'shipments', String(units), {
      reference: `WH-${order.id}`,
      ...(this.labelled.has(order.id) ? {} : { parcels: [parcel] }),
    })
    if (!ok) return this.leave(order, now, AGAIN_MS)
    this.waiting.delete(order.id)
    this.labelled.delete(order.id)
    return true
  }

  /** `state` tells two commands about the same fulfilment order apart. */
  private async command(
    order: FulfilmentOrder,
    verb: string,
    state: string,
    body: object,
  ): Promise<boolean> {
    const { api, apiKey, log } = this.options
    const key = `warehouse-${verb}-${order.id}-${state}`
    const answer = await api.send({
      method: 'POST',
      path: `/v1/fulfilment-orders/${order.id}/${verb}`,
      headers: { 'x-api-key': apiKey, 'idempotency-key': key },
      body: JSON.stringify(body),
    })
    if (answer.status < 300) return true
    log(`${verb} of ${order.orderNumber}: ${answer.status} ${JSON.stringify(answer.json)}`)
    return false
  }

  /** Orders with a short pick or a failed label that nobody has decided on. */
  private async stuckOrders(): Promise<Set<string>> {
    const cases = await this.list<{ subjectId: string }>('exceptions?state=open&team=warehouse')
    return new Set(cases.map(({ subjectId }) => subjectId))
  }

  private async list<Item>(query: string): Promise<Item[]> {
    const { api, apiKey } = this.options
    const found: Item[] = []
    let cursor: string | null = null
    do {
      const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const answer = await api.send({
        method: 'GET',
        path: `/v1/${query}&limit=200${after}`,
        headers: { 'x-api-key': apiKey },
      })
      if (answer.status !== 200) return found
      const page = answer.json as { items: Item[]; nextCursor?: string | null }
      found.push(...page.items)
      cursor = page.nextCursor ?? null
    } while (cursor !== null)
    return found
  }

  private fateOf(order: FulfilmentOrder): Fate {
    const random = seededRandom(`warehouse/${order.id}`)
    const { fromMs, toMs } = this.options
    return {
      afterMs: random.whole(fromMs, toMs),
      label: random.chance(0.6),
      shortPick: random.chance(0.012),
      labelFails: random.chance(0.012),
      captureDeclined: random.chance(0.012),
    }
  }

  private leave(order: FulfilmentOrder, now: number, forMs: number): false {
    this.waiting.set(order.id, now + forMs)
    return false
  }
}

function openUnits(line: FulfilmentOrder['lines'][number]): number {
  return line.qty - line.shipped - line.cancelled
}

function weightOf(order: FulfilmentOrder): number {
  const weight = order.lines.reduce(
    (all, line) => all + (weights.get(line.sku) ?? 500) * line.qty,
    0,
  )
  return Math.max(50, weight + 120)
}

/** A simulator that is away is no reason to stop working. */
async function tellSimulator(url: string, body: object): Promise<void> {
  await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(5_000),
  }).catch(() => undefined)
}
