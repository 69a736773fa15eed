import { TestWorkflowEnvironment } from '@temporalio/testing'

/** Lets the SDK fetch its development server into the folder named on the command line. */
const downloadDir = process.argv[2]
if (!downloadDir) throw new Error('Name the folder for the download.')
try {
  const server = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir } },
  })
  await server.teardown()
} catch (cause) {
  console.error(cause instanceof Error ? cause.message : cause)
  process.exit(1)
}
