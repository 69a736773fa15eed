import {
  allHandlersFinished,
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import {
  pauseStock,
  resumeStock,
  sweepStockNow,
  type ChannelCall,
  type ChannelLook,
  type ChannelStockActivities,
  type ChannelStockStart,
  type StockWish,
  type SweptPage,
} from '#contracts/channel-stock'

const { lookForStockChanges, callStockChannel, sweepStockPage, wishOfStock } =
  proxyActivities<ChannelStockActivities>({
    startToCloseTimeout: '5m',
    heartbeatTimeout: '60s',
    retry: { initialInterval: '1s', maximumInterval: '30s' },
  })

/**
 * Tells a channel what it may sell as soon as that changes, and reads everything back at night
 * (INV-16, INV-17). What is to be told stands in the database, so nothing is lost with this
 * process. It ends when the channel is no longer told.
 */
export async function channelStock(start: ChannelStockStart): Promise<void> {
  const { channel } = start
  setHandler(sweepStockNow, (wish) => tell('sweep', wish))
  setHandler(pauseStock, (wish) => tell('pause', wish))
  setHandler(resumeStock, (wish) => tell('resume', wish))
  let called: ChannelCall | undefined
  let swept: SweptPage | undefined

  for (;;) {
    const look = await lookForStockChanges.executeWithOptions(
      { summary: `Look for changes that ${channel} does not know` },
      [start],
    )
    if (look.state === 'off') break
    setCurrentDetails(details(channel, look, called, swept))
    if (look.due > 0)
      called = await callStockChannel.executeWithOptions(
        { summary: `Tell ${channel}: ${look.due} listings` },
        [start],
      )
    else if (look.sweepDue)
      swept = await sweepStockPage.executeWithOptions({ summary: `Read ${channel} back` }, [start])
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished)
      await continueAsNew<typeof channelStock>(start)
    }
  }
  await condition(allHandlersFinished)

  function tell(wish: 'sweep' | 'pause' | 'resume', by: StockWish): Promise<void> {
    return wishOfStock.executeWithOptions({ summary: `${wish}, as ${by.actor} wishes` }, [
      { ...start, ...by, wish },
    ])
  }
}

function details(
  channel: string,
  look: ChannelLook,
  called: ChannelCall | undefined,
  swept: SweptPage | undefined,
): string {
  const waits = look.waitsUntil ? `; left alone until ${look.waitsUntil}: ${look.waitsBecause}` : ''
  return [
    `**${channel}** is ${look.state === 'paused' ? 'paused: nothing is told' : 'told what it may sell'}${waits}`,
    `- not told yet: ${look.open} listings, the oldest change ${look.lagSeconds} seconds old; kept back of each: ${look.lagBuffer}`,
    called
      ? `- last call: ${called.call}, ${called.listings} listings, ${called.confirmed} confirmed, ${called.stale} stale, ${called.refused} refused, ${called.unknown} unknown${called.message ? ` (${called.message})` : ''}`
      : '- no call yet in this run',
    swept
      ? `- last sweep: ${swept.read} read back, ${swept.drifted} drifted`
      : '- no sweep yet in this run',
  ].join('\n')
}
