import { Refusal } from '../refusal.ts'

/** What a GS1 element string says; only what it holds is there. */
export interface Gs1Elements {
  /** AI 00: the number of a logistic unit, 18 digits. */
  sscc?: string
  /** AI 01: the trade item, 14 digits. */
  gtin?: string
  /** AI 02: the trade items inside a logistic unit, 14 digits; goes with `count`. */
  contentGtin?: string
  /** AI 10, at most 20 characters. */
  lot?: string
  /** AI 17 as YYYY-MM-DD; a day of 00 means the last of its month. */
  expiresOn?: string
  /** AI 21, at most 20 characters. */
  serial?: string
  /** AI 37: how many of `contentGtin`. */
  count?: number
  /** AI 30: how many pieces are in a pack whose number varies. */
  pieces?: number
}

/** FNC1 as scanners send it: ends an element of variable length. */
const GS = '\u001d'
/** Figure 7.11-1 of the GS1 General Specifications, character set 82. */
const TEXT = /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$/

interface Application {
  name: keyof Gs1Elements
  /** Digits of a fixed length, or up to so many characters. */
  length: number
  isFixed: boolean
}

const APPLICATIONS: Record<string, Application> = {
  '00': { name: 'sscc', length: 18, isFixed: true },
  '01': { name: 'gtin', length: 14, isFixed: true },
  '02': { name: 'contentGtin', length: 14, isFixed: true },
  '10': { name: 'lot', length: 20, isFixed: false },
  '17': { name: 'expiresOn', length: 6, isFixed: true },
  '21': { name: 'serial', length: 20, isFixed: false },
  '30': { name: 'pieces', length: 8, isFixed: false },
  '37': { name: 'count', length: 8, isFixed: false },
}

/** The last digit of a GTIN or SSCC, of all digits before it (GS1 General Specifications 7.9). */
export function checkDigit(digits: string): string {
  const weighed = [...digits].reverse().map((digit, n) => Number(digit) * (n % 2 === 0 ? 3 : 1))
  return String((10 - (weighed.reduce((total, part) => total + part, 0) % 10)) % 10)
}

/** True for 8, 12, 13, 14 (GTIN) or 18 (SSCC) digits whose last one is right. */
export function hasCheckDigit(number: string): boolean {
  return (
    /^(\d{8}|\d{12,14}|\d{18})$/.test(number) && number.at(-1) === checkDigit(number.slice(0, -1))
  )
}

/** A GTIN of any length as the 14 digits under which it is kept. */
export function gtin14(gtin: string): string {
  return gtin.padStart(14, '0')
}

/**
 * Reads a GS1-128 or GS1 DataMatrix: as a scanner sends it (with or without its symbology
 * identifier, FNC1 as GS), or as a person reads it, `(01)…(17)…`.
 * @param thisYear decides the century of a two-digit year (GS1 General Specifications 7.12)
 * @throws Refusal `ScanUnreadable`
 */
export function readElements(scan: string, thisYear: number): Gs1Elements {
  const text = scan.replace(/^\](C1|d2|Q3|e0)/, '')
  const found: Gs1Elements = {}
  for (const [ai, value] of text.startsWith('(') ? bracketed(text) : plain(text)) {
    const { name } = APPLICATIONS[ai]!
    if (found[name] !== undefined) throw unreadable(`AI ${ai} stands there twice`)
    Object.assign(found, { [name]: valueOf(ai, value, thisYear) })
  }
  return found
}

/** The element string of a label, fixed lengths first, so that it needs the fewest separators. */
export function writeElements(elements: Gs1Elements): string {
  return inOrder(elements)
    .map(
      ([ai, value], n, all) =>
        `${ai}${value}${APPLICATIONS[ai]!.isFixed || n === all.length - 1 ? '' : GS}`,
    )
    .join('')
}

