import type { Client } from '@temporalio/client'
import { channelSyncId, type ChannelSyncStart } from '#contracts/channel-sync'
import { channelKey, entityKey, processKey } from '#contracts/search-attributes'

/** Starts the channel's process unless it runs. */
export async function startChannelSync(
  client: Client,
  { channel, entity, taskQueue }: { channel: string; entity: string; taskQueue: string },
): Promise<void> {
  await client.workflow.start('channelSync', {
    workflowId: channelSyncId(channel),
    taskQueue,
    args: [{ channel }] as [ChannelSyncStart],
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `Orders of ${channel} that no webhook told`,
    staticDetails:
      'Asks the channel again and again for changed orders and takes those that nobody told us of.',
    typedSearchAttributes: [
      { key: processKey, value: 'channel-sync' },
      { key: channelKey, value: channel },
      { key: entityKey, value: entity },
    ],
  })
}
