export { channelSync } from './channel-sync.ts'
export { notification } from './notification.ts'
export { orderToCash } from './order-to-cash.ts'
export { transfer } from './transfer.ts'
