import { ConfigError } from '#config'
import type { Db } from '#db/client'

/**
 * How a variable with a channel's signing secret is named, such as SHOPIFY_SECRET_EU. Nothing else
 * of the environment can be named by a channel, neither PATH nor the secrets of Throughline itself.
 */
export const SECRET_NAME = /^[A-Z][A-Z0-9]{1,30}_SECRET_[A-Z0-9_]{1,60}$/

/** The secrets behind a channel's `secret_refs`; names of other variables open nothing. */
export function secretsFrom(
  env: Record<string, string | undefined>,
  refs: readonly string[],
): string[] {
  return refs.flatMap((name) => (SECRET_NAME.test(name) && env[name] ? [env[name]] : []))
}

/**
 * Every webhook of a channel whose secret is not set would be a stranger's, and the shop would
 * drop its subscription: better that the API does not start. A database that is away is no such
 * fault: the API starts and says that it is not ready.
 * @throws ConfigError that names each variable, its channel and the cure.
 */
export async function requireChannelSecrets(
  db: Db,
  env: Record<string, string | undefined>,
): Promise<void> {
  const named = await db<{ code: string; name: string }[]>`
    SELECT code, unnest(secret_refs) AS name FROM channel WHERE status = 'active' ORDER BY code`.catch(
    () => [],
  )
  const missing = named.filter(({ name }) => !env[name]?.trim())
  if (missing.length === 0) return
  const lines = missing.map(
    ({ code, name }) =>
      `  ${name} is not set. The channel ${code} signs its webhooks with it: set it to the secret of the shop's webhook settings, or take the name out of the channel's secretRefs.`,
  )
  throw new ConfigError(`The configuration does not work:\n${lines.join('\n')}`)
}
