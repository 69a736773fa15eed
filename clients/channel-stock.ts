import type { Client } from '@temporalio/client'
import { channelStockId, type ChannelStockStart } from '#contracts/channel-stock'
import { channelKey, entityKey, processKey } from '#contracts/search-attributes'

/** Starts the channel's process unless it runs. */
export async function startChannelStock(
  client: Client,
  { channel, entity, taskQueue }: { channel: string; entity: string; taskQueue: string },
): Promise<void> {
  await client.workflow.start('channelStock', {
    workflowId: channelStockId(channel),
    taskQueue,
    args: [{ channel }] as [ChannelStockStart],
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `What ${channel} may sell`,
    staticDetails:
      'Tells the channel each change of what may be sold, compares before it sets, and reads everything back at night.',
    typedSearchAttributes: [
      { key: processKey, value: 'channel-stock' },
      { key: channelKey, value: channel },
      { key: entityKey, value: entity },
    ],
  })
}
