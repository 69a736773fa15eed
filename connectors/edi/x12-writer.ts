/** Who sends to whom, and the numbers under which it is acknowledged. */
export interface Interchange {
  sender: string
  receiver: string
  /** `2026-01-31T10:00:00Z`. */
  at: string
  /** One for life: the same document again has the same. */
  controlNumber: number
  /** Functional group, such as PO for 850. */
  group: string
  test?: boolean
}

const ELEMENT = '*'
const SEGMENT = '~'

/** An X12 004010 interchange with one transaction set, its envelope and counts filled in. */
export function writeX12(
  to: Interchange,
  transactionSet: string,
  segments: readonly (readonly string[])[],
): string {
  const day = to.at.slice(0, 10).replaceAll('-', '')
  const time = to.at.slice(11, 16).replace(':', '')
  const control = String(to.controlNumber)
  const body = [['ST', transactionSet, '0001'], ...segments]
  const isa = [
    ...['ISA', '00', ' '.repeat(10), '00', ' '.repeat(10)],
    ...['ZZ', to.sender.padEnd(15), 'ZZ', to.receiver.padEnd(15)],
    ...[day.slice(2), time, 'U', '00401', control.padStart(9, '0'), '0', to.test ? 'T' : 'P', '>'],
  ]
  const all = [
    isa.join(ELEMENT),
    write(['GS', to.group, to.sender, to.receiver, day, time, control, 'X', '004010']),
    ...body.map(write),
    write(['SE', String(body.length + 1), '0001']),
    write(['GE', '1', control]),
    write(['IEA', '1', control.padStart(9, '0')]),
  ]
  return `${all.join(`${SEGMENT}\n`)}${SEGMENT}\n`
}

/** Empty elements at the end are left out; what would be read as syntax becomes a blank. */
function write(segment: readonly string[]): string {
  const elements = segment.map((element) =>
    element.replace(/[*~>\r\n]/g, ' ').replace(/[^\x20-\x7e]/g, '?'),
  )
  while (elements.at(-1) === '') elements.pop()
  return elements.join(ELEMENT)
}
