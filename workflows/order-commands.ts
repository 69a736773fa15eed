import { setHandler } from '@temporalio/workflow'
import * as contract from '#contracts/order-to-cash'
import type { OrderProgress } from '#contracts/order-to-cash'
import type { Message, Verb } from './order-steps.ts'

/** What a command needs of the order's process. */
interface Commanded {
  isTaken(): Promise<OrderProgress>
  tell<V extends Verb>(verb: V, message: Message<V>, summary: string): Promise<OrderProgress>
}

/** What somebody asks for and waits for: each is one commit, and its answer is where the order stands. */
export function takeCommands({ isTaken, tell }: Commanded): void {
  setHandler(contract.orderPlaced, isTaken)
  setHandler(contract.resolveException, (command) =>
    tell('resolveException', command, `Resolve: ${command.resolution}`),
  )
  setHandler(contract.reopenException, (command) =>
    tell('reopenException', command, 'Reopen a case'),
  )
  setHandler(contract.confirmPick, (command) => tell('confirmPick', command, 'Confirm pick'))
  setHandler(contract.rejectFulfilment, (command) =>
    tell('rejectFulfilment', command, 'Site rejects'),
  )
  setHandler(contract.confirmShipment, (command) =>
    tell('confirmShipment', command, `Ship ${command.reference}`),
  )
  setHandler(contract.requestCancellation, (command) => tell('cancelOrder', command, 'Cancel'))
  setHandler(contract.changeOrder, (command) => tell('changeOrder', command, 'Change order'))
  setHandler(contract.placeHold, (command) => tell('placeHold', command, 'Hold'))
  setHandler(contract.releaseOrder, (command) =>
    tell('releaseOrder', command, 'Release to warehouse'),
  )
  setHandler(contract.buyLabels, (command) => tell('buyLabels', command, 'Intend labels'))
  setHandler(contract.reallocateStock, (command) =>
    tell('reallocateStock', command, 'Take stock from another order'),
  )
}
