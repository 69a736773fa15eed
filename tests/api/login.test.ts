import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiUnderTest, JWT_SECRET, PASSWORD, storedPassword, type ApiUnderTest } from './support.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await apiUnderTest()
  await api.database.admin`INSERT INTO app_user (email, name, password_hash, roles)
    VALUES ('anna@example.com', 'Anna', ${await storedPassword()}, '{csr}'), ('ben@example.com', 'Ben', ${await storedPassword()}, '{csr}')`
})
afterAll(() => api.close())

const login = (email: string, password: string) =>
  api.anonymous({ method: 'POST', url: '/v1/login', payload: { email, password } })
const whoAmI = (authorization: string) =>
  api.anonymous({ method: 'GET', url: '/v1/me', headers: { authorization } })

describe('logging in', () => {
  test('a right password gives a token that says who it is', async () => {
    const session = (await login('Anna@Example.com', PASSWORD)).json()

    expect(session.user).toMatchObject({ email: 'anna@example.com', roles: ['csr'] })
    const me = await whoAmI(`Bearer ${session.token}`)
    expect(me.json()).toMatchObject({ actor: `user:${session.user.id}`, kind: 'user' })
    expect(me.json().permissions).toContain('orders:read')
    expect(me.json().permissions).not.toContain('journal:post')
  })

  test('a wrong password and an unknown address get the same answer', async () => {
    const wrong = await login('anna@example.com', 'wrong')
    const unknown = await login('nobody@example.com', 'wrong')

    expect(wrong.statusCode).toBe(401)
    const { requestId: _, ...one } = wrong.json()
    const { requestId: __, ...other } = unknown.json()
    expect(one).toEqual(other)
  })

  test('the sixth wrong try in a row waits, even with the right password', async () => {
    for (let tries = 0; tries < 5; tries += 1) await login('ben@example.com', 'wrong')
    const sixth = await login('ben@example.com', PASSWORD)

    expect(sixth.statusCode).toBe(429)
    expect(Number(sixth.headers['retry-after'])).toBeGreaterThan(0)
  })

  test('a disabled user is out at once, with a token that has not expired', async () => {
    const { token } = (await login('anna@example.com', PASSWORD)).json()
    await api.database
      .admin`UPDATE app_user SET disabled_at = now() WHERE email = 'anna@example.com'`
    expect((await whoAmI(`Bearer ${token}`)).statusCode).toBe(401)
    await api.database
      .admin`UPDATE app_user SET disabled_at = NULL WHERE email = 'anna@example.com'`
  })

  test.each([
    ['another secret', 'b'.repeat(40), 'throughline', 'throughline-api'],
    ['another issuer', JWT_SECRET, 'somebody', 'throughline-api'],
    ['another audience', JWT_SECRET, 'throughline', 'elsewhere'],
  ])('a token of %s is refused', async (_case, secret, issuer, audience) => {
    const token = await new SignJWT({ auth_time: 1 })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('1')
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime('5m')
      .sign(Buffer.from(secret))
    expect((await whoAmI(`Bearer ${token}`)).statusCode).toBe(401)
  })

  test('a token without signature is refused', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { sub: '1', iss: 'throughline', aud: 'throughline-api', auth_time: 1, exp: 4e9 }
    const token = `${part({ alg: 'none' })}.${part(claims)}.`
    expect((await whoAmI(`Bearer ${token}`)).statusCode).toBe(401)
  })

  test.each(['own', 'administrator’s'])(
    'a change of password, %s, ends every session that was opened before it',
    async (whose) => {
      const csr = await api.as(['csr', whose === 'own' ? 'picker' : 'buyer'])
      const [user] = await api.database.admin<{ email: string }[]>`
        SELECT email FROM app_user WHERE id = ${csr.id}`
      const { email } = user!
      const { token } = (await login(email, PASSWORD)).json()
      const next = 'another long password'
      const changed =
        whose === 'own'
          ? await csr({
              method: 'PUT',
              url: '/v1/me/password',
              payload: { current: PASSWORD, next },
            })
          : await (
              await api.as('administrator')
            )({
              method: 'PATCH',
              url: `/v1/users/${csr.id}`,
              payload: { password: next, reason: 'the laptop was stolen' },
            })
      expect(changed.statusCode, changed.body).toBeLessThan(300)
      expect((await whoAmI(`Bearer ${token}`)).statusCode).toBe(401)
      const renewed = await api.anonymous({
        method: 'POST',
        url: '/v1/login/renew',
        headers: { authorization: `Bearer ${token}` },
      })
      expect(renewed.statusCode).toBe(401)
      expect((await csr({ method: 'GET', url: '/v1/me' })).statusCode).toBe(401)
      const fresh = (await login(email, next)).json()
      expect((await whoAmI(`Bearer ${fresh.token}`)).statusCode).toBe(200)
    },
  )

  test('whoever holds a token of somebody else guesses the password five times only', async () => {
    const victim = await api.as(['csr', 'auditor'])
    const guess = (current: string) =>
      victim({
        method: 'PUT',
        url: '/v1/me/password',
        payload: { current, next: 'the thief knows it' },
      })
    for (let tries = 0; tries < 5; tries += 1)
      expect((await guess(`guess ${tries}`)).json().code).toBe('InvalidPassword')
    const sixth = await guess(PASSWORD)
    expect(sixth.statusCode).toBe(429)
    expect(sixth.json().code).toBe('TooManyLogins')
  })

  test('a session is renewed until its password is twelve hours old', async () => {
    const { token } = (await login('anna@example.com', PASSWORD)).json()
    const renew = (bearer: string) =>
      api.anonymous({
        method: 'POST',
        url: '/v1/login/renew',
        headers: { authorization: `Bearer ${bearer}` },
      })
    expect((await renew(token)).statusCode).toBe(200)

    const { signToken, verifyToken } = await import('#api/tokens')
    const claims = await verifyToken(JWT_SECRET, token)
    const old = await signToken(JWT_SECRET, {
      ...claims!,
      authenticatedAt: Math.floor(Date.now() / 1000) - 13 * 3600,
    })
    expect((await renew(old)).json().code).toBe('LoginNeeded')
  })
})
