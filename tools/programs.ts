import { connect } from 'node:net'
import { join } from 'node:path'
import { startProcess, type RunningProcess } from './processes.ts'

/** A program of ours that runs beside the start: worker, API, simulators, order stream. */
export interface Program {
  name: string
  /** TypeScript file, from the root of the checkout. */
  file: string
  env: NodeJS.ProcessEnv
  logFile: string
  /** What remains to be done after each start, the first and any later one. */
  ready?: (() => Promise<void>) | undefined
}

const root = join(import.meta.dirname, '..')
const mostRestarts = 5
const withinMs = 60_000

/**
 * Runs a program and starts it again when it dies, as a process manager would in production;
 * one that cannot stay up is given up with its last words. A clean end is no death.
 */
export async function keepRunning(
  program: Program,
  log: (line: string) => void,
): Promise<{ stop: () => Promise<void> }> {
  let stopped = false
  const deaths: number[] = []
  let current = await begin()

  function begin(): Promise<RunningProcess> {
    return startProcess({
      name: program.name,
      command: process.execPath,
      args: ['--import', 'tsx', join(root, program.file)],
      cwd: root,
      env: program.env,
      logFile: program.logFile,
    }).then((child) => {
      void child.ended.then(({ code, signal }) => onEnd(code, signal, child))
      void program.ready?.().catch((cause: unknown) => log(`${program.name}: ${String(cause)}`))
      return child
    })
  }

  async function onEnd(
    code: number | null,
    signal: NodeJS.Signals | null,
    child: RunningProcess,
  ): Promise<void> {
    if (stopped || code === 0) return
    deaths.push(Date.now())
    const recent = deaths.filter((at) => at > Date.now() - withinMs).length
    if (recent > mostRestarts)
      return log(`${program.name} does not stay up; see ${program.logFile}:\n${child.tail()}`)
    log(`${program.name} ended (${signal ?? `exit ${code}`}); starting it again`)
    await new Promise((resolve) => setTimeout(resolve, 500 * recent))
    if (!stopped) current = await begin()
  }

  return {
    stop: async () => {
      stopped = true
      await current.stop()
    },
  }
}

/** Resolves when somebody listens on the port. */
export async function waitForPort(port: number, withinMs: number): Promise<void> {
  const giveUpAt = Date.now() + withinMs
  while (!(await isOpen(port))) {
    if (Date.now() > giveUpAt) throw new Error(`nobody listens on port ${port}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('close', () => socket.destroy())
    socket.on('connect', () => socket.end())
  })
}
