import type { RecordPayment } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import type { SalesOrder } from '#db/stores/orders'
import { formatMinor } from '#domain/money'
import { openOrderCase } from './cases.ts'
import { text } from './params.ts'
import type { Resolving } from './resolve.ts'

const CASES = { disputed: 'payment-disputed', 'refunded-elsewhere': 'refunded-elsewhere' } as const

export type ToldElsewhere = RecordPayment & { kind: keyof typeof CASES }

/**
 * Money that moved at the processor without us, because a buyer disputes a payment or somebody
 * refunded it there by hand: a person must book it. Each dispute and refund is one case; what the
 * processor tells of it later is added, and asks again where it was decided already.
 */
export async function askAboutElsewhere(
  tx: Tx,
  order: SalesOrder,
  { kind, provider, reference, amountMinor, object, said, reason, effectiveOn }: ToldElsewhere,
): Promise<void> {
  const amount = `${formatMinor(BigInt(amountMinor), order.currency)} ${order.currency}`
  const what =
    kind === 'disputed'
      ? `the buyer's bank disputes ${amount}`
      : `${amount} was refunded at ${provider} by hand`
  await openOrderCase(tx, order, {
    type: CASES[kind],
    discriminator: `${provider}/${object ?? reference}`,
    openedBy: 'event: payment',
    summary: `${order.orderNumber}: ${what} (${said ?? kind})`,
    moneyAtRiskMinor: BigInt(amountMinor),
    evidence: {
      ...{ provider, reference, object: object ?? null, amountMinor, reason: reason ?? null },
      // Each of its messages is kept under its own name, so none overwrites another.
      [said ?? kind]: effectiveOn,
    },
    addsToOpen: true,
  })
}

/** A person has booked it, and says under which reference that is found. */
export function bookedByHand(order: SalesOrder, { command }: Resolving): SalesOrder {
  text(command.params, 'reference')
  return order
}
