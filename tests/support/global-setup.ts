import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { loadConfig } from '#config'
import { connect } from '#db/client'
import { migrate } from '#db/migrate'
import { buildConsole } from '#tools/console'
import { startPostgres, type PostgresServer } from '#tools/postgres-server'
import { startTemporal, type TemporalServer } from '#tools/temporal-server'
import { givenTemporal } from '#temporal-connection'
import { bundleWorkflows } from '#worker'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Superuser's address of the server's maintenance database. */
    databaseUrl: string
    temporalAddress: string
    temporalNamespace: string
    /** File with the code of all workflows, bundled once for the run. */
    workflowBundle: string
  }
}

const templateDatabase = 'throughline_template'

/**
 * One PostgreSQL and one Temporal for the whole run, both forgotten after it. Vitest calls this
 * once a project; the unit project runs without servers, so that a domain test starts at once.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  return project.name === 'server' ? start(project) : async () => {}
}

async function start(project: TestProject): Promise<() => Promise<void>> {
  buildConsole()
  const config = loadConfig()
  const dataFolder = await mkdtemp(join(tmpdir(), 'throughline-test-'))
  // As root PostgreSQL runs as another user, who must get in.
  await chmod(dataFolder, 0o711)
  const log = (line: string) => console.log(`  ${line}`)
  const cacheFolder = config.THROUGHLINE_CACHE
  let postgres: PostgresServer | undefined
  let temporal: TemporalServer | undefined
  const stop = async () => {
    await Promise.allSettled([temporal?.stop(), postgres?.stop()])
    await rm(dataFolder, { recursive: true, force: true })
  }
  try {
    const databaseUrl = config.DATABASE_URL
    ;[postgres, temporal] = await Promise.all([
      startPostgres({
        databaseUrl,
        dataFolder,
        cacheFolder,
        throwaway: true,
        preferredPort: 0,
        log,
      }),
      startTemporal({
        given: givenTemporal(config),
        namespace: config.TEMPORAL_NAMESPACE,
        cacheFolder,
        log,
      }),
    ])
    project.provide('databaseUrl', await prepareTemplate(postgres.url))
    project.provide('temporalAddress', temporal.address)
    project.provide('temporalNamespace', temporal.namespace)
    const bundleFile = join(dataFolder, 'workflows.js')
    await writeFile(bundleFile, (await bundleWorkflows()).code)
    project.provide('workflowBundle', bundleFile)
  } catch (cause) {
    await stop()
    throw cause
  }
  return stop
}

/** Each test file copies this database, which is quicker than migrating each time. */
async function prepareTemplate(serverUrl: string): Promise<string> {
  const maintenance = onDatabase(serverUrl, 'postgres')
  const admin = connect(maintenance, { max: 1 })
  try {
    await admin`DROP DATABASE IF EXISTS ${admin(templateDatabase)} WITH (FORCE)`
    await admin`CREATE DATABASE ${admin(templateDatabase)}`
  } finally {
    await admin.end({ timeout: 5 })
  }
  await migrate(onDatabase(serverUrl, templateDatabase))
  return maintenance
}

function onDatabase(url: string, name: string): string {
  const address = new URL(url)
  address.pathname = `/${name}`
  return address.href
}
