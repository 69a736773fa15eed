import { accepted, refused, type Translated } from './result.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const NUMBER = /-?\d[\d.eE+-]*/y

/**
 * `JSON.parse` that keeps integers beyond 2^53 as text: channels send ids that JavaScript's
 * numbers would round to a neighbour's id. Everything else is read as usual.
 * Refused with `not-json` when the text is no JSON.
 */
export function parseLosslessJson(raw: string | Uint8Array): Translated<unknown> {
  const text = (typeof raw === 'string' ? raw : Buffer.from(raw).toString('utf8')).replace(
    /^\uFEFF/,
    '',
  )
  try {
    // Parsed as it is first, so that quoting can never turn a malformed text into a valid one.
    const value: unknown = JSON.parse(text)
    const quoted = quoteLongIntegers(text)
    return accepted(quoted === text ? value : JSON.parse(quoted))
  } catch (error) {
    return refused('not-json', '$', `the body must be JSON: ${(error as Error).message}`)
  }
}

/** Expects valid JSON. */
function quoteLongIntegers(json: string): string {
  const parts: string[] = []
  let copied = 0
  let at = 0
  while (at < json.length) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) {
      at = endOfString(json, at)
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      const token = numberAt(json, at)
      if (losesDigits(token)) {
        parts.push(json.slice(copied, at), '"', token, '"')
        copied = at + token.length
      }
      at += token.length
    } else {
      at++
    }
  }
  return copied === 0 ? json : parts.join('') + json.slice(copied)
}

function endOfString(json: string, start: number): number {
  let at = start + 1
  while (at < json.length && json.charCodeAt(at) !== QUOTE) {
    at += json.charCodeAt(at) === BACKSLASH ? 2 : 1
  }
  return at + 1
}

function numberAt(json: string, at: number): string {
  NUMBER.lastIndex = at
  return NUMBER.exec(json)?.[0] ?? json.slice(at, at + 1)
}

function losesDigits(token: string): boolean {
  return token.length > 15 && /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))
}
