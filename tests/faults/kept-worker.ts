import { join } from 'node:path'
import { startProcess, type RunningProcess } from '#tools/processes'

export interface KeptWorker {
  /** kill -9; it comes back by itself, as under any supervisor. */
  kill(): void
  /** How often it ended without being told to. */
  readonly crashes: string[]
  stop(): Promise<void>
}

/** The real worker as a process of its own, started again whenever it ends. */
export async function keepWorker(env: NodeJS.ProcessEnv): Promise<KeptWorker> {
  const crashes: string[] = []
  let worker = await start()
  let killed = false
  let stopping = false
  void watch()
  return {
    crashes,
    kill: () => {
      killed = true
      if (worker.running) process.kill(worker.pid, 'SIGKILL')
    },
    stop: async () => {
      stopping = true
      await worker.stop()
    },
  }

  async function watch(): Promise<void> {
    for (;;) {
      const { code, signal } = await worker.ended
      if (stopping) return
      if (!killed) crashes.push(`exit ${code ?? signal}: ${worker.tail()}`)
      killed = false
      worker = await start()
      // Told to stop while it was starting.
      if (stopping) await worker.stop()
    }
  }

  function start(): Promise<RunningProcess> {
    return startProcess({
      name: 'worker',
      command: process.execPath,
      args: ['--import', 'tsx', 'worker.ts'],
      cwd: join(import.meta.dirname, '..', '..'),
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TZ: 'UTC', ...env },
      stopWithinMs: 3_000,
    })
  }
}
