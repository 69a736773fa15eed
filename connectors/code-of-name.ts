import { createHash } from 'node:crypto'

const LONGEST = 41

/**
 * A code such as `TRINITY-BIOTECH-PLC` of a name that a file gives instead of one; the same name
 * has the same code for ever, whatever its case and punctuation. Where letters are cut off or left
 * out, a few digits at the end keep two names apart.
 */
export function codeOf(name: string, longest = LONGEST): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase()
  const code = plain.replace(/[^A-Z0-9_.]+/g, '-').replace(/^[-_.]+|[-.]+$/g, '')
  const isWhole = code.length <= longest && /^[\p{ASCII}]*$/u.test(plain) && code !== ''
  if (isWhole) return code
  const digits = createHash('sha256').update(name).digest('hex').slice(0, 6).toUpperCase()
  const kept = code.slice(0, longest - 7).replace(/[-.]+$/, '')
  return `${kept || 'X'}-${digits}`
}
