import { hashPassword } from '#api/passwords'
import { hashApiKey } from '#api/tokens'
import { insertApiKey, insertUser } from '#db/stores/access'
import { EVERYWHERE } from '#domain/scopes'
import type { Loading } from './load.ts'
import { API_KEYS, DEMO_PASSWORD, USERS, demoApiKey } from './people.ts'

export async function loadAccess({ tx, env }: Loading): Promise<string> {
  const hashes = await Promise.all(USERS.map(() => hashPassword(DEMO_PASSWORD)))
  for (const [n, { email, name, roles }] of USERS.entries()) {
    await insertUser(tx, { email, name, roles, passwordHash: hashes[n]!, scopes: EVERYWHERE })
  }
  const secret = env['JWT_SECRET'] ?? ''
  for (const { name, roles, sites, channels } of API_KEYS) {
    const keyHash = hashApiKey(demoApiKey(secret, name))
    await insertApiKey(tx, { name, roles, keyHash, scopes: { entities: null, sites, channels } })
  }
  return `${USERS.length} people, one of each role, and ${API_KEYS.length} keys`
}
