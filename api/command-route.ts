import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { recordAudit, type AuditEvent } from '#db/stores/records'
import type { Permission } from '#domain/access'
import type { ApiDeps, ApiServer, Principal } from './deps.ts'

type Schema = z.ZodType | undefined
type Read<S extends Schema> = S extends z.ZodType ? z.output<S> : undefined

/** What a command's work is given; everything is checked and its caller is known. */
export interface CommandContext<Body, Params> {
  body: Body
  params: Params
  principal: Principal
  /** Business key of this command; part of every key made below it. */
  commandKey: string
  request: FastifyRequest
  /** Writes who changed what in the command's own transaction (GOV-19). */
  audit(event: Omit<AuditEvent, 'actor' | 'commandKey'>): Promise<void>
}

/** Kept with the command and given again to a repeat; JSON only, so a bigint is text here. */
export interface CommandAnswer {
  status?: 200 | 201 | 202 | 204
  body?: unknown
}

export interface CommandRoute<B extends Schema, P extends Schema> {
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below /v1. */
  url: string
  permission: Permission | 'authenticated'
  summary: string
  description?: string
  tags: string[]
  params?: P
  body?: B
  response: Record<number, z.ZodType>
  /** Hides secrets in what is remembered of the body. */
  fingerprint?(body: Read<B>): unknown
  /** One transaction; a refusal thrown here leaves no trace. */
  work(tx: Tx, context: CommandContext<Read<B>, Read<P>>): Promise<CommandAnswer>
  /** Adds to the answer what must not be kept, such as a new key. */
  reveal?(answer: CommandAnswer, request: FastifyRequest): CommandAnswer
}

/**
 * A command that is one SQL transaction, carried out once per caller and Idempotency-Key: the
 * same request gets the same answer again, another one with that key is refused.
 */
export function commandRoute<B extends Schema = undefined, P extends Schema = undefined>(
  server: ApiServer,
  { db }: Pick<ApiDeps, 'db'>,
  route: CommandRoute<B, P>,
): void {
  const { method, url, permission, summary, description, tags, params, body, response } = route
  server.route({
    method,
    url,
    config: { permission },
    schema: {
      summary,
      ...(description === undefined ? {} : { description }),
      tags,
      response,
      ...(params ? { params } : {}),
      ...(body ? { body } : {}),
    },
    handler: async (request, reply) => {
      const kept = await carryOut(db, route, request as FastifyRequest)
      const answer = route.reveal?.(kept, request as FastifyRequest) ?? kept
      const status = answer.status ?? (answer.body === undefined ? 204 : 200)
      return reply.code(status).send(answer.body)
    },
  })
}

async function carryOut<B extends Schema, P extends Schema>(
  db: ApiDeps['db'],
  route: CommandRoute<B, P>,
  request: FastifyRequest,
): Promise<CommandAnswer> {
  const { principal, commandKey } = request
  const body = request.body as Read<B>
  const params = request.params as Read<P>
  const identity = {
    route: `${route.method} ${route.url}`,
    params: (params ?? null) as unknown,
    body: route.fingerprint ? route.fingerprint(body) : (body ?? null),
  }
  return commitOnce(
    db,
    { key: commandKey, request: identity, actor: principal.actor },
    async (tx) => {
      const audit = (event: Omit<AuditEvent, 'actor' | 'commandKey'>) =>
        recordAudit(tx, [{ ...event, actor: principal.actor, commandKey }])
      const context = { body, params, principal, commandKey, request, audit }
      const { status, body: answer } = await route.work(tx, context)
      return { ...(status ? { status } : {}), ...(answer === undefined ? {} : { body: answer }) }
    },
  )
}
