import { accepted, refused, type Translated } from '../result.ts'

/** One segment: `['BIG', '20260610', 'INV-1']`. */
export type X12Segment = readonly string[]

/** One transaction set, between its ST and SE, both left out. */
export interface X12Set {
  type: string
  controlNumber: string
  segments: X12Segment[]
}

export interface X12Interchange {
  /** ISA06 and ISA08, without their padding. */
  sender: string
  receiver: string
  controlNumber: string
  sets: X12Set[]
}

const ISA_LENGTH = 106

/**
 * Reads an X12 interchange: separators from the fixed-width ISA, then every count and control
 * number of SE, GE and IEA. A damaged envelope is refused as a whole, since what was cut off may
 * have been a line. `lenient` takes an ISA whose padding a mail gateway has collapsed.
 */
export function readInterchange(
  text: string,
  { lenient = false }: { lenient?: boolean } = {},
): Translated<X12Interchange> {
  const plain = text.replace(/^\uFEFF/, '').trimStart()
  const separators = separatorsOf(plain, lenient)
  if (!separators.ok) return separators
  const { element, segment } = separators.value
  const segments = plain
    .split(segment)
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map((each) => each.split(element).map((value) => value.trim()))
  return envelopeOf(segments)
}

function separatorsOf(
  text: string,
  lenient: boolean,
): Translated<{ element: string; segment: string }> {
  if (!text.startsWith('ISA'))
    return refused('envelope-missing', 'ISA', 'an X12 file begins with ISA')
  const element = text.charAt(3)
  // ISA16, the component separator, is one character, and the next one ends the segment.
  const sixteen = text.split(element, 16).join(element).length + 1
  if (!lenient && sixteen !== ISA_LENGTH - 2)
    return refused(
      'envelope-damaged',
      'ISA',
      `ISA has 106 characters, this one ${sixteen + 2}: send it with its padding`,
    )
  const segment = text.charAt(sixteen + 1)
  if (segment === '') return refused('envelope-damaged', 'ISA', 'the file ends within ISA')
  return accepted({ element, segment })
}

function envelopeOf(segments: readonly X12Segment[]): Translated<X12Interchange> {
  const isa = segments[0]!
  const iea = segments.at(-1)!
  if (iea[0] !== 'IEA') return refused('envelope-incomplete', 'IEA', 'the file ends before IEA')
  if (iea[2] !== isa[13])
    return refused(
      'control-number',
      'IEA02',
      `IEA says ${iea[2]}, ISA ${isa[13]}: they do not belong together`,
    )
  const sets: X12Set[] = []
  let groups = 0
  for (let at = 1; at < segments.length - 1;) {
    const end = segments.findIndex((segment, n) => n > at && segment[0] === 'GE')
    if (segments[at]![0] !== 'GS' || end < 0)
      return refused('envelope-incomplete', `segment ${at + 1}`, 'a group is GS to GE')
    const group = groupOf(segments.slice(at, end + 1))
    if (!group.ok) return group
    sets.push(...group.value)
    groups += 1
    at = end + 1
  }
  if (Number(iea[1]) !== groups)
    return refused('control-total', 'IEA01', `IEA says ${iea[1]} groups, there are ${groups}`)
  return accepted({
    sender: isa[6] ?? '',
    receiver: isa[8] ?? '',
    controlNumber: isa[13] ?? '',
    sets,
  })
}

function groupOf(segments: readonly X12Segment[]): Translated<X12Set[]> {
  const gs = segments[0]!
  const ge = segments.at(-1)!
  if (ge[2] !== gs[6]) return refused('control-number', 'GE02', `GE says ${ge[2]}, GS ${gs[6]}`)
  const sets: X12Set[] = []
  for (let at = 1; at < segments.length - 1;) {
    const end = segments.findIndex((segment, n) => n > at && segment[0] === 'SE')
    if (segments[at]![0] !== 'ST' || end < 0)
      return refused('envelope-incomplete', 'ST', 'a transaction set is ST to SE')
    const set = setOf(segments.slice(at, end + 1))
    if (!set.ok) return set
    sets.push(set.value)
    at = end + 1
  }
  if (Number(ge[1]) !== sets.length)
    return refused('control-total', 'GE01', `GE says ${ge[1]} sets, there are ${sets.length}`)
  return accepted(sets)
}

function setOf(segments: readonly X12Segment[]): Translated<X12Set> {
  const [, type = '', controlNumber = ''] = segments[0]!
  const se = segments.at(-1)!
  if (se[2] !== controlNumber)
    return refused('control-number', 'SE02', `SE says ${se[2]}, ST ${controlNumber}`)
  if (Number(se[1]) !== segments.length)
    return refused(
      'control-total',
      'SE01',
      `SE counts ${se[1]} segments, there are ${segments.length}: something was lost on the way`,
    )
  return accepted({ type, controlNumber, segments: segments.slice(1, -1) })
}
