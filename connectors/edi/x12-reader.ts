import { Refusal } from '#domain/refusal'
import { readInterchange, type X12Interchange, type X12Segment } from './x12-interchange.ts'

/** One transaction set out of an interchange: its segments as lists of elements. */
export interface X12Document {
  sender: string
  controlNumber: string
  /** Such as 855. */
  set: string
  segments: readonly X12Segment[]
}

/**
 * Reads an X12 interchange that holds one transaction set, by `readInterchange`.
 * @throws Refusal `MalformedX12` that says where it breaks
 */
export function readX12(text: string): X12Document {
  const { sender, controlNumber, sets } = interchangeOf(text)
  const [set, ...others] = sets
  if (!set || others.length > 0) throw malformed('it does not hold exactly one ST and SE')
  return { sender, controlNumber, set: set.type, segments: set.segments }
}

/** @throws Refusal `MalformedX12` that names the segment by which the envelope is damaged */
export function interchangeOf(
  text: string,
  options: Parameters<typeof readInterchange>[1] = {},
): X12Interchange {
  const read = readInterchange(text, options)
  if (read.ok) return read.value
  const [problem] = read.problems
  throw malformed(`${problem!.field}: ${problem!.message}`)
}

/** `20260131` or `260131` as a business date. @throws Refusal `MalformedX12` */
export function x12Date(text: string | undefined, where: string): string {
  const digits = text?.length === 6 ? `20${text}` : (text ?? '')
  const date = digits.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3')
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || Number.isNaN(Date.parse(date)))
    throw malformed(`${where} holds no date`)
  return date
}

/** A whole number of units. @throws Refusal `MalformedX12` */
export function x12Units(text: string | undefined, where: string): bigint {
  if (!/^\d{1,12}(\.0+)?$/.test(text ?? '')) throw malformed(`${where} holds no whole quantity`)
  return BigInt(text!.split('.')[0]!)
}

export function malformed(what: string): Refusal {
  return new Refusal('MalformedX12', `The document cannot be read: ${what}.`, {
    field: 'body.document',
  })
}
