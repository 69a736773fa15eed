import { accepted, refused, type Translated } from './result.ts'
import { UNSTORABLE } from './storable.ts'

/** More bytes than this in one file are no statement: 100,000 rows of Amazon's are about 30 MB. */
const MOST_BYTES = 200_000_000

/**
 * The text of a file, whatever it was saved as: UTF-8 with or without its mark, UTF-16, Shift-JIS
 * or Windows-1252. Refused with `encoding` when the file ends inside a character, and with
 * `not-storable` when the text holds NUL characters or unpaired surrogates.
 */
export function statementText(content: string | Uint8Array): Translated<string> {
  if (content.length > MOST_BYTES)
    return refused('too-large', '$', 'send a statement below 200 MB, or split it')
  const text = typeof content === 'string' ? content : decoded(content)
  if (text === null) return refused('encoding', '$', 'the file ends inside a character: it is cut')
  const bare = text.replace(/^\uFEFF/, '')
  if (UNSTORABLE.test(bare))
    return refused('not-storable', '$', 'leave out NUL characters and unpaired surrogates')
  return accepted(bare)
}

function decoded(bytes: Uint8Array): string | null {
  const wide = utf16Label(bytes)
  if (wide) return bytes.length % 2 === 0 ? decodeAs(wide, bytes) : null
  const utf8 = decodeAs('utf-8', bytes)
  if (utf8 !== null) return utf8
  if (isCutUtf8(bytes)) return null
  const japanese = decodeAs('shift_jis', bytes)
  if (japanese !== null && readsJapanese(japanese)) return japanese
  return decodeAs('windows-1252', bytes)
}

function decodeAs(label: string, bytes: Uint8Array): string | null {
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

/** By its mark, or by the NUL in every other byte of text that is mostly ASCII. */
function utf16Label(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  if (bytes.length < 4) return null
  if (bytes[1] === 0 && bytes[3] === 0 && bytes[0] !== 0) return 'utf-16le'
  if (bytes[0] === 0 && bytes[2] === 0 && bytes[1] !== 0) return 'utf-16be'
  return null
}

/** Whether only the last character of otherwise good UTF-8 is not whole. */
function isCutUtf8(bytes: Uint8Array): boolean {
  return [1, 2, 3].some((cut) => {
    const kept = bytes.subarray(0, bytes.length - cut)
    const hasOther = kept.some((byte) => byte >= 0x80)
    return bytes[kept.length]! >= 0xc2 && hasOther && decodeAs('utf-8', kept) !== null
  })
}

/** Accented Latin letters give a lonely kanji at most; Japanese has kana, or kanji in a row. */
function readsJapanese(text: string): boolean {
  return /[\u3041-\u30FF]|[\u4E00-\u9FFF]{2}/.test(text)
}
