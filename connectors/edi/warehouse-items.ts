import type { X12Segment } from './x12-interchange.ts'
import { malformed, x12Units } from './x12-reader.ts'

const OUR_NUMBER = ['VN', 'SK', 'BP', 'VP']
/** Each and piece; a case or a pallet is no unit of ours, and how many are in it is not told. */
const BASE_UNITS = ['', 'EA', 'PC']

/**
 * Our number of an item: of pairs of qualifier and number from `from` on, else the UPC.
 * @throws Refusal `MalformedX12` that names the segment
 */
export function skuOf(segment: X12Segment, from: number, upc?: number): string {
  for (let at = from; at + 1 < segment.length && at < from + 4; at += 2)
    if (OUR_NUMBER.includes(segment[at]!) && segment[at + 1]) return segment[at + 1]!
  const code = upc === undefined ? '' : (segment[upc] ?? '')
  if (code === '') throw malformed(`${segment[0]} names no item (VN, SK, BP or VP)`)
  return code
}

/** Whole base units. @throws Refusal `MalformedX12` that names the segment */
export function baseUnits(segment: X12Segment, at: { qty: number; unit: number }): number {
  const unit = segment[at.unit] ?? ''
  if (!BASE_UNITS.includes(unit))
    throw malformed(`${segment[0]} counts in ${unit}, only EA and PC are units of ours`)
  return Number(x12Units(segment[at.qty], `${segment[0]}${String(at.qty).padStart(2, '0')}`))
}

/** The one segment of this name that a document begins with. @throws Refusal `MalformedX12` */
export function heading(segments: readonly X12Segment[], id: string): X12Segment {
  const found = segments.filter(([name]) => name === id)
  if (found.length !== 1) throw malformed(`it has ${found.length} ${id} segments instead of one`)
  return found[0]!
}

/** A number by which the sender calls a document. @throws Refusal `MalformedX12` */
export function numberAt(segment: X12Segment, at: number): string {
  const text = segment[at] ?? ''
  if (!/^[\w.:#/-]{1,60}$/.test(text))
    throw malformed(`${segment[0]}${String(at).padStart(2, '0')} holds no number of a document`)
  return text
}
