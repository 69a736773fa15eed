import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import { NOTIFICATION_ID, NOTIFICATION_TASK_QUEUE } from '#contracts/notification'
import { processKey } from '#contracts/search-attributes'

/** Starts the company's standing process unless it runs. */
export async function startNotification(client: Client): Promise<void> {
  await client.workflow.start('notification', {
    workflowId: NOTIFICATION_ID,
    taskQueue: NOTIFICATION_TASK_QUEUE,
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: 'Notifications: mails, signals and untold documents',
    typedSearchAttributes: [{ key: processKey, value: 'notification' }],
  })
}

/**
 * Without it no mail leaves and no lost document is found, so its start is tried until it
 * succeeds, after 1, 2, 4 … seconds, at most 30; every failure is told.
 */
export async function keepStartingNotification(
  start: () => Promise<void>,
  { log, stopping }: { log: (line: string) => void; stopping: AbortSignal },
): Promise<void> {
  for (let attempt = 1; !stopping.aborted; attempt += 1) {
    try {
      return await start()
    } catch (error) {
      const waitMs = Math.min(30_000, 1000 * 2 ** (attempt - 1))
      log(`${NOTIFICATION_ID} does not start; again in ${waitMs / 1000} s: ${String(error)}`)
      await wait(waitMs, undefined, { signal: stopping }).catch(() => undefined)
    }
  }
}
