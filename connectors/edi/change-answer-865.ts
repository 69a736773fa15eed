import { malformed, x12Date, x12Units, type X12Document } from './x12-reader.ts'

/** What a supplier says to a change, before anybody knows the order's currency. */
export interface EdiChangeAnswer {
  poNumber: string
  /** The change that it answers (BCA05); null: the one that it was sent. */
  changeNo: string | null
  answer: 'accepted' | 'refused'
  /** What it offers instead. */
  lines: { lineNo: number; qty: bigint; price: string | null; neededOn: string | null }[]
}

const AGREES = new Set(['AT', 'AD', 'AK'])

/**
 * X12 865: BCA02 AT, AD or AK agrees; AC offers what its POCs say, with ACK or DTM for the day; any
 * other refuses. @throws Refusal `MalformedX12`
 */
export function readChangeAnswer({ segments }: X12Document): EdiChangeAnswer {
  const bca = segments.find(([id]) => id === 'BCA')
  if (!bca?.[3]) throw malformed('it has no BCA with a purchase order number')
  const changeNo = bca[5] || null
  if (changeNo !== null && !/^[1-9]\d{0,17}$/.test(changeNo))
    throw malformed('BCA05 is not the number of a change of ours')
  const agrees = AGREES.has(bca[2] ?? '')
  return {
    ...{ poNumber: bca[3], changeNo, answer: agrees ? 'accepted' : 'refused' },
    lines: bca[2] === 'AC' ? offered(segments) : [],
  }
}

function offered(segments: X12Document['segments']): EdiChangeAnswer['lines'] {
  const lines: EdiChangeAnswer['lines'] = []
  for (const segment of segments) {
    if (segment[0] === 'POC') lines.push(offeredLine(segment))
    const line = lines.at(-1)
    const day = { ACK: segment[5], DTM: segment[2] }[segment[0]!]
    if (line && day) line.neededOn = x12Date(day, `${segment[0]} of line ${line.lineNo}`)
  }
  if (lines.length === 0) throw malformed('it offers other terms and has no POC')
  return lines
}

function offeredLine([, no, , qty, , , price]: X12Document['segments'][number]) {
  if (!/^\d{1,6}$/.test(no ?? '')) throw malformed('a POC has no line number')
  if (price && !/^\d{1,12}(\.\d{1,6})?$/.test(price)) throw malformed(`POC ${no} has no price`)
  return {
    lineNo: Number(no),
    qty: x12Units(qty, `POC ${no}`),
    price: price || null,
    neededOn: null,
  } as EdiChangeAnswer['lines'][number]
}
