import { spawn } from 'node:child_process'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { forgetServers, tellServers, withRunningServers } from '#tools/running-servers'

const servers = {
  DATABASE_URL: 'postgres://postgres:secret@127.0.0.1:5/throughline',
  TEMPORAL_ADDRESS: '127.0.0.1:7233',
  TEMPORAL_NAMESPACE: 'default',
}
let folder: string
let start: ReturnType<typeof spawn>
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'throughline-servers-'))
  start = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)', 'tools/start.mjs'])
  await writeFile(join(folder, 'start.pid'), String(start.pid))
})
afterEach(async () => {
  start.kill('SIGKILL')
  await rm(folder, { recursive: true })
})
const found = (env: NodeJS.ProcessEnv = {}) =>
  withRunningServers({ THROUGHLINE_DATA: folder, ...env })

test('a tool speaks to the servers of the start that runs', async () => {
  await tellServers(folder, servers)
  expect(await found()).toMatchObject(servers)
  // The file holds the password of the database.
  expect((await stat(join(folder, 'servers.json'))).mode & 0o077).toBe(0)
})

test('what the environment names goes before what runs', async () => {
  await tellServers(folder, servers)
  expect(await found({ DATABASE_URL: 'postgres://elsewhere/x' })).toMatchObject({
    DATABASE_URL: 'postgres://elsewhere/x',
  })
  expect(await found({ TEMPORAL_NAMESPACE: 'mine' })).toMatchObject({ TEMPORAL_NAMESPACE: 'mine' })
})

test('with nothing running, or after a start that was killed, it says what to do', async () => {
  await expect(found()).rejects.toThrow('npm start')
  await tellServers(folder, servers)
  start.kill('SIGKILL')
  await new Promise((resolve) => start.once('exit', resolve))
  await expect(found()).rejects.toThrow('or set DATABASE_URL')
  await forgetServers(folder)
  await expect(found()).rejects.toThrow('npm start')
})
