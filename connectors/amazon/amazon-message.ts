import type { OrderDocument } from '#contracts/order-intake'
import { Field } from '../field.ts'
import { refused, type Translated } from '../result.ts'
import { amazonOrder, amazonOrders } from './amazon-order.ts'
import { amazonOrder2026, amazonOrders2026 } from './amazon-order-2026.ts'

export interface AmazonMessage {
  /** What one order was read from, apart from the others of its page: `{ order, items }`. */
  raw: Record<string, unknown>
  read: Translated<OrderDocument>
}

/**
 * The orders of what was fetched from Amazon: `{ order, items }` of the orders API v0, a page of
 * it with `items` by order id, or an order or a page of the 2026-01-01 model.
 */
export function amazonMessages(body: Record<string, unknown>, channel: string): AmazonMessage[] {
  const vendor = vendorField(new Field(body, []))
  if (vendor !== null)
    return [
      {
        raw: body,
        read: refused(
          'wrong-document',
          vendor,
          `${vendor} tells of a vendor order, by which Amazon buys for itself or has us deliver for it: not read here`,
        ),
      },
    ]
  const items = body['items']
  if ('order' in body && items !== undefined)
    return [{ raw: body, read: amazonOrder(body['order'], items, channel) }]
  if (isObject(items)) {
    const page = body['orders'] ?? body
    const raws = pageOf(page).map((order) => ({ order, items: items[idOf(order)] ?? null }))
    return pair(
      amazonOrders(page, (id) => items[id], channel),
      raws,
      body,
    )
  }
  if ('order' in body) return [{ raw: body, read: amazonOrder2026(body, channel) }]
  if ('orders' in body) {
    const raws = pageOf(body).map((order) => ({ order }))
    return pair(amazonOrders2026(body, channel), raws, body)
  }
  return [{ raw: body, read: amazonOrder(body, undefined, channel) }]
}

const VENDOR_LISTS = ['orders', 'ordersStatus', 'acknowledgements', 'orderAcknowledgements']

/** Where a document of the vendor APIs names its purchase order; null in a seller's. */
function vendorField(body: Field): string | null {
  const roots = [body, body.at('payload'), body.at('order')]
  const entries = roots.flatMap((root) =>
    VENDOR_LISTS.map((name) => root.at(name))
      .filter((list) => Array.isArray(list.value))
      .flatMap((list) => list.list().slice(0, 1)),
  )
  const places = [...roots, ...entries].map((place) => place.at('purchaseOrderNumber'))
  return places.find((place) => place.present)?.path ?? null
}

/** A page that cannot be taken apart is one message. */
function pair(
  reads: Translated<OrderDocument>[],
  raws: Record<string, unknown>[],
  body: Record<string, unknown>,
): AmazonMessage[] {
  return reads.map((read, n) => ({ raw: raws[n] ?? body, read }))
}

function pageOf(page: unknown): unknown[] {
  const root = new Field(page, [])
  const payload = root.at('payload')
  const found = payload.isObject ? payload.at('Orders') : root.at('Orders')
  const orders = Array.isArray(found.value) ? found.value : root.at('orders').value
  return Array.isArray(orders) ? (orders as unknown[]) : []
}

function idOf(order: unknown): string {
  return new Field(order, []).at('AmazonOrderId').id() ?? ''
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
