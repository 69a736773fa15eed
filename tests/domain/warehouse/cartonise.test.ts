import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cartonise, isWeightPlausible, type UnitsToPack } from '#domain/warehouse/cartonise'

const box = (code: string, side: number, maxWeightG: number) => ({
  ...{ code, lengthMm: side, widthMm: side, heightMm: side },
  tareG: side,
  maxWeightG,
})
const types = [box('L', 400, 20_000), box('S', 120, 2_000), box('M', 250, 5_000)]
const goods = (sku: string, qty: number, changes: Partial<UnitsToPack> = {}): UnitsToPack => ({
  ...{ orderLineId: sku, sku, qty, lengthMm: 100, widthMm: 100, heightMm: 100 },
  ...{ weightG: 500, shipAlone: false },
  ...changes,
})

test('goods share the smallest box that holds them, and what ships alone has its own', () => {
  expect(cartonise([goods('MUG', 3)], types)).toEqual([
    { package: 'M', expectedG: 1750, lines: [{ orderLineId: 'MUG', sku: 'MUG', qty: 3 }] },
  ])
  const alone = goods('VASE', 1, { shipAlone: true })
  const packed = cartonise([goods('MUG', 1), alone], types)
  expect(packed.map((one) => [one.package, one.lines.map((line) => line.sku)])).toEqual([
    ['S', ['MUG']],
    ['S', ['VASE']],
  ])
})

test('what fits no box by one side or by its weight is refused by name', () => {
  const refused = expect.objectContaining({ code: 'NoPackageFits' })
  expect(() => cartonise([goods('POLE', 1, { lengthMm: 900 })], types)).toThrow(refused)
  expect(() => cartonise([goods('LEAD', 1, { weightG: 30_000 })], types)).toThrow(refused)
})

test('every unit is in one box, and no box holds more than its volume and weight', () => {
  const side = fc.integer({ min: 10, max: 390 })
  const line = fc.record({
    ...{ qty: fc.integer({ min: 1, max: 6 }), lengthMm: side, widthMm: side, heightMm: side },
    weightG: fc.integer({ min: 1, max: 9_000 }),
    shipAlone: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const units = lines.map((one, n) => ({ ...one, sku: `I${n}`, orderLineId: `${n}` }))
      const boxes = cartonise(units, types)
      for (const unit of units) {
        const packed = boxes.flatMap((one) => one.lines).filter((one) => one.sku === unit.sku)
        expect(packed.reduce((qty, one) => qty + one.qty, 0)).toBe(unit.qty)
      }
      for (const one of boxes) {
        const type = types.find((candidate) => candidate.code === one.package)!
        const inside = one.lines.map((each) => ({
          ...each,
          unit: units.find((unit) => unit.sku === each.sku)!,
        }))
        const needed = inside.reduce(
          (mm, { qty, unit }) => mm + qty * unit.lengthMm * unit.widthMm * unit.heightMm,
          0,
        )
        expect(needed).toBeLessThanOrEqual(type.lengthMm * type.widthMm * type.heightMm)
        expect(one.expectedG).toBeLessThanOrEqual(type.maxWeightG)
        if (inside.some(({ unit }) => unit.shipAlone)) expect(inside).toMatchObject([{ qty: 1 }])
      }
    }),
  )
})

test('a scale may differ by a twentieth, and by 30 g of something light', () => {
  expect([970, 1030, 969, 1050].map((grams) => isWeightPlausible(1000, grams))).toEqual([
    ...[true, true, true, true],
  ])
  expect([949, 1051].map((grams) => isWeightPlausible(1000, grams))).toEqual([false, false])
  expect([70, 130, 69].map((grams) => isWeightPlausible(100, grams))).toEqual([true, true, false])
})
