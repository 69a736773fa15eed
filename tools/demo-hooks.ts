import type { Db } from '#db/client'

/** What `npm start` gives to `loadDemo` of tools/demo/load.ts, at every start. */
export interface DemoContext {
  /** Acts as the application role. */
  db: Db
  /** Acts as the superuser, for masters that the application may not write. */
  admin: Db
  /** The environment that worker and API get; `loadConfig(env)` reads it. */
  env: NodeJS.ProcessEnv
  log: (line: string) => void
}

/** What the start prints when all runs. */
export interface DemoSummary {
  logins?: { email: string; password: string; what: string }[]
  tryThis?: string[]
}
