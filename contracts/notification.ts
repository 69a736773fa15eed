/** One process for the whole company: whatever the outbox holds reaches whom it is for. */
export const NOTIFICATION_ID = 'notification/outbox'
export const NOTIFICATION_TASK_QUEUE = 'gateways'

export interface NotificationActivities {
  /** Works through the outbox and the inbox that nobody was told about, for some seconds. */
  deliverOutbox(): Promise<Delivered>
}

export interface Delivered {
  delivered: number
  failed: number
  told: number
}
