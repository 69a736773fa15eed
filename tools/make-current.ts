import { pathToFileURL } from 'node:url'
import { Connection, type WorkflowService } from '@temporalio/client'
import { exitIfWrong, loadConfig } from '#config'
import { temporalAt } from '#temporal-connection'
import { verifyTemporal } from '#verify-config'
import { DEPLOYMENT, type Release } from '#worker'

/**
 * Gives all orders, running and new, to the workers of one release, with their next step. Its
 * workers must run already; those of the release before may then be stopped. The same command
 * with the earlier build id is the way back.
 * @throws Error when no worker of that release has been seen
 */
export async function makeCurrent(
  workflowService: WorkflowService,
  namespace: string,
  { deployment: deploymentName, buildId }: Release,
): Promise<void> {
  await workflowService.setWorkerDeploymentCurrentVersion({
    namespace,
    deploymentName,
    buildId,
    identity: 'make-current',
  })
}

async function main(): Promise<void> {
  const buildId = process.argv[2] ?? loadConfig().BUILD_ID
  const config = loadConfig({ ...process.env, BUILD_ID: buildId }, ['TEMPORAL_ADDRESS', 'BUILD_ID'])
  const { TEMPORAL_NAMESPACE: namespace } = config
  const at = temporalAt(config)
  await verifyTemporal(at, namespace, { log: console.error })
  const connection = await Connection.connect(at)
  const release = { deployment: DEPLOYMENT, buildId: config.BUILD_ID }
  await makeCurrent(connection.workflowService, namespace, release)
  await connection.close()
  console.log(`${config.BUILD_ID} is current: its workers take every order from now on.`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main().catch(exitIfWrong)
