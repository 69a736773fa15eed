import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Inbox {
  url: string
  deliveries: { body: string; headers: IncomingHttpHeaders }[]
  /** Statuses to answer the next deliveries with; 200 once they are used up. */
  answers: number[]
  close(): Promise<void>
}

/** A webhook endpoint that keeps what it is sent. */
export async function openInbox(): Promise<Inbox> {
  const deliveries: Inbox['deliveries'] = []
  const answers: number[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      deliveries.push({ body: Buffer.concat(chunks).toString(), headers: request.headers })
      response.writeHead(answers.shift() ?? 200)
      response.end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    deliveries,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
