import { randomBytes } from 'node:crypto'
import { chown, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from '#db/client'

const LOGIN = 'throughline_login'

/**
 * Address by which worker and API log in: as a member of the application's role and nothing else,
 * so that no program of ours can leave that role for one with more rights. Its password is made
 * once and lies beside the superuser's in `folder`.
 */
export async function applicationUrl(
  superuserUrl: string,
  folder: string,
  appRole: string,
): Promise<string> {
  const password = await keptPassword(folder)
  const admin = connect(superuserUrl, { max: 1, applicationName: 'throughline-start' })
  try {
    const [known] = await admin`SELECT 1 FROM pg_roles WHERE rolname = ${LOGIN}`
    if (!known) await admin.unsafe(`CREATE ROLE ${LOGIN} LOGIN`)
    await admin.unsafe(`GRANT ${appRole} TO ${LOGIN}`)
    await admin.unsafe(`ALTER ROLE ${LOGIN} PASSWORD '${password}'`)
  } finally {
    await admin.end({ timeout: 5 })
  }
  const address = new URL(superuserUrl)
  address.username = LOGIN
  address.password = password
  return address.href
}

/** Hexadecimal, so that it needs no quoting anywhere. */
async function keptPassword(folder: string): Promise<string> {
  const file = join(folder, 'application-password')
  const kept = await readFile(file, 'utf8').catch(() => '')
  if (/^[0-9a-f]{36}$/.test(kept.trim())) return kept.trim()
  const password = randomBytes(18).toString('hex')
  await writeFile(file, `${password}\n`, { mode: 0o600 })
  const { uid, gid } = await stat(folder)
  await chown(file, uid, gid)
  return password
}
