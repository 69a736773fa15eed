import { createHmac, timingSafeEqual } from 'node:crypto'

/** How long a customer may put an address right by the link that was mailed to them. */
export const ADDRESS_LINK_DAYS = 7

export interface AddressLink {
  caseId: string
  /** Seconds since 1970. */
  expires: number
}

/**
 * Makes the token of a link by which a customer, who has no account here, puts the address of one
 * case right. It is made when the mail is written and stored nowhere.
 */
export function signAddressLink(secret: string, { caseId, expires }: AddressLink): string {
  return `${caseId}.${expires}.${mac(secret, caseId, expires).toString('base64url')}`
}

/** What a token says, also of an expired one; undefined for any text that we did not sign. */
export function readAddressLink(secret: string, token: string): AddressLink | undefined {
  const [, caseId, expires, signature] = /^(\d{1,18})\.(\d{1,12})\.([\w-]{43})$/.exec(token) ?? []
  if (caseId === undefined || expires === undefined || signature === undefined) return undefined
  const given = Buffer.from(signature, 'base64url')
  const made = mac(secret, caseId, Number(expires))
  if (given.length !== made.length || !timingSafeEqual(given, made)) return undefined
  return { caseId, expires: Number(expires) }
}

function mac(secret: string, caseId: string, expires: number): Buffer {
  return createHmac('sha256', secret).update(`address-link/${caseId}/${expires}`).digest()
}
