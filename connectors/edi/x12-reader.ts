import { Refusal } from '#domain/refusal'

/** One transaction set out of an interchange: its segments as lists of elements. */
export interface X12Document {
  sender: string
  controlNumber: string
  /** Such as 855. */
  set: string
  segments: string[][]
}

/**
 * Reads an X12 interchange that holds one transaction set. Separators are those of its own ISA; a
 * byte order mark and line breaks between segments are let pass.
 * @throws Refusal `MalformedX12` that says where it breaks
 */
export function readX12(text: string): X12Document {
  const document = text.replace(/^\ufeff/, '').trim()
  if (!document.startsWith('ISA') || document.length < 106)
    throw malformed('it does not begin with an ISA segment of 106 characters')
  const element = document[3]!
  const terminator = document[105]!
  const segments = document
    .split(terminator)
    .map((segment) => segment.trim().split(element))
    .filter(([id]) => id !== '')
  const [isa] = segments
  const controlNumber = isa?.[13]?.trim() ?? ''
  const iea = segments.at(-1)
  if (isa?.length !== 17 || iea?.[0] !== 'IEA' || iea[2]?.trim() !== controlNumber)
    throw malformed('its ISA and IEA do not belong together')
  const starts = segments.flatMap(([id], n) => (id === 'ST' ? [n] : []))
  const end = segments.findIndex(([id]) => id === 'SE')
  if (starts.length !== 1 || end < 0) throw malformed('it does not hold exactly one ST and SE')
  const body = segments.slice(starts[0], end + 1)
  if (Number(body.at(-1)![1]) !== body.length)
    throw malformed(`its SE counts ${body.at(-1)![1]} segments, and there are ${body.length}`)
  const sender = isa[6]!.trim()
  return { sender, controlNumber, set: body[0]![1] ?? '', segments: body.slice(1, -1) }
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
