import { readFileSync } from 'node:fs'

/**
 * Calls back when npm, which started us, is gone: kill -9 of `npm start` kills only npm and
 * would leave us running without anybody to stop us. Does nothing for a start without npm.
 */
export function whenStarterDies(callback: () => void): void {
  if (!process.env['npm_lifecycle_event']) return
  const ancestors = ancestorsUpToNpm()
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent && ancestors.every(isSame)) return
    clearInterval(timer)
    callback()
  }, 1_000)
  timer.unref()
}

interface Ancestor {
  pid: number
  /** With the pid it names one process for ever. */
  startedAt: string
}

function ancestorsUpToNpm(): Ancestor[] {
  const found: Ancestor[] = []
  for (let pid = process.ppid; pid > 1 && found.length < 5;) {
    const status = read(pid)
    if (!status) return found
    found.push({ pid, startedAt: status.startedAt })
    if (status.isNpm) return found
    pid = status.parent
  }
  // No npm above us after all: then nobody but our parent counts.
  return found.slice(0, 1)
}

function isSame({ pid, startedAt }: Ancestor): boolean {
  return read(pid)?.startedAt === startedAt
}

/** From /proc; elsewhere than on Linux only our own parent is watched. */
function read(pid: number): { parent: number; startedAt: string; isNpm: boolean } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The program's name stands in brackets and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z') return undefined
    const isNpm = /(^|[\s/])npm\b/.test(
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '),
    )
    return { parent: Number(fields[1]), startedAt: fields[19] ?? '', isNpm }
  } catch {
    return undefined
  }
}
