import type { UpdateDefinition } from '@temporalio/common'
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { DocumentProgress } from '#contracts/document-progress'
import type { CommandBase } from '#contracts/order-to-cash'
import type { Permission } from '#domain/access'
import type { ApiDeps, ApiServer, Principal } from './deps.ts'
import { commandDocument, type DocumentPlace } from './document-commands.ts'
import { documentProgress } from './document-schemas.ts'
import { callerOf, onceForProcess } from './order-commands.ts'

/** What all commands on one kind of document have in common. */
export interface DocumentCommands<Found, P extends z.ZodType = z.ZodType> {
  /** The document by its number, such as `/transfers/:transferNo`. */
  url: string
  tags: string[]
  params: P
  subject: DocumentPlace['subject']
  /** The document, when it exists and its caller may see it. */
  find(principal: Principal, params: z.output<P>): Promise<Found>
  /** What a caller is told; absent, all that the process says. */
  answer?: { schema: z.ZodType; of(progress: DocumentProgress): unknown }
}

export interface DocumentCommand<Found, C extends CommandBase> {
  path: string
  permission: Permission
  summary: string
  body: z.ZodType
  update: UpdateDefinition<DocumentProgress, [C]>
  /** Refuses a caller who may see the document and not do this to it. */
  check?(principal: Principal, found: Found): void
}

/** A command on a document, told to its own process and answered with where it then stands. */
export function documentCommand<
  Found extends Omit<DocumentPlace, 'subject'>,
  P extends z.ZodType,
  C extends CommandBase,
>(
  server: ApiServer,
  deps: ApiDeps,
  { url, tags, params, subject, find, answer }: DocumentCommands<Found, P>,
  { path, permission, summary, body, update, check }: DocumentCommand<Found, C>,
): void {
  const response = { 200: answer?.schema ?? documentProgress }
  server.post(
    `${url}/${path}`,
    {
      config: { permission, asksProcess: true },
      schema: { summary, tags, params, body, response },
    },
    async (asked) => {
      const request = asked as FastifyRequest
      const found = await find(request.principal, request.params as z.output<P>)
      check?.(request.principal, found)
      const command = request.body as Omit<C, 'key' | 'actor'>
      const place = { ...found, subject }
      const progress = await commandDocument(deps, place, update, command, callerOf(request))
      return answer ? answer.of(progress) : progress
    },
  )
}

export interface DocumentRequest<B extends z.ZodType, R extends CommandBase> {
  url: string
  tags: string[]
  permission: Permission
  summary: string
  body: B
  /** The update that waits for the first commit; it carries the attempt's id. */
  update: UpdateDefinition<DocumentProgress, [{ key: string }]>
  /** What the process is asked, when the caller may ask for it. */
  ask(principal: Principal, body: z.output<B>): Promise<Omit<R, 'key' | 'actor'>>
  begin(
    client: ApiDeps['temporal'],
    request: R,
    asked: { updateId: string; taskQueue?: string | undefined },
  ): Promise<DocumentProgress>
}

/** Asks for a new document once per caller and Idempotency-Key; answered after its first commit. */
export function documentRequest<B extends z.ZodType, R extends CommandBase>(
  server: ApiServer,
  deps: ApiDeps,
  { url, tags, permission, summary, body, update, ask, begin }: DocumentRequest<B, R>,
): void {
  server.post(
    url,
    {
      config: { permission, asksProcess: true },
      schema: { summary, tags, body, response: { 201: documentProgress } },
    },
    async (asked, reply) => {
      const request = asked as FastifyRequest
      const { principal, commandKey: key } = request
      const wanted = await ask(principal, request.body as z.output<B>)
      const told = { ...wanted, actor: principal.actor, key } as R
      const progress = await onceForProcess(deps.db, callerOf(request), (attempt) =>
        begin(deps.temporal, told, {
          updateId: `${update.name}/${attempt}`,
          taskQueue: deps.orderTaskQueue,
        }),
      )
      return reply.code(201).send(progress)
    },
  )
}
