import { connect as connectSocket, createServer, type AddressInfo } from 'node:net'
import { connect, type Db } from '#db/client'

export interface StatementCount {
  db: Db
  /** Statements that the server has answered since the last time this was asked. */
  take(): number
  close(): Promise<void>
}

/** A client whose statements are counted on the wire: each is answered by one CommandComplete. */
export async function countStatements(databaseUrl: string): Promise<StatementCount> {
  const target = new URL(databaseUrl)
  let statements = 0
  const server = createServer((client) => {
    const upstream = connectSocket(Number(target.port), target.hostname)
    const count = commandCompletes(() => (statements += 1))
    client.pipe(upstream)
    upstream.on('data', (chunk) => {
      count(chunk)
      client.write(chunk)
    })
    for (const socket of [client, upstream]) {
      socket.on('error', () => {})
      socket.on('close', () => (client.destroy(), upstream.destroy()))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(databaseUrl)
  url.port = String((server.address() as AddressInfo).port)
  // More connections would each prepare every statement once more.
  const db = connect(url.href, { role: 'throughline_app', max: 2 })
  return {
    db,
    take: () => {
      const taken = statements
      statements = 0
      return taken
    },
    close: async () => {
      await db.end({ timeout: 5 })
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** Follows the frames of PostgreSQL's protocol: a letter, a length that counts itself, a body. */
function commandCompletes(found: () => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 5) {
      const end = 1 + rest.readUInt32BE(1)
      if (rest.length < end) return
      if (rest[0] === 0x43) found()
      rest = rest.subarray(end)
    }
  }
}
