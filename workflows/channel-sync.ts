import {
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import {
  syncNow,
  type ChannelSyncActivities,
  type ChannelSyncStart,
  type Polled,
} from '#contracts/channel-sync'

const { pollChannel } = proxyActivities<ChannelSyncActivities>({
  // A page of Amazon is a hundred calls at a slow pace; its heartbeats tell that it goes on.
  startToCloseTimeout: '15m',
  heartbeatTimeout: '60s',
  retry: { initialInterval: '2s', maximumInterval: '5m' },
})

/** Where a sweep stands between two pages. */
type Sweep = Pick<Polled, 'page' | 'seenTo'>

const FROM_THE_CURSOR: Sweep = { page: null, seenTo: null }

/**
 * Asks a channel again and again which of its orders have changed, so that one whose webhook was
 * lost is found within the sweep interval (FUL-6). It ends when the channel is no longer asked.
 */
export async function channelSync(start: ChannelSyncStart, resumed?: Sweep): Promise<void> {
  const { channel } = start
  let sweep = resumed ?? FROM_THE_CURSOR
  let asked = false
  setHandler(syncNow, () => {
    asked = true
  })
  for (let sweeps = 0, found = 0; ;) {
    const polled = await pollChannel.executeWithOptions(
      { summary: sweep.page === null ? `Ask ${channel}` : `Ask ${channel} for the next page` },
      [{ channel, ...sweep }],
    )
    if (polled.state === 'off') return
    found += polled.found
    if (polled.state === 'swept') sweeps += 1
    setCurrentDetails(details(channel, polled, sweeps, found))
    sweep = polled.state === 'more' ? polled : FROM_THE_CURSOR
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof channelSync>(start, { page: sweep.page, seenTo: sweep.seenTo })
    if (polled.state === 'more') continue
    const summary = `Next sweep of ${channel}`
    await condition(() => asked, polled.againMs, { summary })
    asked = false
  }
}

function details(channel: string, polled: Polled, sweeps: number, found: number): string {
  return [
    `**${channel}** is asked for changed orders every ${Math.round(polled.againMs / 1000)} seconds`,
    `- sweeps of this run: ${sweeps}; orders or versions that no webhook had told: ${found}`,
    `- last page: ${polled.listed} orders, ${polled.found} of them new, ${polled.refused} refused`,
    `- looked at up to: ${polled.seenTo ?? 'nothing has changed'}`,
  ].join('\n')
}
