import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, loadConfig } from '#config'
import { holderOf } from './data-folder.ts'

/** Addresses of what a start runs, as the variables that name them. */
export interface RunningServers {
  DATABASE_URL: string
  TEMPORAL_ADDRESS: string
  TEMPORAL_NAMESPACE: string
  PUBLIC_URL?: string
}

const file = 'servers.json'

/** Written for the tools that run beside the start; holds a password, so only its user may read it. */
export async function tellServers(folder: string, servers: RunningServers): Promise<void> {
  await writeFile(join(folder, file), JSON.stringify(servers, null, 2), { mode: 0o600 })
}

export async function forgetServers(folder: string): Promise<void> {
  await rm(join(folder, file), { force: true })
}

/**
 * The environment of a tool: as given where it names a database, else with the addresses of the
 * start that runs on the data folder.
 * @throws ConfigError that says what to do when there is neither.
 */
export async function withRunningServers(
  env: NodeJS.ProcessEnv = process.env,
): Promise<NodeJS.ProcessEnv> {
  if (env['DATABASE_URL']?.trim()) return env
  const { THROUGHLINE_DATA: folder } = loadConfig(env)
  const told = await readFile(join(folder, file), 'utf8').catch(() => undefined)
  // One that was killed could not take its file away.
  if (told === undefined || (await holderOf(folder)) === undefined)
    throw new ConfigError(
      `No database is named, and nothing runs on ${folder}: run \`npm start\` in another terminal and repeat this, or set DATABASE_URL (and TEMPORAL_ADDRESS) to servers of your own.`,
    )
  const servers = JSON.parse(told) as RunningServers
  const given = Object.entries(env).filter(([, value]) => value?.trim())
  return { ...servers, ...Object.fromEntries(given) }
}

/** What is wrong with the configuration is said without a stack; everything else is a bug. */
export function sayProblem(cause: unknown): never {
  if (!(cause instanceof ConfigError)) throw cause
  console.error(cause.message)
  process.exit(2)
}
