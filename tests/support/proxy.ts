import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/**
 * `in-transaction`: the server has answered a statement of a transaction that is still open.
 * `committed`: it has answered COMMIT; whoever waits for that answer never gets it.
 * `stored`: the same of one row that was inserted without a transaction around it.
 */
export type Moment = 'in-transaction' | 'committed' | 'stored'

export interface PostgresProxy {
  /** The address that a client is given instead of the server's. */
  readonly url: string
  /** At the next such moment the connection is cut and, before anything else, this is done. */
  arm(moment: Moment, act: () => void): ArmedTrap
  close(): Promise<void>
}

export interface ArmedTrap {
  /** Resolves when the moment has come. */
  readonly sprung: Promise<void>
  /** From here on it does nothing any more; false when the moment came before. */
  disarm(): boolean
}

/**
 * PostgreSQL's own words: ReadyForQuery inside a transaction, CommandComplete of COMMIT, and
 * CommandComplete of an INSERT followed by ReadyForQuery outside any transaction.
 */
const MARKS: Record<Moment, Buffer> = {
  'in-transaction': Buffer.from('Z\0\0\0\x05T', 'latin1'),
  committed: Buffer.from('C\0\0\0\x0bCOMMIT\0', 'latin1'),
  stored: Buffer.from('C\0\0\0\x0fINSERT 0 1\0Z\0\0\0\x05I', 'latin1'),
}

interface Trap {
  moment: Moment
  spring: () => void
}

/** Stands between a client and PostgreSQL and cuts connections at the moments that hurt most. */
export async function startPostgresProxy(serverUrl: string): Promise<PostgresProxy> {
  const target = new URL(serverUrl)
  const open = new Set<Socket>()
  let traps: Trap[] = []
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    const cut = () => {
      client.destroy()
      upstream.destroy()
    }
    let tail: Buffer = Buffer.alloc(0)
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.setNoDelay(true)
      socket.on('error', cut)
      socket.on('close', () => {
        open.delete(socket)
        cut()
      })
    }
    client.on('data', (chunk) => upstream.write(chunk))
    upstream.on('data', (chunk) => {
      // A mark may be split over two chunks.
      const seen = Buffer.concat([tail, chunk])
      tail = seen.subarray(-24)
      const trap = traps.find(({ moment }) => seen.includes(MARKS[moment]))
      if (!trap) return void client.write(chunk)
      traps = traps.filter((other) => other !== trap)
      trap.spring()
      cut()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(serverUrl)
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    arm: (moment, act) => {
      let trap: Trap
      const sprung = new Promise<void>((resolve) => {
        trap = {
          moment,
          spring: () => {
            act()
            resolve()
          },
        }
        traps.push(trap)
      })
      return {
        sprung,
        disarm: () => {
          const waiting = traps.includes(trap)
          traps = traps.filter((other) => other !== trap)
          return waiting
        },
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}
