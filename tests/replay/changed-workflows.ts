import { sleep } from '@temporalio/workflow'
import { chargeback as disputing } from '#workflows/chargeback'
import { cycleCount as counting } from '#workflows/cycle-count'
import { notification as rounds } from '#workflows/notification'
import { orderToCash as process } from '#workflows/order-to-cash'
import { procureToPay as purchase } from '#workflows/procure-to-pay'
import { transfer as moving } from '#workflows/transfer'
import { replenishment as replenishing } from '#workflows/replenishment'
import { settlement as settling } from '#workflows/settlement'
import { returnToRefund as refunding } from '#workflows/return-to-refund'
import { recall as recalling } from '#workflows/recall'
import { vendorReturn as returning } from '#workflows/vendor-return'
import { continuousClose as watching } from '#workflows/continuous-close'
import { expectedInvoice as expecting } from '#workflows/expected-invoice'
import { periodClose as closing } from '#workflows/period-close'

/** A careless change: one new step before the old ones. Running processes could not go on with it. */
export async function orderToCash(
  ...input: Parameters<typeof process>
): ReturnType<typeof process> {
  await sleep(1)
  return process(...input)
}

export async function notification(): ReturnType<typeof rounds> {
  await sleep(1)
  return rounds()
}

export async function procureToPay(
  ...input: Parameters<typeof purchase>
): ReturnType<typeof purchase> {
  await sleep(1)
  return purchase(...input)
}

export async function transfer(...input: Parameters<typeof moving>): ReturnType<typeof moving> {
  await sleep(1)
  return moving(...input)
}

export async function cycleCount(
  ...input: Parameters<typeof counting>
): ReturnType<typeof counting> {
  await sleep(1)
  return counting(...input)
}

export async function replenishment(
  ...input: Parameters<typeof replenishing>
): ReturnType<typeof replenishing> {
  await sleep(1)
  return replenishing(...input)
}

export async function vendorReturn(
  ...input: Parameters<typeof returning>
): ReturnType<typeof returning> {
  await sleep(1)
  return returning(...input)
}

export async function recall(...input: Parameters<typeof recalling>): ReturnType<typeof recalling> {
  await sleep(1)
  return recalling(...input)
}

export async function settlement(
  ...input: Parameters<typeof settling>
): ReturnType<typeof settling> {
  await sleep(1)
  return settling(...input)
}

export async function chargeback(
  ...input: Parameters<typeof disputing>
): ReturnType<typeof disputing> {
  await sleep(1)
  return disputing(...input)
}

export async function periodClose(
  ...input: Parameters<typeof closing>
): ReturnType<typeof closing> {
  await sleep(1)
  return closing(...input)
}

export async function continuousClose(
  ...input: Parameters<typeof watching>
): ReturnType<typeof watching> {
  await sleep(1)
  return watching(...input)
}

export async function expectedInvoice(
  ...input: Parameters<typeof expecting>
): ReturnType<typeof expecting> {
  await sleep(1)
  return expecting(...input)
}

export async function returnToRefund(
  ...input: Parameters<typeof refunding>
): ReturnType<typeof refunding> {
  await sleep(1)
  return refunding(...input)
}