/** The same for people, below the bars. */
export function printElements(elements: Gs1Elements): string {
  return inOrder(elements)
    .map(([ai, value]) => `(${ai})${value}`)
    .join('')
}

/**
 * The number of a logistic unit.
 * @param prefix extension digit and GS1 company prefix, 8 to 11 digits
 * @param serial counts the company's units; refused when it does not fit any more
 * @throws Refusal `SsccExhausted`
 */
export function ssccOf(prefix: string, serial: bigint): string {
  const reference = serial.toString().padStart(17 - prefix.length, '0')
  if (reference.length + prefix.length > 17)
    throw new Refusal(
      'SsccExhausted',
      `Prefix ${prefix} has no number left. Ask GS1 for another one.`,
    )
  const digits = prefix + reference
  return digits + checkDigit(digits)
}

function* plain(text: string): Generator<[string, string]> {
  let rest = text
  while (rest !== '') {
    const ai = rest.slice(0, 2)
    const known = applicationOf(ai)
    const end = rest.indexOf(GS)
    const until = known.isFixed ? 2 + known.length : end === -1 ? rest.length : end
    yield [ai, rest.slice(2, until)]
    rest = rest.slice(until)
    if (rest.startsWith(GS)) rest = rest.slice(1)
  }
}

function* bracketed(text: string): Generator<[string, string]> {
  const parts = text.split(/\((\d{2})\)/)
  for (let n = 1; n < parts.length; n += 2) {
    applicationOf(parts[n]!)
    yield [parts[n]!, parts[n + 1]!]
  }
}

function applicationOf(ai: string): Application {
  const known = APPLICATIONS[ai]
  if (!known) throw unreadable(`AI ${ai} is not one of ${Object.keys(APPLICATIONS).join(', ')}`)
  return known
}

function valueOf(ai: string, value: string, thisYear: number): string | number {
  const { name, length, isFixed } = APPLICATIONS[ai]!
  if (isFixed && !new RegExp(`^\\d{${length}}$`).test(value))
    throw unreadable(`AI ${ai} needs ${length} digits`)
  if (name === 'expiresOn') return dateOf(value, thisYear)
  if (name === 'count' || name === 'pieces') {
    if (!/^\d{1,8}$/.test(value)) throw unreadable(`AI ${ai} needs 1 to 8 digits`)
    return Number(value)
  }
  if (!isFixed && !TEXT.test(value)) throw unreadable(`AI ${ai} needs 1 to 20 characters of GS1`)
  if (isFixed && !hasCheckDigit(value)) throw unreadable(`the check digit of AI ${ai} is wrong`)
  return value
}

function dateOf(digits: string, thisYear: number): string {
  const short = Number(digits.slice(0, 2))
  const century = Math.floor(thisYear / 100) * 100
  const ahead = short - (thisYear % 100)
  const year = century + short + (ahead >= 51 ? -100 : ahead <= -50 ? 100 : 0)
  const month = Number(digits.slice(2, 4))
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate()
  const day = Number(digits.slice(4)) || last
  if (month < 1 || month > 12 || day > last) throw unreadable(`${digits} is no date`)
  return `${year}-${digits.slice(2, 4)}-${String(day).padStart(2, '0')}`
}

function inOrder(elements: Gs1Elements): [ai: string, value: string][] {
  const known = Object.entries(APPLICATIONS).sort(
    ([one, a], [other, b]) => Number(b.isFixed) - Number(a.isFixed) || (one < other ? -1 : 1),
  )
  return known.flatMap(([ai, { name }]): [string, string][] => {
    const value = elements[name]
    if (value === undefined) return []
    return [[ai, name === 'expiresOn' ? String(value).slice(2).replaceAll('-', '') : String(value)]]
  })
}

function unreadable(why: string): Refusal {
  return new Refusal(
    'ScanUnreadable',
    `The scan is no GS1 code of ours: ${why}. Scan again, or type the SKU.`,
  )
}
