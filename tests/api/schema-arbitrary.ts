import fc from 'fast-check'

/** As much of JSON Schema 2020-12 as our OpenAPI document uses. */
export interface JsonSchema {
  $ref?: string
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  allOf?: JsonSchema[]
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: JsonSchema | boolean
  items?: JsonSchema
  minItems?: number
  maxItems?: number
  minLength?: number
  maxLength?: number
  pattern?: string
  format?: string
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
}

/** Values that exist in the database under test, by field name: they reach the deeper code. */
export type Known = Record<string, readonly unknown[]>

/** Values of a schema; a field that is known takes a value that exists every other time. */
export function fromSchema(
  schema: JsonSchema,
  known: Known,
  resolve: (ref: string) => JsonSchema,
  name = '',
): fc.Arbitrary<unknown> {
  const again = (inner: JsonSchema, field = name) => fromSchema(inner, known, resolve, field)
  const made = byShape(schema, again, resolve)
  const existing = known[name]
  return existing ? fc.oneof(made, fc.constantFrom(...existing)) : made
}

type Again = (schema: JsonSchema, field?: string) => fc.Arbitrary<unknown>

function byShape(
  schema: JsonSchema,
  again: Again,
  resolve: (ref: string) => JsonSchema,
): fc.Arbitrary<unknown> {
  if (schema.$ref) return again(resolve(schema.$ref))
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return fc.oneof(...choices.map((choice) => again(choice)))
  if (schema.allOf)
    return again(Object.assign({}, ...schema.allOf.map((part) => part)) as JsonSchema)
  if (Array.isArray(schema.type))
    return fc.oneof(...schema.type.map((type) => again({ ...schema, type })))
  return byType(schema, again)
}

function byType(schema: JsonSchema, again: Again): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'string':
      return text(schema)
    case 'integer':
      return fc.integer({
        min: Math.max(schema.minimum ?? (schema.exclusiveMinimum ?? -1000) + 1, -2_147_483_648),
        max: Math.min(schema.maximum ?? 1_000_000, 2_147_483_647),
      })
    case 'number':
      return fc.double({
        noNaN: true,
        noDefaultInfinity: true,
        min: schema.minimum ?? -1e9,
        max: schema.maximum ?? 1e9,
      })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(again(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 4, Math.max(4, schema.minItems ?? 0)),
      })
    case 'object':
      return object(schema, again)
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

function object(schema: JsonSchema, again: Again): fc.Arbitrary<unknown> {
  if (!schema.properties) {
    const inner = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {}
    return fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), again(inner), { maxKeys: 4 })
  }
  const fields = Object.entries(schema.properties).map(
    ([name, inner]) => [name, again(inner, name)] as const,
  )
  return fc.record(Object.fromEntries(fields), { requiredKeys: schema.required ?? [] })
}

function text({ pattern, format, minLength, maxLength }: JsonSchema): fc.Arbitrary<string> {
  if (format === 'date') return day().map((date) => date.toISOString().slice(0, 10))
  if (format === 'date-time') return day().map((date) => date.toISOString())
  if (format === 'email') return fc.stringMatching(/^[a-z]{1,8}@[a-z]{1,8}\.com$/)
  if (format === 'uuid') return fc.uuid()
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern))
  const min = minLength ?? 0
  return fc.string({
    unit: 'grapheme',
    minLength: min,
    maxLength: Math.min(maxLength ?? 60, min + 60),
  })
}

function day(): fc.Arbitrary<Date> {
  const min = new Date('1990-01-01T00:00:00Z')
  return fc.date({ min, max: new Date('2040-01-01T00:00:00Z'), noInvalidDate: true })
}

/** What real attackers, broken clients and spreadsheets send. */
const HOSTILE: readonly unknown[] = [
  null,
  '',
  ' ',
  'a\u0000b',
  '\ud800',
  '\u202egnp.exe',
  'x'.repeat(5_000),
  "'; DROP TABLE item; --",
  '../../etc/passwd',
  '${7*7}{{7*7}}%s%n',
  '٣٤',
  'NaN',
  '-0',
  '1e400',
  '0x10',
  '99999999999999999999999999',
  '-9223372036854775809',
  '9999-99-99',
  '0000-01-01',
  '2026-02-30',
  '2026-01-01T00:00:00+23:59',
  -1,
  0,
  0.1,
  1e308,
  2_147_483_648,
  9_007_199_254_740_993,
  true,
  [],
  {},
  [[[]]],
  { constructor: { prototype: { admin: true } } },
  { toString: 'x', length: -1 },
]

export const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.jsonValue({ maxDepth: 3 }),
)

/** The same document with one part of it replaced, removed or added. */
export function spoilt(document: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc
    .tuple(document, fc.array(fc.nat(7), { minLength: 1, maxLength: 4 }), hostile, fc.nat(3))
    .map(([value, path, bad, way]) => spoil(value, path, bad, way))
}

function spoil(value: unknown, [step = 0, ...rest]: number[], bad: unknown, way: number): unknown {
  if (typeof value !== 'object' || value === null) return bad
  const keys = Object.keys(value)
  const key = keys[step % Math.max(keys.length, 1)]
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value }
  const fields = copy as Record<string, unknown>
  if (way === 3 || key === undefined) fields['unknownField'] = bad
  else if (rest.length > 0 && typeof fields[key] === 'object')
    fields[key] = spoil(fields[key], rest, bad, way)
  else if (way === 2 && !Array.isArray(copy)) delete fields[key]
  else fields[key] = bad
  return copy
}
