import { setTimeout as wait } from 'node:timers/promises'
import { startChannelStock } from '#clients/channel-stock'
import { channelStockId, pauseStock, resumeStock, sweepStockNow } from '#contracts/channel-stock'
import { NOTIFICATION_TASK_QUEUE } from '#contracts/notification'
import { startShopSimulator, type ShopSimulator } from '#simulators/shop'
import { toldShop, type ToldShop } from '#tests/support/told-shop'
import type { RecordingSystem } from './recording-system.ts'

/** Asked, told, told after a lost answer, paused and resumed, swept, and the end. */
export async function toldUntilOff(system: RecordingSystem): Promise<string> {
  const { told, shop } = await openShop(system, 'told')
  const handle = await startStock(system, told)
  await told.list('1', 'MUG')
  await reached(shop, '1')
  await wait(500)
  shop.faults.add({ kind: 'timeout-after-success', operation: 'shopify.graphql', mode: 'reset' })
  await told.list('2', 'LAMP')
  await reached(shop, '2')
  // The lost answer is asked about after two seconds.
  await wait(2_600)
  const by = (key: string) => ({ args: [{ key, actor: 'user:1' }] as const })
  await handle.executeUpdate(pauseStock, { args: [...by('pause').args] })
  await handle.executeUpdate(resumeStock, { args: [...by('resume').args] })
  shop.stock.put('shopify', '1', 1)
  await handle.executeUpdate(sweepStockNow, { args: [...by('sweep').args] })
  await wait(2_500)
  return ended(system, told, shop)
}

/** So many looks that the process begins a new history. */
export async function stockContinuedAsNew(system: RecordingSystem): Promise<string> {
  const { told, shop } = await openShop(system, 'told-long')
  const handle = await startStock(system, told)
  const first = await handle.describe()
  for (let n = 1; (await handle.describe()).runId === first.runId; n += 1) {
    if (n === 60) throw new Error('the process did not continue as new')
    await told.list(`${n}`, 'MUG')
    await wait(500)
  }
  return ended(system, told, shop)
}

async function openShop(
  { database }: RecordingSystem,
  name: string,
): Promise<{ told: ToldShop; shop: ShopSimulator }> {
  const shop = await startShopSimulator({ seed: 1, sellsAnything: true })
  process.env['RECORDED_SHOP_TOKEN'] = 'shpat_recorder'
  const [entity] = await database.admin<{ id: number }[]>`SELECT id FROM entity`
  const told = await toldShop(database.admin, {
    kind: 'shopify',
    url: shop.url,
    secret: 'RECORDED_SHOP_TOKEN',
    entityId: entity!.id,
    name,
  })
  return { told, shop }
}

async function startStock({ client }: RecordingSystem, { code }: ToldShop) {
  const taskQueue = NOTIFICATION_TASK_QUEUE
  await startChannelStock(client, { channel: code, entity: 'ACME-US', taskQueue })
  return client.workflow.getHandle(channelStockId(code))
}

async function reached(shop: ShopSimulator, id: string): Promise<void> {
  for (let n = 0; (shop.stock.quantity('shopify', id) ?? 0) === 0; n += 1) {
    if (n === 100) throw new Error(`the shop was not told of ${id}`)
    await wait(200)
  }
}

async function ended(
  { client, database }: RecordingSystem,
  { code }: ToldShop,
  shop: ShopSimulator,
): Promise<string> {
  await database.admin`UPDATE channel SET status = 'paused' WHERE code = ${code}`
  await client.workflow.getHandle(channelStockId(code)).result()
  await shop.close()
  return channelStockId(code)
}
