import { z } from 'zod'
import type { UpdateDefinition } from '@temporalio/common'
import type { AddressDocument } from '#contracts/order-intake'
import { commandAgain } from '#clients/order-process'
import * as contract from '#contracts/order-to-cash'
import { shippedOrder } from '#db/queries/orders'
import type { Permission } from '#domain/access'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { addressInput, takeAddressOut } from '../given-address.ts'
import { callerOf, commandOrder, orderInScope } from '../order-commands.ts'
import { previewedEffect, progress } from '../order-schemas.ts'
import { bigId, minorText, positiveInt, reason, shortText, sku } from '../schemas.ts'

const tags = ['orders']
const params = z.object({ orderId: bigId })

const expectedVersion = positiveInt
  .optional()
  .describe('The version that you saw; another one in between refuses.')
const units = z
  .array(z.strictObject({ orderLineId: bigId, qty: positiveInt }))
  .min(1)
  .max(500)
const cancellation = z.strictObject({ reason, lines: units.optional(), expectedVersion })
const changeAction = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('cancel-units'), orderLineId: bigId, qty: positiveInt }),
  z.strictObject({
    kind: z.literal('add-line'),
    sku,
    qty: z.int().min(1).max(1_000_000),
    unitPriceMinor: minorText.refine((text) => !text.startsWith('-'), {
      error: 'a price is not negative',
    }),
    taxRatePpm: z.int().min(0).max(1_000_000).optional(),
    jurisdiction: shortText.optional(),
  }),
  addressInput.extend({ kind: z.literal('ship-to') }),
])
const change = z.strictObject({
  actions: z
    .array(changeAction)
    .min(1)
    .max(50)
    .refine((actions) => actions.filter((action) => action.kind === 'ship-to').length <= 1, {
      error: 'send one ship-to: the goods go to one address',
    }),
  expectedVersion,
})

const hold = z.strictObject({ reason, keepsStock: z.boolean().optional(), expectedVersion })
const release = z.strictObject({ note: shortText.optional(), expectedVersion })
const reallocation = z.strictObject({
  fromOrderId: bigId,
  orderLineId: bigId,
  qty: positiveInt,
  reason,
  expectedVersion,
})

/** What people tell an order to do, and what that would change. */
export async function orderCommandRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  addCommand(server, deps, {
    path: 'cancellation',
    permission: 'orders:cancel',
    summary: 'Cancel an order, or units of it',
    body: cancellation,
    update: contract.requestCancellation,
    // The goods of a closed order have left: its cancellation is a case that a person decides.
    takesUpShipped: true,
  })
  addCommand(server, deps, {
    path: 'changes',
    permission: 'orders:update',
    summary: 'Carry out a change-set, whole or not at all',
    body: change,
    update: contract.changeOrder,
    toCommand: withoutAddress,
  })
  addCommand(server, deps, {
    path: 'holds',
    permission: 'orders:update',
    summary: 'Hold an order by hand',
    body: hold,
    update: contract.placeHold,
  })
  addCommand(server, deps, {
    path: 'release',
    permission: 'orders:decide',
    summary: 'Release an allocated order to the warehouse',
    body: release,
    update: contract.releaseOrder,
  })
  addCommand(server, deps, {
    path: 'reallocations',
    permission: 'orders:approve',
    summary: 'Take reserved units from another order, with authority',
    body: reallocation,
    update: contract.reallocateStock,
    also: ({ fromOrderId }) => fromOrderId,
  })
  addPreviews(server, deps)
}

interface Command<Body extends z.ZodType, C extends contract.CommandBase> {
  path: string
  permission: Permission
  summary: string
  body: Body
  update: UpdateDefinition<contract.OrderProgress, [C]>
  /** Another order that the command touches, which its caller must be allowed to command too. */
  also?: (body: z.output<Body>) => string
  /** Whether an order that has been shipped takes the command though its process has ended. */
  takesUpShipped?: boolean
  /** What the process is told, where that is not the body itself. */
  toCommand?: (body: z.output<Body>) => {
    command: Omit<C, 'key' | 'actor'>
    address: AddressDocument | undefined
  }
}

/** The address leaves the change-set: the process is told under which id it is kept. */
function withoutAddress({ actions, ...rest }: z.output<typeof change>): {
  address: AddressDocument | undefined
  command: Omit<contract.ChangeOrder, 'key' | 'actor'>
} {
  const given = actions.find((action) => action.kind === 'ship-to')
  const kept = actions.map((action) =>
    action.kind === 'ship-to' ? { kind: action.kind } : action,
  ) as contract.OrderChangeAction[]
  return {
    address: given && takeAddressOut(given).address,
    command: { actions: kept, ...(rest as { expectedVersion?: number }) },
  }
}

function addCommand<Body extends z.ZodType, C extends contract.CommandBase>(
  server: ApiServer,
  deps: ApiDeps,
  { path, permission, summary, body, update, also, toCommand, takesUpShipped }: Command<Body, C>,
): void {
  server.post(
    `/orders/:orderId/${path}`,
    {
      config: { permission, asksProcess: true },
      schema: { summary, tags, params, body, response: { 200: progress } },
    },
    async (request) => {
      const given = request.body as z.output<Body>
      if (also) await orderInScope(deps.db, request, also(given))
      const place = await orderInScope(
        deps.db,
        request,
        (request.params as { orderId: string }).orderId,
      )
      const { command, address } = toCommand?.(given) ?? {
        command: given as Omit<C, 'key' | 'actor'>,
        address: undefined,
      }
      const takeUp = async (told: C, updateId: string) => {
        const ended = await shippedOrder(deps.db, place.workflowId)
        const queue = deps.orderTaskQueue ? { taskQueue: deps.orderTaskQueue } : {}
        return (
          ended && commandAgain(deps.temporal, ended, update, { command: told, updateId, ...queue })
        )
      }
      return commandOrder(
        deps,
        place,
        update,
        command,
        { ...callerOf(request), address },
        takesUpShipped ? takeUp : undefined,
      )
    },
  )
}

function addPreviews(server: ApiServer, { db, previews }: ApiDeps): void {
  if (!previews) return
  const asked = (request: { commandKey?: string; principal: { actor: string }; id: unknown }) => ({
    key: `preview/${String(request.id)}`,
    actor: request.principal.actor,
  })
  server.post(
    '/orders/:orderId/changes/preview',
    {
      config: { permission: 'orders:update', idempotencyKey: false },
      schema: {
        summary: 'What a change-set would do to money and stock; changes nothing',
        tags,
        params,
        body: change,
        response: { 200: previewedEffect },
      },
    },
    async (request) => {
      await orderInScope(db, request, request.params.orderId)
      const { address, command } = withoutAddress(request.body)
      const previewed = { ...command, ...asked(request) }
      return previews.changeOrder(request.params.orderId, previewed, address)
    },
  )
  server.post(
    '/orders/:orderId/cancellation/preview',
    {
      config: { permission: 'orders:cancel', idempotencyKey: false },
      schema: {
        summary: 'What a cancellation would do and cost; changes nothing',
        tags,
        params,
        body: cancellation,
        response: { 200: previewedEffect },
      },
    },
    async (request) => {
      await orderInScope(db, request, request.params.orderId)
      return previews.cancelOrder(request.params.orderId, {
        ...request.body,
        ...asked(request),
      } as contract.RequestCancellation)
    },
  )
}
