import { setTimeout as wait } from 'node:timers/promises'
import { startChannelSync } from '#clients/channel-sync'
import { channelSyncId, syncNow } from '#contracts/channel-sync'
import { NOTIFICATION_TASK_QUEUE } from '#contracts/notification'
import { startShopSimulator, type ShopSimulator } from '#simulators/shop'
import { aShopifyOrder } from '#tests/api/channel-messages'
import type { RecordingSystem } from './recording-system.ts'

/** Two pages, a wait, another sweep when somebody asks for it, and the end. */
export async function untilPaused(system: RecordingSystem): Promise<string> {
  const shop = await polledShop(system, 'polled')
  for (let n = 1; n <= 3; n += 1) shop.put('shopify', aShopifyOrder({ updated_at: justNow() }))
  const handle = await startSync(system, 'polled')
  await wait(2_000)
  await handle.signal(syncNow)
  await wait(1_000)
  await pause(system, 'polled')
  await handle.signal(syncNow)
  await handle.result()
  await shop.close()
  return channelSyncId('polled')
}

/** So many sweeps that the process begins a new history. */
export async function syncContinuedAsNew(system: RecordingSystem): Promise<string> {
  const shop = await polledShop(system, 'polled-long')
  const handle = await startSync(system, 'polled-long')
  const first = await handle.describe()
  for (let n = 1; (await handle.describe()).runId === first.runId; n += 1) {
    if (n === 60) throw new Error('the process did not continue as new')
    await handle.signal(syncNow)
    await wait(200)
  }
  await pause(system, 'polled-long')
  await handle.signal(syncNow)
  await handle.result()
  await shop.close()
  return channelSyncId('polled-long')
}

const justNow = () => new Date(Date.now() - 60_000).toISOString()

async function polledShop({ database }: RecordingSystem, code: string): Promise<ShopSimulator> {
  const shop = await startShopSimulator({ seed: 1, pageSize: 2 })
  process.env['RECORDED_SHOP_TOKEN'] = 'shpat_recorder'
  await database.admin`
    INSERT INTO channel (code, name, kind, entity_id, currency, poll_url, poll_secret_ref, poll_seconds)
    SELECT ${code}, 'Polled shop', 'shopify', id, 'USD', ${shop.url}, 'RECORDED_SHOP_TOKEN', 3600 FROM entity`
  return shop
}

async function startSync({ client }: RecordingSystem, channel: string) {
  const taskQueue = NOTIFICATION_TASK_QUEUE
  await startChannelSync(client, { channel, entity: 'ACME-US', taskQueue })
  return client.workflow.getHandle(channelSyncId(channel))
}

async function pause({ database }: RecordingSystem, code: string): Promise<void> {
  await database.admin`UPDATE channel SET status = 'paused' WHERE code = ${code}`
}
