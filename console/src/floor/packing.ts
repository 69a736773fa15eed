import type { paths } from '../generated/api.d.ts'
import type { Action } from './actions.ts'

type Read<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { 'application/json': infer Content } } } }
}
  ? Content
  : never
export type Order = Read<'/v1/fulfilment-orders/{fulfilmentId}'>
export type Box = Read<'/v1/fulfilment-orders/{fulfilmentId}/boxes'>['items'][number]

/** The boxes as they are once everything is told that was done here. */
export function withQueued(boxes: Box[], actions: readonly Action[]): Box[] {
  const shown = new Map(boxes.map((box) => [box.boxNo, { ...box, lines: [...box.lines] }]))
  for (const { kind, path, body, packs } of actions) {
    const boxNo = Number(/boxes\/(\d+)\//.exec(path)?.[1])
    const box = shown.get(boxNo)
    if (packs) {
      const lines = added(box?.lines ?? [], packs)
      const type = String(body['package'])
      if (box) box.lines = lines
      else shown.set(boxNo, { ...EMPTY_BOX, boxNo, package: type, lines })
    } else if (box && kind === 'close-box') {
      Object.assign(box, { state: 'closed', weightG: body['weightG'] })
    } else if (box && kind === 'empty-box') {
      Object.assign(box, { state: 'open', lines: [], weightG: null })
    }
  }
  return [...shown.values()]
}

const EMPTY_BOX: Omit<Box, 'boxNo' | 'package' | 'lines'> = {
  ...{ lengthMm: 0, widthMm: 0, heightMm: 0, state: 'open' },
  ...{ expectedG: null, weightG: null, weightReason: null },
}

function added(lines: Box['lines'], { sku, qty }: { sku: string; qty: number }): Box['lines'] {
  return lines.some((line) => line.sku === sku)
    ? lines.map((line) => (line.sku === sku ? { ...line, qty: line.qty + qty } : line))
    : [...lines, { orderLineId: '', sku, qty }]
}

/** Units by item: asked for, picked, and in a box. */
export function linesOf(found: Order, boxes: readonly Box[]) {
  const skus = [...new Set(found.lines.map(({ sku }) => sku))]
  const total = (of: readonly { sku: string }[], sku: string, qty: (one: never) => number) =>
    of.filter((one) => one.sku === sku).reduce((sum, one) => sum + qty(one as never), 0)
  const inBoxes = boxes.flatMap(({ lines }) => lines)
  return skus.map((sku) => ({
    sku,
    asked: total(found.lines, sku, (one: Order['lines'][number]) => one.qty - one.cancelled),
    picked: total(found.lines, sku, (one: Order['lines'][number]) => one.picked),
    packed: total(inBoxes, sku, (one: Box['lines'][number]) => one.qty),
  }))
}
