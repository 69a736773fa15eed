import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Secrets of the demonstration, made at its first start and kept with its data. */
export interface DemoSecrets {
  JWT_SECRET: string
  STRIPE_API_KEY: string
  STRIPE_WEBHOOK_SECRET: string
  CARRIER_API_KEY: string
  CARRIER_WEBHOOK_SECRET: string
}

const marker = '.throughline-data'

/** Makes the folder, and fresh logs in it; marks it as ours, so that a reset may delete it. */
export async function openDataFolder(folder: string): Promise<{ logs: string }> {
  await mkdir(folder, { recursive: true })
  await writeFile(
    join(folder, marker),
    'Made by `npm start`; `npm run reset` deletes this folder.\n',
  )
  const logs = join(folder, 'logs')
  await rm(`${logs}-before`, { recursive: true, force: true })
  if (existsSync(logs)) await rename(logs, `${logs}-before`)
  await mkdir(logs)
  return { logs }
}

/** Whether the folder was made by a start of ours. */
export function isOurs(folder: string): boolean {
  return existsSync(join(folder, marker))
}

/** Two starts on one data folder would stop each other's database: only one may hold it. */
export async function holdDataFolder(folder: string): Promise<() => Promise<void>> {
  const holder = await holderOf(folder)
  if (holder)
    throw new Error(
      `Throughline already runs on ${folder} (process ${holder}): stop that one, or set THROUGHLINE_DATA to another folder.`,
    )
  const file = join(folder, 'start.pid')
  await writeFile(file, String(process.pid))
  return () => rm(file, { force: true })
}

/** The process id of the start that holds the folder now. */
export async function holderOf(folder: string): Promise<number | undefined> {
  const pid = Number(await readFile(join(folder, 'start.pid'), 'utf8').catch(() => ''))
  if (!pid || pid === process.pid) return undefined
  // The number may belong to somebody else by now; where /proc tells, ask who it is.
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined)
  if (command !== undefined) return command.includes('start.mjs') ? pid : undefined
  try {
    process.kill(pid, 0)
    return existsSync('/proc/self') ? undefined : pid
  } catch {
    return undefined
  }
}

/** Reads the secrets of this demonstration or makes them. */
export async function demoSecrets(folder: string): Promise<DemoSecrets> {
  const file = join(folder, 'secrets.json')
  const random = () => randomBytes(24).toString('hex')
  const kept = JSON.parse(await readFile(file, 'utf8').catch(() => '{}')) as Partial<DemoSecrets>
  const secrets: DemoSecrets = {
    JWT_SECRET: random(),
    STRIPE_API_KEY: `sk_test_${random()}`,
    STRIPE_WEBHOOK_SECRET: `whsec_${random()}`,
    CARRIER_API_KEY: random(),
    CARRIER_WEBHOOK_SECRET: random(),
    ...kept,
  }
  await writeFile(file, JSON.stringify(secrets, null, 2), { mode: 0o600 })
  return secrets
}
