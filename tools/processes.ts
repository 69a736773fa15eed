import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

export interface ProcessOptions {
  /** What people call it; names it in messages. */
  name: string
  command: string
  args: readonly string[]
  env?: NodeJS.ProcessEnv
  cwd?: string
  /** The user to run as, where the start itself is root. */
  user?: { uid: number; gid: number } | undefined
  /** The signal by which it ends cleanly. */
  stopSignal?: NodeJS.Signals
  stopWithinMs?: number
  /** File that takes all its output; without one only the last lines are kept. */
  logFile?: string
}

export interface RunningProcess {
  readonly name: string
  readonly pid: number
  /** Resolves when it has ended, whoever ended it. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  readonly running: boolean
  /** The last lines that it wrote. */
  tail(): string
  stop(): Promise<void>
}

/**
 * Starts a child in a session of its own, so that Ctrl-C reaches only us and we stop the
 * children in order; a guard stops them when we die without a chance to.
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { name, command, args, stopSignal = 'SIGTERM', stopWithinMs = 15_000 } = options
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options.user,
  })
  let running = true
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
  }).finally(() => {
    running = false
    if (child.pid) guard().write(`forget ${child.pid}\n`)
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause) => reject(new Error(`${name} does not start`, { cause })))
  })
  const pid = child.pid as number
  guard().write(`watch ${pid} ${stopSignal}\n`)
  const tail = keepOutput(child, options.logFile)

  return {
    name,
    pid,
    ended,
    tail,
    stop,
    get running() {
      return running
    },
  }

  async function stop(): Promise<void> {
    if (!running) return
    child.kill(stopSignal)
    const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
    await ended
    clearTimeout(timer)
  }
}

let guardPipe: NodeJS.WritableStream | undefined

/** The guard is started with the first child and ends when this process does. */
function guard(): NodeJS.WritableStream {
  if (guardPipe) return guardPipe
  const child = spawn(process.execPath, [join(import.meta.dirname, 'guard.mjs')], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.unref()
  const pipe = child.stdin
  // A guard that is gone must not take the start with it.
  pipe.on('error', () => {})
  ;(pipe as unknown as { unref?: () => void }).unref?.()
  guardPipe = pipe
  return pipe
}

function keepOutput(child: ChildProcess, logFile: string | undefined): () => string {
  const lines: string[] = []
  const log = logFile ? createWriteStream(logFile, { flags: 'a' }) : undefined
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      log?.write(chunk)
      lines.push(...chunk.toString().split('\n').filter(Boolean))
      lines.splice(0, lines.length - 30)
    })
  return () => lines.join('\n')
}

/** A port that nobody listens on now; the preferred one if it is free. */
export async function freePort(preferred = 0, host = '127.0.0.1'): Promise<number> {
  return (await probe(preferred, host)) ?? (await probe(0, host)) ?? 0
}

function probe(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, host, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}
