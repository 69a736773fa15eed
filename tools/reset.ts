import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '#config'
import { holderOf, isOurs } from './data-folder.ts'
import { postgresFolder } from './postgres-server.ts'

/** `npm run reset`: stops a running start and deletes all that it kept. */
const { THROUGHLINE_DATA: folder } = loadConfig()

const holder = await holderOf(folder)
if (holder) {
  console.log(`stopping the start that runs (process ${holder})`)
  process.kill(holder, 'SIGTERM')
  for (let waited = 0; waited < 600 && (await holderOf(folder)); waited++)
    await new Promise((resolve) => setTimeout(resolve, 100))
}

if (!existsSync(folder)) console.log(`There is no ${folder}; nothing to delete.`)
else if (!isOurs(folder) && (await readdir(folder)).some((name) => name !== 'test-report.json')) {
  console.error(
    `${folder} was not made by \`npm start\`: it stays. Delete it yourself if you mean it.`,
  )
  process.exitCode = 1
} else {
  const database = await postgresFolder(folder)
  for (const path of [database, join(folder)]) await rm(path, { recursive: true, force: true })
  console.log(`Deleted ${folder}. The next \`npm start\` begins anew.`)
}
