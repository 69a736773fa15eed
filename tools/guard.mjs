/**
 * Ends the servers and programs of a start that died without a word, even by kill -9.
 *
 * The start holds the other end of our stdin: when it is gone, for whatever reason, the pipe
 * closes and everything still on the list is stopped, newest first.
 */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** Process id → the signal that stops it cleanly. */
const watched = new Map()

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [verb, pid, signal] = line.split(' ')
    if (verb === 'watch') watched.set(Number(pid), signal)
    else watched.delete(Number(pid))
  })
  .on('close', () => void stopAll())

async function stopAll() {
  for (const [pid, signal] of [...watched].reverse()) await stop(pid, signal)
  process.exit(0)
}

async function stop(pid, signal) {
  if (!send(pid, signal)) return
  const giveUpAt = Date.now() + 10_000
  while (Date.now() < giveUpAt) {
    await new Promise((resume) => setTimeout(resume, 50))
    if (!send(pid, 0) || isZombie(pid)) return
  }
  send(pid, 'SIGKILL')
}

/** Where nobody collects orphans (a container without init) the dead keep their number. */
function isZombie(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
  } catch {
    return false
  }
}

function send(pid, signal) {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

// A signal to the whole terminal is meant for the start, which then closes our stdin in order.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})
