import { createHash } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { applyFaultCommand, createFaults } from './faults.ts'
import type { Fault, Faults } from './faults.ts'
import { createJournal } from './journal.ts'
import type { Journal } from './journal.ts'

export interface SimulatorOptions {
  /** 0 or none takes any free port. */
  port?: number
  /** The same seed and the same calls give the same ids and answers. */
  seed: string | number
  /** Milliseconds since 1970; the real time unless told. */
  clock?: () => number
}

export interface Simulator {
  /** Base URL without a trailing slash. */
  url: string
  port: number
  faults: Faults
  journal: Journal
  close(): Promise<void>
}

export interface Call {
  params: Record<string, string>
  query: URLSearchParams
  headers: http.IncomingHttpHeaders
  rawBody: string
  /** Set when a fault asks this call to be declined. */
  decline: Fault | undefined
}

export interface Reply {
  status: number
  json: unknown
  headers?: Record<string, string>
}

export interface Route {
  method: 'GET' | 'POST'
  /** `/v1/refunds/:id`; the first route that matches wins. */
  path: string
  operation: string
  handle(call: Call): Reply
}

/** The world inside one simulator: its time, its ids, what it is told to get wrong. */
export interface World {
  now(): number
  /** Moves the simulator's clock on, never back. */
  advance(ms: number): void
  /** Deterministic hexadecimal id of the given length, a new one at each call. */
  nextId(prefix: string, length?: number): string
  faults: Faults
  journal: Journal
}

export function createWorld(options: SimulatorOptions): World {
  const clock = options.clock ?? Date.now
  let advanced = 0
  let count = 0
  const now = (): number => clock() + advanced
  return {
    now,
    advance: (ms) => void (advanced += Math.max(0, ms)),
    nextId(prefix, length = 24) {
      count += 1
      const digest = createHash('sha256').update(`${options.seed}/${prefix}/${count}`).digest('hex')
      return `${prefix}${digest.slice(0, length)}`
    },
    faults: createFaults(),
    journal: createJournal(now),
  }
}

/**
 * Serves routes under fault injection, with `GET|POST /_faults`, `GET /_journal` and
 * `POST /_advance {seconds}` for whoever runs the simulator in another process.
 */
export async function serve(
  world: World,
  routes: Route[],
  options: SimulatorOptions,
): Promise<Simulator> {
  const all = [...controlRoutes(world), ...routes]
  const server = http.createServer((request, response) => {
    void answer(world, all, request, response).catch((error: unknown) => {
      if (!response.headersSent) send(response, { status: 500, json: { bug: String(error) } })
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const port = (server.address() as AddressInfo).port
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    faults: world.faults,
    journal: world.journal,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  world: World,
  routes: Route[],
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const rawBody = await readBody(request)
  const url = new URL(request.url ?? '/', 'http://simulator')
  const match = findRoute(routes, request.method ?? 'GET', url.pathname)
  if (!match) {
    const json = { error: { code: 'NOT_FOUND', message: `no route ${url.pathname}` } }
    return send(response, { status: 404, json })
  }
  const { route, params } = match
  const call = { params, query: url.searchParams, headers: request.headers, rawBody }
  if (route.path.startsWith('/_'))
    return send(response, route.handle({ ...call, decline: undefined }))
  await answerWithFaults(world, route, call, response)
}

async function answerWithFaults(
  world: World,
  route: Route,
  call: Omit<Call, 'decline'>,
  response: http.ServerResponse,
): Promise<void> {
  const { faults, journal } = world
  const { operation } = route
  const delay = faults.take(['delay'], operation)
  if (delay) await new Promise((resume) => setTimeout(resume, delay.delayMs ?? 100).unref())
  const before = faults.take(['timeout-before', 'error-500', 'garbage'], operation)
  const key = call.headers['idempotency-key']
  const entry = { kind: 'call' as const, operation, ...(key ? { key: String(key) } : {}) }
  if (before?.kind === 'timeout-before') {
    journal.add({ ...entry, fault: before.kind })
    return leaveWithoutAnswer(response, before)
  }
  if (before?.kind === 'error-500') {
    journal.add({ ...entry, status: 500, fault: before.kind })
    const json = { error: { type: 'api_error', message: 'Something went wrong on our end.' } }
    return send(response, { status: 500, json })
  }
  const late = faults.take(['late-success'], operation)
  if (late) {
    journal.add({ ...entry, fault: late.kind })
    setTimeout(() => route.handle({ ...call, decline: undefined }), late.delayMs ?? 1000).unref()
    return leaveWithoutAnswer(response, late)
  }
  const decline = faults.take(['decline'], operation)
  const reply = route.handle({ ...call, decline })
  const after = faults.take(['timeout-after-success'], operation)
  const fault = after?.kind ?? before?.kind ?? decline?.kind ?? delay?.kind
  journal.add({ ...entry, status: reply.status, ...(fault ? { fault } : {}) })
  if (after) return leaveWithoutAnswer(response, after)
  if (before?.kind === 'garbage') {
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end('<html>Bad gateway, sorry</html>')
    return
  }
  send(response, reply)
}

/** The caller's socket dies or stays silent; either way no byte of an answer is sent. */
function leaveWithoutAnswer(response: http.ServerResponse, fault: Fault): void {
  if (fault.mode === 'reset') response.destroy()
  else setTimeout(() => response.destroy(), hangMs(fault)).unref()
}

function hangMs({ kind, delayMs }: Fault): number {
  return kind === 'late-success' ? 60_000 : (delayMs ?? 60_000)
}

function controlRoutes(world: World): Route[] {
  return [
    {
      method: 'POST',
      path: '/_faults',
      operation: '_faults',
      handle({ rawBody }) {
        const problem = applyFaultCommand(world.faults, parseJson(rawBody))
        if (problem) return { status: 400, json: { error: problem } }
        return { status: 200, json: world.faults.list() }
      },
    },
    {
      method: 'GET',
      path: '/_faults',
      operation: '_faults',
      handle: () => ({ status: 200, json: world.faults.list() }),
    },
    {
      method: 'GET',
      path: '/_journal',
      operation: '_journal',
      handle: () => ({ status: 200, json: world.journal.entries }),
    },
    {
      method: 'POST',
      path: '/_advance',
      operation: '_advance',
      handle({ rawBody }) {
        const { seconds } = (parseJson(rawBody) ?? {}) as { seconds?: number }
        world.advance((seconds ?? 0) * 1000)
        return { status: 200, json: { now: new Date(world.now()).toISOString() } }
      },
    },
  ]
}

function findRoute(
  routes: Route[],
  method: string,
  pathname: string,
): { route: Route; params: Record<string, string> } | undefined {
  const parts = pathname.split('/')
  for (const route of routes) {
    const wanted = route.path.split('/')
    if (route.method !== method || wanted.length !== parts.length) continue
    const fits = wanted.every((part, n) => part.startsWith(':') || part === parts[n])
    if (!fits) continue
    const named = wanted.flatMap((part, n) =>
      part.startsWith(':') ? [[part.slice(1), decodeURIComponent(parts[n] ?? '')]] : [],
    )
    return { route, params: Object.fromEntries(named) as Record<string, string> }
  }
  return undefined
}

function send(response: http.ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers })
  response.end(JSON.stringify(reply.json))
}

async function readBody(request: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
