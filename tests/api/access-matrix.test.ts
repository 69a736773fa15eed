import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fastify } from 'fastify'
import { addAuthentication, isPermission } from '#api/plugins/authentication'
import type { Access, ApiDeps, ApiServer } from '#api/server'
import { allows, ROLES } from '#domain/access'
import { conflictingRoles } from '#domain/duties'
import { accessOf } from './access-matrix.ts'
import { apiUnderTest, type ApiUnderTest } from './support.ts'

let api: ApiUnderTest
beforeAll(async () => {
  const previews = {} as ApiDeps['previews'] & object
  api = await apiUnderTest({ temporalDeadlineMs: 500, previews })
})
afterAll(() => api.close())

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
type Method = (typeof METHODS)[number]

/** HEAD comes with each GET and runs the same checks. */
function table(): { name: string; method: Method; url: string; access: Access }[] {
  return api.server.accessTable.flatMap(({ method, url, access }) => {
    const known = METHODS.find((candidate) => candidate === method)
    if (known === undefined) return []
    return [{ name: `${known} ${url}`, method: known, url: withIds(url), access }]
  })
}

/** Ids that nobody has, so that an allowed call changes nothing. */
function withIds(url: string): string {
  return url.replace(/:\w+/g, '2147483001').replace('*', 'none')
}

describe('the access matrix', () => {
  test('it names each route, and each route asks for what it says', () => {
    const asked = Object.fromEntries(table().map(({ name, access }) => [name, access]))
    expect(asked).toEqual(accessOf)
  })

  test('without credentials every route answers 401, but for the open ones', async () => {
    for (const { name, method, url, access } of table()) {
      const { statusCode } = await api.anonymous({ method, url })
      const isOpen = access === 'public' || access === 'signed'
      if (!isOpen) expect(statusCode, name).toBe(401)
      else if (access === 'public') expect(statusCode, name).not.toBe(401)
    }
  })

  test.each(ROLES)('%s may do what the matrix gives, and nothing else', async (role) => {
    const caller = await api.as(role)
    for (const { name, method, url, access } of table()) {
      const answer = await caller({ method, url })
      const isAllowed = !isPermission(access) || allows([role], access)
      if (access === 'signed') continue
      const { code } = answer.body.startsWith('{') ? answer.json() : {}
      if (isAllowed) expect(['Forbidden', 'NoCredentials'], `${role} ${name}`).not.toContain(code)
      else expect(answer.statusCode, `${role} ${name}`).toBe(403)
    }
  })

  test('a route that does not say what it needs stops the start', () => {
    const server = fastify() as unknown as ApiServer
    addAuthentication(server, api.deps)
    const handler = async () => 'ok'
    expect(() => server.get('/v1/forgotten', handler)).toThrow('says no config.permission')
  })
})

describe('duties', () => {
  test('an administrator holds no permission that moves money or stock', () => {
    const moving = ['journal', 'bills', 'payments', 'adjustments', 'receipts', 'refunds'] as const
    for (const resource of moving)
      for (const action of ['create', 'approve', 'post', 'pay', 'confirm'] as const)
        expect(allows(['administrator'], `${resource}:${action}`)).toBe(false)
  })

  test('an auditor only reads', () => {
    expect(allows(['auditor'], 'journal:read')).toBe(true)
    expect(allows(['auditor'], 'journal:create')).toBe(false)
    expect(allows(['auditor'], 'personal-data:read')).toBe(false)
  })

  test('an unknown role holds nothing', () => {
    expect(allows(['root', '__proto__', 'toString'], 'items:read')).toBe(false)
  })

  test('one person may not set up users and post, nor buy and pay', () => {
    expect(conflictingRoles(['administrator', 'controller'])).toHaveLength(1)
    expect(conflictingRoles(['buyer', 'ap-clerk', 'csr'])).toHaveLength(1)
    expect(conflictingRoles(['csr', 'risk-analyst'])).toHaveLength(0)
  })
})
