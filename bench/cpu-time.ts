import { readdirSync, readFileSync } from 'node:fs'

/** CPU milliseconds spent so far by each of the three programs that an order needs. */
export interface CpuTime {
  node: number
  postgres: number
  temporal: number
}

/** Linux counts the time of a process in these, whatever the machine. */
const MS_PER_TICK = 10

/**
 * What this process and both servers with all their children have spent. Unlike orders a second,
 * the difference of two such readings means something on a machine that others use meanwhile.
 * Zero for the servers where there is no /proc.
 */
export function readCpuTime(pids: {
  postgres: number | undefined
  temporal: number | undefined
}): CpuTime {
  const processes = readProcesses()
  const { user, system } = process.cpuUsage()
  return {
    node: (user + system) / 1000,
    postgres: timeOfTree(processes, pids.postgres),
    temporal: timeOfTree(processes, pids.temporal),
  }
}

interface ProcessTime {
  parent: number
  ms: number
}

function readProcesses(): Map<number, ProcessTime> {
  const found = new Map<number, ProcessTime>()
  for (const entry of readProc()) {
    const stat = readStat(entry)
    if (stat) found.set(Number(entry), stat)
  }
  return found
}

function readProc(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    return []
  }
}

function readStat(pid: string): ProcessTime | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program stands in brackets and may itself hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // User and system time, its own and of the children that have ended.
    const ticks = [11, 12, 13, 14].reduce((sum, nth) => sum + Number(fields[nth]), 0)
    return { parent: Number(fields[1]), ms: ticks * MS_PER_TICK }
  } catch {
    return undefined
  }
}

function timeOfTree(processes: ReadonlyMap<number, ProcessTime>, root: number | undefined): number {
  if (root === undefined) return 0
  const own = processes.get(root)?.ms ?? 0
  const children = [...processes].filter(([, { parent }]) => parent === root)
  return children.reduce((sum, [pid]) => sum + timeOfTree(processes, pid), own)
}
