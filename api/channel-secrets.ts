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
