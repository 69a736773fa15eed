import { condition, defineUpdate, proxyLocalActivities, setHandler } from '@temporalio/workflow'

export const finish = defineUpdate<string>('finish')

const { nothing } = proxyLocalActivities<{ nothing(): Promise<string> }>({
  startToCloseTimeout: '4s',
})

/** The messages of a clean order without its work: a start, a local activity, an update. */
export async function noop(): Promise<void> {
  let finished = false
  setHandler(finish, () => {
    finished = true
    return 'finished'
  })
  await nothing()
  await condition(() => finished)
}
