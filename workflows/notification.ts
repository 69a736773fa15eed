import {
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow'
import type { NotificationActivities } from '#contracts/notification'

const { deliverOutbox } = proxyActivities<NotificationActivities>({
  startToCloseTimeout: '2m',
  heartbeatTimeout: '30s',
  retry: { maximumInterval: '30s' },
})

/**
 * Mails to customers, signals to processes and documents that nobody was told about: a standing
 * process, so that an ops engineer sees at a glance whether anything is stuck on its way out.
 */
export async function notification(): Promise<void> {
  for (let round = 1; !workflowInfo().continueAsNewSuggested; round += 1) {
    const { delivered, failed, told } = await deliverOutbox.executeWithOptions(
      { summary: 'Deliver the outbox' },
      [],
    )
    setCurrentDetails(
      `Round ${round}: ${delivered} delivered, ${failed} to be tried again, ${told} stored documents told to their process`,
    )
  }
  await continueAsNew<typeof notification>()
}
