/** What a bulk file arrives as: a Node stream, a list of chunks, anything that yields them. */
export type ByteStream = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>

/** `text` is null when the line is too long to be one. */
export interface TextLine {
  row: number
  text: string | null
}

/** Beyond this a line is a file without line ends, or an attack. */
const LONGEST_LINE_BYTES = 8 * 1024 * 1024

const LINE_FEED = 0x0a
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const windows1252 = new TextDecoder('windows-1252')

/**
 * The lines of a stream without their ends, numbered from 1, holding one line in memory. A line
 * that is not UTF-8 is read as Windows-1252, as spreadsheets in Western Europe still write it.
 */
export async function* byteLines(stream: ByteStream): AsyncGenerator<TextLine> {
  let pending: Uint8Array[] = []
  let size = 0
  let row = 0
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk
    let from = 0
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, from)) {
      const tail = bytes.subarray(from, end)
      yield lineOf(++row, pending, tail, size + tail.length)
      pending = []
      size = 0
      from = end + 1
    }
    const rest = bytes.subarray(from)
    size += rest.length
    // Streams may reuse their buffer for the next chunk, so what is kept is copied.
    if (size <= LONGEST_LINE_BYTES) pending.push(Uint8Array.from(rest))
    else pending = []
  }
  if (size > 0) yield lineOf(++row, pending, new Uint8Array(), size)
}

function lineOf(row: number, pending: Uint8Array[], tail: Uint8Array, size: number): TextLine {
  if (size > LONGEST_LINE_BYTES) return { row, text: null }
  const text = decode(pending.length === 0 ? tail : Buffer.concat([...pending, tail]))
  const withoutMark = row === 1 ? text.replace(/^\uFEFF/, '') : text
  return { row, text: withoutMark.replace(/\r$/, '') }
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    return windows1252.decode(bytes)
  }
}
