import { leftOvers, refundsTold } from '#db/queries/settlement-trouble'
import { postEntries } from '#db/stores/ledger'
import { aboutOrders, plannedLines } from '#db/stores/settlement-posting'
import { postGoodwill, postRestSettled } from '#domain/ledger/posting-settlements'
import { Refusal } from '#domain/refusal'
import { Booked, bookedAt } from './booked.ts'
import type { Choice } from './decide.ts'

/**
 * What was not paid as booked is asked back from the provider, or given up: of one order or payment
 * where `params.openKey` names it, else of all.
 * @throws Refusal `NothingLeft`
 */
export async function settleRest({ tx, doc, found, command }: Choice): Promise<void> {
  const named = command.params?.['openKey']
  const all = await leftOvers(tx, doc)
  const left = named === undefined ? all : all.filter(({ openKey }) => openKey === named)
  if (left.length === 0)
    throw new Refusal(
      'NothingLeft',
      `Nothing is left of ${String(named ?? 'these orders')} any more. Read the case again.`,
      { field: 'params.openKey' },
    )
  const ids = left.flatMap(({ orderId }) => (orderId === null ? [] : [orderId]))
  const about = await aboutOrders(tx, ids)
  const booked = new Booked(tx, doc)
  const as = command.resolution === 'claim' ? ('claim' as const) : ('difference' as const)
  const on = command.today
  const entries = []
  for (const { openKey, orderId, amountMinor } of left) {
    const taken = await booked.take(doc.clearing, openKey, amountMinor, on)
    entries.push(
      postRestSettled({
        ...(await booked.day(on)),
        ...{ openKey, as, amountMinor, caseId: `${found.id}-${command.key}` },
        about: orderId === null ? {} : { orderId, ...about.get(orderId) },
        ...bookedAt(taken),
      }),
    )
  }
  await postEntries(tx, entries, command.actor)
}

/** No goods will come for what the marketplace gave back: it was goodwill, not a return. */
export async function becomesGoodwill({ tx, doc, found, command }: Choice): Promise<void> {
  const refunds = await refundsTold(tx, doc.id)
  const planned = await plannedLines(tx, doc, [...new Set(refunds.map(({ orderId }) => orderId))])
  const lines = refunds.flatMap(({ orderId, orderLineId, amountMinor: netMinor }) => {
    const line = planned.get(orderId)?.find((one) => one.orderLineId === orderLineId)
    if (!line) return []
    const { channelId, itemId, siteId, segment } = line
    return [{ netMinor, line: { orderId, orderLineId, channelId, itemId, siteId, segment } }]
  })
  const day = await new Booked(tx, doc).day(command.today)
  const caseId = found.id.toString()
  await postEntries(tx, [postGoodwill({ ...day, caseId, lines })], command.actor)
}
