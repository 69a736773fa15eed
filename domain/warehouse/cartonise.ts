import { Refusal } from '../refusal.ts'

export interface PackageType {
  code: string
  /** Inner size. */
  lengthMm: number
  widthMm: number
  heightMm: number
  tareG: number
  /** Of the box with what is in it. */
  maxWeightG: number
}

export interface UnitsToPack {
  orderLineId: string
  sku: string
  qty: number
  lengthMm: number
  widthMm: number
  heightMm: number
  weightG: number
  /** Goes into a box of its own. */
  shipAlone: boolean
}

export interface SuggestedBox {
  package: string
  expectedG: number
  lines: { orderLineId: string; sku: string; qty: number }[]
}

/**
 * Which boxes to take: units one by one, the largest first, each into the first box that has volume
 * and weight left for it, else into a new one of the largest type; at the end each box gives way to
 * the smallest type that holds the same. A unit must fit by its three sides, in any turn.
 *
 * Ours and not `binpackingjs`: a packer needs to know which box to take and what goes in together,
 * not where each piece lies, and this answers 500 units at once and the same every time. It looks
 * at volume, so long goods may turn out not to lie together: the packer then takes another box.
 * @throws Refusal `NoPackageFits`
 */
export function cartonise(
  units: readonly UnitsToPack[],
  types: readonly PackageType[],
): SuggestedBox[] {
  const sorted = [...types].sort(
    (one, other) => volume(one) - volume(other) || (one.code < other.code ? -1 : 1),
  )
  const boxes: OpenBox[] = []
  for (const unit of [...units].sort((one, other) => volume(other) - volume(one))) {
    for (let n = 0; n < unit.qty; n += 1) {
      const box = boxes.find((open) => takes(open, unit)) ?? newBox(boxes, unit, sorted)
      box.contents.push(unit)
    }
  }
  return boxes.map((box) => suggest(smallest(box, sorted), box.contents))
}

/** What the scale should say of a box: its own weight and that of everything in it. */
export function expectedWeight(
  tareG: number,
  lines: readonly { qty: number; weightG: number }[],
): number {
  return lines.reduce((grams, { qty, weightG }) => grams + qty * weightG, tareG)
}

/** Scales, filling material and goods vary: a twentieth, and 30 g at least. */
export function isWeightPlausible(expectedG: number, weighedG: number): boolean {
  return Math.abs(weighedG - expectedG) <= Math.max(30, Math.floor(expectedG / 20))
}

interface OpenBox {
  type: PackageType
  contents: UnitsToPack[]
}

const volume = (size: { lengthMm: number; widthMm: number; heightMm: number }) =>
  size.lengthMm * size.widthMm * size.heightMm

const sides = (size: { lengthMm: number; widthMm: number; heightMm: number }) =>
  [size.lengthMm, size.widthMm, size.heightMm].sort((one, other) => one - other)

function holds(type: PackageType, contents: readonly UnitsToPack[]): boolean {
  const inner = sides(type)
  const grams = contents.reduce((total, unit) => total + unit.weightG, type.tareG)
  const needed = contents.reduce((total, unit) => total + volume(unit), 0)
  const fits = (unit: UnitsToPack) => sides(unit).every((side, n) => side <= inner[n]!)
  return grams <= type.maxWeightG && needed <= volume(type) && contents.every(fits)
}

function takes({ type, contents }: OpenBox, unit: UnitsToPack): boolean {
  const isAlone = unit.shipAlone || contents.some((other) => other.shipAlone)
  return !isAlone && holds(type, [...contents, unit])
}

function newBox(boxes: OpenBox[], unit: UnitsToPack, types: readonly PackageType[]): OpenBox {
  const type = types.findLast((candidate) => holds(candidate, [unit]))
  if (!type)
    throw new Refusal(
      'NoPackageFits',
      `${unit.sku} fits into no box by its size and weight. Set a larger package type up, or correct the item.`,
    )
  const box: OpenBox = { type, contents: [] }
  boxes.push(box)
  return box
}

function smallest({ type, contents }: OpenBox, types: readonly PackageType[]): PackageType {
  return types.find((candidate) => holds(candidate, contents)) ?? type
}

function suggest(type: PackageType, contents: readonly UnitsToPack[]): SuggestedBox {
  const lines = new Map<string, SuggestedBox['lines'][number]>()
  for (const { orderLineId, sku } of contents) {
    const line = lines.get(orderLineId) ?? { orderLineId, sku, qty: 0 }
    lines.set(orderLineId, { ...line, qty: line.qty + 1 })
  }
  const each = contents.map(({ weightG }) => ({ qty: 1, weightG }))
  return {
    package: type.code,
    expectedG: expectedWeight(type.tareG, each),
    lines: [...lines.values()],
  }
}
