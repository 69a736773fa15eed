import { join } from 'node:path'
import { startProcess, type RunningProcess } from '#tools/processes'

export interface KeptProgram {
  /** kill -9; it comes back by itself, as under any supervisor. Resolves when it is dead. */
  kill(): Promise<void>
  /** How often it ended without being told to. */
  readonly crashes: string[]
  stop(): Promise<void>
}

/** A real program of ours (`worker.ts`, `api/main.ts`) as a process of its own, started again whenever it ends. */
export async function keepProgram(file: string, env: NodeJS.ProcessEnv): Promise<KeptProgram> {
  const crashes: string[] = []
  let program = await start()
  let killed = false
  let stopping = false
  void watch()
  return {
    crashes,
    kill: async () => {
      killed = true
      const { ended } = program
      if (program.running) process.kill(program.pid, 'SIGKILL')
      await ended
    },
    stop: async () => {
      stopping = true
      await program.stop()
    },
  }

  async function watch(): Promise<void> {
    for (;;) {
      const { code, signal } = await program.ended
      if (stopping) return
      if (!killed) crashes.push(`${file} exit ${code ?? signal}: ${program.tail()}`)
      killed = false
      program = await start()
      // Told to stop while it was starting.
      if (stopping) await program.stop()
    }
  }

  function start(): Promise<RunningProcess> {
    return startProcess({
      name: file,
      command: process.execPath,
      args: ['--import', 'tsx', file],
      cwd: join(import.meta.dirname, '..', '..'),
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TZ: 'UTC', ...env },
      stopWithinMs: 3_000,
    })
  }
}
