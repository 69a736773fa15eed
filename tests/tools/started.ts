import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, type Db } from '#db/client'
import { freePort } from '#tools/processes'
import { postgresFolder } from '#tools/postgres-server'

export interface Started {
  /** Addresses as it printed them, by their label: `API`, `Mails`, `Temporal UI`. */
  links: Record<string, string>
  /** Everything it has said so far. */
  said(): string
  /** Seconds until all of it ran. */
  seconds: number
  /** Ctrl-C; resolves with its exit code. */
  interrupt(): Promise<number | null>
}

const root = join(import.meta.dirname, '../..')

/** `npm start` on a data folder of its own, by whomever; ready when it says so. */
export async function start(
  env: { THROUGHLINE_DATA: string; THROUGHLINE_CACHE: string },
  user?: { uid: number; gid: number },
): Promise<Started> {
  const {
    DATABASE_URL: _db,
    TEMPORAL_ADDRESS: _engine,
    PUBLIC_URL: _url,
    ...inherited
  } = process.env
  const beganAt = performance.now()
  const child = spawn(process.execPath, [join(root, 'tools', 'start.mjs')], {
    cwd: root,
    env: {
      ...inherited,
      ...env,
      API_PORT: String(await freePort()),
      ...(user ? { HOME: env.THROUGHLINE_DATA } : {}),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  })
  const ended = once(child, 'exit') as Promise<[number | null]>
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  while (!said.includes('Ctrl-C stops everything;')) {
    const end = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 100))])
    if (end) throw new Error(`the start ended:\n${said}`)
  }
  const seconds = (performance.now() - beganAt) / 1000
  const links = [...said.matchAll(/^ {2}(API|Mails|Temporal UI) +(http\S+)$/gm)]
  return {
    links: Object.fromEntries(links.map(([, label, url]) => [label, url])),
    said: () => said,
    seconds,
    interrupt: async () => {
      child.kill('SIGINT')
      return (await ended)[0]
    },
  }
}

/** The database of a start that runs, as the README says to find it. */
export async function databaseOf(dataFolder: string): Promise<Db> {
  const home = await postgresFolder(dataFolder)
  const password = (await readFile(join(home, 'password'), 'utf8')).trim()
  const port = (await readFile(join(home, 'data', 'postmaster.pid'), 'utf8')).split('\n')[3]
  return connect(`postgres://postgres:${password}@127.0.0.1:${port}/throughline`, { max: 2 })
}

/** Command lines of all processes that were started for this data folder, whoever their parent is. */
export async function processesOf(dataFolder: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')
    const command = (await read('cmdline')).replaceAll('\0', ' ')
    const isOurs = command.includes(dataFolder) || (await read('environ')).includes(dataFolder)
    // The dead that nobody collects still have their number, and no command any more.
    if (isOurs && command !== '') found.push(`${pid} ${command}`)
  }
  return found
}
