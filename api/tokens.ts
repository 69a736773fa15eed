import { createHash, createHmac } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'

const ISSUER = 'throughline'
const AUDIENCE = 'throughline-api'
/** Short, because a token cannot be taken back; the console renews it while somebody works. */
export const TOKEN_SECONDS = 15 * 60
/** After this long a person proves their password again. */
export const SESSION_SECONDS = 12 * 60 * 60

export interface TokenClaims {
  userId: number
  /** When the password was last proved; seconds since 1970. */
  authenticatedAt: number
  /** Which password was proved: when it was set, as the database wrote it down. */
  passwordChangedAt: string
}

export async function signToken(secret: string, claims: TokenClaims): Promise<string> {
  return new SignJWT({ auth_time: claims.authenticatedAt, pwd_at: claims.passwordChangedAt })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(String(claims.userId))
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(`${TOKEN_SECONDS}s`)
    .sign(Buffer.from(secret))
}

/** The claims of a token that is ours and still valid; undefined for any other text. */
export async function verifyToken(secret: string, token: string): Promise<TokenClaims | undefined> {
  try {
    const { payload } = await jwtVerify(token, Buffer.from(secret), {
      algorithms: ['HS256'],
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: ['sub', 'exp', 'auth_time', 'pwd_at'],
    })
    const userId = Number(payload.sub)
    const authenticatedAt = Number(payload['auth_time'])
    if (!Number.isSafeInteger(userId) || !Number.isSafeInteger(authenticatedAt)) return undefined
    return { userId, authenticatedAt, passwordChangedAt: String(payload['pwd_at']) }
  } catch {
    return undefined
  }
}

/** Only this is stored; a stolen table opens no door. */
export function hashApiKey(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

/**
 * The key is derived and not stored, so that a repeated command shows the same key again and
 * the command's kept answer does not hold it.
 */
export function deriveApiKey(secret: string, commandKey: string): string {
  return `tlk_${createHmac('sha256', secret).update(`api-key/${commandKey}`).digest('base64url')}`
}

/** Stands for a secret in a request's fingerprint, where a plain hash could be guessed. */
export function fingerprint(secret: string, text: string): string {
  return createHmac('sha256', secret).update(`fingerprint/${text}`).digest('base64url')
}
