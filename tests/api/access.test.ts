import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiUnderTest, PASSWORD, type ApiUnderTest, type Caller } from './support.ts'

let api: ApiUnderTest
let administrator: Caller
beforeAll(async () => {
  api = await apiUnderTest()
  administrator = await api.as('administrator')
})
afterAll(() => api.close())

const post = (caller: Caller, url: string, payload: object, key?: string) =>
  caller({ method: 'POST', url, payload, ...(key ? { key } : {}) })
const newUser = (more: object = {}) => ({
  email: 'new@example.com',
  name: 'New',
  password: 'a password that is long',
  roles: ['csr'],
  ...more,
})

describe('users', () => {
  test('a new user can log in with the roles and the reach given', async () => {
    const scopes = { entities: null, sites: ['US-EAST'], channels: null }
    const created = await post(administrator, '/v1/users', newUser({ scopes }))
    expect(created.statusCode).toBe(201)

    const login = { email: 'NEW@example.com', password: 'a password that is long' }
    const session = (await post(api.anonymous, '/v1/login', login)).json()
    expect(session.user).toMatchObject({ roles: ['csr'], scopes })
  })

  test('neither a password nor its plain hash is kept with the command', async () => {
    const rows = await api.database.admin`SELECT result::text FROM command`
    expect(JSON.stringify(rows)).not.toContain('password')
    const trail = await api.database.admin`SELECT after::text FROM audit_event`
    expect(JSON.stringify(trail)).not.toContain('scrypt')
  })

  test.each([
    [['administrator', 'controller'], 'RoleConflict'],
    [['connector'], 'InvalidRole'],
    [['emperor'], 'InvalidInput'],
    [[], 'InvalidInput'],
  ])('the roles %j are refused', async (roles, code) => {
    const answer = await post(
      administrator,
      '/v1/users',
      newUser({ email: 'x@example.com', roles }),
    )
    expect(answer.json()).toMatchObject({ status: 422, code })
    expect(answer.json().errors[0].field).toMatch(/^body\.roles/)
  })

  test('nobody changes their own access', async () => {
    const answer = await administrator({
      method: 'PATCH',
      url: `/v1/users/${administrator.id}`,
      payload: { roles: ['controller'], reason: 'I would like to post' },
    })
    expect(answer.json()).toMatchObject({ status: 403, code: 'OwnAccess' })
  })

  test('nobody hands on more reach than they have', async () => {
    const german = await api.as('administrator', { entities: ['DE1'] })
    const wide = await post(german, '/v1/users', newUser({ email: 'w@example.com' }))
    expect(wide.json().code).toBe('OutOfScope')
    const scopes = { entities: ['DE1'], sites: null, channels: null }
    const narrow = await post(german, '/v1/users', newUser({ email: 'w@example.com', scopes }))
    expect(narrow.statusCode).toBe(201)
  })

  test('somebody changes their own password with the current one', async () => {
    const csr = await api.as('csr')
    const change = (current: string) =>
      csr({
        method: 'PUT',
        url: '/v1/me/password',
        payload: { current, next: 'another long password' },
      })
    expect((await change('not it at all')).json().code).toBe('InvalidPassword')
    expect((await change(PASSWORD)).statusCode).toBe(204)
  })
})

describe('API keys', () => {
  test('a key works, is shown again to a repeated command only, and is not stored', async () => {
    const body = { name: 'wms-east', roles: ['connector'] }
    const made = await post(administrator, '/v1/api-keys', body, 'make-wms-east')
    const { key, id } = made.json()
    expect(key).toMatch(/^tlk_[\w-]{43}$/)
    expect((await post(administrator, '/v1/api-keys', body, 'make-wms-east')).json().key).toBe(key)

    const me = () => api.anonymous({ method: 'GET', url: '/v1/me', headers: { 'x-api-key': key } })
    expect((await me()).json()).toMatchObject({ kind: 'key', actor: 'key:wms-east' })
    const stored = await api.database
      .admin`SELECT c.result::text, a.after::text FROM command c, audit_event a`
    expect(JSON.stringify(stored)).not.toContain(key)

    const url = `/v1/api-keys/${id}`
    await administrator({ method: 'DELETE', url, payload: { reason: 'Site closed' } })
    expect((await me()).statusCode).toBe(401)
  })

  test.each([
    'administrator',
    'ap-clerk',
    'buyer',
    'controller',
    'csr',
    'oms-supervisor',
    'pricing-manager',
    'risk-analyst',
    'system',
  ])('a key is never %s: that role is a person or the system itself', async (role) => {
    const answer = await post(administrator, '/v1/api-keys', {
      name: `wants-${role}`,
      roles: [role],
    })
    expect(answer.json(), answer.body).toMatchObject({ status: 422, code: 'InvalidRole' })
    expect(answer.json().errors[0].field).toBe('body.roles')
  })

  test.each(['receiver', 'warehouse-lead'])(
    'an administrator who made a %s key would be one',
    async (role) => {
      const answer = await post(administrator, '/v1/api-keys', {
        name: `becomes-${role}`,
        roles: [role],
      })
      expect(answer.json(), answer.body).toMatchObject({ status: 422, code: 'RoleConflict' })
    },
  )

  test('whoever runs a warehouse makes its keys, and hands on no other role', async () => {
    const lead = await api.as('warehouse-lead')
    const made = await post(lead, '/v1/api-keys', { name: 'wms-west', roles: ['warehouse-lead'] })
    expect(made.statusCode, made.body).toBe(201)
    expect(made.json().createdBy).toBe(String(lead.id))
    const other = await post(lead, '/v1/api-keys', { name: 'wms-north', roles: ['auditor'] })
    expect(other.json()).toMatchObject({ status: 403, code: 'OwnAccess' })
  })

  test('a key does not change its maker, nor the keys that it makes anybody else’s', async () => {
    const maker = await api.as(['administrator', 'csr'])
    const key = await api.as('administrator', {}, { asKeyOf: maker.id })
    const promoted = await key({
      method: 'PATCH',
      url: `/v1/users/${maker.id}`,
      payload: { roles: ['controller'], reason: 'my maker would like to post' },
    })
    expect(promoted.json(), promoted.body).toMatchObject({ status: 403, code: 'OwnAccess' })
    const made = await post(key, '/v1/api-keys', { name: 'made-by-a-key', roles: ['connector'] })
    expect(made.json()).toMatchObject({ createdBy: String(maker.id) })
  })

  test('a key and a token together are ambiguous', async () => {
    const headers = { 'x-api-key': `tlk_${'a'.repeat(40)}`, authorization: 'Bearer x' }
    const answer = await api.anonymous({ method: 'GET', url: '/v1/me', headers })
    expect(answer.json()).toMatchObject({ status: 401, code: 'AmbiguousCredentials' })
  })
})
