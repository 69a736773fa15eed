import http from 'node:http'
import https from 'node:https'
import { GatewayHiccup, NoAnswer } from './outcome.ts'

export interface HttpRequest {
  url: string
  method: string
  headers: Record<string, string>
  body?: string
  timeoutMs: number
}

export interface HttpAnswer {
  status: number
  headers: http.IncomingHttpHeaders
  body: string
}

const MAX_ANSWER_BYTES = 10 * 1024 * 1024
const plainReads = new http.Agent({ keepAlive: true })
const secureReads = new https.Agent({ keepAlive: true })

/**
 * One HTTP exchange under one deadline. Built on `node:http` because only there can we see
 * whether a connection ever stood: that is the line between "nothing was sent" and "unknown".
 * @throws GatewayHiccup when no connection stood, so nothing can have happened.
 * @throws NoAnswer when the request may have arrived and no whole answer came back.
 */
export function exchange(request: HttpRequest): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const secure = request.url.startsWith('https:')
    const outgoing = (secure ? https : http).request(request.url, {
      method: request.method,
      headers: withLength(request),
      agent: agentFor(request.method, secure),
    })
    let connected = false
    const deadline = setTimeout(() => {
      const late = new Error(`no answer within ${request.timeoutMs} ms`)
      fail(late)
      outgoing.destroy(late)
    }, request.timeoutMs)

    outgoing.on('socket', (socket) => {
      if (!socket.connecting) connected = true
      else socket.once(secure ? 'secureConnect' : 'connect', () => (connected = true))
    })
    outgoing.on('error', fail)
    outgoing.on('response', (response) => {
      readWhole(response).then((body) => {
        clearTimeout(deadline)
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
      }, fail)
    })
    outgoing.end(request.body)

    function fail(cause: Error): void {
      clearTimeout(deadline)
      const message = `${request.method} ${withoutQuery(request.url)}: ${reasonOf(cause)}`
      reject(connected ? new NoAnswer(message, { cause }) : new GatewayHiccup(message, { cause }))
    }
  })
}

/**
 * Reads share kept connections. An effect opens its own: a kept one that the provider closes
 * just then looks like a lost answer, and would make an unknown out of nothing.
 */
function agentFor(method: string, secure: boolean): http.Agent | false {
  if (method !== 'GET') return false
  return secure ? secureReads : plainReads
}

function withLength(request: HttpRequest): Record<string, string> {
  if (request.body === undefined) return request.headers
  return { ...request.headers, 'content-length': String(Buffer.byteLength(request.body)) }
}

function readWhole(response: http.IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      chunks.push(chunk)
      if (bytes > MAX_ANSWER_BYTES) response.destroy(new Error('the answer is too large'))
    })
    response.on('error', reject)
    response.on('close', () => {
      if (response.complete) resolve(Buffer.concat(chunks).toString('utf8'))
      else reject(new Error('the connection closed before the whole answer came'))
    })
  })
}

/** An empty message comes with the AggregateError of a name that has several addresses. */
function reasonOf(cause: Error): string {
  return cause.message || String((cause as NodeJS.ErrnoException).code ?? cause.name)
}

/** Queries carry our keys and now and then an address; log lines must not. */
function withoutQuery(url: string): string {
  return url.split('?')[0] ?? url
}
