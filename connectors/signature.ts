import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * Whether `header` is the base64 HMAC-SHA256 of the body, byte for byte as it was received,
 * under any of `secrets`: while a secret is rotated the old and the new one both count.
 * An absent header, an empty secret or no secret at all is a forgery.
 */
export function verifyBase64Hmac(
  rawBody: Uint8Array,
  header: string | string[] | undefined,
  secrets: readonly string[],
): boolean {
  if (typeof header !== 'string' || header === '') return false
  const claimed = Buffer.from(header, 'base64')
  let genuine = false
  for (const secret of secrets) {
    if (secret === '') continue
    const due = createHmac('sha256', secret).update(rawBody).digest()
    // No early exit, so that the time taken does not tell which secret matched.
    if (claimed.length === due.length && timingSafeEqual(claimed, due)) genuine = true
  }
  return genuine
}
