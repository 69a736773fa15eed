import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import type { SMTPServerDataStream, SMTPServerSession } from 'smtp-server'
import { createWorld, serve } from './http-simulator.ts'
import type { Route, Simulator, SimulatorOptions, World } from './http-simulator.ts'

export interface CaughtMail {
  messageId: string
  from: string
  to: string[]
  subject: string
  raw: string
  at: string
}

export interface MailSimulator extends Simulator {
  smtpUrl: string
  smtpPort: number
  /** What a receiver would show: one mail per Message-ID. */
  messages: CaughtMail[]
  /** Copies that a receiver would drop because it has the Message-ID already. */
  duplicates: number
}

type Done = (error?: Error | null, message?: string) => void

/**
 * Catches mail over SMTP; `GET /messages`, `/_faults` and `/_journal` are on `url`. The one
 * operation is `send`; a `decline` answers 550 (or the number in its code), `error-500` 451.
 */
export async function startMailSimulator(
  options: SimulatorOptions & { smtpPort?: number },
): Promise<MailSimulator> {
  const world = createWorld(options)
  const box = { messages: [] as CaughtMail[], duplicates: 0 }
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onData: (stream, session, done) => {
      read(stream, (raw) => settle({ world, box, cut }, raw, session, done))
    },
  })
  // A client that gives up half-way is what the faults are for.
  smtp.on('error', () => {})
  function cut(session: SMTPServerSession): void {
    for (const connection of smtp.connections)
      if (connection.session === session) connection._socket.destroy()
  }
  await new Promise<void>((resolve) => {
    smtp.listen(options.smtpPort ?? 0, '127.0.0.1', resolve)
  })
  const smtpPort = (smtp.server.address() as AddressInfo).port
  const simulator = await serve(world, [messagesRoute(box)], options)
  return {
    ...simulator,
    smtpUrl: `smtp://127.0.0.1:${smtpPort}`,
    smtpPort,
    messages: box.messages,
    get duplicates() {
      return box.duplicates
    },
    async close() {
      for (const connection of smtp.connections) connection._socket.destroy()
      await new Promise<void>((resolve) => smtp.close(() => resolve()))
      await simulator.close()
    },
  }
}

interface Box {
  messages: CaughtMail[]
  duplicates: number
}

interface Post {
  world: World
  box: Box
  /** Cuts the line to the client without a word. */
  cut(session: SMTPServerSession): void
}

function read(stream: SMTPServerDataStream, done: (raw: string) => void): void {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  stream.on('end', () => done(Buffer.concat(chunks).toString('utf8')))
}

function settle(post: Post, raw: string, session: SMTPServerSession, done: Done): void {
  const { faults, journal } = post.world
  const fault = faults.take(['decline', 'error-500', 'timeout-before'], 'send')
  const key = header(raw, 'Message-ID')
  const note = (status: number, kind?: string): void =>
    journal.add({ kind: 'call', operation: 'send', key, status, ...(kind ? { fault: kind } : {}) })
  if (fault?.kind === 'timeout-before') {
    note(0, fault.kind)
    return leave(post, session, fault.mode)
  }
  if (fault) {
    const status = fault.kind === 'error-500' ? 451 : Number(fault.code ?? 550)
    note(status, fault.kind)
    return done(Object.assign(new Error('Message refused'), { responseCode: status }))
  }
  keep(post, raw, session, key)
  const after = faults.take(['timeout-after-success'], 'send')
  note(250, after?.kind)
  if (after) return leave(post, session, after.mode)
  const delay = faults.take(['delay'], 'send')
  setTimeout(() => done(null, `queued as ${post.box.messages.length}`), delay?.delayMs ?? 0)
}

/** A hang needs nothing done: the client gives up by its own clock. */
function leave(post: Post, session: SMTPServerSession, mode: string | undefined): void {
  if (mode === 'reset') post.cut(session)
}

function keep({ world, box }: Post, raw: string, session: SMTPServerSession, key: string): void {
  if (box.messages.some((mail) => mail.messageId === key)) {
    box.duplicates += 1
    return
  }
  const { mailFrom, rcptTo } = session.envelope
  box.messages.push({
    messageId: key,
    from: mailFrom ? mailFrom.address : '',
    to: rcptTo.map((recipient) => recipient.address),
    subject: header(raw, 'Subject'),
    raw,
    at: new Date(world.now()).toISOString(),
  })
  world.journal.add({ kind: 'effect', operation: 'send', key })
}

function header(raw: string, name: string): string {
  const unfolded = raw.split(/\r?\n\r?\n/)[0]?.replace(/\r?\n[ \t]+/g, ' ') ?? ''
  return new RegExp(`^${name}: *(.*)$`, 'im').exec(unfolded)?.[1]?.trim() ?? ''
}

function messagesRoute(box: Box): Route {
  return {
    method: 'GET',
    path: '/messages',
    operation: 'messages',
    handle: () => ({ status: 200, json: { messages: box.messages, duplicates: box.duplicates } }),
  }
}
